import type { ByteReader } from '../../bytes/reader.ts';
import type { Ack, RecordNumber } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readWindow } from './lists.ts';

/**
 * `ACK`: the records of the peer that were received. RFC 9147 §7.
 *
 * @param isDraft43 numbers have 64 bits with the epoch in the upper 16, as in older headers
 */
export function decodeAck(body: Uint8Array, isDraft43 = false): Decoded<Ack> {
  return decode(body, (r) => readAck(r, isDraft43));
}

function readAck(r: ByteReader, isDraft43: boolean): Ack {
  const list = readWindow(r, 'record_numbers', 2);
  const recordNumbers: RecordNumber[] = [];
  while (list.remaining > 0) {
    const epoch = isDraft43 ? list.u16('epoch') : readU64(list, 'epoch');
    const sequence = isDraft43 ? list.u48('sequence_number') : readU64(list, 'sequence_number');
    if (!list.stopped) recordNumbers.push({ epoch, sequence });
  }
  return { recordNumbers };
}

/** Counters of 64 bits never come near what a number holds exactly. */
function readU64(r: ByteReader, field: string): number {
  return r.u16(field) * 2 ** 48 + r.u48(field);
}
