import { isDtls } from '../crypto/transcript.ts';
import { cipherSuite } from '../model/code-points/suites.ts';
import { LIMITS } from '../model/limits.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import type { Side } from '../model/stream.ts';
import { ClearHandshakes } from './clear-handshakes.ts';
import { curveOf } from './clear-messages.ts';
import { ConnectionTable, RECORD_KINDS, SEEN } from './connection-table.ts';
import { CookieIndex } from './cookie-index.ts';
import type { Association } from './dtls-association.ts';
import type { DtlsRecord } from './dtls-record.ts';
import { EVENT, EventLog } from './event-log.ts';
import { Fingerprints } from './fingerprints.ts';
import { HelloStore } from './hello-store.ts';
import { InnerTls } from './inner-tls.ts';
import { Offers } from './offers.ts';
import { RecentRandoms } from './recent-randoms.ts';
import { alertLength13 } from './record-sizes.ts';
import { SessionIndex } from './session-index.ts';
import type { Owner, OwnerSearch } from './unsealing/owner-search.ts';
import type { Tally } from './unsealing/tally.ts';

const FINISHED = SEEN.clientFinished | SEEN.serverFinished;
/** In a hello the random follows the version. RFC 5246 §7.4.1.2. */
const RANDOM_AT = 2;

/** What TLS and DTLS connections have in common: rows, hellos, events, counts. */
export class FactsRecorder {
  /** Whole seconds since 1970 of the first packet of the run. */
  epochSeconds: () => number = () => 0;
  /** By how many seconds the clock was set back until now. */
  setBackSeconds: () => number = () => 0;
  /** Did time pass from one packet to another until now? */
  hasTimes: () => boolean = () => true;
  readonly table = new ConnectionTable();
  readonly log = new EventLog();
  readonly hellos = new HelloStore(this.table);
  readonly fingerprints = new Fingerprints();
  readonly offers = new Offers();
  readonly clear = new ClearHandshakes();
  readonly randoms = new RecentRandoms();
  /** What secrets opened of each connection, by row; empty without secrets. */
  readonly unsealed = new Map<number, Owner & { readonly tally: Tally }>();
  /** Only where the run has secrets. */
  owners: OwnerSearch | undefined;
  readonly sessions = new SessionIndex();
  readonly cookies = new CookieIndex();
  readonly innerTls = new InnerTls();
  /** Ids given so far. */
  connections = 0;

  begin(): number {
    const row = this.table.take();
    this.table.id[row] = ++this.connections;
    this.table.clientSide[row] = 2;
    return row;
  }

  /** Are there secrets that may show more of the connection than the wire does? */
  mayBeOpened(row: number): boolean {
    return this.owners !== undefined && this.unsealed.get(row)?.isUnopened !== true;
  }

  /** Appends to a connection's events, up to the limits of one and of all. */
  event(
    row: number,
    kind: number,
    side: number,
    value: number,
    length: number,
    packet: number,
    nanos: number,
    epoch = 0,
    sequence = 0,
  ): number {
    const { table, log } = this;
    if (kind !== EVENT.message && kind !== EVENT.encryptedAlert) table.set(row, SEEN.unusual);
    const count = table.events[row] as number;
    if (count >= LIMITS.eventsPerConnection || log.isFull(kind)) {
      table.set(row, SEEN.messagesOmitted);
      return 0;
    }
    table.events[row] = count + 1;
    const entry = log.add(kind, side, value, length, packet, nanos, epoch, sequence);
    const last = table.lastEvent[row] as number;
    if (last === 0) table.firstEvent[row] = entry;
    else log.link(last, entry);
    table.lastEvent[row] = entry;
    return entry;
  }

  /** The same for an event that is a DTLS record as a whole; `value` is what the kind of event says. */
  recordEvent(row: number, kind: number, value: number, r: DtlsRecord): void {
    this.event(row, kind, r.side, value, r.length, r.packet, r.nanos, r.epoch, r.sequence);
  }

  count(row: number, side: number, contentType: number): void {
    const kind = contentType - CONTENT_TYPE.changeCipherSpec;
    const at =
      (row * 2 + side) * RECORD_KINDS +
      (kind >= 0 && kind < RECORD_KINDS - 1 ? kind : RECORD_KINDS - 1);
    this.table.records[at] = (this.table.records[at] as number) + 1;
  }

  /** All records of a direction so far. */
  recordsOf(row: number, side: number): number {
    let sum = 0;
    const at = (row * 2 + side) * RECORD_KINDS;
    for (let kind = 0; kind < RECORD_KINDS; kind++) sum += this.table.records[at + kind] as number;
    return sum;
  }

  /** A protected record: the first, the last and the last with data are kept. */
  protectedRecord(
    row: number,
    side: number,
    contentType: number,
    length: number,
    packet: number,
    nanos: number,
  ): void {
    const { table } = this;
    const half = row * 2 + side;
    const count = (table.protectedCount[half] as number) + 1;
    table.protectedCount[half] = count;
    const record = (contentType << 16) | length;
    if (count === 1) {
      table.firstPacket[half] = packet;
      table.firstNanos[half] = nanos;
      table.firstRecord[half] = record;
    }
    table.lastPacket[half] = packet;
    table.lastNanos[half] = nanos;
    table.lastRecord[half] = record;
    if (contentType === CONTENT_TYPE.applicationData) {
      table.dataPacket[half] = packet;
      table.dataNanos[half] = nanos;
      table.dataRecord[half] = record;
    }
    const modulus = table.lengthModulus[row] as number;
    if (
      length < (table.lengthMin[row] as number) ||
      (modulus !== 0 && length % modulus !== (table.lengthBase[row] as number))
    ) {
      this.event(row, EVENT.impossibleLength, side, contentType, length, packet, nanos);
    }
  }

  /** Was the last protected record of this side an alert, or (TLS 1.3, where types are hidden) one of an alert's size? */
  saidGoodbye(row: number, side: Side): boolean {
    const record = this.table.lastRecord[row * 2 + side] as number;
    if (this.table.has(row, SEEN.tls13))
      return (record & 0xffff) === alertLength13((this.table.suite[row] as number) - 1);
    return record >>> 16 === CONTENT_TYPE.alert;
  }

  /** Did the server send an alert (up to TLS 1.2) behind data that it had not answered, and before the client closed? */
  alertInsteadOfAnswer(row: number, client: Side): boolean {
    const { lastRecord, lastPacket, dataPacket } = this.table;
    const own = row * 2 + 1 - client;
    const peer = row * 2 + client;
    if ((lastRecord[own] as number) >>> 16 !== CONTENT_TYPE.alert) return false;
    const asked = dataPacket[peer] as number;
    const closed =
      (lastRecord[peer] as number) >>> 16 === CONTENT_TYPE.alert &&
      (lastPacket[peer] as number) < (lastPacket[own] as number);
    return !closed && asked > (dataPacket[own] as number) && asked < (lastPacket[own] as number);
  }

  /** Takes over what the association counted of its records. */
  takeAssociation(a: Association): void {
    const { table } = this;
    for (let side = 0; side < 2; side++) {
      const half = a.sides[side as Side];
      const at = a.row * 2 + side;
      const r = at * RECORD_KINDS;
      table.records[r] = half.changeCipherSpecs;
      table.records[r + 1] = half.alerts;
      table.records[r + 2] = half.handshakes;
      table.records[r + 3] = half.applicationData;
      table.records[r + 4] = half.others;
      table.protectedCount[at] = half.protectedCount;
      if (half.protectedCount === 0) continue;
      table.firstPacket[at] = half.firstPacket;
      table.firstNanos[at] = half.firstNanos;
      table.firstRecord[at] = half.firstRecord;
      table.lastPacket[at] = half.lastPacket;
      table.lastNanos[at] = half.lastNanos;
      table.lastRecord[at] = half.lastRecord;
      table.dataPacket[at] = half.dataPacket;
      table.dataNanos[at] = half.dataNanos;
      table.dataRecord[at] = (CONTENT_TYPE.applicationData << 16) | half.dataLength;
    }
  }

  /** Octets of this side are missing. */
  handshakeLost(row: number, side: Side): void {
    if (this.maySign(row)) this.clear.lost(2 * row + side);
  }

  /** Are messages in the clear kept? From the ServerHello on, unless it is one of TLS 1.3, until both Finished were seen. */
  maySign(row: number): boolean {
    const flags = this.table.flags[row] as number;
    return (
      (flags & (SEEN.tls13 | SEEN.serverHello)) === SEEN.serverHello &&
      (flags & FINISHED) !== FINISHED
    );
  }

  /** A side's Finished was seen. */
  finished(row: number, bits: number): void {
    const { table } = this;
    table.set(row, bits);
    if (((table.flags[row] as number) & FINISHED) !== FINISHED) return;
    this.noteCurve(row);
    this.clear.forget(row);
  }

  /** What the server chose of the groups that were offered is in a message that is about to be forgotten. */
  private noteCurve(row: number): void {
    const { table } = this;
    const client = table.clientSide[row] as number;
    const exchange = cipherSuite((table.suite[row] as number) - 1)?.keyExchange;
    if (client > 1 || exchange !== 'ECDHE') return;
    const sent = this.clear.of(2 * row + 1 - client);
    if (sent !== undefined) table.curve[row] = curveOf(sent, isDtls(table.version[row] as number));
  }

  /** A ServerHello was read, and is no HelloRetryRequest: up to TLS 1.2 its randoms are signed. */
  negotiated(row: number): void {
    const { table, hellos } = this;
    if (table.has(row, SEEN.tls13)) return;
    const client = table.clientHello[row] as number;
    const server = table.serverHello[row] as number;
    const length = Math.min(
      table.clientHelloLength[row] as number,
      table.serverHelloLength[row] as number,
    );
    if (client === 0 || server === 0 || length < RANDOM_AT + 32) return;
    const { slab } = hellos;
    this.randoms.add(
      table.id[row] as number,
      slab.bytesOf(client),
      slab.offsetOf(client) + RANDOM_AT,
      slab.bytesOf(server),
      slab.offsetOf(server) + RANDOM_AT,
    );
  }

  /** A HelloRetryRequest was scanned, `bytes` are its octets. */
  retryRequested(row: number, bytes: Uint8Array, packet: number, nanos: number): void {
    const { retryCookieOffset: at, retryCookieLength: length } = this.hellos.scan;
    this.cookies.issue(bytes, at, length, this.table.id[row] as number, packet, nanos);
  }

  /** A ClientHello was scanned, `bytes` are its octets. */
  cookieReturned(row: number, bytes: Uint8Array): void {
    const { scan } = this.hellos;
    const id = this.table.id[row] as number;
    if (scan.cookieLength > 0)
      this.cookies.returned(bytes, scan.cookieOffset, scan.cookieLength, id);
    if (scan.retryCookieLength > 0)
      this.cookies.returned(bytes, scan.retryCookieOffset, scan.retryCookieLength, id);
  }

  release(row: number): void {
    this.hellos.release(row);
    this.clear.forget(row);
    this.innerTls.forget(row);
    if (this.owners !== undefined) {
      this.unsealed.get(row)?.release();
      this.unsealed.delete(row);
    }
    const { log } = this;
    for (let e = this.table.firstEvent[row] as number; e !== 0; e = log.next(e)) {
      // A HelloVerifyRequest has its octets in the slab.
      if (log.what(e) >>> 20 === EVENT.message && (log.what(e) & 0xffff) === 3)
        this.hellos.slab.release(log.sequence(e));
    }
    log.releaseList(
      this.table.firstEvent[row] as number,
      this.table.lastEvent[row] as number,
      this.table.events[row] as number,
    );
    this.table.release(row);
  }
}
