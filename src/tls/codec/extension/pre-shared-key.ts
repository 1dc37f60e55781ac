import type { ByteReader } from '../../../bytes/reader.ts';
import type { PskIdentity } from '../../../model/message.ts';
import { readVector, readVectors, readWindow } from '../lists.ts';

/** `OfferedPsks`: keys and the proofs of them, pairwise. */
export interface OfferedPsks {
  readonly identities: readonly PskIdentity[];
  readonly binders: readonly Uint8Array[];
}

/** ClientHello: `OfferedPsks`. RFC 8446 §4.2.11. */
export function readOfferedPsks(r: ByteReader): OfferedPsks {
  const identities: PskIdentity[] = [];
  const list = readWindow(r, 'identities', 2);
  while (list.remaining > 0) {
    const identity = readVector(list, 'identity', 2);
    const obfuscatedTicketAge = list.u32('obfuscated_ticket_age');
    if (!list.stopped) identities.push({ identity, obfuscatedTicketAge });
  }
  return { identities, binders: readVectors(readWindow(r, 'binders', 2), 'PskBinderEntry', 1) };
}

/** ServerHello: `selected_identity`, an index into the offer; undefined if it is cut. RFC 8446 §4.2.11. */
export function readSelectedIdentity(r: ByteReader): number | undefined {
  const index = r.u16('selected_identity');
  return r.stopped ? undefined : index;
}
