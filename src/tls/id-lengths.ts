import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import { CONNECTION_ID_AT, fills } from './dtls-header.ts';

/** Datagrams that have to agree on one length. */
const AGREEING = 3;

/** What the datagrams of one direction leave of the lengths that its connection ids may have. */
interface Guess {
  datagrams: number;
  /** The first octets of the first id and of what follows it, as far as all later ones are the same. */
  prefix: Uint8Array;
  lengths: readonly number[];
}

/**
 * How long connection ids are where the capture lacks the handshake that says so: the one length with which several
 * datagrams are filled by their records and begin with the same id. What comes before that is settled is not read.
 */
export class IdLengths {
  private readonly guesses = new Map<number, Guess>();
  private readonly notices: NoticeSink;

  constructor(notices: NoticeSink) {
    this.notices = notices;
  }

  /** @returns the length for the record whose header is at `at`; undefined while it is not known */
  guess(
    half: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    wireEnd: number,
    packet: number,
  ): number | undefined {
    const known = this.guesses.get(half);
    if (known === undefined) {
      this.begin(half, bytes, at, end, wireEnd, packet);
      return undefined;
    }
    if (known.datagrams < AGREEING || known.lengths.length !== 1)
      narrow(known, bytes, at, end, wireEnd);
    const [length, other] = known.lengths;
    if (length === undefined || other !== undefined || known.datagrams < AGREEING) return undefined;
    return fills(bytes, at, end, wireEnd, length) ? length : undefined;
  }

  forget(half: number): void {
    this.guesses.delete(half);
  }

  private begin(
    half: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    wireEnd: number,
    packet: number,
  ): void {
    this.notices.notice({
      code: 'connection-id-length-unknown',
      packetNumber: packet,
      offset: -1,
      needed: 0,
      available: 0,
    });
    if (this.guesses.size >= LIMITS.guessedIdLengths) {
      // The direction that was seen first gives way.
      for (const oldest of this.guesses.keys()) {
        this.guesses.delete(oldest);
        break;
      }
    }
    const from = at + CONNECTION_ID_AT;
    const prefix = bytes.slice(from, Math.min(end, from + LIMITS.guessedIdOctets));
    const lengths = Array.from({ length: LIMITS.guessedIdOctets }, (_, i) => i + 1);
    const guess = { datagrams: 0, prefix, lengths };
    narrow(guess, bytes, at, end, wireEnd);
    this.guesses.set(half, guess);
  }
}

/** Takes one more datagram into account. */
function narrow(guess: Guess, bytes: Uint8Array, at: number, end: number, wireEnd: number): void {
  const { prefix } = guess;
  let same = 0;
  while (same < prefix.length && bytes[at + CONNECTION_ID_AT + same] === prefix[same]) same++;
  guess.prefix = prefix.subarray(0, same);
  guess.lengths = guess.lengths.filter(
    (length) => length <= same && fills(bytes, at, end, wireEnd, length),
  );
  guess.datagrams++;
}
