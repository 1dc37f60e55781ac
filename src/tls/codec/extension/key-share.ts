import type { ByteReader } from '../../../bytes/reader.ts';
import { readVector, readWindow } from '../lists.ts';

/** `KeyShareEntry` without its key. RFC 8446 §4.2.8. */
export interface KeyShare {
  readonly group: number;
  readonly keyOctets: number;
}

/** ClientHello: `KeyShareEntry client_shares<0..2^16-1>`. A cut entry is left out. */
export function readClientShares(r: ByteReader): KeyShare[] {
  const shares: KeyShare[] = [];
  const list = readWindow(r, 'client_shares', 2);
  while (list.remaining > 0) {
    const share = readShare(list);
    if (!list.stopped) shares.push(share);
  }
  return shares;
}

/** ServerHello: `KeyShareEntry server_share`; undefined if it is cut. */
export function readServerShare(r: ByteReader): KeyShare | undefined {
  const share = readShare(r);
  return r.stopped ? undefined : share;
}

/** HelloRetryRequest: `selected_group`, for which the client shall send a share; undefined if it is cut. */
export function readSelectedGroup(r: ByteReader): number | undefined {
  const group = r.u16('selected_group');
  return r.stopped ? undefined : group;
}

function readShare(r: ByteReader): KeyShare {
  const group = r.u16('group');
  return { group, keyOctets: readVector(r, 'key_exchange', 2).length };
}
