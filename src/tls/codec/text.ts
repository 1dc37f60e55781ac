/**
 * Octets as the characters of the same number (ISO 8859-1), which keeps every octet apart and never fails. Names on the
 * wire are ASCII if they are honest; whoever prints them makes the rest printable. (`TextDecoder` knows no ISO 8859-1:
 * its "latin1" is windows-1252.)
 */
export function textOf(octets: Uint8Array, start = 0, end = octets.length): string {
  // Names are short, so that their octets can be handed over as arguments: one string instead of one a character.
  if (end - start <= ARGUMENTS_MAX) {
    return String.fromCharCode.apply(null, octets.subarray(start, end) as unknown as number[]);
  }
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(octets[i] as number);
  return text;
}

const ARGUMENTS_MAX = 256;
