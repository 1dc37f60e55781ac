import { grown } from '../bytes/columns.ts';
import { sameOctets } from '../bytes/concat.ts';
import { InitialOpener, opensInitials } from '../crypto/quic-initial.ts';
import { CLIENT_HELLO, SERVER_HELLO } from '../model/code-points/handshake-types.ts';
import type { Endpoint, Role } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { QuicConnection, QuicHello, QuicResult } from '../model/quic.ts';
import { type FlowDirectory, otherSide, type QuicSink, type Side } from '../model/stream.ts';
import { decodeClientHello } from '../tls/codec/client-hello.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { decodeServerHello } from '../tls/codec/server-hello.ts';
import { eachCryptoFrame } from '../tls/quic/crypto-frames.ts';
import { LongHeaderScan, QUIC_PACKET } from '../tls/quic/long-header.ts';
import { type ClientFingerprints, Fingerprints } from './fingerprints.ts';
import { QuicStream } from './quic-stream.ts';

/** RFC 9000 §7.2: the client's first destination connection id has at least so many octets. */
const FIRST_ID_OCTETS = 8;

/** One connection while its hellos are gathered. */
interface Opening {
  readonly initials: Map<number, InitialOpener>;
  readonly firstId: Uint8Array;
  readonly streams: Record<Role, QuicStream>;
  opened: number;
}

interface Row {
  readonly flow: number;
  readonly stream: number;
  readonly endpoints: readonly [Endpoint, Endpoint];
  clientSide: Side;
  rolesKnown: boolean;
  readonly firstPacket: number;
  readonly startNanos: number;
  lastPacket: number;
  endNanos: number;
  version: number;
  clientHello: QuicHello | undefined;
  client: ClientFingerprints | undefined;
  ja3s: string | undefined;
  cipherSuite: number | undefined;
  tlsVersion: number | undefined;
  opening: Opening | undefined;
  /** Connection ids that the server may be addressed by: one that is none of them begins another connection. */
  readonly ids: Uint8Array[];
  /** Retry or Version Negotiation: the next Initial of the client has another id and is of the same connection. */
  isSentBack: boolean;
  /** Initials that did not open. */
  failures: number;
}

/**
 * QUIC connections by what their first packets tell: version, ClientHello and ServerHello. They are named, so that nobody
 * misses them in a report; nothing behind the handshake's beginning is looked at.
 *
 * A capture may hold any number of packets that pass for Initials. What is tried, kept and gathered is bounded over the run.
 */
export class QuicTracker implements QuicSink {
  private readonly flows: FlowDirectory;
  private readonly scan = new LongHeaderScan();
  private readonly rows: Row[] = [];
  /** The newest row of a flow plus 1; -1 where there was no room for one. */
  private newest = new Int32Array(512);
  private omitted = 0;
  private readonly fingerprints = new Fingerprints();
  private trials = 0;
  /** Rows with an `opening`, the oldest first. */
  private readonly gathering: Row[] = [];

  constructor(flows: FlowDirectory) {
    this.flows = flows;
  }

  result(): QuicResult {
    return { connections: this.rows.map((row) => this.connectionOf(row)), omitted: this.omitted };
  }

  /** The number is that of another flow from now on. */
  forget(flow: number): void {
    if (flow < this.newest.length) this.newest[flow] = 0;
  }

  longHeader(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    packet: number,
    nanos: number,
  ): boolean {
    const { scan } = this;
    const wireEnd = start + wireLength;
    if (!scan.scan(bytes, start, end, wireEnd)) return false;
    let row = this.rowOf(flow, side, packet, nanos);
    if (row === undefined) return true;
    let at = start;
    do {
      if (scan.kind === QUIC_PACKET.initial)
        row = this.initial(row, side, bytes, at, end, packet, nanos);
      else if (scan.kind === QUIC_PACKET.retry || scan.kind === QUIC_PACKET.negotiation)
        row.isSentBack = row.cipherSuite === undefined;
      at = scan.packetEnd;
    } while (at < end && scan.scan(bytes, at, end, wireEnd));
    row.lastPacket = packet;
    row.endNanos = nanos;
    return true;
  }

  /** The newest connection of the flow. */
  private rowOf(flow: number, side: Side, packet: number, nanos: number): Row | undefined {
    const known = this.newest[flow] ?? 0;
    if (known > 0) return this.rows[known - 1];
    return known < 0 ? undefined : this.begin(flow, side, packet, nanos);
  }

  private begin(flow: number, side: Side, packet: number, nanos: number): Row | undefined {
    if (flow >= this.newest.length) this.newest = grown(this.newest, Math.ceil(flow * 1.5) + 1);
    if (this.rows.length === LIMITS.quicConnections) {
      this.omitted++;
      this.newest[flow] = -1;
      return undefined;
    }
    const row: Row = {
      flow,
      stream: this.flows.streamOf(flow),
      endpoints: [this.flows.endpoint(flow, 0), this.flows.endpoint(flow, 1)],
      clientSide: side,
      rolesKnown: false,
      firstPacket: packet,
      startNanos: nanos,
      lastPacket: packet,
      endNanos: nanos,
      version: this.scan.version,
      clientHello: undefined,
      client: undefined,
      ja3s: undefined,
      cipherSuite: undefined,
      tlsVersion: undefined,
      opening: undefined,
      ids: [],
      isSentBack: false,
      failures: 0,
    };
    this.rows.push(row);
    this.newest[flow] = this.rows.length;
    return row;
  }

  // ------------------------------------------------------------------------------------------------ Initials

  /** An Initial packet, which `scan` stands on. @returns the row it belongs to */
  private initial(
    row: Row,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): Row {
    const { numberOffset, packetEnd, version } = this.scan;
    if (packetEnd > end || !opensInitials(version) || this.trials >= LIMITS.quicTrials) return row;
    const sealed = { bytes, start, numberOffset, end: packetEnd };
    const { opening } = row;
    if (opening !== undefined && opening.opened < LIMITS.quicInitials) {
      const from: Role = side === row.clientSide ? 'client' : 'server';
      const frames = this.openerOf(opening, version).open(from, sealed);
      this.trials++;
      if (frames !== undefined) {
        opening.opened++;
        row.version = version;
        if (from === 'server')
          this.remember(row, bytes, this.scan.sourceIdOffset, this.scan.sourceIdLength);
        this.take(row, opening, from, frames);
        return row;
      }
    }
    return this.firstInitial(row, side, sealed, packet, nanos);
  }

  /** Is this the first Initial of a client, whose own connection id makes the keys? */
  private firstInitial(
    row: Row,
    side: Side,
    sealed: { bytes: Uint8Array; start: number; numberOffset: number; end: number },
    packet: number,
    nanos: number,
  ): Row {
    const { scan } = this;
    const { bytes } = sealed;
    const length = scan.destinationIdLength;
    if (length < FIRST_ID_OCTETS || row.failures >= LIMITS.quicFailures) return row;
    const id = bytes.slice(scan.destinationIdOffset, scan.destinationIdOffset + length);
    if (row.ids.some((known) => sameOctets(known, id))) return row;
    const opener = new InitialOpener(scan.version, id);
    const frames = opener.open('client', sealed);
    this.trials++;
    if (frames === undefined) {
      row.failures++;
      return row;
    }
    const owner = this.ownerOf(row, side, packet, nanos);
    if (owner === undefined) return row;
    const opening: Opening = {
      initials: new Map([[scan.version, opener]]),
      firstId: id,
      streams: { client: new QuicStream(), server: new QuicStream() },
      opened: 1,
    };
    owner.clientSide = side;
    owner.rolesKnown = true;
    owner.version = scan.version;
    owner.isSentBack = false;
    this.remember(owner, bytes, scan.destinationIdOffset, length);
    this.remember(owner, bytes, scan.sourceIdOffset, scan.sourceIdLength);
    this.gather(owner, opening);
    this.take(owner, opening, 'client', frames);
    return owner;
  }

  /** The row that a client's first Initial goes to: a new one where the present one has its client already. */
  private ownerOf(row: Row, side: Side, packet: number, nanos: number): Row | undefined {
    if (!row.rolesKnown || row.isSentBack) return row;
    return this.begin(row.flow, side, packet, nanos);
  }

  private openerOf(opening: Opening, version: number): InitialOpener {
    let opener = opening.initials.get(version);
    if (opener === undefined) {
      // A server may go on with another version, under keys from the same id (RFC 9368 §2.3, RFC 9369 §4.1).
      opener = new InitialOpener(version, opening.firstId);
      opening.initials.set(version, opener);
    }
    return opener;
  }

  private remember(row: Row, bytes: Uint8Array, at: number, length: number): void {
    const id = bytes.subarray(at, at + length);
    if (row.ids.length < LIMITS.quicIds && !row.ids.some((known) => sameOctets(known, id)))
      row.ids.push(id.slice());
  }

  private gather(row: Row, opening: Opening): void {
    if (row.opening === undefined) {
      this.gathering.push(row);
      const oldest = this.gathering[0];
      if (this.gathering.length > LIMITS.quicGathering && oldest !== undefined)
        this.settled(oldest);
    }
    row.opening = opening;
  }

  private settled(row: Row): void {
    row.opening = undefined;
    const at = this.gathering.indexOf(row);
    if (at >= 0) this.gathering.splice(at, 1);
  }

  private take(row: Row, opening: Opening, from: Role, frames: Uint8Array): void {
    const stream = opening.streams[from];
    eachCryptoFrame(frames, (offset, start, end) => stream.add(offset, frames, start, end));
    const message = stream.message(from === 'client' ? CLIENT_HELLO : SERVER_HELLO);
    if (message instanceof Uint8Array) {
      if (from === 'server') this.answered(row, message);
      else if (row.clientHello === undefined) {
        row.clientHello = helloOf(message);
        row.client = this.fingerprints.client(message, false, 'q');
      }
    }
    if (row.clientHello !== undefined && row.cipherSuite !== undefined) this.settled(row);
  }

  /** A HelloRetryRequest settles version and suite as the ServerHello does. RFC 8446 §4.1.4. */
  private answered(row: Row, body: Uint8Array): void {
    const { message } = decodeServerHello(body);
    row.cipherSuite = message.cipherSuite;
    row.tlsVersion = message.version;
    row.ja3s = this.fingerprints.server(body).ja3s;
  }

  private connectionOf(row: Row): QuicConnection {
    const { stream, endpoints, clientSide } = row;
    return {
      stream,
      client: endpoints[clientSide],
      server: endpoints[otherSide(clientSide)],
      rolesKnown: row.rolesKnown,
      firstPacket: row.firstPacket,
      startNanos: row.startNanos,
      lastPacket: row.lastPacket,
      endNanos: row.endNanos,
      version: row.version,
      clientHello: row.clientHello,
      fingerprints: { ja3: row.client?.ja3, ja3s: row.ja3s, ja4: row.client?.ja4 },
      cipherSuite: row.cipherSuite,
      tlsVersion: row.tlsVersion,
    };
  }
}

const scan = new HelloScan();

function helloOf(body: Uint8Array): QuicHello {
  scan.scanClientHello(body, 0, body.length, false);
  const { message } = decodeClientHello(body, false);
  return {
    serverName: message.serverName,
    alpn: message.alpn,
    offersEncryptedHello: scan.hasEncryptedHello,
    versions: message.versions,
    random: message.random.slice(),
    cipherSuites: message.cipherSuites,
    extensions: message.extensions.map(({ type }) => type),
    supportedGroups: message.supportedGroups,
    signatureAlgorithms: message.signatureAlgorithms,
  };
}
