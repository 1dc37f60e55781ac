import type { BlindSpot } from '../model/finding.ts';
import type { ConnectionHistory } from '../model/history.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import type { Placement } from './placement.ts';

type Judged = Pick<
  ConnectionHistory,
  'bothDirections' | 'decryption' | 'dtls' | 'missingRecords' | 'version'
>;

/** What cannot be told of a connection, because the capture or the secrets lack it. */
export function blindSpotsOf(
  h: Judged,
  table: ConnectionTable,
  row: number,
  placement: Placement,
  hasTimes: boolean,
): BlindSpot[] {
  const flags = table.flags[row] as number;
  const spots: BlindSpot[] = [];
  // Whose SYN was captured has its start here, also where no hello follows, unless octets are missing.
  const begun = placement.initiator !== undefined && (flags & SEEN.lostOctets) === 0;
  const isAtHello = (flags & (SEEN.clientHello | SEEN.helloBehindRecords)) === SEEN.clientHello;
  if (!isAtHello && !begun) spots.push('start-not-captured');
  // A side whose port is closed says nothing.
  const isMute = (h.dtls?.portUnreachable.length ?? 0) > 0;
  if (!h.bothDirections && !isMute) spots.push('one-direction');
  const isCut = (flags & SEEN.cutPackets) !== 0;
  if ((flags & SEEN.lostOctets) !== 0 && (placement.isHoled || !isCut)) spots.push('lost-bytes');
  if (h.missingRecords !== undefined) spots.push('lost-records');
  if (isCut) spots.push('cut-packets');
  if ((flags & SEEN.notAnalysed) !== 0) spots.push('cipher-unsupported');
  if ((flags & SEEN.messagesOmitted) !== 0) spots.push('too-many-messages');
  if (placement.isOrderUnknown || h.dtls?.isOrderUnknown === true) spots.push('order-unknown');
  if (!hasTimes) spots.push('no-times');
  if (table.protectedCount[2 * row] !== 0 || table.protectedCount[2 * row + 1] !== 0)
    spots.push(...unopened(h));
  return spots;
}

/** What keeps protected records from being read. */
function unopened(h: Judged): BlindSpot[] {
  const { decryption } = h;
  if (decryption === undefined) return ['no-secrets'];
  const { authenticated, failed, obstacle } = decryption;
  if (obstacle === 'cipher-unsupported') return ['cipher-unsupported'];
  return authenticated + failed > 0 && obstacle === undefined ? [] : ['no-secrets'];
}
