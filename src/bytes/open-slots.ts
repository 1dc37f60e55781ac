/**
 * Open addressing over `Int32Array`: entries are positive, 0 stands for none. There are as many slots as a power of two, and
 * always free ones among them. An entry stands at its hash or behind it.
 */

/** @returns the slot for an entry that is not among them */
export function freeSlot(slots: Int32Array, hash: number): number {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  return slot;
}

/** Takes an entry out that is among them. What stands behind it moves up, or it would no longer be found. */
export function vacate(slots: Int32Array, entry: number, hashOf: (entry: number) => number): void {
  const mask = slots.length - 1;
  let slot = hashOf(entry) & mask;
  while (slots[slot] !== entry) slot = (slot + 1) & mask;
  for (let next = (slot + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
    const home = hashOf(slots[next] as number) & mask;
    if (((next - home) & mask) < ((next - slot) & mask)) continue;
    slots[slot] = slots[next] as number;
    slot = next;
  }
  slots[slot] = 0;
}
