import { toHex } from '../bytes/hex.ts';
import { CLIENT_HELLO, HELLO_VERIFY_REQUEST } from '../model/code-points/handshake-types.ts';
import type {
  AckFact,
  ConnectionIdFacts,
  ContinuationFact,
  DtlsAnomaly,
  DtlsFacts,
  DtlsHelloFact,
  DtlsVerifyFact,
  EpochFact,
  IdMisfitFact,
  PathFact,
  UnreachableFact,
} from '../model/dtls-facts.ts';
import type { FlightFacts } from '../model/flights.ts';
import type { At, PerRole, RecordFact } from '../model/history.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { type FlowDirectory, otherSide, type Side } from '../model/stream.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { decodeHelloVerifyRequest } from '../tls/codec/hello-verify-request.ts';
import { presentEpoch, type RawAnomaly, type RawRecord } from './dtls-anomalies.ts';
import type { Association } from './dtls-association.ts';
import type { DtlsTracker } from './dtls-tracker.ts';
import { EVENT } from './event-log.ts';
import { perRole } from './per-role.ts';

/** What RFC 6347 §4.2.1 asks to be the same in the ClientHello with the cookie; bits of the event, lowest first. */
const HELLO_CHANGES = ['version', 'session_id', 'cipher_suites', 'compression_methods'];

/** What a history says about its association; lists are built when they are asked for. */
export class AssociationFacts implements DtlsFacts {
  readonly siblings: readonly number[];
  readonly ordinal: number;
  readonly replacesOpen: number;
  private readonly tracker: DtlsTracker;
  private readonly flows: FlowDirectory;
  private readonly association: Association;
  private readonly client: Side;
  private hellos: { clientHellos: DtlsHelloFact[]; verifyRequests: DtlsVerifyFact[] } | undefined;

  /** @param client side of the client */
  constructor(
    tracker: DtlsTracker,
    flows: FlowDirectory,
    association: Association,
    client: Side,
    siblings: readonly number[],
  ) {
    this.tracker = tracker;
    this.flows = flows;
    this.association = association;
    this.client = client;
    this.siblings = siblings;
    this.ordinal = association.ordinal;
    this.replacesOpen = association.replacesOpen;
  }

  get isOrderUnknown(): boolean {
    return this.tracker.associations.isOrderUnknown(this.association.flow);
  }

  get connectionIds(): ConnectionIdFacts | undefined {
    const { ids } = this.association;
    if (ids === undefined) return undefined;
    const { extension, to } = ids;
    return {
      extension: extension === 0 ? undefined : extension,
      to: perRole(this.client, (side) => hexOf(to[side])),
    };
  }

  get paths(): readonly PathFact[] {
    const { flows, association } = this;
    return (association.paths ?? NONE).map((path) => ({
      stream: path.flow,
      endpoints: perRole(this.client, (side) =>
        flows.endpoint(path.flow, path.isFlipped ? otherSide(side) : side),
      ),
      first: { packet: path.firstPacket, nanos: path.firstNanos },
      last: { packet: path.lastPacket, nanos: path.lastNanos },
      records: perRole(this.client, (side) => path.records[side]),
      firstOf: perRole(this.client, (side) => path.firstOf[side]),
      isProven: path.opened > 0,
      isElsewhere: path.isElsewhere,
      isCopy: path.copies === path.records[0] + path.records[1],
    }));
  }

  get pathsOmitted(): boolean {
    return this.association.pathsOmitted;
  }

  get idMisfits(): readonly IdMisfitFact[] {
    return (this.extras?.misfits ?? NONE).map(({ side, ...misfit }) => ({
      ...misfit,
      from: side === this.client ? 'client' : 'server',
    }));
  }

  get continues(): ContinuationFact | undefined {
    const { continues } = this.association;
    if (continues === undefined) return undefined;
    const { owner, flow, side, ...rest } = continues;
    return { connection: owner, client: this.flows.endpoint(flow, side), ...rest };
  }

  get epochs(): PerRole<readonly EpochFact[]> {
    return perRole(this.client, (side) => {
      const half = this.association.sides[side];
      const epochs: EpochFact[] = [];
      if (half.clearCount > 0) {
        epochs.push({
          epoch: 0,
          firstSequence: half.clearFirst,
          highestSequence: half.clearHighest,
          count: half.clearCount,
          first: { packet: half.clearFirstPacket, nanos: half.clearFirstNanos },
          last: { packet: half.clearLastPacket, nanos: half.clearLastNanos },
        });
      }
      for (const { side: of, ...epoch } of this.extras?.olderEpochs ?? [])
        if (of === side) epochs.push(epoch);
      // Of DTLS 1.3, whose numbers are encrypted, only what was opened is counted.
      if (half.epoch > 0 && half.count > 0) epochs.push(presentEpoch(half));
      return epochs;
    });
  }

  get clientHellos(): readonly DtlsHelloFact[] {
    return this.readHellos().clientHellos;
  }

  get verifyRequests(): readonly DtlsVerifyFact[] {
    return this.readHellos().verifyRequests;
  }

  get answered(): At | undefined {
    const { table } = this.tracker.facts;
    const packet = table.answerPacket[this.association.row] as number;
    return packet === 0
      ? undefined
      : { packet, nanos: table.answerNanos[this.association.row] as number };
  }

  get probableClose(): PerRole<RecordFact | undefined> {
    return perRole(this.client, (side) => {
      const half = this.association.sides[side];
      if (half.closePacket === 0) return undefined;
      return this.fact({
        side,
        contentType: CONTENT_TYPE.alert,
        epoch: half.closeEpoch,
        sequence: half.closeSequence,
        length: half.closeLength,
        packet: half.closePacket,
        nanos: half.closeNanos,
      });
    });
  }

  get finishedTransmissions(): PerRole<readonly RecordFact[]> {
    return perRole(this.client, (side) => {
      const half = this.association.sides[side];
      if (half.finishedPacket === 0) return [];
      const first = this.fact({
        side,
        contentType: CONTENT_TYPE.handshake,
        epoch: half.finishedEpoch,
        sequence: half.finishedSequence,
        length: half.finishedLength,
        packet: half.finishedPacket,
        nanos: half.finishedNanos,
      });
      const again = (this.extras?.finished ?? []).filter((f) => f.side === side);
      return [first, ...again.map((f) => this.fact(f))];
    });
  }

  get anomalies(): readonly DtlsAnomaly[] {
    const { extras } = this;
    if (extras === undefined) return NONE;
    const { isOrderUnknown } = this;
    return extras.anomalies.map((a) => ({
      ...a,
      ...(isOrderUnknown && restsOnOrder(a) ? { confidence: 'possible', reason: doubted(a) } : {}),
      record: this.fact(a.record),
      ...(a.kind === 'far-number'
        ? { lineGoesOn: this.association.sides[a.record.side].lastPacket > a.record.packet }
        : {}),
    }));
  }

  get anomaliesOmitted(): number {
    return this.extras?.omitted ?? 0;
  }

  get acks(): readonly AckFact[] {
    return (this.extras?.acks ?? NONE).map(({ side, ...ack }) => ({
      ...ack,
      from: side === this.client ? 'client' : 'server',
    }));
  }

  get flights(): FlightFacts | undefined {
    return this.tracker.flights.facts(this.association, this.client);
  }

  get portUnreachable(): readonly UnreachableFact[] {
    return (this.extras?.unreachable ?? NONE).map(({ packet, nanos, side }) => ({
      packet,
      nanos,
      role: side === this.client ? 'client' : 'server',
    }));
  }

  get company(): PerRole<At | undefined> {
    const { company } = this.association;
    return perRole(this.client, (side) =>
      company === undefined || company.packet[side] === 0
        ? undefined
        : { packet: company.packet[side], nanos: company.nanos[side] },
    );
  }

  private get extras() {
    return this.tracker.anomalies.find(this.association);
  }

  private fact({
    side,
    contentType,
    epoch,
    sequence,
    length,
    packet,
    nanos,
  }: RawRecord): RecordFact {
    return {
      from: side === this.client ? 'client' : 'server',
      contentType,
      epoch,
      sequence,
      length,
      packet,
      nanos,
    };
  }

  /** ClientHellos with what RFC 6347 §4.2.1 ties them to, and the HelloVerifyRequests between them. */
  private readHellos(): { clientHellos: DtlsHelloFact[]; verifyRequests: DtlsVerifyFact[] } {
    if (this.hellos !== undefined) return this.hellos;
    const { log, table, hellos: store } = this.tracker.facts;
    const { row } = this.association;
    const clientHellos: DtlsHelloFact[] = [];
    const verifies: (At & { cookie: Uint8Array; version: number; echoed: boolean })[] = [];
    for (let e = table.firstEvent[row] as number; e !== 0; e = log.next(e)) {
      const what = log.what(e);
      const kind = what >>> 20;
      if (kind !== EVENT.message && kind !== EVENT.helloAgain) continue;
      const when = { packet: log.packet(e), nanos: log.nanos(e) };
      const type = what & 0xffff;
      if (type === CLIENT_HELLO && ((what >>> 16) & 1) === this.client) {
        const numbers = log.epoch(e);
        const cookieLength = numbers & 0x1ff;
        clientHellos.push({
          ...when,
          messageSequence: (numbers >>> 9) & 0xffff,
          recordSequence: log.sequence(e),
          cookieLength,
          retransmission: kind === EVENT.helloAgain,
          changed: HELLO_CHANGES.filter((_, bit) => (numbers & (1 << (26 + bit))) !== 0),
        });
        // The answer to a HelloVerifyRequest has its cookie; that it is the same one is only known of the last.
        const last = verifies.at(-1);
        if (kind === EVENT.message && last !== undefined && cookieLength === last.cookie.length)
          last.echoed = true;
      } else if (kind === EVENT.message && type === HELLO_VERIFY_REQUEST) {
        const body = store.slab.view(log.sequence(e), log.length(e));
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
    const verifyRequests = verifies.map(({ packet, nanos, cookie, version, echoed }) => ({
      packet,
      nanos,
      request: { version, cookie },
      echoed,
    }));
    this.hellos = { clientHellos, verifyRequests };
    return this.hellos;
  }
}

const NONE: readonly never[] = [];

const restsOnOrder = ({ kind }: Pick<DtlsAnomaly, 'kind'>): boolean =>
  kind === 'late' || kind === 'no-association' || kind === 'epoch0-alert';

const doubted = ({ reason }: RawAnomaly): string =>
  `${reason}; but datagrams came twice, as where captures of two points are in one, and then their order tells nothing`;

const hexOf = (id: Uint8Array | undefined): string | undefined => id && toHex(id);

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
