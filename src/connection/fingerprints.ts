import { toHex } from '../bytes/hex.ts';
import { readU16 } from '../bytes/scalars.ts';
import { digest, isHashAvailable } from '../crypto/hash.ts';
import {
  APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
  EC_POINT_FORMATS,
  PSK_KEY_EXCHANGE_MODES,
  SIGNATURE_ALGORITHMS,
  SUPPORTED_GROUPS,
  SUPPORTED_VERSIONS,
} from '../model/code-points/extensions.ts';
import { LIMITS } from '../model/limits.ts';
import type { StackGuess } from '../model/stack.ts';
import { decodeClientHello } from '../tls/codec/client-hello.ts';
import { ja3sText, ja3Text, ja4Texts } from '../tls/codec/fingerprint-texts.ts';
import { decodeServerHello } from '../tls/codec/server-hello.ts';
import { isShortServerHello } from '../tls/codec/server-hello-forms.ts';
import { guessClient, guessServer } from './stacks/guess-stack.ts';
import type { ServerContext } from './stacks/server-habits.ts';

/** `ja3` is undefined where this machine refuses to compute MD5. */
export interface ClientFingerprints {
  readonly ja3: string | undefined;
  readonly ja4: string;
  readonly stack: StackGuess | undefined;
  readonly offersPointFormats: boolean;
}

/** What a ServerHello tells of its stack. */
export interface ServerFingerprints {
  /** Undefined where this machine refuses to compute MD5. */
  readonly ja3s: string | undefined;
  readonly stack: StackGuess | undefined;
}

/**
 * Fingerprints of hellos. Most hellos of a capture differ in their random, session id, name and key share only, so what
 * goes into the fingerprints is looked up first, and computed where it is new.
 */
export class Fingerprints {
  private readonly clients = new Map<number, ClientFingerprints>();
  private readonly servers = new Map<number, ServerFingerprints>();

  /**
   * @param hello body of a ClientHello; all that come over one instance must not mix TLS over TCP and QUIC
   * @param hasTime its random begins with the time, as far as is known
   */
  client(
    hello: Uint8Array,
    dtls: boolean,
    transport: 't' | 'd' | 'q' = dtls ? 'd' : 't',
    hasTime = false,
  ): ClientFingerprints {
    const key = keyOf(hello, true, dtls, Number(hasTime));
    let known = this.clients.get(key);
    if (known === undefined) {
      const { message } = decodeClientHello(hello, dtls);
      const { plain, suites, extensions } = ja4Texts(message, transport);
      known = {
        ja3: md5(ja3Text(message)),
        ja4: [plain, short(suites), short(extensions)].join('_'),
        stack: guessClient(message, hasTime),
        offersPointFormats: message.extensions.some(({ type }) => type === EC_POINT_FORMATS),
      };
      remember(this.clients, key, known);
    }
    return known;
  }

  /** @param hello body of a ServerHello */
  server(hello: Uint8Array, context: ServerContext = NO_CONTEXT): ServerFingerprints {
    const { offersPointFormats, isResumed, hasTime } = context;
    const flags = Number(hasTime) | (Number(isResumed) << 1) | (Number(offersPointFormats) << 2);
    const key = keyOf(hello, false, false, flags);
    let known = this.servers.get(key);
    if (known === undefined) {
      const { message } = decodeServerHello(hello);
      known = { ja3s: md5(ja3sText(message)), stack: guessServer(message, context) };
      remember(this.servers, key, known);
    }
    return known;
  }
}

const NO_CONTEXT: ServerContext = { offersPointFormats: false, isResumed: false, hasTime: false };

function remember<Value>(map: Map<number, Value>, key: number, value: Value): void {
  if (map.size >= LIMITS.fingerprints) map.clear();
  map.set(key, value);
}

function md5(text: string): string | undefined {
  return isHashAvailable('md5') ? toHex(digest('md5', Buffer.from(text))) : undefined;
}

/** Twelve digits of SHA-256; zeros for nothing. */
function short(text: string): string {
  return text === '' ? '0'.repeat(12) : toHex(digest('sha256', Buffer.from(text))).slice(0, 12);
}

/** Extensions whose bodies count: of a ClientHello, and of a ServerHello. */
const READ = [
  SUPPORTED_GROUPS,
  EC_POINT_FORMATS,
  SIGNATURE_ALGORITHMS,
  APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
  SUPPORTED_VERSIONS,
  PSK_KEY_EXCHANGE_MODES,
];
const READ_OF_SERVER = [EC_POINT_FORMATS, SUPPORTED_VERSIONS];

/** Where the session id begins, behind version and random. */
const AFTER_RANDOM = 34;

/** A number of 53 bits for all that goes into the fingerprints of a hello, however damaged, and for what else does. */
function keyOf(hello: Uint8Array, client: boolean, dtls: boolean, flags: number): number {
  const hash = new Hash();
  hash.octet(flags);
  const read = client ? READ : READ_OF_SERVER;
  const { length } = hello;
  hash.range(hello, 0, 2);
  if (!client && isShortServerHello(codeAt(hello, 0))) {
    hash.range(hello, AFTER_RANDOM, length);
    return hash.value;
  }
  let at = AFTER_RANDOM + 1 + (hello[AFTER_RANDOM] ?? 0);
  if (dtls) at += 1 + (hello[at] ?? 0);
  if (!client) hash.octet(hello[AFTER_RANDOM] ?? 0);
  // A ServerHello has one suite and compression method, a ClientHello lists of them.
  const suitesEnd = client ? at + 2 + codeAt(hello, at) : at + 2;
  hash.range(hello, at, suitesEnd);
  at = client ? suitesEnd + 1 + (hello[suitesEnd] ?? 0) : suitesEnd + 1;
  at += 2;
  while (at + 4 <= length) {
    const type = codeAt(hello, at);
    const end = at + 4 + codeAt(hello, at + 2);
    hash.range(hello, at, at + 2);
    if (end > length) break;
    if (read.includes(type)) hash.range(hello, at + 2, end);
    at = end;
  }
  return hash.value;
}

const codeAt = (octets: Uint8Array, at: number): number =>
  at + 2 <= octets.length ? readU16(octets, at) : 0;

/** Two multiplicative hashes side by side. */
class Hash {
  private one = 0x811c9dc5;
  private two = 0x2545f491;

  octet(octet: number): void {
    this.one = Math.imul(this.one ^ octet, 0x01000193);
    this.two = Math.imul(this.two ^ octet, 0x5bd1e995) ^ (this.two >>> 15);
  }

  range(octets: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end && i < octets.length; i++) this.octet(octets[i] as number);
    // Where a range ends counts too.
    this.one = Math.imul(this.one ^ 0x100, 0x01000193);
    this.two = Math.imul(this.two ^ 0x100, 0x5bd1e995);
  }

  get value(): number {
    return (this.one >>> 11) * 0x1_0000_0000 + (this.two >>> 0);
  }
}
