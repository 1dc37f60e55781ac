import type { ByteReader } from '../../bytes/reader.ts';
import type { Ack, RecordNumber } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readWindow } from './lists.ts';

/** `ACK`: the records of the peer that were received. RFC 9147 §7. */
export function decodeAck(body: Uint8Array): Decoded<Ack> {
  return decode(body, readAck);
}

function readAck(r: ByteReader): Ack {
  const list = readWindow(r, 'record_numbers', 2);
  const recordNumbers: RecordNumber[] = [];
  while (list.remaining > 0) {
    const epoch = readU64(list, 'epoch');
    const sequence = readU64(list, 'sequence_number');
    if (!list.stopped) recordNumbers.push({ epoch, sequence });
  }
  return { recordNumbers };
}

/** Counters of 64 bits never come near what a number holds exactly. */
function readU64(r: ByteReader, field: string): number {
  return r.u16(field) * 2 ** 48 + r.u48(field);
}
