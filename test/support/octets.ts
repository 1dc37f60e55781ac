/** The octets of hexadecimal digits; blanks between them are let pass. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(/\s/g, ''), 'hex'));
}

/** The octets of a text in UTF-8. */
export function text(characters: string): Uint8Array {
  return new TextEncoder().encode(characters);
}

/** Octets that differ with the seed and are the same in every run. */
export function someOctets(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed * 131 + i * 29 + ((i * i) >> 3)) & 0xff);
}
