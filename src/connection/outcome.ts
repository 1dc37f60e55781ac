import type { Outcome, Stage } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import { alertLength13 } from './record-sizes.ts';

/** How far the handshake of a row came; the stages are defined with the type. */
export function stageOf(table: ConnectionTable, row: number): Stage {
  const has = (bit: number) => table.has(row, bit);
  // A ClientHello in the middle that nobody answers begins nothing.
  if ((!has(SEEN.clientHello) || has(SEEN.helloBehindRecords)) && !has(SEEN.serverHello))
    return 'none';
  if (has(SEEN.clientFinished) && has(SEEN.serverFinished)) return 'done';
  if (!has(SEEN.serverHello)) return 'server-hello';
  const client = table.clientSide[row] as number;
  if (has(SEEN.tls13)) return has(SEEN.serverFinished) ? 'client-flight' : 'server-flight';
  const serverChanged = table.ccsPacket[row * 2 + 1 - client] !== 0;
  if (has(SEEN.clientFinished)) return 'server-finished';
  if (has(SEEN.clientKeyExchange)) return 'client-finished';
  if (has(SEEN.serverHelloDone)) return 'client-flight';
  if (serverChanged) return has(SEEN.serverFinished) ? 'client-finished' : 'server-flight';
  return 'server-flight';
}

/** How the transport below ended, as far as it bears on the handshake. */
export interface Ending {
  /** FIN or RST, or closing alerts over UDP, were captured. */
  readonly ended: boolean;
  /** Packet of the FIN or RST of the client and of the server; 0 for none. */
  readonly client: number;
  readonly server: number;
  /** Packet of the first fatal alert in the clear; 0 for none. */
  readonly fatalAlert: number;
  /** Over UDP: may an alert that nobody can read have closed what was complete, and the capture lack how it was completed? */
  readonly mayLack: () => boolean;
  /** TLS: the packets are in the order in which both sides sent them, and none is missing. */
  readonly isInOrder: () => boolean;
}

/** What became of the handshake (report contract). */
export function outcomeOf(
  table: ConnectionTable,
  row: number,
  stage: Stage,
  ending: Ending,
): Outcome {
  const has = (bit: number) => table.has(row, bit);
  if (stage === 'done') {
    const isRefused = has(SEEN.tls13)
      ? refusedAfterFinished(table, row, ending)
      : refusedBeforeFinished(table, row) && ending.isInOrder();
    return isRefused ? 'failed' : 'established';
  }
  const fromClient = has(SEEN.fatalFromClient);
  if (fromClient || has(SEEN.fatalFromServer)) {
    // An alert behind the peer's end comments on it and did not end the handshake.
    const before = fromClient ? ending.server : ending.client;
    return before !== 0 && before < ending.fatalAlert ? 'aborted' : 'failed';
  }
  if (stage === 'none') return 'no-handshake';
  if (has(SEEN.lostOctets) || has(SEEN.notAnalysed)) return 'incomplete';
  if (!ending.ended && !has(SEEN.closeAlertInClear)) return 'incomplete';
  if (!ending.ended || !endsInAlert(table, row)) return 'aborted';
  return ending.mayLack() ? 'incomplete' : 'failed';
}

/** The last protected record of either side is an alert, or in TLS 1.3 all that the client sent has the size of one. */
function endsInAlert(table: ConnectionTable, row: number): boolean {
  const client = row * 2 + (table.clientSide[row] as number);
  const record = table.lastRecord[client] as number;
  if (table.has(row, SEEN.tls13))
    return table.protectedCount[client] === 1 && (record & 0xffff) === alertOf(table, row);
  const isAlert = (last: number) => last >>> 16 === CONTENT_TYPE.alert;
  return isAlert(record) || isAlert(table.lastRecord[client ^ 1] as number);
}

/**
 * TLS 1.3: the server's only record after the client's Finished has the size of an alert, came at once, and the client
 * sent nothing but its flight: the ending is alert-shaped. A server that tires of a silent client closes later.
 */
function refusedAfterFinished(table: ConnectionTable, row: number, ending: Ending): boolean {
  const client = row * 2 + (table.clientSide[row] as number);
  const server = client ^ 1;
  const after = (table.lastNanos[server] as number) - (table.lastNanos[client] as number);
  return (
    (table.protectedCount[server] as number) - (table.serverAtFinished[row] as number) === 1 &&
    ((table.lastRecord[server] as number) & 0xffff) === alertOf(table, row) &&
    after >= 0 &&
    after <= LIMITS.refusalNanos &&
    table.protectedCount[client] === Math.max(1, table.clientFlight[row] as number) &&
    (ending.client === 0 || ending.client > (table.lastPacket[server] as number))
  );
}

/**
 * Up to TLS 1.2: of its two protected records one side sent the second, an alert, before the only one of the other was
 * captured, its Finished. That was on its way to somebody who had given up.
 */
function refusedBeforeFinished(
  { protectedCount, lastRecord, lastPacket }: ConnectionTable,
  row: number,
): boolean {
  const a = 2 * row;
  const gaveUp = (own: number, peer: number): boolean =>
    protectedCount[own] === 2 &&
    protectedCount[peer] === 1 &&
    (lastRecord[own] as number) >>> 16 === CONTENT_TYPE.alert &&
    (lastPacket[own] as number) < (lastPacket[peer] as number);
  return gaveUp(a, a + 1) || gaveUp(a + 1, a);
}

const alertOf = (table: ConnectionTable, row: number): number =>
  alertLength13((table.suite[row] as number) - 1);
