import { readU24 } from '../bytes/scalars.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import type { Side } from '../model/stream.ts';
import { type ConnectionTable, RECORD_KINDS, SEEN } from './connection-table.ts';
import type { FactsRecorder } from './facts-recorder.ts';

/** Message types of SSL 2.0, and the octets of an ERROR. */
const SSL2_MESSAGE = { error: 0, clientMasterKey: 2, serverHello: 4 } as const;
const SSL2_ERROR_OCTETS = 3;

/** Records of SSL 2.0 behind its hellos; up to the first protected one they have their type in front. */
export function ssl2Record(
  facts: FactsRecorder,
  row: number,
  side: Side,
  length: number,
  head: Uint8Array,
): void {
  const { table } = facts;
  const client = table.clientSide[row] as number;
  const isClient = client === side;
  const isProtected = table.suite[row] !== 0 || others(table, row, 0) + others(table, row, 1) > 0;
  if (!isProtected) {
    if (!isClient && head[0] === SSL2_MESSAGE.serverHello) return;
    if (head[0] === SSL2_MESSAGE.error && length === SSL2_ERROR_OCTETS) {
      table.set(row, isClient ? SEEN.fatalFromClient : SEEN.fatalFromServer);
      return;
    }
    if (isClient && head[0] === SSL2_MESSAGE.clientMasterKey && head.length === 4) {
      table.suite[row] = 1 + readU24(head, 1);
      return;
    }
  }
  // With a session that the server knew, records are protected from here on. They are of no content type.
  facts.count(row, side, CONTENT_TYPE.tls12Cid);
  // SERVER-VERIFY, CLIENT-FINISHED, SERVER-FINISHED.
  if (others(table, row, 1 - client) >= 2 && others(table, row, client) >= 1)
    table.set(row, SEEN.clientFinished | SEEN.serverFinished);
}

/** Records of no content type that a side sent. */
function others({ records }: ConnectionTable, row: number, side: number): number {
  return records[(2 * row + side) * RECORD_KINDS + RECORD_KINDS - 1] as number;
}
