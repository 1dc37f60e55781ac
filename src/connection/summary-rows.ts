import { RowPages } from '../bytes/row-pages.ts';
import { RowTape } from '../bytes/row-tape.ts';
import { Slab } from '../bytes/slab.ts';
import type { ConnectionSummary } from '../model/capture-index.ts';
import type { At, ConnectionHistory } from '../model/history.ts';
import type { Side } from '../model/stream.ts';

/** Numbers of a connection's row that its history does not tell. */
export interface RowNumbers {
  readonly flow: number;
  readonly clientSide: Side;
  /** The first ClientHello, its transmissions and octets, and the server's answer. */
  readonly packet: number;
  readonly nanos: number;
  readonly transmissions: number;
  readonly answerPacket: number;
  readonly answerNanos: number;
  readonly octets: number;
  /** Number among `Offers`. */
  readonly offer: number;
  /** The last payload of each. */
  readonly lastFromClient: At;
  readonly lastFromServer: At;
  /** Octets, as the two SYNs of TCP agreed; 0 for unknown. */
  readonly segmentSize: number;
  /** DTLS: the client's closing alert behind the server's. */
  readonly answeredClose: { readonly packet: number; readonly lateNanos: number } | undefined;
}

/** What only the index knows of a row: numbers among its texts and kinds of hellos, and the alert that ended it. */
interface RowMore {
  readonly name: number;
  readonly alpn: number;
  readonly hello: number;
  /** What its endpoints are found by; 0 for a server that has a row of its own. */
  readonly client: number;
  readonly server: number;
  readonly fatalAlert: ConnectionSummary['fatalAlert'];
}

/** A row as it is read back. */
interface Row
  extends RowMore,
    Pick<
      ConnectionSummary,
      'stream' | 'version' | 'cipherSuite' | 'start' | 'end' | 'helloOctets' | 'helloTransmissions'
    > {
  readonly offer: number;
  readonly segmentSize: number;
  readonly clientHello: At;
  readonly answer: At;
  readonly lastFromClient: At;
  readonly lastFromServer: At;
}

/** Integers beside the packed numbers, for what is asked of many rows; the first is the connection's id. */
const BITS = 1;
const OWNER = 2;
const HANDLE = 3;
const INTS = 4;
/** Of the bits, those with the octets that the packed numbers take. */
const LENGTH_BIT = 24;
const FLAG_MASK = (1 << LENGTH_BIT) - 1;
/** Twenty-one integers of at most eight octets, and six times of at most nine. */
const ROOM = 224;
/** Slots of 16, 32, 48 … octets. */
const STEP_BITS = 4;
const MICROSECOND = 1000;

/** What the times of a row are counted in: most captures count microseconds. */
function unitOf(history: ConnectionHistory, hello: RowNumbers): number {
  const isWhole = (nanos: number): boolean => nanos % MICROSECOND === 0;
  return isWhole(history.startNanos) &&
    isWhole(history.endNanos) &&
    isWhole(hello.nanos) &&
    isWhole(hello.answerNanos) &&
    isWhole(hello.lastFromClient.nanos) &&
    isWhole(hello.lastFromServer.nanos)
    ? MICROSECOND
    : 1;
}

/**
 * The rows that are kept of connections that are over: what is compared often in integers of its own, the rest packed,
 * for a third less room. Most rows are never read again.
 */
export class SummaryRows {
  readonly pages = new RowPages(INTS, 0);
  private readonly slab = new Slab(STEP_BITS);
  private readonly tape = new RowTape(ROOM);

  /** Fills a place that is reserved; `flags` are bits below 2^24. */
  write(
    place: number,
    owner: number,
    flags: number,
    history: ConnectionHistory,
    hello: RowNumbers,
    { name, alpn, hello: kind, client, server, fatalAlert }: RowMore,
  ): void {
    const { tape } = this;
    tape.rewind();
    const unit = unitOf(history, hello);
    tape.putNatural(unit);
    tape.putOrigin(history.firstPacket);
    tape.putNatural(history.stream);
    tape.putNatural(client);
    tape.putNatural(server);
    tape.putNatural(history.version ?? 0);
    tape.putNatural((history.cipherSuite ?? -1) + 1);
    tape.putInt(history.lastPacket);
    tape.putInt(hello.packet);
    tape.putNatural(hello.transmissions);
    tape.putInt(hello.answerPacket);
    tape.putNatural(hello.octets);
    tape.putInt(hello.lastFromClient.packet);
    tape.putInt(hello.lastFromServer.packet);
    tape.putNatural(hello.offer);
    tape.putNatural(hello.segmentSize);
    tape.putNatural(name);
    tape.putNatural(alpn);
    tape.putNatural(kind >>> 0);
    tape.putFloat(history.startNanos / unit);
    tape.putFloat(hello.nanos / unit);
    tape.putFloat(hello.answerNanos / unit);
    tape.putFloat(hello.lastFromClient.nanos / unit);
    tape.putFloat(hello.lastFromServer.nanos / unit);
    tape.putFloat(history.endNanos / unit);
    tape.putInt(fatalAlert === undefined ? 0 : fatalAlert.from === 'client' ? 1 : 2);
    if (fatalAlert !== undefined) {
      tape.putInt(fatalAlert.description);
      tape.putInt(fatalAlert.packet);
    }
    const ints = this.pages.intsOf(place) as Int32Array;
    const i = this.pages.intsAt(place);
    ints[i + BITS] = flags | (tape.at << LENGTH_BIT);
    ints[i + OWNER] = owner;
    ints[i + HANDLE] = this.slab.store(tape.bytes, 0, tape.at);
  }

  read(place: number): Row {
    const { tape } = this;
    const length = this.int(place, BITS) >>> LENGTH_BIT;
    tape.bytes.set(this.slab.view(this.int(place, HANDLE), length));
    tape.rewind();
    const unit = tape.natural();
    const firstPacket = tape.takeOrigin();
    const stream = tape.natural();
    const client = tape.natural();
    const server = tape.natural();
    const version = tape.natural();
    const suite = tape.natural();
    const lastPacket = tape.int();
    const helloPacket = tape.int();
    const helloTransmissions = tape.natural();
    const answerPacket = tape.int();
    const helloOctets = tape.natural();
    const clientPacket = tape.int();
    const serverPacket = tape.int();
    const offer = tape.natural();
    const segmentSize = tape.natural();
    const name = tape.natural();
    const alpn = tape.natural();
    const hello = tape.natural() | 0;
    const start = { packet: firstPacket, nanos: tape.float() * unit };
    const clientHello = { packet: helloPacket, nanos: tape.float() * unit };
    const answer = { packet: answerPacket, nanos: tape.float() * unit };
    const lastFromClient = { packet: clientPacket, nanos: tape.float() * unit };
    const lastFromServer = { packet: serverPacket, nanos: tape.float() * unit };
    const end = { packet: lastPacket, nanos: tape.float() * unit };
    const from = tape.int();
    const fatalAlert =
      from === 0
        ? undefined
        : ({
            description: tape.int(),
            from: from === 1 ? 'client' : 'server',
            packet: tape.int(),
          } as const);
    return {
      ...{
        stream,
        client,
        server,
        offer,
        segmentSize,
        name,
        alpn,
        hello,
        helloOctets,
        helloTransmissions,
      },
      version: version === 0 ? undefined : version,
      cipherSuite: suite === 0 ? undefined : suite - 1,
      ...{ start, clientHello, answer, lastFromClient, lastFromServer, end, fatalAlert },
    };
  }

  /** The room of what was packed is given back; the place may be filled again. */
  release(place: number): void {
    this.slab.release(this.int(place, HANDLE));
  }

  flags(place: number): number {
    return this.int(place, BITS) & FLAG_MASK;
  }

  /** Place of the server among the servers, plus 1; 0 for a place without a row. */
  owner(place: number): number {
    return this.int(place, OWNER);
  }

  mark(place: number, flag: number): void {
    const ints = this.pages.intsOf(place);
    const i = this.pages.intsAt(place) + BITS;
    if (ints !== undefined) ints[i] = (ints[i] as number) | flag;
  }

  private int(place: number, index: number): number {
    return this.pages.intsOf(place)?.[this.pages.intsAt(place) + index] ?? 0;
  }
}
