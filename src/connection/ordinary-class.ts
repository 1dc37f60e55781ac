import type { ConnectionHistory } from '../model/history.ts';
import type { Side } from '../model/stream.ts';
import { SEEN } from './connection-table.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import type { Placement } from './placement.ts';

/** Flags that no ordinary connection has, and those that every one has. */
const UNUSUAL =
  SEEN.unusual |
  SEEN.lostOctets |
  SEEN.lostBoundaries |
  SEEN.cutPackets |
  SEEN.startMissing |
  SEEN.helloBehindRecords |
  SEEN.messagesOmitted |
  SEEN.notAnalysed |
  SEEN.fatalFromClient |
  SEEN.fatalFromServer |
  SEEN.closeAlertInClear;
const COMPLETE = SEEN.clientHello | SEEN.serverHello | SEEN.clientFinished | SEEN.serverFinished;

/** What goes into the class, of a history that is not complete yet. */
type Judged = Pick<
  ConnectionHistory,
  | 'bothDirections'
  | 'resumed'
  | 'extendedMasterSecret'
  | 'encryptThenMac'
  | 'blindSpots'
  | 'version'
  | 'cipherSuite'
>;

/** See `ConnectionHistory.ordinary`; two versions, suites and ways of closing never share a class. */
export function ordinaryClass(
  h: Judged,
  facts: FactsRecorder,
  row: number,
  clientSide: Side,
  placement: Placement,
): number {
  const flags = facts.table.flags[row] as number;
  if ((flags & UNUSUAL) !== 0 || (flags & COMPLETE) !== COMPLETE || !h.bothDirections) return 0;
  if (facts.alertInsteadOfAnswer(row, clientSide)) return 0;
  const closing = placement.ordinaryClosing(clientSide);
  if (closing === 0) return 0;
  const resumed = h.resumed === undefined ? 0 : h.resumed ? 2 : 1;
  const negotiated =
    (h.extendedMasterSecret ? 1 : 0) |
    (h.encryptThenMac ? 2 : 0) |
    (resumed << 2) |
    ((flags & SEEN.helloRetry) !== 0 ? 16 : 0) |
    ((flags & SEEN.earlyData) !== 0 ? 32 : 0) |
    (h.blindSpots.length << 6) |
    ((facts.table.helloCount[row] as number) > 1 ? 512 : 0);
  const offer = (flags & SEEN.offersSession) !== 0 ? 0x10000 : 0;
  const suite = (offer + (h.version ?? 0)) * 0x10000 + (h.cipherSuite ?? 0);
  return (suite * 0x400 + negotiated) * 4 + closing;
}
