import type { FlightFacts, FlightRepeat, FragmentedMessage, OctetRange } from '../model/flights.ts';
import type { At, PerRole, Role } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import { otherSide, type Side } from '../model/stream.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import type { Association } from './dtls-association.ts';
import { type Fragment, withRange } from './dtls-messages.ts';
import type { DtlsRecord } from './dtls-record.ts';
import { IpPieces } from './ip-pieces.ts';

/** Record numbers have 48 bits; behind the epoch they put all records of a direction into one order. */
const NUMBERS = 2 ** 48;
/** A place behind all messages that are numbered: `message_seq` has 16 bits, offsets 24. */
const OFFSETS = 2 ** 24;
const OF_FINISHED = 0x10000 * OFFSETS;

/** The transmissions of one message in fragments. */
interface Message {
  readonly side: Side;
  readonly type: number;
  readonly sequence: number;
  readonly length: number;
  readonly first: At;
  last: At;
  fragments: number;
  largest: number;
  transmissions: number;
  /** The round in which it was seen last, and what of it that brought. */
  round: number;
  now: number[];
  /** In that round a later message came. */
  isPassed: boolean;
  /** Of all transmissions. */
  covered: number[];
  completed: At | undefined;
  wholeAtOnce: boolean;
  /** The first fragments: start, end, start, end, … */
  readonly cuts: number[];
  recut: boolean;
}

/** Where one direction is in the round of its flight that it is sending. */
interface Direction {
  /** 0 while nothing was repeated. */
  round: number;
  /** The last message and offset in it, as one number. */
  place: number;
  /** Epoch and number of the record that was looked at last. */
  latest: number;
  lastNanos: number;
  /** The repeat under way, and the numbers of its first records. */
  current: RawRepeat | undefined;
  numbers: number[];
}

interface RawRepeat {
  readonly side: Side;
  readonly first: At;
  last: At;
}

interface Flights {
  readonly sides: readonly [Direction, Direction];
  readonly repeats: RawRepeat[];
  readonly messages: Message[];
  ip: [IpPieces, IpPieces] | undefined;
}

/**
 * What was sent again of a handshake, and what came in fragments. A repeat is told from a datagram that the path doubled
 * by its record numbers, which are new (RFC 6347 §4.2.4), and rounds from each other by going back to an earlier message.
 * Most associations have nothing here.
 */
export class FlightBook {
  private readonly flights = new Map<Association, Flights>();
  private readonly table: ConnectionTable;

  constructor(table: ConnectionTable) {
    this.table = table;
  }

  has(a: Association): boolean {
    return this.flights.size > 0 && this.flights.has(a);
  }

  forget(a: Association): void {
    if (this.flights.size > 0) this.flights.delete(a);
  }

  /** A message, or a piece of one, that was complete before. */
  again(a: Association, r: DtlsRecord, fragment: Fragment): void {
    if (!r.isNew && !this.isOvertaken(a, r)) return;
    const flights = this.of(a);
    if (r.isNew) this.advance(a, flights, r, placeOf(fragment), true);
    const known = find(flights, r.side, fragment);
    if (known !== undefined) piece(known, flights.sides[r.side], r, fragment);
    passOthers(flights, r.side, fragment);
  }

  /** The Finished of a side once more, first sent in packet `first`, which could not be read, or was and is noted already. */
  finishedAgain(a: Association, r: DtlsRecord, first: number): void {
    const flights = this.of(a);
    const direction = flights.sides[r.side];
    if (numberOf(r) === direction.latest) return;
    // What was under way before it was first sent was a repeat of an earlier flight.
    if ((direction.current?.first.packet ?? 0) < first) direction.place = OF_FINISHED;
    this.advance(a, flights, r, OF_FINISHED, true);
  }

  /** A piece of a message that is not complete yet. */
  fragment(a: Association, r: DtlsRecord, fragment: Fragment): void {
    const flights = this.of(a);
    const direction = flights.sides[r.side];
    if (r.isNew) this.advance(a, flights, r, placeOf(fragment), false);
    else if (!takes(direction.numbers, numberOf(r))) return;
    passOthers(flights, r.side, fragment);
    let message = find(flights, r.side, fragment);
    if (message === undefined) {
      if (flights.messages.length >= LIMITS.fragmentedMessages) return;
      message = begin(r, fragment, direction.round);
      flights.messages.push(message);
    }
    piece(message, direction, r, fragment);
  }

  /** A whole message, the first time. */
  message(a: Association, r: DtlsRecord, fragment: Fragment): void {
    const flights = this.flights.size === 0 ? undefined : this.flights.get(a);
    if (flights === undefined) return;
    const direction = flights.sides[r.side];
    direction.place = Math.max(direction.place, placeOf(fragment));
    direction.lastNanos = r.nanos;
    passOthers(flights, r.side, fragment);
  }

  /** The first IP fragment of a datagram with a part of the handshake. */
  ipFragment(a: Association, side: Side, octets: number, at: At): void {
    this.ipPieces(a, side).begin(octets, at);
  }

  /** Such a datagram is whole; `first` is the packet with its first fragment. */
  ipWhole(a: Association, side: Side, first: number, octets: number, at: At): void {
    this.ipPieces(a, side).whole(first, octets, at);
  }

  private ipPieces(a: Association, side: Side): IpPieces {
    const flights = this.of(a);
    flights.ip ??= [new IpPieces(), new IpPieces()];
    return flights.ip[side];
  }

  /** Undefined for most. */
  facts(a: Association, client: Side): FlightFacts | undefined {
    const flights = this.flights.size === 0 ? undefined : this.flights.get(a);
    if (flights === undefined) return undefined;
    const both = <T>(of: (direction: Direction) => T): PerRole<T> => ({
      client: of(flights.sides[client]),
      server: of(flights.sides[otherSide(client)]),
    });
    const roleOf = (side: Side): Role => (side === client ? 'client' : 'server');
    return {
      repeats: flights.repeats.map(
        ({ side, first, last }): FlightRepeat => ({ from: roleOf(side), first, last }),
      ),
      repeated: both(({ round }) => round),
      lastRepeat: both(({ current }) => current?.first),
      fragmented: flights.messages
        .filter(({ fragments }) => fragments <= LIMITS.dtlsFragments)
        .map((message) => messageFact(message, roleOf(message.side))),
      ipFragments: {
        client: flights.ip?.[client].fact(),
        server: flights.ip?.[otherSide(client)].fact(),
      },
    };
  }

  /** A record of the round under way that comes behind later ones, and for the first time. */
  private isOvertaken(a: Association, r: DtlsRecord): boolean {
    const direction = this.flights.get(a)?.sides[r.side];
    if (direction === undefined || direction.round === 0) return false;
    const { numbers } = direction;
    return numberOf(r) > (numbers[0] ?? 0) && takes(numbers, numberOf(r));
  }

  private of(a: Association): Flights {
    let flights = this.flights.get(a);
    if (flights === undefined) {
      if (this.flights.size === LIMITS.flightBooks) this.forgetOldest();
      flights = {
        sides: [newDirection(), newDirection()],
        repeats: [],
        messages: [],
        ip: undefined,
      };
      this.flights.set(a, flights);
    }
    return flights;
  }

  private forgetOldest(): void {
    for (const oldest of this.flights.keys()) {
      this.flights.delete(oldest);
      return;
    }
  }

  /** @param isRepeat what the record carries was whole before */
  private advance(
    a: Association,
    flights: Flights,
    r: DtlsRecord,
    place: number,
    isRepeat: boolean,
  ): void {
    const direction = flights.sides[r.side];
    const { round, lastNanos } = direction;
    const isApart = round === 0 || r.nanos - lastNanos > LIMITS.flightNanos;
    // Pieces and messages of one record follow each other.
    const isBack = place <= direction.place && numberOf(r) !== direction.latest;
    const now = { packet: r.packet, nanos: r.nanos };
    if (isBack || (isRepeat && isApart)) {
      direction.round++;
      direction.place = place;
      direction.numbers = [];
      direction.current = { side: r.side, first: now, last: now };
      this.table.set(a.row, SEEN.unusual);
      if (flights.repeats.length < LIMITS.flightRepeats) flights.repeats.push(direction.current);
    } else {
      direction.place = Math.max(place, direction.place);
      if (direction.current !== undefined && isRepeat) direction.current.last = now;
    }
    direction.latest = numberOf(r);
    takes(direction.numbers, direction.latest);
    direction.lastNanos = r.nanos;
  }
}

function newDirection(): Direction {
  return { round: 0, place: -1, latest: -1, lastNanos: 0, current: undefined, numbers: [] };
}

const numberOf = ({ epoch, sequence }: DtlsRecord): number => epoch * NUMBERS + sequence;

const placeOf = ({ sequence, offset }: Fragment): number => sequence * OFFSETS + offset;

/** Is the number a new one among these? Then it is one of them now. */
function takes(numbers: number[], number: number): boolean {
  if (numbers.includes(number)) return false;
  if (numbers.length < LIMITS.roundRecords) numbers.push(number);
  return true;
}

function find(flights: Flights, side: Side, fragment: Fragment): Message | undefined {
  return flights.messages.find(
    (message) =>
      message.side === side &&
      message.sequence === fragment.sequence &&
      message.type === fragment.type &&
      message.length === fragment.length,
  );
}

/** A later message of this side: the pieces of those before it that did not come by now were left out or lost. */
function passOthers(flights: Flights, side: Side, { sequence }: Fragment): void {
  const { round } = flights.sides[side];
  for (const message of flights.messages)
    if (message.side === side && message.sequence < sequence && message.round === round)
      message.isPassed = true;
}

function begin({ side, packet, nanos }: DtlsRecord, fragment: Fragment, round: number): Message {
  const { type, sequence, length } = fragment;
  const at = { packet, nanos };
  return {
    side,
    type,
    sequence,
    length,
    first: at,
    last: at,
    fragments: 0,
    largest: 0,
    transmissions: 1,
    round,
    now: [],
    cuts: [],
    covered: [],
    isPassed: false,
    completed: undefined,
    wholeAtOnce: false,
    recut: false,
  };
}

/** One more fragment of a message. */
function piece(
  message: Message,
  { round }: Direction,
  { packet, nanos }: DtlsRecord,
  { offset, start, end }: Fragment,
): void {
  const to = offset + end - start;
  if (round !== message.round) turn(message, round);
  message.last = { packet, nanos };
  // Nobody sends so many: from here on they are counted, and nothing is said of the message.
  if (++message.fragments > LIMITS.dtlsFragments) return;
  message.largest = Math.max(message.largest, end - start);
  compare(message, offset, to);
  message.now = withRange(message.now, offset, to);
  if (isWhole(message.now, message.length)) message.wholeAtOnce = true;
  if (message.completed !== undefined) return;
  message.covered = withRange(message.covered, offset, to);
  if (isWhole(message.covered, message.length)) message.completed = message.last;
}

/** A fragment that overlaps another one and is not the same was cut elsewhere. */
function compare(message: Message, from: number, to: number): void {
  const { cuts } = message;
  if (message.recut) return;
  for (let i = 0; i < cuts.length; i += 2) {
    const start = cuts[i] as number;
    const end = cuts[i + 1] as number;
    if (start === from && end === to) return;
    if (from < end && to > start) message.recut = true;
  }
  if (cuts.length < 2 * LIMITS.fragmentCuts) cuts.push(from, to);
}

/** Another round begins for the message. */
function turn(message: Message, round: number): void {
  message.round = round;
  message.transmissions++;
  message.now = [];
  message.isPassed = false;
}

function messageFact(message: Message, from: Role): FragmentedMessage {
  const { type, sequence, length, fragments, largest, first, last, transmissions } = message;
  const { completed, wholeAtOnce, recut, now } = message;
  const missing = completed === undefined ? missingOf(message.covered, length) : [];
  const isPast = message.isPassed || (now.at(-1) ?? 0) > (missing[0]?.from ?? length);
  return {
    from,
    type,
    messageSequence: sequence,
    length,
    fragments,
    largest,
    first,
    last,
    transmissions,
    passedOver: missing.length === 0 ? 0 : transmissions - (isPast ? 0 : 1),
    missing,
    completed,
    wholeAtOnce,
    recut,
  };
}

function missingOf(covered: readonly number[], length: number): OctetRange[] {
  const missing: OctetRange[] = [];
  let from = 0;
  for (let i = 0; i < covered.length; i += 2) {
    const start = covered[i] as number;
    if (start > from) missing.push({ from, to: start });
    from = covered[i + 1] as number;
  }
  if (from < length) missing.push({ from, to: length });
  return missing;
}

function isWhole(ranges: readonly number[], length: number): boolean {
  return ranges.length === 2 && ranges[0] === 0 && ranges[1] === length;
}
