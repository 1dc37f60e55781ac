export const QUIC_V1 = 0x00000001;
export const QUIC_V2 = 0x6b3343cf;
/** Version 2 before it was RFC 9369; deployed with ngtcp2 and others. */
export const QUIC_V2_DRAFT = 0x709a50c4;
/** The version field of a Version Negotiation packet. RFC 8999 §6. */
export const QUIC_NEGOTIATION = 0;
/** Drafts of version 1 that had this form of number. */
const FIRST_DRAFT = 0xff000001;
const LAST_DRAFT = 0xff000022;

/** Versions that were deployed widely under names of their own: gQUIC in letters, mvfst. */
const OTHERS: Readonly<Record<number, string>> = {
  1362113587: 'Q043',
  1362113590: 'Q046',
  1362113840: 'Q050',
  1412445488: 'T050',
  1412445489: 'T051',
  4207849473: 'mvfst 1',
  4207849474: 'mvfst 2',
};

/** Is this a version of QUIC that somebody speaks? Wire value, unsigned. */
export function isQuicVersion(wire: number): boolean {
  return wire === QUIC_V1 || hasTypesOfV2(wire) || isDraft(wire) || OTHERS[wire] !== undefined;
}

/** Does it number the types of long headers as version 2 does? RFC 9369 §3.2. */
export function hasTypesOfV2(wire: number): boolean {
  return wire === QUIC_V2 || wire === QUIC_V2_DRAFT;
}

/** Number of the IETF draft that the version stands for, 0 if none. RFC 9000 §15. */
export function quicDraft(wire: number): number {
  return isDraft(wire) ? wire & 0xff : 0;
}

/** `v1`, `v2`, `draft-29`, …; eight hexadecimal digits for others. */
export function quicVersionName(wire: number): string {
  if (wire === QUIC_V1) return 'v1';
  if (wire === QUIC_V2) return 'v2';
  if (wire === QUIC_V2_DRAFT) return 'v2-draft';
  if (isDraft(wire)) return `draft-${quicDraft(wire)}`;
  return OTHERS[wire] ?? `0x${wire.toString(16).padStart(8, '0')}`;
}

function isDraft(wire: number): boolean {
  return wire >= FIRST_DRAFT && wire <= LAST_DRAFT;
}
