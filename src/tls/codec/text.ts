/**
 * Octets as the characters of the same number (ISO 8859-1), which keeps every octet apart and never fails. Names on the
 * wire are ASCII if they are honest; whoever prints them makes the rest printable. (`TextDecoder` knows no ISO 8859-1:
 * its "latin1" is windows-1252.)
 */
export function textOf(octets: Uint8Array): string {
  let text = '';
  for (let i = 0; i < octets.length; i++) text += String.fromCharCode(octets[i] as number);
  return text;
}
