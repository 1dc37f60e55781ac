/** The parts one after the other, in an array of their own. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An unsigned 16-bit integer in network order. */
export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value);
}

/** An unsigned 24-bit integer in network order. */
export function u24(value: number): Uint8Array {
  return Uint8Array.of(value >> 16, value >> 8, value);
}

/** The octets of a text of ASCII characters, such as the labels of key derivations. */
export function ascii(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) octets[i] = text.charCodeAt(i);
  return octets;
}

/** Do both hold the same octets? */
export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
