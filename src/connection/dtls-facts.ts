import type {
  At,
  DtlsAnomaly,
  DtlsFacts,
  DtlsHelloFact,
  DtlsVerifyFact,
  EpochFact,
  PerRole,
  RecordFact,
  Role,
} from '../model/history.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import type { Side } from '../model/stream.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { decodeHelloVerifyRequest } from '../tls/codec/hello-verify-request.ts';
import type { DtlsTracker } from './dtls-tracker.ts';
import { EVENT } from './event-log.ts';

const HELLO_VERIFY_REQUEST = 3;
const CLIENT_HELLO = 1;

/** What RFC 6347 §4.2.1 asks to be the same in the ClientHello with the cookie; bits of the event, lowest first. */
const HELLO_CHANGES = ['version', 'session_id', 'cipher_suites', 'compression_methods'];

/** Builds what a history says about its association; `client` is the side of the client. */
export function dtlsFacts(
  tracker: DtlsTracker,
  d: number,
  client: Side,
  siblings: readonly number[],
): DtlsFacts {
  const { table, facts } = tracker;
  const extras = tracker.extras.get(d);
  const row = table.connection[d] as number;
  const roleOf = (side: number): Role => (side === client ? 'client' : 'server');
  const both = <T>(of: (side: Side) => T): PerRole<T> => ({
    client: of(client),
    server: of((1 - client) as Side),
  });
  const { hellos, verifies } = hellosOf(tracker, row, client);
  const answer = facts.table.answerPacket[row] as number;

  const record = (
    side: Side,
    packet: number,
    nanos: number,
    contentType: number,
    epoch: number,
    sequence: number,
    length: number,
  ): RecordFact => ({
    from: roleOf(side),
    contentType,
    epoch,
    sequence,
    length,
    packet,
    nanos,
  });
  const close = (side: Side): RecordFact | undefined => {
    const half = 2 * d + side;
    const packet = table.closePacket[half] as number;
    if (packet === 0) return undefined;
    return record(
      side,
      packet,
      table.closeNanos[half] as number,
      CONTENT_TYPE.alert,
      table.closeEpoch[half] as number,
      table.closeSequence[half] as number,
      table.closeLength[half] as number,
    );
  };
  const finished = (side: Side): RecordFact[] => {
    const half = 2 * d + side;
    const packet = table.finishedPacket[half] as number;
    if (packet === 0) return [];
    const first = record(
      side,
      packet,
      table.finishedNanos[half] as number,
      CONTENT_TYPE.handshake,
      table.finishedEpoch[half] as number,
      table.finishedSequence[half] as number,
      table.finishedLength[half] as number,
    );
    const more = (extras?.finished ?? []).filter((f) => f.side === side);
    return [
      first,
      ...more.map((f) =>
        record(side, f.packet, f.nanos, CONTENT_TYPE.handshake, f.epoch, f.sequence, f.length),
      ),
    ];
  };
  const anomalies = (extras?.anomalies ?? []).map(
    (a): DtlsAnomaly => ({
      kind: a.kind,
      record: record(a.side, a.packet, a.nanos, a.contentType, a.epoch, a.sequence, a.length),
      owner: a.owner,
      reason: a.reason,
      confidence: a.confidence,
      shape: a.shape,
      sincePeerClose: a.sincePeerClose,
      sinceOwnPrevious: a.sinceOwnPrevious,
      during: a.during,
      duringStage: a.duringStage,
      earlier: a.earlier,
      alert: a.alert,
    }),
  );
  return {
    ordinal: table.ordinal[d] as number,
    siblings,
    epochs: both((side) => epochsOf(tracker, d, side)),
    clientHellos: hellos,
    verifyRequests: verifies,
    answered:
      answer === 0 ? undefined : { packet: answer, nanos: facts.table.answerNanos[row] as number },
    probableClose: both(close),
    finishedTransmissions: both(finished),
    anomalies,
    anomaliesOmitted: extras?.omitted ?? 0,
    portUnreachable: extras?.unreachable ?? [],
    replacesOpen: table.replacesOpen[d] as number,
  };
}

function epochsOf(tracker: DtlsTracker, d: number, side: Side): EpochFact[] {
  const { table } = tracker;
  const half = 2 * d + side;
  const epochs: EpochFact[] = [];
  if ((table.clearCount[half] as number) > 0) {
    epochs.push({
      epoch: 0,
      firstSequence: table.clearFirst[half] as number,
      highestSequence: table.clearHighest[half] as number,
      count: table.clearCount[half] as number,
      first: {
        packet: table.clearFirstPacket[half] as number,
        nanos: table.clearFirstNanos[half] as number,
      },
      last: {
        packet: table.clearLastPacket[half] as number,
        nanos: table.clearLastNanos[half] as number,
      },
    });
  }
  for (const e of tracker.extras.get(d)?.olderEpochs ?? []) {
    if (e.side !== side) continue;
    epochs.push({
      epoch: e.epoch,
      firstSequence: e.firstSequence,
      highestSequence: e.highestSequence,
      count: e.count,
      first: { packet: e.firstPacket, nanos: e.firstNanos },
      last: { packet: e.lastPacket, nanos: e.lastNanos },
    });
  }
  if ((table.epoch[half] as number) > 0) {
    epochs.push({
      epoch: table.epoch[half] as number,
      firstSequence: table.first[half] as number,
      highestSequence: table.highest[half] as number,
      count: table.count[half] as number,
      first: {
        packet: table.firstEpochPacket[half] as number,
        nanos: table.firstEpochNanos[half] as number,
      },
      last: {
        packet: table.lastEpochPacket[half] as number,
        nanos: table.lastEpochNanos[half] as number,
      },
    });
  }
  return epochs;
}

/** ClientHellos with what RFC 6347 §4.2.1 ties them to, and the HelloVerifyRequests between them. */
function hellosOf(
  tracker: DtlsTracker,
  row: number,
  client: Side,
): { hellos: DtlsHelloFact[]; verifies: DtlsVerifyFact[] } {
  const { log, table, hellos: store } = tracker.facts;
  const hellos: DtlsHelloFact[] = [];
  const verifies: (At & { cookie: Uint8Array; version: number; echoed: boolean })[] = [];
  for (
    let entry = table.firstEvent[row] as number;
    entry !== 0;
    entry = log.next[entry - 1] as number
  ) {
    const e = entry - 1;
    const what = log.what[e] as number;
    const kind = what >>> 20;
    if (kind !== EVENT.message && kind !== EVENT.helloAgain) continue;
    const when = { packet: log.packet[e] as number, nanos: log.nanos[e] as number };
    const type = what & 0xffff;
    if (type === CLIENT_HELLO && ((what >>> 16) & 1) === client) {
      const cookieLength = (log.epoch[e] as number) & 0x1ff;
      hellos.push({
        ...when,
        messageSequence: ((log.epoch[e] as number) >>> 9) & 0xffff,
        recordSequence: log.sequence[e] as number,
        cookieLength,
        retransmission: kind === EVENT.helloAgain,
        changed: HELLO_CHANGES.filter(
          (_, bit) => ((log.epoch[e] as number) & (1 << (26 + bit))) !== 0,
        ),
      });
      // The answer to a HelloVerifyRequest has its cookie; that it is the same one is only known of the last.
      const last = verifies.at(-1);
      if (kind === EVENT.message && last !== undefined && cookieLength === last.cookie.length)
        last.echoed = true;
    } else if (kind === EVENT.message && type === HELLO_VERIFY_REQUEST) {
      const body = store.slab.view(log.sequence[e] as number, log.length[e] as number);
      const { message } = decodeHelloVerifyRequest(body);
      verifies.push({ ...when, cookie: message.cookie, version: message.version, echoed: false });
    }
  }
  const last = verifies.at(-1);
  const handle = table.clientHello[row] as number;
  if (last?.echoed && handle !== 0) {
    const hello = store.slab.view(handle, table.clientHelloLength[row] as number);
    const scan = new HelloScan();
    scan.scanClientHello(hello, 0, hello.length, true);
    last.echoed = equal(
      hello.subarray(scan.cookieOffset, scan.cookieOffset + scan.cookieLength),
      last.cookie,
    );
  }
  return {
    hellos,
    verifies: verifies.map(({ packet, nanos, cookie, version, echoed }) => ({
      packet,
      nanos,
      request: { version, cookie },
      echoed,
    })),
  };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
