import type { ByteReader } from '../../../bytes/reader.ts';
import { readVectors, readWindow } from '../lists.ts';
import { textOf } from '../text.ts';

/** `ProtocolName protocol_name_list<2..2^16-1>`, in the order of preference; one name in an answer. RFC 7301 §3.1. */
export function readProtocolNames(r: ByteReader): string[] {
  return readVectors(readWindow(r, 'protocol_name_list', 2), 'ProtocolName', 1).map((octets) =>
    textOf(octets),
  );
}
