import { alertDescriptionName } from '../model/code-points/alerts.ts';
import { handshakeTypeName } from '../model/code-points/handshake-types.ts';
import { suiteName } from '../model/code-points/suites.ts';
import { draftName, versionName } from '../model/code-points/versions.ts';
import type { DecryptionFacts, FinishedCheck } from '../model/decryption.ts';
import type { PathFact } from '../model/dtls-facts.ts';
import {
  type AlertFact,
  type At,
  type ConnectionHistory,
  ENCRYPTED_MESSAGE,
  type FingerprintFacts,
  type HeartbeatFact,
  type MessageVisitor,
  RECORD_COUNTS,
  type RecordCounts,
  type Role,
} from '../model/history.ts';
import type { StackGuess } from '../model/stack.ts';
import type { TcpFacts } from '../model/tcp-facts.ts';
import type { InnerTlsFact, UpgradeFact } from '../model/upgrade.ts';
import { type Literal, literal, type OctetWriter, toJson } from './octet-writer.ts';
import { PieceList, Pieces } from './pieces.ts';
import type { RunContext } from './run-context.ts';

/**
 * Writes connections as JSON objects (`connectionSchema`), one call each.
 *
 * The hot path of `--format json`: nothing is allocated, and whatever depends on a code point alone is looked up as a
 * finished piece. Strings from the wire are SNI and ALPN; nothing else needs escaping. Half of the file are those pieces:
 * the members by name, beside what writes them.
 */
export class ConnectionWriter implements MessageVisitor {
  private readonly out: OctetWriter;
  private readonly run: RunContext;
  /** Of the connection being written: packets up to `limit` follow its first one in its capture. */
  private first = 0;
  private base = 0;
  private limit = Number.POSITIVE_INFINITY;
  private capture = 0;
  private messageCount = 0;

  constructor(out: OctetWriter, run: RunContext) {
    this.out = out;
    this.run = run;
  }

  /** Writes the members of the connection, without braces. */
  write(history: ConnectionHistory): void {
    const { out, run } = this;
    const capture = run.captureOf(history.firstPacket);
    this.first = history.firstPacket;
    this.base = history.firstPacket - run.numberInFile(history.firstPacket);
    this.limit = run.followedUpTo(history.firstPacket);
    this.capture = capture;

    out.reserve(FIXED_OCTETS);
    this.number(ID, history.id);
    this.number(CAPTURE, capture);
    out.literal(history.protocol === 'TLS' ? PROTOCOL_TLS : PROTOCOL_DTLS);
    this.number(history.transport === 'tcp' ? STREAM_TCP : STREAM_UDP, history.stream);
    this.endpoint(CLIENT, history, 'client');
    this.endpoint(SERVER, history, 'server');
    this.number(FIRST_PACKET, history.firstPacket - this.base);
    this.lastPacket(history.lastPacket);
    out.literal(START_TIME);
    out.date(run.epochSeconds, history.startNanos);
    out.literal(END_TIME);
    out.date(run.epochSeconds, history.endNanos);
    this.versions(history.versionsOffered);
    out.literal(history.version === undefined ? NO_VERSION : VERSION.of(history.version));
    out.literal(history.cipherSuite === undefined ? NO_SUITE : SUITE.of(history.cipherSuite));
    this.string(SERVER_NAME, history.serverName);
    this.string(ALPN, history.alpn);
    this.upgrade(history.upgrade);
    if (history.innerTls !== undefined) this.inner(history.innerTls);
    this.random(CLIENT_RANDOM, history, 'client');
    this.random(SERVER_RANDOM, history, 'server');
    this.fingerprints(history.fingerprints);
    this.flag(RESUMED, history.resumed);
    this.flag(EXTENDED_MASTER_SECRET, history.extendedMasterSecret);
    this.flag(ENCRYPT_THEN_MAC, history.encryptThenMac);
    out.literal(history.ech === undefined ? NO_ECH : ECH.of(history.ech));
    this.string(INNER_SERVER_NAME, history.decryption?.innerServerName);
    this.connectionIds(history);
    out.literal(OUTCOME.of(history.outcome));
    out.literal(STAGE.of(history.stage));
    this.messages(history);
    out.reserve(FIXED_OCTETS);
    this.records(RECORDS_CLIENT, history, 'client');
    this.records(RECORDS_SERVER, history, 'server');
    out.literal(RECORDS_END);
    if (history.missingRecords !== undefined) {
      this.number(MISSING_CLIENT, history.missingRecords.client);
      this.number(MISSING_SERVER, history.missingRecords.server);
      out.literal(END_OBJECT);
    }
    this.alerts(history.alerts);
    this.heartbeats(history.heartbeats ?? []);
    this.close(history);
    this.decryption(history.decryption);
    this.blindSpots(history.blindSpots);
  }

  private number(name: Literal, value: number): void {
    this.out.literal(name);
    this.out.number(value);
  }

  private endpoint(name: Literal, history: ConnectionHistory, role: Role): void {
    const { compact } = history;
    this.out.literal(name);
    const address = compact?.address(role) ?? history[role].address;
    this.out.ascii(address);
    this.number(PORT, compact?.port(role) ?? history[role].port);
    const host = this.run.hostName(address);
    if (host !== undefined) this.string(HOST_NAME, host);
    this.out.literal(END_OBJECT);
  }

  private lastPacket(packet: number): void {
    if (packet <= this.limit) {
      this.number(LAST_PACKET, packet - this.base);
    } else {
      this.number(LAST_PACKET, this.run.numberInFile(packet));
      const capture = this.run.captureOf(packet);
      if (capture !== this.capture) this.number(LAST_CAPTURE, capture);
    }
  }

  private versions(offered: readonly number[]): void {
    const { out } = this;
    out.literal(VERSIONS_OFFERED);
    for (let i = 0; i < offered.length; i++) {
      out.reserve(ITEM_OCTETS);
      out.literal((i === 0 ? FIRST_OFFERED : FURTHER_OFFERED).of(offered[i] as number));
    }
    out.literal(END_LIST);
    out.reserve(FIXED_OCTETS);
  }

  private string(name: Literal, value: string | undefined): void {
    const { out } = this;
    out.literal(name);
    if (value === undefined) out.literal(NULL);
    else out.quoted(value);
    out.reserve(FIXED_OCTETS);
  }

  private upgrade(fact: UpgradeFact | undefined): void {
    if (fact === undefined) {
      this.out.literal(NO_UPGRADE);
      return;
    }
    this.out.literal(UPGRADE.of(fact.protocol));
    const { target, proxied } = fact;
    if (target !== undefined) this.out.text(`,"target":${toJson(target)}`);
    if (proxied !== undefined) this.out.text(`,"proxied":${toJson(proxied)}`);
    this.out.reserve(FIXED_OCTETS);
  }

  private inner(fact: InnerTlsFact): void {
    this.out.literal(INNER_TLS);
    this.packet(fact);
    this.string(SERVER_NAME, fact.serverName);
    this.out.literal(END_OBJECT);
  }

  private random(name: Literal, history: ConnectionHistory, role: Role): void {
    const { out } = this;
    const { compact } = history;
    out.literal(name);
    const view = role === 'client' ? 'clientRandom' : 'serverRandom';
    const octets = compact === undefined ? history[view] : compact.randomOctets(role);
    const at = compact === undefined ? 0 : compact.randomAt(role);
    if (octets === undefined || at < 0) {
      out.literal(NULL);
      return;
    }
    out.literal(QUOTE);
    out.hex(octets, at, RANDOM_OCTETS);
    out.literal(QUOTE);
  }

  private fingerprints(prints: FingerprintFacts | undefined): void {
    this.print(JA3, prints?.ja3);
    this.print(JA3S, prints?.ja3s);
    this.print(JA4, prints?.ja4);
    this.out.literal(END_OBJECT);
    this.out.literal(STACK_CLIENT);
    this.stack(prints?.stacks?.client);
    this.out.literal(STACK_SERVER);
    this.stack(prints?.stacks?.server);
    this.out.literal(END_OBJECT);
  }

  private stack(guess: StackGuess | undefined): void {
    this.out.literal(guess === undefined ? NULL : stackPiece(guess));
  }

  /** Letters and digits: nothing to escape. */
  private print(name: Literal, value: string | undefined): void {
    const { out } = this;
    out.literal(name);
    if (value === undefined) {
      out.literal(NULL);
      return;
    }
    out.literal(QUOTE);
    out.ascii(value);
    out.literal(QUOTE);
  }

  private flag(name: Literal, value: boolean | undefined): void {
    this.out.literal(name);
    this.out.literal(value === undefined ? NULL : value ? TRUE : FALSE);
  }

  private connectionIds({ protocol, dtls }: ConnectionHistory): void {
    const ids = protocol === 'DTLS' ? dtls?.connectionIds : undefined;
    if (ids === undefined) {
      this.out.literal(NO_CONNECTION_IDS);
      return;
    }
    const { extension = null, to } = ids;
    const names = { extension, toClient: to.client ?? null, toServer: to.server ?? null };
    this.out.text(`,"connectionIds":${toJson(names)}`);
    const paths = dtls?.paths ?? [];
    if (paths.length > 0) this.out.text(`,"paths":${toJson(paths.map((path) => this.path(path)))}`);
    this.out.reserve(FIXED_OCTETS);
  }

  private path({ stream, endpoints, first, records }: PathFact) {
    const capture = this.run.captureOf(first.packet);
    return {
      stream,
      ...endpoints,
      firstPacket: this.run.numberInFile(first.packet),
      ...(capture === this.capture ? {} : { capture }),
      records,
    };
  }

  private messages(history: ConnectionHistory): void {
    this.out.literal(HANDSHAKE);
    this.messageCount = 0;
    if (history.compact !== undefined) history.compact.visitMessages(this);
    else for (const { type, from, packet } of history.messages) this.message(type, from, packet);
    this.out.literal(END_LIST);
  }

  /** Called back for each message of the connection. */
  message(type: number, from: Role, packet: number): void {
    const { out } = this;
    out.reserve(ITEM_OCTETS);
    const pieces = this.messageCount++ === 0 ? FIRST_MESSAGE : FURTHER_MESSAGE;
    out.literal((from === 'client' ? pieces.client : pieces.server).of(type - ENCRYPTED_MESSAGE));
    this.packetNumber(packet);
    out.octet(CLOSING_BRACE);
  }

  private records(name: Literal, history: ConnectionHistory, role: Role): void {
    const { compact } = history;
    const counts = compact === undefined ? history.records[role] : undefined;
    for (let kind = 0; kind < RECORD_COUNTS.length; kind++) {
      const count =
        counts?.[RECORD_COUNTS[kind] as keyof RecordCounts] ??
        compact?.recordCount(role, kind) ??
        0;
      this.number(kind === 0 ? name : (RECORD_COUNT[kind] as Literal), count);
    }
    this.out.literal(END_OBJECT);
  }

  private alerts(alerts: readonly AlertFact[]): void {
    const { out } = this;
    out.literal(ALERTS);
    for (let i = 0; i < alerts.length; i++) {
      const alert = alerts[i] as AlertFact;
      out.reserve(ITEM_OCTETS);
      if (i > 0) out.literal(COMMA);
      out.literal(
        alert.level === 1 ? LEVEL_WARNING : alert.level === 2 ? LEVEL_FATAL : LEVEL_UNKNOWN,
      );
      out.literal(
        alert.description === undefined ? NO_DESCRIPTION : DESCRIPTION.of(alert.description),
      );
      out.literal(alert.from === 'client' ? FROM_CLIENT : FROM_SERVER);
      this.packet(alert);
      out.literal(alert.encrypted ? ENCRYPTED : NOT_ENCRYPTED);
    }
    out.literal(END_LIST);
    out.reserve(FIXED_OCTETS);
  }

  /** Of nearly all connections none. */
  private heartbeats(heartbeats: readonly HeartbeatFact[]): void {
    const { out } = this;
    if (heartbeats.length === 0) return;
    out.literal(HEARTBEATS);
    for (const [at, one] of heartbeats.entries()) {
      out.reserve(ITEM_OCTETS);
      if (at > 0) out.literal(COMMA);
      out.literal(one.type === undefined ? TYPE_UNKNOWN : TYPE_OF.of(one.type));
      out.literal(one.from === 'client' ? FROM_CLIENT : FROM_SERVER);
      this.packet(one);
      this.number(COUNT, one.count);
      this.number(OCTETS, one.length);
      if (one.claimed === undefined) out.literal(NOT_CLAIMED);
      else this.number(CLAIMED, one.claimed);
      out.literal(END_OBJECT);
    }
    out.literal(END_LIST);
    out.reserve(FIXED_OCTETS);
  }

  private close(history: ConnectionHistory): void {
    if (history.protocol === 'DTLS') {
      this.out.literal(NO_CLOSE);
      return;
    }
    this.out.literal(CLOSE_CLIENT);
    this.closeOf(history, 'client');
    this.out.literal(CLOSE_SERVER);
    this.closeOf(history, 'server');
    this.out.literal(END_OBJECT);
  }

  private closeOf(history: ConnectionHistory, role: Role): void {
    const end = history.compact?.endPacket(role) ?? endOf(history.tcp, role);
    if (end === 0) {
      this.out.literal(NULL);
      return;
    }
    this.out.literal(end > 0 ? CLOSE_FIN : CLOSE_RST);
    this.packetNumber(Math.abs(end));
    this.out.literal(END_OBJECT);
  }

  private decryption(facts: DecryptionFacts | undefined): void {
    const { out } = this;
    out.literal(DECRYPTION);
    if (facts === undefined) {
      out.literal(NULL);
      return;
    }
    const { source = null, authenticated, failed, skipped, obstacle = null, detail = null } = facts;
    const finished = {
      client: verified(facts.finished.client),
      server: verified(facts.finished.server),
    };
    out.text(toJson({ source, authenticated, failed, skipped, obstacle, detail, finished }));
    out.reserve(FIXED_OCTETS);
  }

  private blindSpots(blindSpots: readonly string[]): void {
    this.out.literal(
      blindSpots.length === 0 ? NO_BLIND_SPOTS : BLIND_SPOTS.of(blindSpots.join('","')),
    );
  }

  /** The value of a `packet` member, with a `capture` member after it where the packet lies in another file. */
  private packet({ packet }: At): void {
    this.packetNumber(packet);
  }

  private packetNumber(packet: number): void {
    if (packet <= this.limit && packet >= this.first) {
      this.out.number(packet - this.base);
    } else {
      this.out.number(this.run.numberInFile(packet));
      const capture = this.run.captureOf(packet);
      if (capture !== this.capture) this.number(CAPTURE, capture);
    }
  }
}

/** As `CompactHistory.endPacket`: a side that sent both FIN and RST ended the connection with whichever came first. */
function endOf(tcp: TcpFacts | undefined, role: Role): number {
  const fin = tcp?.fin[role]?.packet ?? 0;
  const rst = tcp?.rst[role]?.packet ?? 0;
  return rst !== 0 && (fin === 0 || rst < fin) ? -rst : fin;
}

/** Guesses are kept with the fingerprints, so that the same ones come again and again. */
const STACK_PIECES = new WeakMap<StackGuess, Literal>();

function stackPiece(guess: StackGuess): Literal {
  let piece = STACK_PIECES.get(guess);
  if (piece === undefined) {
    piece = literal(toJson(guess));
    STACK_PIECES.set(guess, piece);
  }
  return piece;
}

/** More than all members of fixed length between two calls of `reserve` need, the longest suite name included. */
const FIXED_OCTETS = 4096;
/** More than one item of a list needs. */
const ITEM_OCTETS = 256;
const RANDOM_OCTETS = 32;

const messagePieces = (before: string, from: Role): PieceList =>
  new PieceList(
    (index) =>
      `${before}{"type":${toJson(handshakeTypeName(index + ENCRYPTED_MESSAGE))},"from":"${from}","packet":`,
  );
const messagesAfter = (before: string) => ({
  client: messagePieces(before, 'client'),
  server: messagePieces(before, 'server'),
});

const FIRST_MESSAGE = messagesAfter('');
const FURTHER_MESSAGE = messagesAfter(',');
const CLOSING_BRACE = 0x7d;
const VERSION = new Pieces<number>((code) => {
  const draft = draftName(code);
  const named = `,"version":${toJson(versionName(code))}`;
  return draft === '' ? named : `${named},"versionDraft":${toJson(draft)}`;
});
const FIRST_OFFERED = new Pieces<number>((code) => toJson(versionName(code)));
const FURTHER_OFFERED = new Pieces<number>((code) => `,${toJson(versionName(code))}`);
const SUITE = new Pieces<number>(
  (code) => `,"cipherSuite":{"code":${code},"name":${toJson(suiteName(code))}}`,
);
const DESCRIPTION = new Pieces<number>((code) => toJson(alertDescriptionName(code)));
const UPGRADE = new Pieces<string>((protocol) => `,"upgrade":"${protocol}"`);
const OUTCOME = new Pieces<string>((outcome) => `,"outcome":"${outcome}"`);
const ECH = new Pieces<string>((ech) => `,"ech":"${ech}"`);
const INNER_SERVER_NAME = literal(',"innerServerName":');
const NO_ECH = literal(',"ech":null');
const STAGE = new Pieces<string>((stage) => `,"stage":"${stage}"`);
const BLIND_SPOTS = new Pieces<string>((list) => `,"blindSpots":["${list}"]`);

const ID = literal('"id":');
const CAPTURE = literal(',"capture":');
const PROTOCOL_TLS = literal(',"protocol":"TLS"');
const PROTOCOL_DTLS = literal(',"protocol":"DTLS"');
const STREAM_TCP = literal(',"transport":"tcp","stream":');
const STREAM_UDP = literal(',"transport":"udp","stream":');
const CLIENT = literal(',"client":{"address":"');
const SERVER = literal(',"server":{"address":"');
const PORT = literal('","port":');
const FIRST_PACKET = literal(',"firstPacket":');
const LAST_PACKET = literal(',"lastPacket":');
const LAST_CAPTURE = literal(',"lastCapture":');
const START_TIME = literal(',"startTime":"');
const END_TIME = literal('","endTime":"');
const VERSIONS_OFFERED = literal('","versionsOffered":[');
const NO_VERSION = literal(',"version":null');
const NO_SUITE = literal(',"cipherSuite":null');
const HOST_NAME = literal(',"name":');
const SERVER_NAME = literal(',"serverName":');
const ALPN = literal(',"alpn":');
const INNER_TLS = literal(',"innerTls":{"packet":');
const NO_UPGRADE = literal(',"upgrade":null');
const CLIENT_RANDOM = literal(',"clientRandom":');
const SERVER_RANDOM = literal(',"serverRandom":');
const STACK_CLIENT = literal(',"stackGuess":{"client":');
const STACK_SERVER = literal(',"server":');
const JA3 = literal(',"fingerprints":{"ja3":');
const JA3S = literal(',"ja3s":');
const JA4 = literal(',"ja4":');
const RESUMED = literal(',"resumed":');
const EXTENDED_MASTER_SECRET = literal(',"extendedMasterSecret":');
const ENCRYPT_THEN_MAC = literal(',"encryptThenMac":');
const HANDSHAKE = literal(',"handshake":[');
const RECORDS_CLIENT = literal(',"records":{"client":{"changeCipherSpec":');
const RECORDS_SERVER = literal(',"server":{"changeCipherSpec":');
const RECORD_COUNT = RECORD_COUNTS.map((name) => literal(`,"${name}":`));
const RECORDS_END = literal('}');
const MISSING_CLIENT = literal(',"missingRecords":{"client":');
const MISSING_SERVER = literal(',"server":');
const ALERTS = literal(',"alerts":[');
const LEVEL_WARNING = literal('{"level":"warning","description":');
const LEVEL_FATAL = literal('{"level":"fatal","description":');
const LEVEL_UNKNOWN = literal('{"level":null,"description":');
const HEARTBEATS = literal(',"heartbeats":[');
const TYPE_UNKNOWN = literal('{"type":null');
const TYPE_OF = new Pieces<string>((type) => `{"type":"${type}"`);
const COUNT = literal(',"count":');
const OCTETS = literal(',"octets":');
const CLAIMED = literal(',"payloadLength":');
const NOT_CLAIMED = literal(',"payloadLength":null');
const NO_DESCRIPTION = literal('null');
const FROM_CLIENT = literal(',"from":"client","packet":');
const FROM_SERVER = literal(',"from":"server","packet":');
const ENCRYPTED = literal(',"encrypted":true}');
const NOT_ENCRYPTED = literal(',"encrypted":false}');
const NO_CONNECTION_IDS = literal(',"connectionIds":null');
const NO_CLOSE = literal(',"close":null');
const CLOSE_CLIENT = literal(',"close":{"client":');
const CLOSE_SERVER = literal(',"server":');
const CLOSE_FIN = literal('{"kind":"fin","packet":');
const CLOSE_RST = literal('{"kind":"rst","packet":');
const DECRYPTION = literal(',"decryption":');
const NO_BLIND_SPOTS = literal(',"blindSpots":[]');
const NULL = literal('null');
const TRUE = literal('true');
const FALSE = literal('false');
const QUOTE = literal('"');
const COMMA = literal(',');
const END_OBJECT = literal('}');
const END_LIST = literal(']');

/** `null` where there is no answer: not recomputed, or over messages of which some were not kept. */
const verified = (check: FinishedCheck | undefined): boolean | null =>
  check === undefined || !(check.verified || check.isTranscriptWhole) ? null : check.verified;
