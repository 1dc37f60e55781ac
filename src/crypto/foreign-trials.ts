import { APPLICATION_DATA } from '../model/code-points/content-types.ts';
import { DTLS_1_3, isTls13 } from '../model/code-points/versions.ts';
import { LIMITS } from '../model/limits.ts';
import type { PreparedRecord } from './construction.ts';
import { authenticatorOctets, type Opened } from './explain-record.ts';
import type { OtherKeys } from './failed-record.ts';
import type { SealedRecord } from './protection.ts';
import { RecordNumbers } from './record-number.ts';
import { RecordOpener } from './record-opener.ts';
import { type SequenceSieve, sequenceSieve } from './sequence-sieve.ts';

/** A record whose connection cannot open it. */
export interface StrayRecord {
  readonly record: SealedRecord;
  /** DTLS: the numbers of its header, the only ones that are tried. */
  readonly epoch?: number | undefined;
  readonly sequence?: number | undefined;
}

/** A connection that the record may come from. */
export interface ForeignCandidate<Id> {
  readonly id: Id;
  /** Both directions, and more where keys changed; `sequence` is the number of the next record. */
  readonly directions: readonly ForeignDirection[];
}

/** One direction of a candidate: its keys, and where it stood when the record came. */
export interface ForeignDirection extends OtherKeys {
  /** The explicit nonce of its last record, for senders that count it up from a random one. */
  readonly lastNonce?: Uint8Array | undefined;
}

/** Whether a record belongs to another connection, and how far the search for it went. */
export interface ForeignSearch<Id> {
  readonly owner: ForeignOwner<Id> | undefined;
  /** Sequence numbers that were tried with some keys. */
  readonly trials: number;
  /** The budget ended before the candidates did: that no owner was found means nothing. */
  readonly exhausted: boolean;
}

/** The connection whose keys open the record, and the numbers under which they do. */
export interface ForeignOwner<Id> {
  readonly id: Id;
  /** Index in the candidate's `directions`. */
  readonly direction: number;
  readonly sequence: number;
  readonly epoch: number;
  readonly opening: Opened;
  /** Of the chance that octets which belong to nobody open in all the trials until then. */
  readonly oddsLog2: number;
}

/**
 * Looks for the connection under whose keys a record opens; the candidates stand in the order of likelihood. First all
 * of them are tried with the number of their next record, then near it, then with those that went by. With chained IVs
 * and key streams only the next record of a direction can be recognised, and only if its `position` is given.
 */
export function findOwner<Id>(
  stray: StrayRecord,
  candidates: readonly ForeignCandidate<Id>[],
  budget: number = LIMITS.foreignTrials,
): ForeignSearch<Id> {
  const search = new Search<Id>(stray, budget);
  const places: Place<Id>[] = [];
  for (const { id, directions } of candidates) {
    for (const [direction, keys] of directions.entries()) {
      if (search.ended) return search.result();
      const place = search.enter(id, direction, keys);
      if (place === undefined) continue;
      search.try(place, nextNumbers(stray, keys));
      places.push(place);
    }
  }
  if (stray.sequence !== undefined) return search.result();
  for (const numbers of [nearNumbers, pastNumbers]) {
    for (const place of places) {
      if (search.ended) return search.result();
      search.try(place, numbers(place.keys), true);
    }
  }
  return search.result();
}

/** A direction in which the record is not impossible. */
interface Place<Id> {
  readonly id: Id;
  readonly direction: number;
  readonly keys: ForeignDirection;
  readonly prepared: PreparedRecord;
  sieve: SequenceSieve | undefined;
  sieved: boolean;
}

class Search<Id> {
  private readonly stray: StrayRecord;
  private readonly budget: number;
  private trials = 0;
  /** Sequence numbers settled: more than trials where one calculation settles many. */
  private settled = 0;
  private owner: ForeignOwner<Id> | undefined;
  private exhausted = false;

  constructor(stray: StrayRecord, budget: number) {
    this.stray = stray;
    this.budget = budget;
  }

  get ended(): boolean {
    return this.owner !== undefined || this.exhausted;
  }

  result(): ForeignSearch<Id> {
    return { owner: this.owner, trials: this.trials, exhausted: this.exhausted };
  }

  /** Does once what all numbers need; CBC padding rejects most keys here already. */
  enter(id: Id, direction: number, keys: ForeignDirection): Place<Id> | undefined {
    if (!isPossible(this.stray, keys)) return undefined;
    const opener = new RecordOpener(keys.protection, keys.keys, keys.position);
    const prepared = opener.prepare(this.stray.record);
    this.settled++;
    if (prepared.kind !== 'prepared') return undefined;
    return { id, direction, keys, prepared, sieve: undefined, sieved: false };
  }

  /** Tries all numbers, or with `sieve` those that are worth it. */
  try(place: Place<Id>, sequences: readonly number[], sieve = false): void {
    const attempts = sieve ? this.sift(place, sequences) : sequences;
    // Where one calculation settles all numbers, it is one trial and not as many.
    const trials = sieve && place.sieve?.settles ? 1 : sequences.length;
    if (this.trials + trials > this.budget) {
      this.exhausted = true;
      return;
    }
    this.trials += trials;
    this.settled += sequences.length;
    const { epoch = 0 } = this.stray;
    for (const sequence of attempts) {
      const opening = place.prepared.at(sequence, epoch);
      if (opening.kind !== 'opened') continue;
      const { id, direction, keys } = place;
      const tag = authenticatorOctets(keys.protection);
      const oddsLog2 = Math.log2(this.settled) - 8 * tag;
      if (oddsLog2 > LIMITS.falseMatchLog2) continue;
      this.owner = { id, direction, sequence, epoch, opening, oddsLog2 };
      return;
    }
  }

  private sift(place: Place<Id>, sequences: readonly number[]): readonly number[] {
    if (!place.sieved) {
      place.sieved = true;
      place.sieve = sequenceSieve(place.keys.protection, place.keys.keys, this.stray.record);
      this.settled += place.sieve?.settles ?? 0;
    }
    return place.sieve?.sift(sequences) ?? sequences;
  }
}

/** What the header alone excludes. */
function isPossible(stray: StrayRecord, { protection, epoch: own = 0 }: OtherKeys): boolean {
  const { record, epoch } = stray;
  const { version } = protection;
  const datagram = version >= 0xfe00 || version === 0x0100;
  if (datagram !== (epoch !== undefined)) return false;
  if ((record.headerStart !== undefined) !== (version === DTLS_1_3)) return false;
  // A unified header has the two lowest bits of the epoch. RFC 9147 §4.
  if (version === DTLS_1_3) return ((epoch ?? 0) & 3) === (own & 3);
  if (isTls13(version)) return record.type === APPLICATION_DATA;
  return record.version === version;
}

/** The next number, and those that an explicit nonce tells of. */
function nextNumbers(stray: StrayRecord, direction: ForeignDirection): number[] {
  if (direction.protection.version === DTLS_1_3) {
    const numbers = RecordNumbers.of(direction.protection.suite, direction.keys);
    return numbers === undefined ? [] : [numbers.numberOf(stray.record, direction.sequence)];
  }
  if (stray.sequence !== undefined) return [stray.sequence];
  const numbers = new Set([direction.sequence]);
  const { explicitNonceOctets } = direction.protection.suite;
  if (explicitNonceOctets === 8) {
    const nonce = nonceValue(stray.record.bytes, stray.record.start);
    const { lastNonce } = direction;
    const last = lastNonce?.length === 8 ? nonceValue(lastNonce, 0) : undefined;
    const continued = last === undefined ? -1n : nonce - last + BigInt(direction.sequence) - 1n;
    for (const number of [nonce, continued]) {
      if (number >= 0n && number <= MOST) numbers.add(Number(number));
    }
  }
  return [...numbers];
}

function nonceValue(bytes: Uint8Array, at: number): bigint {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, 8).readBigUInt64BE();
}

function nearNumbers({ sequence }: ForeignDirection): number[] {
  const first = Math.max(sequence - 1, 0);
  return numbersFrom(first, sequence + LIMITS.foreignAhead);
}

function pastNumbers({ sequence }: ForeignDirection): number[] {
  const last = sequence - 2;
  const first = Math.max(last - LIMITS.foreignBack, 0);
  const recent = numbersFrom(first, last).reverse();
  return [...recent, ...numbersFrom(0, Math.min(first, LIMITS.foreignFirst) - 1)];
}

function numbersFrom(first: number, last: number): number[] {
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => first + i);
}

/** Larger numbers are no sequence numbers but random nonces. */
const MOST = 2n ** 48n;
