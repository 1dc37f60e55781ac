/**
 * Is this a value that clients scatter into lists so that servers stay tolerant of unknown ones? Holds for cipher
 * suites, extensions, named groups, signature schemes and versions: both octets equal, and 0x?A. RFC 8701 §2.
 */
export function isGrease(code: number): boolean {
  return (code & 0x0f0f) === 0x0a0a && code >> 8 === (code & 0xff);
}
