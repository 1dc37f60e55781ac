import { Columns, grown } from '../bytes/columns.ts';
import { RECORD_HEADER } from './detect-tls.ts';

/** What is known of a direction. */
export const UNKNOWN = 0;
export const FRAMED = 1;
export const SEARCHING = 2;
export const GIVEN_UP = 3;
/** The server chose SSL 2.0. */
export const SSL2 = 4;
/** Records lie in packets of TDS. */
export const WRAPPED = 5;
/** It carries datagrams in frames. */
export const CARRIER = 6;

/** How handshake records of a direction are to be read. */
export const PLAIN = 0;
export const PROTECTED = 1;
export const UNDECIDED = 2;

/** How the octets of a body that does not lie within one segment are taken. */
export const SKIPPED = 0;
/** Its first octets are gathered: they decide, or are all there is. */
export const GATHERED = 1;
export const READ = 2;
/** Enough to know a ClientHello by, a whole alert, and, with the last octets, a ciphertext from every other. */
export const HEAD_OCTETS = 16;
export const TAIL_OCTETS = 4;
/** Room for both: the last octets stand behind the first. */
export const ENDS_OCTETS = HEAD_OCTETS + TAIL_OCTETS;

/** What is the matter with the present record: bits. */
export const HOLE = 1;
/** It was found by searching: if no header follows it, it was none. */
export const TENTATIVE = 2;
/** It is none, but a ClientHello in the form of SSL 2.0. */
export const SSL2_FORM = 4;

/** Connections there is room for at first. */
const SEATS = 512;

/** A direction at rest in so many bits: is it framed, its protection, its trouble, `bodiless`, its version. */
const REST_BITS = 10;
const REST_MASK = (1 << REST_BITS) - 1;
const REST_FRAMED = 1;
const REST_PROTECTION = 1;
const REST_TROUBLE = 3;
const REST_BODILESS = 6;
const REST_VERSION = 7;
/** The first version that such a direction may have, of eight. */
const FIRST_VERSION = 0x0300;

/**
 * State of each direction, as columns. A connection has a seat as long as something is under way in it; a direction
 * ("half") is `seat * 2 + side`. Between records there is little to know of it, and that is all that is kept of a
 * connection that is quiet.
 */
export abstract class TlsHalves extends Columns {
  protected mode = new Uint8Array(2 * SEATS);
  protected protection = new Uint8Array(2 * SEATS);
  /** Octets of the present record's body that are still to come; its header; the packet with its first octet. */
  protected left = new Int32Array(2 * SEATS);
  protected contentType = new Uint8Array(2 * SEATS);
  protected version = new Int32Array(2 * SEATS);
  protected length = new Int32Array(2 * SEATS);
  protected firstPacket = new Int32Array(2 * SEATS);
  protected trouble = new Uint8Array(2 * SEATS);
  /** Octets of an incomplete header: how many, and they. */
  protected headerHave = new Uint8Array(2 * SEATS);
  protected header = new Uint8Array(2 * SEATS * RECORD_HEADER);
  /** The same for the beginning of a body. */
  protected reading = new Uint8Array(2 * SEATS);
  protected headHave = new Uint8Array(2 * SEATS);
  /** Octets that were missing before anything was recognised. */
  protected lostBefore = new Int32Array(2 * SEATS);
  /** Octets that were no TLS, counted only as far as requests for TLS are looked for. */
  protected plain = new Int32Array(2 * SEATS);
  /** 1: nobody needs whole records of it. */
  protected bodiless = new Uint8Array(2 * SEATS);
  protected head = new Uint8Array(2 * SEATS * ENDS_OCTETS);
  private readonly rows = new Rows();

  constructor() {
    super(SEATS);
  }

  /** The seat of a connection, taken where it has none. */
  protected seatOf(row: number): number {
    const { rows } = this;
    if (row >= rows.seats.length) rows.reserve(row);
    const seat = rows.seats[row] as number;
    return seat > 0 ? seat - 1 : this.sitDown(row);
  }

  /** -1 where it has none. */
  protected seatIfAny(row: number): number {
    const seat = this.rows.seats[row] ?? 0;
    return seat > 0 ? seat - 1 : -1;
  }

  /** The connection gives its seat up, if it has one, and nothing is known of it. */
  protected leave(row: number): void {
    const { seats } = this.rows;
    if (row >= seats.length) return;
    const seat = seats[row] as number;
    if (seat > 0) this.release(seat - 1);
    seats[row] = 0;
  }

  /** It gives its seat up, if all that is known of it can be kept without. @returns whether it did */
  protected leaveForNow(row: number, seat: number): boolean {
    const rest = this.restOf(2 * seat) | (this.restOf(2 * seat + 1) << REST_BITS);
    if (rest < 0) return false;
    this.leave(row);
    this.rows.seats[row] = -rest;
    return true;
  }

  /** `bytes[at, end)` are the next octets of a long body: those among its last ones are kept behind its first ones. */
  protected keepTail(half: number, bytes: Uint8Array, at: number, end: number): void {
    const stop = half * ENDS_OCTETS + ENDS_OCTETS - (this.left[half] as number);
    for (let i = Math.max(at, end - TAIL_OCTETS); i < end; i++) {
      const place = stop + (i - at);
      if (place >= half * ENDS_OCTETS + HEAD_OCTETS) this.head[place] = bytes[i] as number;
    }
  }

  private sitDown(row: number): number {
    const seat = this.take();
    const { seats } = this.rows;
    const rest = -(seats[row] as number);
    seats[row] = seat + 1;
    this.resume(2 * seat, rest & REST_MASK);
    this.resume(2 * seat + 1, rest >> REST_BITS);
    return seat;
  }

  /** Negative for a direction that is in the midst of something. */
  private restOf(half: number): number {
    const version = (this.version[half] as number) - FIRST_VERSION;
    const left = (this.left[half] as number) | (this.headerHave[half] as number);
    const known =
      ((this.protection[half] as number) << REST_PROTECTION) |
      ((this.trouble[half] as number) << REST_TROUBLE) |
      ((this.bodiless[half] as number) << REST_BODILESS);
    if (this.mode[half] === FRAMED && left === 0 && version >= 0 && version < 8)
      return REST_FRAMED | known | (version << REST_VERSION);
    const before = (this.lostBefore[half] as number) | (this.plain[half] as number);
    return this.mode[half] === UNKNOWN && before === 0 ? known : -1;
  }

  private resume(half: number, rest: number): void {
    const isFramed = (rest & REST_FRAMED) !== 0;
    this.mode[half] = isFramed ? FRAMED : UNKNOWN;
    this.protection[half] = (rest >> REST_PROTECTION) & 3;
    this.trouble[half] = (rest >> REST_TROUBLE) & 7;
    this.bodiless[half] = (rest >> REST_BODILESS) & 1;
    this.version[half] = isFramed ? FIRST_VERSION + (rest >> REST_VERSION) : 0;
  }
}

class Rows {
  /** By row: the seat plus 1; negative for what is kept of one without; 0 for nothing. */
  seats = new Int32Array(0);

  reserve(row: number): void {
    this.seats = grown(this.seats, Math.max(SEATS, row + 1, Math.ceil(this.seats.length * 1.5)));
  }
}
