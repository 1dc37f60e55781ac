import type { CaptureIndex, ConnectionSummary } from '../../../src/model/capture-index.ts';
import type { DtlsAnomaly, DtlsHelloFact, DtlsVerifyFact } from '../../../src/model/dtls-facts.ts';
import type {
  At,
  ConnectionHistory,
  MessageFact,
  RecordFact,
  Role,
} from '../../../src/model/history.ts';
import { MILLISECOND } from '../../../src/model/time.ts';
import { type FakeHistory, fakeHistory } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';

export const ALERT = 21;
export const HANDSHAKE = 22;
export const DATA = 23;

/** A packet and when it was captured, in milliseconds. */
export const atMs = (packet: number, ms: number): At => ({ packet, nanos: ms * MILLISECOND });

/** A protected record; its length is that of an alert under AES-GCM unless given. */
export function record(
  contentType: number,
  from: Role,
  at: At,
  sequence: number,
  more: Partial<RecordFact> = {},
): RecordFact {
  return { ...at, contentType, from, length: 26, epoch: 1, sequence, ...more };
}

export function hello(
  at: At,
  messageSequence: number,
  more: Partial<DtlsHelloFact> = {},
): DtlsHelloFact {
  return {
    ...at,
    messageSequence,
    recordSequence: messageSequence,
    cookieLength: messageSequence === 0 ? 0 : 20,
    retransmission: false,
    ...more,
  };
}

export function verify(at: At, cookie: number, echoed = true): DtlsVerifyFact {
  return {
    ...at,
    request: { version: 0xfeff, cookie: new Uint8Array(20).fill(cookie) },
    echoed,
  };
}

/** An anomaly of kind `late` unless given otherwise: a closing alert, surely attributed, between two associations. */
export function anomaly(
  stray: RecordFact,
  owner: number,
  more: Partial<DtlsAnomaly> = {},
): DtlsAnomaly {
  return {
    kind: 'late',
    record: stray,
    owner,
    reason: 'its number continues that connection',
    confidence: 'proven',
    shape: stray.contentType === ALERT ? 'alert' : 'other',
    sincePeerClose: undefined,
    sinceOwnPrevious: undefined,
    during: 0,
    duringStage: undefined,
    earlier: undefined,
    alert: undefined,
    ...more,
  };
}

interface Association extends FakeHistory {
  /** Its first packet and the moment of its first ClientHello; one packet a millisecond from there. */
  readonly packet: number;
  readonly ms: number;
}

/**
 * An association as recorded from real stacks: hello, cookie, hello, server flight, client flight, Finished, one
 * request and its answer, a close by the server and the client's answer to it. Packets `packet` to `packet + 9`.
 */
export function association({ packet, ms, dtls, ...more }: Association): ConnectionHistory {
  const at = (step: number): At => atMs(packet + step, ms + step);
  const message = (type: number, from: Role, step: number): MessageFact => ({
    ...at(step),
    type,
    from,
    length: 64,
  });
  const request = record(DATA, 'client', at(6), 1, { length: 38 });
  const answer = record(DATA, 'server', at(7), 1, { length: 47 });
  const closes = {
    server: record(ALERT, 'server', at(8), 2),
    client: record(ALERT, 'client', at(9), 2),
  };
  const finished = {
    client: record(HANDSHAKE, 'client', at(4), 0, { length: 48 }),
    server: record(HANDSHAKE, 'server', at(5), 0, { length: 48 }),
  };
  const epoch = (first: At, last: At, number: number) => ({
    epoch: number,
    firstSequence: 0,
    highestSequence: 2,
    count: 3,
    first,
    last,
  });
  return fakeHistory({
    protocol: 'DTLS',
    firstPacket: packet,
    lastPacket: packet + 9,
    startNanos: at(0).nanos,
    endNanos: at(9).nanos,
    messages: [
      message(1, 'client', 0),
      message(3, 'server', 1),
      message(1, 'client', 2),
      message(2, 'server', 3),
      message(14, 'server', 3),
      message(16, 'client', 4),
    ],
    changeCipherSpec: { client: at(4), server: at(5) },
    protectedRecords: {
      client: { count: 3, first: finished.client, last: closes.client, lastData: request },
      server: { count: 3, first: finished.server, last: closes.server, lastData: answer },
    },
    ...more,
    dtls: {
      clientHellos: [hello(at(0), 0), hello(at(2), 1)],
      verifyRequests: [verify(at(1), 1)],
      answered: at(1),
      finishedTransmissions: { client: [finished.client], server: [finished.server] },
      epochs: {
        client: [epoch(at(0), at(4), 0), epoch(at(4), at(9), 1)],
        server: [epoch(at(1), at(5), 0), epoch(at(5), at(8), 1)],
      },
      probableClose: closes,
      ...dtls,
    },
  });
}

/** The row of a history, as the index keeps it. */
export function summaryOf(
  history: ConnectionHistory,
  more: Partial<ConnectionSummary> = {},
): ConnectionSummary {
  const { id, protocol, stream, client, server, outcome, stage, dtls } = history;
  const start = { packet: history.firstPacket, nanos: history.startNanos };
  return fakeSummary({
    id,
    protocol,
    stream,
    client,
    server,
    outcome,
    stage,
    start,
    end: { packet: history.lastPacket, nanos: history.endNanos },
    hello: dtls?.clientHellos[0] ?? start,
    helloTransmissions:
      dtls?.clientHellos.filter(({ messageSequence }) => messageSequence === 0).length ?? 1,
    answered: dtls?.answered,
    ...more,
  });
}

/** An index over rows that all belong to one DTLS server. */
export function dtlsIndex(
  rows: readonly ConnectionSummary[],
  more: Partial<CaptureIndex> = {},
): CaptureIndex {
  const [first] = rows;
  if (first === undefined) return fakeIndex([], more);
  const server = { endpoint: first.server, transport: 'udp', connections: rows } as const;
  return fakeIndex([fakeServer(server)], more);
}
