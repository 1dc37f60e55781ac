import { type At, ROLES } from '../model/history.ts';
import {
  SOUND_ODDITIES,
  type SoundOddity,
  type SoundOddityCount,
} from '../model/sound-oddities.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import type { History } from './history.ts';

/** Counts what is normal and looks odd; a few loads for each connection, whatever it is. */
export class OddityTally {
  private readonly table: ConnectionTable;
  private readonly counts = new Map<
    SoundOddity,
    { connections: number; first: SoundOddityCount['first'] }
  >();

  constructor(table: ConnectionTable) {
    this.table = table;
  }

  /** A connection is final. What did not come to its end is no place for reassurance. */
  add(history: History): void {
    if (history.outcome !== 'established') return;
    const { table } = this;
    const { row, placement } = history;
    if (table.has(row, SEEN.helloRetry)) this.count('hello-retry-request', history);
    if (placement.protocol === 'DTLS') this.addDtls(history);
    else if (table.has(row, SEEN.tls13) && this.hasCcs(row)) this.count('dummy-ccs', history);
    if (placement.isClosedByBoth) this.count('answered-close', history);
    if (placement.isResetAfterClose && lostNothing(history))
      this.count('reset-after-close', history);
  }

  /** In their order. */
  list(): SoundOddityCount[] {
    return SOUND_ODDITIES.flatMap((kind) => {
      const count = this.counts.get(kind);
      return count === undefined ? [] : [{ kind, ...count }];
    });
  }

  private addDtls(history: History): void {
    const { placement } = history;
    if (placement.isVerified) this.count('hello-verify-request', history);
    if (!placement.isRemarked) return;
    const { dtls } = history;
    if ((dtls?.flights?.repeats.length ?? 0) > 0) this.count('repeated-flight', history);
    if (dtls?.anomalies.some(({ kind }) => kind === 'replay'))
      this.count('replayed-datagram', history);
  }

  private hasCcs(row: number): boolean {
    const { ccsPacket } = this.table;
    return ccsPacket[2 * row] !== 0 || ccsPacket[2 * row + 1] !== 0;
  }

  private count(kind: SoundOddity, history: History): void {
    const known = this.counts.get(kind);
    if (known !== undefined) known.connections++;
    else
      this.counts.set(kind, {
        connections: 1,
        first: { ...firstOf(kind, history), connection: history.id },
      });
  }
}

/** Did the reset keep no octet from the application? */
function lostNothing({ tcp }: History): boolean {
  return tcp !== undefined && ROLES.every((role) => tcp.octetsAfterPeerFin[role] === 0);
}

/** Where it shows in a connection. */
function firstOf(kind: SoundOddity, history: History): At {
  const { messages, changeCipherSpec, dtls, tcp, alerts } = history;
  const asked = (type: number) => messages.find((message) => message.type === type);
  const at: Readonly<Record<SoundOddity, () => At | undefined>> = {
    'repeated-flight': () => dtls?.flights?.repeats[0]?.first,
    'hello-verify-request': () => dtls?.verifyRequests[0],
    'hello-retry-request': () => asked(0x102),
    'dummy-ccs': () => changeCipherSpec.server ?? changeCipherSpec.client,
    'answered-close': () => dtls?.probableClose.client ?? alerts.at(-1),
    'reset-after-close': () => tcp?.rst.client ?? tcp?.rst.server,
    'replayed-datagram': () => dtls?.anomalies.find((one) => one.kind === 'replay')?.record,
  };
  const { packet, nanos } = at[kind]() ?? { packet: history.lastPacket, nanos: history.endNanos };
  return { packet, nanos };
}
