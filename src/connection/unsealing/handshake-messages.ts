import { isHelloRetryRequest, type TranscriptMessage } from '../../crypto/transcript.ts';
import {
  CLIENT_HELLO,
  FINISHED,
  HELLO_VERIFY_REQUEST,
  SERVER_HELLO_DONE,
} from '../../model/code-points/handshake-types.ts';
import type { Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';

/** Octets of all transcripts of a run. */
export interface TranscriptBudget {
  octets: number;
}

/**
 * The messages of one handshake. Each direction is kept in its own order; how the two interleave follows from the
 * protocol (RFC 5246 §7.3, RFC 8446 §2), not from the capture, which may have seen one direction earlier.
 */
export class HandshakeMessages {
  private readonly budget: TranscriptBudget;
  private client: TranscriptMessage[] = [];
  private server: TranscriptMessage[] = [];
  /** Types of all messages of a side, also of those that were let go. */
  private readonly types = { client: new Set<number>(), server: new Set<number>() };
  private octets = 0;
  private isClosed = false;
  /** Nothing of it is missing, as far as is known. */
  isWhole = true;

  constructor(budget: TranscriptBudget) {
    this.budget = budget;
  }

  add(message: TranscriptMessage): void {
    this.types[message.from].add(message.type);
    const { length } = message.octets;
    const isTooLong = this.octets + length > LIMITS.transcriptOctets;
    if (this.isClosed || isTooLong || this.budget.octets + length > LIMITS.transcriptOctetsInAll) {
      this.isWhole = false;
      return;
    }
    this.octets += length;
    this.budget.octets += length;
    const list = message.from === 'client' ? this.client : this.server;
    // DTLS numbers its messages, and a later one may have arrived first.
    let at = list.length;
    while (at > 0 && numberOf(list[at - 1]) > numberOf(message)) at--;
    list.splice(at, 0, message);
  }

  /** The ClientHellos were others, which the ones on the wire carried encrypted. */
  replaceHellos(octets: readonly Uint8Array[]): void {
    octets.forEach((inner, i) => {
      const outer = this.client[i];
      if (outer?.type !== CLIENT_HELLO) return;
      const grows = inner.length - outer.octets.length;
      this.octets += grows;
      this.budget.octets += grows;
      this.client[i] = { ...outer, octets: inner };
    });
  }

  has(from: Role, type: number): boolean {
    return this.types[from].has(type);
  }

  /** Nobody will ask for the messages any more. */
  close(): void {
    this.budget.octets -= this.octets;
    this.octets = 0;
    this.client = [];
    this.server = [];
    this.isClosed = true;
    this.isWhole = false;
  }

  /** The last message of a type from one side. */
  last(from: Role, type: number): TranscriptMessage | undefined {
    return (from === 'client' ? this.client : this.server).findLast((m) => m.type === type);
  }

  /** All messages in the order in which they are hashed, those of a side up to its Finished and no further. */
  ordered(): TranscriptMessage[] {
    const hellos = this.helloCount();
    const client = upToFinished(this.client.slice(hellos));
    const server = upToFinished(this.server);
    const retries = server.filter(isRetry);
    const answers = server.filter((message) => !isRetry(message));
    // Each HelloRetryRequest or HelloVerifyRequest is answered by a further ClientHello.
    const start: TranscriptMessage[] = [];
    for (let i = 0; i < Math.max(hellos, retries.length); i++)
      for (const message of [this.client.slice(0, hellos)[i], retries[i]])
        if (message !== undefined) start.push(message);
    // Up to TLS 1.2 a full handshake has the client's flight between two of the server's; a resumed one does not.
    const done = answers.findIndex(({ type }) => type === SERVER_HELLO_DONE);
    if (done < 0) return [...start, ...answers, ...client];
    return [...start, ...answers.slice(0, done + 1), ...client, ...answers.slice(done + 1)];
  }

  /** Messages in hashing order in front of `message`. */
  before(message: TranscriptMessage): TranscriptMessage[] {
    const all = this.ordered();
    const at = all.indexOf(message);
    return at < 0 ? all : all.slice(0, at);
  }

  /**
   * Is the Finished of the other side there that this one covers? The second one of a handshake covers the first: the
   * server's where the client answers its flight up to TLS 1.2 (RFC 5246 §7.3), the client's in all others.
   */
  hasFinishedBefore({ from }: TranscriptMessage): boolean {
    const isSecond = (from === 'server') === this.types.server.has(SERVER_HELLO_DONE);
    return !isSecond || this.types[from === 'client' ? 'server' : 'client'].has(FINISHED);
  }

  /**
   * Is a message missing? DTLS numbers those of each side from 0 on without holes (RFC 6347 §4.2.2); and each request to
   * say hello again is answered by a ClientHello (RFC 8446 §4.1.4, RFC 6347 §4.2.1).
   */
  get hasHoles(): boolean {
    if (this.helloCount() !== this.server.filter(isRetry).length + 1) return true;
    return [this.client, this.server].some((messages) =>
      messages.some((m, i) => numberOf(m) > (i === 0 ? 0 : numberOf(messages[i - 1]) + 1)),
    );
  }

  private helloCount(): number {
    let count = 0;
    while (this.client[count]?.type === CLIENT_HELLO) count++;
    return count;
  }
}

/** The side's flight ends in its Finished; what follows (tickets, key updates) is not hashed. RFC 8446 §4.4.1. */
function upToFinished(messages: readonly TranscriptMessage[]): TranscriptMessage[] {
  const at = messages.findIndex(({ type }) => type === FINISHED);
  return at < 0 ? [...messages] : messages.slice(0, at + 1);
}

function isRetry(message: TranscriptMessage): boolean {
  return message.type === HELLO_VERIFY_REQUEST || isHelloRetryRequest(message);
}

function numberOf(message: TranscriptMessage | undefined): number {
  return message?.messageSeq ?? 0;
}
