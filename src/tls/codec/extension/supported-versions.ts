import type { ByteReader } from '../../../bytes/reader.ts';
import { readCodes, readWindow } from '../lists.ts';

/** ClientHello: `ProtocolVersion versions<2..254>`, in the order of preference. RFC 8446 §4.2.1. */
export function readOfferedVersions(r: ByteReader): number[] {
  return readCodes(readWindow(r, 'versions', 1), 'ProtocolVersion');
}

/** ServerHello and HelloRetryRequest: `selected_version`; undefined if it is cut. RFC 8446 §4.2.1. */
export function readSelectedVersion(r: ByteReader): number | undefined {
  const version = r.u16('selected_version');
  return r.stopped ? undefined : version;
}
