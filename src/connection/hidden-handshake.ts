import { cipherSuite } from '../model/code-points/suites.ts';
import { LIMITS } from '../model/limits.ts';
import { otherSide, type Side } from '../model/stream.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import type { Association } from './dtls-association.ts';
import { DTLS_MESSAGE_HEADER } from './dtls-messages.ts';
import type { DtlsRecord } from './dtls-record.ts';
import { FIRST_DATA_EPOCH, HANDSHAKE_EPOCH } from './dtls13-epochs.ts';
import { FINISHED_13, FLIGHT_RECORDS, finishedLength13 } from './record-sizes.ts';

/**
 * TLS 1.3 hides which record is a Finished. The server's flight is taken as sent with its first protected record, the
 * client's Finished as the client's first protected record after it that can hold one: alerts and EndOfEarlyData are
 * shorter (RFC 8446 §2, §4.4.4, §4.5).
 */
export function followHiddenTls(
  table: ConnectionTable,
  row: number,
  side: Side,
  length: number,
  nanos: number,
): void {
  if (table.clientSide[row] !== side) {
    // Where the capture has packets out of order, the client's Finished may already have been seen.
    const clientFirst =
      !table.has(row, SEEN.serverFinished | SEEN.earlyData) &&
      (table.protectedCount[row * 2 + 1 - side] as number) > 0;
    table.set(row, SEEN.serverFinished | (clientFirst ? SEEN.clientFinished : 0));
    return;
  }
  if (length < FINISHED_13 || !table.has(row, SEEN.serverFinished)) return;
  const isFlight =
    (table.protectedCount[row * 2 + side] as number) <= FLIGHT_RECORDS &&
    endsFlight(table, row, side, length, nanos);
  if (table.has(row, SEEN.clientFinished) && !isFlight) return;
  table.set(row, SEEN.clientFinished);
  table.serverAtFinished[row] = table.protectedCount[row * 2 + 1 - side] as number;
}

/** Is this record of the client the Finished that ends its flight, by its size? Early data may have any. */
function endsFlight(
  table: ConnectionTable,
  row: number,
  side: Side,
  length: number,
  nanos: number,
): boolean {
  if (table.clientFlight[row] !== 0 || table.has(row, SEEN.earlyData)) return false;
  const half = row * 2 + side;
  const suite = (table.suite[row] as number) - 1;
  const count = table.protectedCount[half] as number;
  if (length !== finishedLength13(suite) && (count > 1 || length !== finishedLength13(suite, true)))
    return false;
  if (nanos - (table.firstNanos[half] as number) > LIMITS.promptAnswerNanos) return false;
  table.clientFlight[row] = count;
  return true;
}

/**
 * What a record shows of the handshake by its direction, epoch and length. The server's flight is taken as sent with its
 * first protected record, as in TLS 1.3; the client's Finished with its first record of the handshake's epoch that has
 * the length of neither alert nor ACK, or of a later epoch (RFC 9147 §6.1).
 */
export function followHiddenDtls(
  table: ConnectionTable,
  { row, sides }: Association,
  r: DtlsRecord,
): void {
  const client = table.clientSide[row] as number;
  if (client === 2 || !table.has(row, SEEN.serverHello)) return;
  if (client !== r.side) {
    table.set(row, SEEN.serverFinished);
    return;
  }
  if (table.has(row, SEEN.clientFinished)) return;
  const isFinished =
    r.epoch === HANDSHAKE_EPOCH
      ? table.has(row, SEEN.serverFinished) && mayHoldFinished(table, row, r.length)
      : r.epoch >= FIRST_DATA_EPOCH;
  if (!isFinished) return;
  table.set(row, SEEN.clientFinished | SEEN.serverFinished);
  table.serverAtFinished[row] = sides[otherSide(r.side)].protectedCount;
}

/** ACKs have 16 octets for each record number beside their length, inner type and tag. */
function mayHoldFinished(table: ConnectionTable, row: number, length: number): boolean {
  const tag = cipherSuite((table.suite[row] as number) - 1)?.tagOctets ?? 16;
  const header = DTLS_MESSAGE_HEADER - 4;
  return length >= FINISHED_13 + header && (length - tag - 3) % 16 !== 0;
}
