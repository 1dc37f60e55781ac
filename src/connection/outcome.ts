import type { Outcome, Stage } from '../model/history.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import { ALERT_13 } from './record-sizes.ts';

/** How far the handshake of a row came; the stages are defined with the type. */
export function stageOf(table: ConnectionTable, row: number): Stage {
  const has = (bit: number) => table.has(row, bit);
  if (!has(SEEN.clientHello) && !has(SEEN.serverHello)) return 'none';
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

/**
 * What became of the handshake (report contract).
 *
 * @param ended a FIN or RST was captured (TCP), or closing alerts (DTLS)
 */
export function outcomeOf(
  table: ConnectionTable,
  row: number,
  stage: Stage,
  ended: boolean,
): Outcome {
  const has = (bit: number) => table.has(row, bit);
  if (stage === 'done')
    return has(SEEN.tls13) && refusedAfterFinished(table, row) ? 'failed' : 'established';
  if (has(SEEN.fatalFromClient) || has(SEEN.fatalFromServer)) return 'failed';
  if (stage === 'none') return 'no-handshake';
  if (has(SEEN.lostOctets) || has(SEEN.notAnalysed)) return 'incomplete';
  return ended || has(SEEN.closeAlertInClear) ? 'aborted' : 'incomplete';
}

/**
 * TLS 1.3: the server's only record after the client's Finished has the size of an alert, and the client sent nothing
 * but its flight: the ending is alert-shaped.
 */
function refusedAfterFinished(table: ConnectionTable, row: number): boolean {
  const client = row * 2 + (table.clientSide[row] as number);
  const server = client ^ 1;
  return (
    (table.protectedCount[server] as number) - (table.serverAtFinished[row] as number) === 1 &&
    ((table.lastRecord[server] as number) & 0xffff) === ALERT_13 &&
    (table.lastNanos[server] as number) >= (table.lastNanos[client] as number) &&
    table.protectedCount[client] === 1
  );
}
