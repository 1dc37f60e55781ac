import { type KeyBlock, keyBlock } from '../../crypto/key-block.ts';
import type { MasterInput } from '../../crypto/master-secret.ts';
import type { Protection } from '../../crypto/protection.ts';
import type { TranscriptMessage } from '../../crypto/transcript.ts';
import {
  CONNECTION_ID,
  ENCRYPT_THEN_MAC,
  EXTENDED_MASTER_SECRET,
  TRUNCATED_HMAC,
} from '../../model/code-points/extensions.ts';
import {
  CLIENT_HELLO,
  FINISHED,
  HELLO_REQUEST,
  SERVER_HELLO,
} from '../../model/code-points/handshake-types.ts';
import { cipherSuite } from '../../model/code-points/suites.ts';
import { DTLS_1_3_DRAFT_43, isTls13, settledVersion } from '../../model/code-points/versions.ts';
import type { Explanation, Obstacle, SecretSource } from '../../model/decryption.ts';
import type { Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import type { ClientHello, ServerHello } from '../../model/message.ts';
import { decodeClientHello } from '../../tls/codec/client-hello.ts';
import { decodeServerHello } from '../../tls/codec/server-hello.ts';
import { type NegotiatedIds, negotiatedBy } from '../negotiated-ids.ts';
import { HandshakeMessages, type TranscriptBudget } from './handshake-messages.ts';

/** The master secret of a handshake up to TLS 1.2, and how it was come by. */
export interface FoundMaster {
  readonly master: Uint8Array;
  readonly source: SecretSource;
  /** What it was derived from, where that is known: other derivations can be tried. */
  readonly input?: MasterInput | undefined;
  /** PSK: it was given for this very identity. */
  readonly isNamed?: boolean | undefined;
  /** What the client did wrong before anything was derived from it. */
  readonly mistake?: Explanation | undefined;
}

/** One handshake: what was negotiated, and its transcript. A renegotiation is another one. */
export class KeyedHandshake {
  readonly transcript: HandshakeMessages;
  /** It follows another one on its connection. */
  readonly isRenegotiation: boolean;
  /** Messages of the handshakes before it on the same connection. */
  readonly earlier: readonly TranscriptMessage[];
  /** HelloRequests so far, those that asked for this handshake first: no transcript has them (RFC 5246 §7.4.1.1). */
  readonly requests: TranscriptMessage[];
  clientHello: ClientHello | undefined;
  serverHello: ServerHello | undefined;
  protection: Protection | undefined;
  /** Connection ids of DTLS, which each handshake negotiates anew (RFC 9146 §3). */
  private ids: NegotiatedIds | undefined;
  /** The last ServerHello, or HelloRetryRequest. */
  private answer: ServerHello | undefined;
  /** The HelloRetryRequest's suite settles the hash as well as the ServerHello's. */
  hasRetry = false;
  keys: KeyBlock | undefined;
  found: FoundMaster | undefined;
  /** Sides that turned to its keys. */
  readonly changed = { client: false, server: false };
  /** Master secrets of sides that derived theirs otherwise than specified. */
  readonly deviating: { client?: Uint8Array; server?: Uint8Array } = {};
  obstacle: Obstacle | undefined;
  detail: string | undefined;

  /** @param before the handshake that this one renegotiates */
  constructor(budget: TranscriptBudget, before?: KeyedHandshake) {
    this.transcript = new HandshakeMessages(budget);
    this.isRenegotiation = before !== undefined;
    this.earlier = before === undefined ? [] : [...before.earlier, ...before.transcript.ordered()];
    this.requests = before === undefined ? [] : before.requests.splice(0);
  }

  /** @param body without header; `sequence` of DTLS. @returns the message as it was added */
  message(
    from: Role,
    type: number,
    body: Uint8Array,
    sequence: number,
    isDtls: boolean,
  ): TranscriptMessage {
    const octets = new Uint8Array(4 + body.length);
    octets.set([type, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff]);
    octets.set(body, 4);
    const message = { from, type, octets, ...(isDtls && { messageSeq: sequence }) };
    if (type !== HELLO_REQUEST) this.transcript.add(message);
    else if (this.requests.length < LIMITS.helloRequests) this.requests.push(message);
    if (type === CLIENT_HELLO)
      this.clientHello = decodeClientHello(octets.subarray(4), isDtls).message;
    else if (type === SERVER_HELLO) this.answer = decodeServerHello(octets.subarray(4)).message;
    else return message;
    this.negotiate();
    if (isDtls && this.serverHello !== undefined)
      this.ids = negotiatedBy(this.clientHello, this.serverHello);
    return message;
  }

  /** As the records of one side have it: they carry the connection id that its peer wants. RFC 9146 §3. */
  protectionOf(from: Role): Protection | undefined {
    const { protection, ids } = this;
    if (protection === undefined || ids === undefined) return protection;
    return {
      ...protection,
      connectionId: from === 'client' ? ids.toServer : ids.toClient,
      connectionIdForm: ids.extension === CONNECTION_ID ? undefined : 'draft',
    };
  }

  /** A ClientHello in the form of SSL 2.0, which is hashed in that form. RFC 5246 appendix E.2. */
  ssl2Hello(octets: Uint8Array, body: Uint8Array): void {
    this.transcript.add({ from: 'client', type: CLIENT_HELLO, octets });
    this.clientHello = decodeClientHello(body, false).message;
    this.negotiate();
  }

  /** Both Finished are checked: where room is short, the messages are not kept for a renegotiation. */
  letGo({ octets }: TranscriptBudget): void {
    const { transcript } = this;
    if (octets < LIMITS.transcriptOctetsInAll / 2) return;
    if (transcript.has('client', FINISHED) && transcript.has('server', FINISHED))
      transcript.close();
  }

  get clientRandom(): Uint8Array | undefined {
    return this.clientHello?.random.length === 32 ? this.clientHello.random : undefined;
  }

  get serverRandom(): Uint8Array | undefined {
    return this.serverHello?.random.length === 32 ? this.serverHello.random : undefined;
  }

  get isTls13(): boolean {
    return this.protection !== undefined && isTls13(this.protection.version);
  }

  /** RFC 7627 §5.1: in force when both hellos have it. */
  get extendedMasterSecret(): boolean {
    return this.bothHave(EXTENDED_MASTER_SECRET);
  }

  /** Keys up to TLS 1.2 from a master secret. */
  useMaster(found: FoundMaster): void {
    this.found = found;
    const { protection, clientRandom, serverRandom } = this;
    if (protection === undefined || clientRandom === undefined || serverRandom === undefined) {
      this.obstacle = 'start-not-captured';
      return;
    }
    this.keys = keyBlock(protection, found.master, clientRandom, serverRandom);
    if (this.keys === undefined) {
      this.obstacle = 'cipher-unsupported';
      this.detail = protection.suite.name;
    }
  }

  /** By both hellos, in whichever order the capture has them: one direction may have been seen earlier. */
  private negotiate(): void {
    const hello = this.answer;
    if (hello === undefined) return;
    const suite = cipherSuite(hello.cipherSuite);
    if (hello.helloRetryRequest) this.hasRetry = true;
    else this.serverHello = hello;
    if (suite === undefined) {
      this.obstacle = 'cipher-unsupported';
      this.detail = `suite 0x${hello.cipherSuite.toString(16).padStart(4, '0')}`;
      return;
    }
    this.protection = {
      suite,
      version: settledVersion(hello.version),
      ...(hello.version === DTLS_1_3_DRAFT_43 && { isDraft43: true }),
      encryptThenMac: suite.mode === 'cbc' && this.bothHave(ENCRYPT_THEN_MAC),
      truncatedHmac: this.bothHave(TRUNCATED_HMAC),
    };
  }

  private bothHave(extension: number): boolean {
    const has = (hello: ClientHello | ServerHello | undefined): boolean =>
      hello?.extensions.some(({ type }) => type === extension) ?? false;
    return has(this.clientHello) && has(this.serverHello);
  }
}
