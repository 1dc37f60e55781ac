import { grown } from '../bytes/columns.ts';
import { toHex } from '../bytes/hex.ts';
import { readI32, readU16 } from '../bytes/scalars.ts';
import type { SharedSessionFact } from '../model/capture-index.ts';
import type { IssuedSession } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';

/** Octets in front of a ticket in which the recommended form names its key (RFC 5077 §4). */
export const KEY_NAME = 16;
/** `ticket_lifetime_hint` and the length of the ticket (RFC 5077 §3.3). */
const TICKET_HEADER = 6;

/** Octets of a ticket or session id that a fingerprint needs: shorter ones identify nothing. */
const SHORTEST = 8;

/** The sessions that a server hands out: by ticket, or by the session id of its ServerHello. */
export type SessionKind = IssuedSession['by'];

/** What is kept of the handshake that issued a session. */
export interface SessionOrigin {
  readonly connection: number;
  readonly packet: number;
  readonly nanos: number;
  /** Suite plus 1, shifted by one, and whether the extended master secret is in use. */
  readonly terms: number;
  /** Of the server name that the client asked for, as `nameHash` makes it. */
  readonly name: number;
  /** Some octets of the server's random: a handshake that was captured twice has them in common. */
  readonly identity: number;
}

type Shared = { -readonly [Key in keyof SharedSessionFact]: SharedSessionFact[Key] };

/**
 * Sessions that were issued in the clear (up to TLS 1.2), so that an offer to resume one can be told where it comes
 * from. Of a ticket or session id only a fingerprint and the name of its key are kept, of the newest ones.
 */
export class SessionIndex {
  /** What identifies them comes from the wire: without a seed a capture could be crafted to collide. */
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  /** First place plus 1 of each chain, as many chains as places; the newest of a chain comes first. */
  private chains = new Int32Array(64);
  private nextInChain = new Int32Array(64);
  private fingerprint = new Float64Array(64);
  private connection = new Int32Array(64);
  private packet = new Int32Array(64);
  private nanos = new Float64Array(64);
  private terms = new Int32Array(64);
  private serverName = new Int32Array(64);
  private identity = new Int32Array(64);
  /** Over all octets of a session id, which may be anything; 0 for tickets. */
  private digest = new Int32Array(64);
  private names = new Uint8Array(64 * KEY_NAME);
  /** Ever added: the newest is `count - 1`. */
  private count = 0;
  /** Session ids that were issued more than once, by their digest and print. */
  private readonly repeated = new Map<string, Shared>();
  private told: readonly SharedSessionFact[] | undefined;
  /** Told of each connection that was issued a session id in common with another one. */
  onShared: (connection: number) => void = () => undefined;

  /** A NewSessionTicket with its body at `[start, end)`. @returns a number for `issued`; 0 if it holds no ticket */
  addTicket(bytes: Uint8Array, start: number, end: number, origin: SessionOrigin): number {
    if (end - start < TICKET_HEADER) return 0;
    const length = readU16(bytes, start + TICKET_HEADER - 2);
    const ticket = start + TICKET_HEADER;
    if (length === 0 || ticket + length > end) return 0;
    return this.add('ticket', bytes, ticket, length, origin);
  }

  /** The ticket or session id itself at `[start, start + length)`. @returns a number for `issued`; 0 if it is too short */
  add(
    kind: SessionKind,
    bytes: Uint8Array,
    start: number,
    length: number,
    origin: SessionOrigin,
  ): number {
    if (length < SHORTEST) return 0;
    const fingerprint = this.fingerprintOf(kind, bytes, start, length);
    const digest = kind === 'session_id' ? this.digestOf(bytes, start, length) : 0;
    if (kind === 'session_id') this.compare(fingerprint, digest, origin);
    const at = this.count % LIMITS.sessions;
    if (at === this.connection.length) this.grow();
    else if (this.count >= LIMITS.sessions) this.forget(at);
    this.fingerprint[at] = fingerprint;
    this.enchain(at);
    this.digest[at] = digest;
    this.connection[at] = origin.connection;
    this.packet[at] = origin.packet;
    this.nanos[at] = origin.nanos;
    this.terms[at] = origin.terms;
    this.serverName[at] = origin.name;
    this.identity[at] = origin.identity;
    const name = at * KEY_NAME;
    this.names.fill(0, name, name + KEY_NAME);
    this.names.set(bytes.subarray(start, start + Math.min(length, KEY_NAME)), name);
    return ++this.count;
  }

  /** What is known of a session that is offered; undefined if it was not issued in this capture, or long ago. */
  find(
    kind: SessionKind,
    bytes: Uint8Array,
    start: number,
    length: number,
  ): IssuedSession | undefined {
    const at = this.placeOf(kind, bytes, start, length);
    return at < 0 ? undefined : this.at(kind, at);
  }

  /** Where such a session is kept until the next one is added; -1 if it is not known. */
  placeOf(kind: SessionKind, bytes: Uint8Array, start: number, length: number): number {
    return length < SHORTEST ? -1 : this.placeWith(this.fingerprintOf(kind, bytes, start, length));
  }

  /** `terms` and `name` of the session at a place, as they were added. */
  termsAt(place: number): number {
    return this.terms[place] as number;
  }

  nameAt(place: number): number {
    return this.serverName[place] as number;
  }

  /** The same array until another one is found. */
  shared(): readonly SharedSessionFact[] {
    this.told ??= [...this.repeated.values()];
    return this.told;
  }

  private placeWith(fingerprint: number): number {
    let place = this.chains[this.chainOf(fingerprint)] as number;
    while (place !== 0 && this.fingerprint[place - 1] !== fingerprint)
      place = this.nextInChain[place - 1] as number;
    return place - 1;
  }

  /** Was the session id that a server issues now issued on another connection before? */
  private compare(fingerprint: number, digest: number, origin: SessionOrigin): void {
    const { connection, packet, identity } = origin;
    const before = this.placeWith(fingerprint);
    if (before < 0 || this.digest[before] !== digest || this.connection[before] === connection)
      return;
    // One ServerHello that was captured on both sides of something.
    if (this.identity[before] === identity) return;
    const key = `${fingerprint}/${digest}`;
    let entry = this.repeated.get(key);
    if (entry === undefined) {
      if (this.repeated.size >= LIMITS.findingsPerRule) return;
      entry = {
        connections: [this.connection[before] as number],
        packets: [this.packet[before] as number],
      };
      this.repeated.set(key, entry);
      this.onShared(this.connection[before] as number);
      this.told = undefined;
    }
    if (
      entry.connections.length >= LIMITS.anomaliesPerConnection ||
      entry.connections.includes(connection)
    )
      return;
    // An array that is pushed to takes room for sixteen more, and most of these have two items.
    entry.connections = [...entry.connections, connection];
    entry.packets = [...entry.packets, packet];
    this.onShared(connection);
  }

  private chainOf(fingerprint: number): number {
    // The seed is in it already.
    return (Math.imul(fingerprint | 0, 0x9e3779b1) >>> 8) & (this.chains.length - 1);
  }

  private enchain(at: number): void {
    const chain = this.chainOf(this.fingerprint[at] as number);
    this.nextInChain[at] = this.chains[chain] as number;
    this.chains[chain] = at + 1;
  }

  /** The ticket that `addTicket` gave this number; undefined once it gave way to newer ones. */
  issued(number: number): IssuedSession | undefined {
    return number === 0 || number <= this.count - LIMITS.sessions
      ? undefined
      : this.at('ticket', (number - 1) % LIMITS.sessions);
  }

  private at(by: SessionKind, at: number): IssuedSession {
    const terms = this.terms[at] as number;
    const name = at * KEY_NAME;
    return {
      by,
      connection: this.connection[at] as number,
      packet: this.packet[at] as number,
      nanos: this.nanos[at] as number,
      keyName: toHex(this.names.subarray(name, name + KEY_NAME)),
      extendedMasterSecret: (terms & 1) !== 0,
      cipherSuite: (terms >>> 1) - 1,
    };
  }

  private forget(at: number): void {
    const { chains, nextInChain } = this;
    const chain = this.chainOf(this.fingerprint[at] as number);
    const behind = nextInChain[at] as number;
    if (chains[chain] === at + 1) {
      chains[chain] = behind;
      return;
    }
    let before = chains[chain] as number;
    while (before !== 0 && nextInChain[before - 1] !== at + 1)
      before = nextInChain[before - 1] as number;
    if (before !== 0) nextInChain[before - 1] = behind;
  }

  /** 53 bits: the end of a ticket is its MAC or tag, and a session id is random. */
  private fingerprintOf(
    kind: SessionKind,
    bytes: Uint8Array,
    start: number,
    length: number,
  ): number {
    const tail = start + Math.max(0, length - 8);
    const low = readI32(bytes, tail) ^ readI32(bytes, start) ^ this.seed;
    const high = readI32(bytes, tail + 4) ^ length ^ (kind === 'ticket' ? 0 : 0x5e550000);
    return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
  }

  private digestOf(bytes: Uint8Array, start: number, length: number): number {
    let digest = this.seed;
    for (let i = start; i < start + length; i++)
      digest = Math.imul(digest ^ (bytes[i] as number), 0x01000193);
    return digest;
  }

  private grow(): void {
    const next = Math.min(LIMITS.sessions, this.connection.length * 2);
    this.fingerprint = grown(this.fingerprint, next);
    this.connection = grown(this.connection, next);
    this.packet = grown(this.packet, next);
    this.nanos = grown(this.nanos, next);
    this.terms = grown(this.terms, next);
    this.serverName = grown(this.serverName, next);
    this.identity = grown(this.identity, next);
    this.digest = grown(this.digest, next);
    this.names = grown(this.names, next * KEY_NAME);
    this.nextInChain = new Int32Array(next);
    this.chains = new Int32Array(next);
    for (let at = 0; at < this.count; at++) this.enchain(at);
  }
}
