/**
 * A unified header shows the two lowest bits of the epoch only (RFC 9147 §4). Epoch 1 is that of early data, 2 that of the
 * handshake, 3 the first of application data; each KeyUpdate adds one (RFC 9147 §6.1).
 */
export const EARLY_EPOCH = 1;
export const HANDSHAKE_EPOCH = 2;
export const FIRST_DATA_EPOCH = 3;

/** The newest epoch with these bits that is not above `present`; 0 for none. RFC 9147 §4.2.2. */
export function epochUpTo(bits: number, present: number): number {
  const epoch = present - ((present - bits) & 3);
  return epoch > 0 ? epoch : 0;
}

/** The first epoch with these bits above `present`. */
export function epochAbove(bits: number, present: number): number {
  return present + (((bits - present - 1) & 3) + 1);
}

/**
 * The epoch of a record that nobody opened, from a sender that was in `present`: the present one or the next, else one of
 * before.
 */
export function likelyEpoch(bits: number, present: number): number {
  const above = epochAbove(bits, present);
  const old = epochUpTo(bits, present);
  if (old === 0 || (above === present + 1 && old !== present)) return above;
  return old;
}
