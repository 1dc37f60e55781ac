/** One more word of what is hashed; `finish` makes all bits of the hash alike. */
export function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x9e3779b1);
  return (h << 13) | (h >>> 19);
}

/** The last step of a hash. @returns 32 bits, not negative */
export function finish(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}
