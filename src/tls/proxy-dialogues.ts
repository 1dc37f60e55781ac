/**
 * What a client and a proxy say to each other (SOCKS, HTTP CONNECT) where TLS follows in the same segment: behind the
 * request of a client that does not wait for the answer, or behind an answer to which the proxy joins the server's.
 */
import { LIMITS } from '../model/limits.ts';

/** In place of the end of one element of a dialogue: it is none, or more octets will tell. */
const NONE = -1;
const SHORT = -2;

const VERSION_4 = 4;
const VERSION_5 = 5;
/** Version 5: the command, and the reply that consents. */
const CONNECT_5 = 1;
const GRANTED_5 = 0;
/** Of user and password, RFC 1929. */
const CREDENTIALS = 1;
/** An answer of version 4, and its consent. */
const ANSWER_4 = 0;
const GRANTED_4 = 90;
const CONNECT = octetsOf('CONNECT ');
/** Then one digit and a code. */
const HTTP_1 = octetsOf('HTTP/1.');
const LF = 0x0a;
const CR = 0x0d;

/** What one direction said when a segment ended within its request or answer. */
interface Begun {
  readonly octets: Uint8Array;
  readonly greets: boolean;
}

export class ProxyDialogues {
  /** By direction. */
  private readonly begun = new Map<number, Begun>();

  /**
   * @param answers the peer speaks TLS already, so that these are answers; requests otherwise
   * @param greets nothing came before, so that SOCKS 5 begins with the methods that a client offers
   * @returns where the last of them that ends in this segment does; -1 if none does
   */
  end(
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    answers: boolean,
    greets: boolean,
  ): number {
    const before = this.begun.size > 0 ? this.begun.get(half) : undefined;
    if (before === undefined) {
      if (!mayBegin(bytes[start] as number, answers)) return -1;
      const length = dialogueLength(bytes, start, end, answers, greets);
      if (length === SHORT) this.keep(half, bytes.slice(start, end), greets);
      return length > 0 ? start + length : -1;
    }
    this.begun.delete(half);
    const have = before.octets.length;
    const octets = new Uint8Array(have + end - start);
    octets.set(before.octets);
    octets.set(bytes.subarray(start, end), have);
    const length = dialogueLength(octets, 0, octets.length, answers, before.greets);
    if (length === SHORT) this.keep(half, octets, before.greets);
    return length > have ? start + length - have : -1;
  }

  forget(half: number): void {
    if (this.begun.size > 0) this.begun.delete(half);
  }

  private keep(half: number, octets: Uint8Array, greets: boolean): void {
    if (octets.length > LIMITS.proxyRequestOctets) return;
    if (this.begun.size >= LIMITS.proxyRequests) {
      const [oldest] = this.begun.keys();
      if (oldest !== undefined) this.begun.delete(oldest);
    }
    this.begun.set(half, { octets, greets });
  }
}

/** Each begins with one of these. */
const mayBegin = (first: number, answers: boolean): boolean =>
  first === VERSION_5 ||
  first === CREDENTIALS ||
  (answers
    ? first === ANSWER_4 || first === HTTP_1[0]
    : first === VERSION_4 || first === CONNECT[0]);

/** Octets to the end of the last of them; `SHORT` where more octets will tell; 0 if there is none. */
function dialogueLength(
  bytes: Uint8Array,
  start: number,
  end: number,
  answers: boolean,
  greets: boolean,
): number {
  let found = 0;
  for (let at = start; at < end; ) {
    const isGreeting = greets && !answers && at === start && bytes[at] === VERSION_5;
    const next = isGreeting
      ? greetingEnd(bytes, at, end)
      : (answers ? answerEnd : requestEnd)(bytes, at, end);
    if (next === SHORT) return SHORT;
    if (next === NONE) break;
    if (!isGreeting && !isStepOfSocks5(bytes, at)) found = next - start;
    at = next;
  }
  return found;
}

function requestEnd(bytes: Uint8Array, at: number, end: number): number {
  switch (bytes[at]) {
    case VERSION_5:
      return addressedEnd(bytes, at, end, CONNECT_5);
    case CREDENTIALS:
      return credentialsEnd(bytes, at, end);
    case VERSION_4:
      return request4End(bytes, at, end);
    default:
      return begins(bytes, at, end, CONNECT) ? headEnd(bytes, at, end) : NONE;
  }
}

function answerEnd(bytes: Uint8Array, at: number, end: number): number {
  switch (bytes[at]) {
    case VERSION_5:
      if (at + 2 >= end) return SHORT;
      return isStepOfSocks5(bytes, at) ? at + 2 : addressedEnd(bytes, at, end, GRANTED_5);
    case CREDENTIALS:
      return within(at + 2, end);
    case ANSWER_4:
      if (at + 1 < end && bytes[at + 1] !== GRANTED_4) return NONE;
      return within(at + 8, end);
    default:
      return begins(bytes, at, end, HTTP_1) ? consentEnd(bytes, at, end) : NONE;
  }
}

/** More follows on these in the same direction: the choice of a method (no reply has its third octet), user and password. */
const isStepOfSocks5 = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === CREDENTIALS || (bytes[at] === VERSION_5 && bytes[at + 2] !== 0);

/** RFC 1928 §3: a number of methods, and these. */
function greetingEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return SHORT;
  const methods = bytes[at + 1] as number;
  return methods === 0 ? NONE : within(at + 2 + methods, end);
}

/** A request or reply with its address, RFC 1928 §4 and §6. */
function addressedEnd(bytes: Uint8Array, at: number, end: number, code: number): number {
  if (at + 1 < end && bytes[at + 1] !== code) return NONE;
  if (at + 4 >= end) return SHORT;
  const length = bytes[at + 2] === 0 ? addressLength(bytes, at + 3) : NONE;
  return length === NONE ? NONE : within(at + 6 + length, end);
}

function addressLength(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case 1:
      return 4;
    case 3:
      return 1 + (bytes[at + 1] as number);
    case 4:
      return 16;
    default:
      return NONE;
  }
}

/** User and password, RFC 1929 §2. */
function credentialsEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return SHORT;
  const password = at + 2 + (bytes[at + 1] as number);
  return password >= end ? SHORT : within(password + 1 + (bytes[password] as number), end);
}

/** Command, port, address, user; and a name where the address is 0.0.0.x (version 4a). */
function request4End(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 < end && bytes[at + 1] !== 1) return NONE;
  if (at + 8 >= end) return SHORT;
  const isNamed =
    bytes[at + 4] === 0 && bytes[at + 5] === 0 && bytes[at + 6] === 0 && bytes[at + 7] !== 0;
  const user = zeroBehind(bytes, at + 8, end);
  return isNamed && user !== SHORT ? zeroBehind(bytes, user, end) : user;
}

/** A consent: what follows another answer is a page. */
function consentEnd(bytes: Uint8Array, at: number, end: number): number {
  const code = at + HTTP_1.length + 2;
  return code < end && bytes[code] !== 0x32 ? NONE : headEnd(bytes, at, end);
}

/** Behind the empty line. */
function headEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let line = at, to = at; to < end; to++) {
    if (bytes[to] !== LF) continue;
    if (to === line || (to === line + 1 && bytes[line] === CR)) return to + 1;
    line = to + 1;
  }
  return SHORT;
}

const within = (to: number, end: number): number => (to <= end ? to : SHORT);

function zeroBehind(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) if (bytes[at] === 0) return at + 1;
  return SHORT;
}

/** As far as they are there. */
function begins(bytes: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length && at + i < end; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}
