/** Heartbeats (RFC 6520) as events: the first of each direction, and the first that claims more than it brings, with how many. */
import { readU16 } from '../bytes/scalars.ts';
import type { HeartbeatFact } from '../model/history.ts';
import type { Side } from '../model/stream.ts';
import { EVENT } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';

/** HeartbeatMessageType, RFC 6520 §3. */
const REQUEST = 1;
const RESPONSE = 2;
/** HeartbeatMessageType and payload_length. RFC 6520 §4. */
const HEADER_OCTETS = 3;
/** In the place of a payload_length: nobody can read it. */
const UNREAD = -1;

/** Takes a complete heartbeat record; `bytes[start, end)` are its first octets where it is in the clear, and empty else. */
export function heartbeat(
  facts: FactsRecorder,
  row: number,
  side: Side,
  length: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  packet: number,
  nanos: number,
): void {
  const isRead = end - start >= HEADER_OCTETS;
  const type = isRead ? (bytes[start] as number) : 0;
  const claimed = isRead ? readU16(bytes, start + 1) : UNREAD;
  const known = sameBefore(facts, row, side, isBeyond(claimed, length));
  if (known !== 0) facts.log.again(known);
  else facts.event(row, EVENT.heartbeat, side, type, length, packet, nanos, claimed, 1);
}

const isBeyond = (claimed: number, length: number): boolean =>
  claimed !== UNREAD && claimed + HEADER_OCTETS > length;

/** The event that counts such heartbeats; 0 for none. */
function sameBefore(
  { log, table }: FactsRecorder,
  row: number,
  side: Side,
  beyond: boolean,
): number {
  for (let e = table.firstEvent[row] as number; e !== 0; e = log.next(e)) {
    const what = log.what(e);
    if (what >>> 20 !== EVENT.heartbeat || ((what >>> 16) & 1) !== side) continue;
    if (isBeyond(log.epoch(e), log.length(e)) === beyond) return e;
  }
  return 0;
}

/** The heartbeats of a row. */
export function heartbeatsOf(
  { log, table }: FactsRecorder,
  row: number,
  client: Side,
): HeartbeatFact[] {
  const found: HeartbeatFact[] = [];
  for (let e = table.firstEvent[row] as number; e !== 0; e = log.next(e)) {
    const what = log.what(e);
    if (what >>> 20 !== EVENT.heartbeat) continue;
    const type = what & 0xffff;
    const claimed = log.epoch(e);
    const length = log.length(e);
    found.push({
      from: ((what >>> 16) & 1) === client ? 'client' : 'server',
      packet: log.packet(e),
      nanos: log.nanos(e),
      count: log.sequence(e),
      type: type === REQUEST ? 'request' : type === RESPONSE ? 'response' : undefined,
      length,
      claimed: claimed === UNREAD ? undefined : claimed,
      isBeyond: isBeyond(claimed, length),
    });
  }
  return found;
}
