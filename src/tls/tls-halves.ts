import { grown } from '../bytes/columns.ts';
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
/** Enough to know a ClientHello by, a whole alert, and a ciphertext from every other. */
export const HEAD_OCTETS = 16;

/** What is the matter with the present record: bits. */
export const HOLE = 1;
/** It was found by searching: if no header follows it, it was none. */
export const TENTATIVE = 2;
/** It is none, but a ClientHello in the form of SSL 2.0. */
export const SSL2_FORM = 4;

/** State of each direction, as columns; a direction ("half") is `row * 2 + side`. */
export abstract class TlsHalves {
  protected capacity = 0;
  protected mode = new Uint8Array(0);
  protected protection = new Uint8Array(0);
  /** Octets of the present record's body that are still to come; its header; the packet with its first octet. */
  protected left = new Int32Array(0);
  protected contentType = new Uint8Array(0);
  protected version = new Int32Array(0);
  protected length = new Int32Array(0);
  protected firstPacket = new Int32Array(0);
  protected trouble = new Uint8Array(0);
  /** Octets of an incomplete header: how many, and they. */
  protected headerHave = new Uint8Array(0);
  protected header = new Uint8Array(0);
  /** The same for the beginning of a body. */
  protected reading = new Uint8Array(0);
  protected headHave = new Uint8Array(0);
  /** Octets that were missing before anything was recognised. */
  protected lostBefore = new Int32Array(0);
  /** Octets that were no TLS, counted only as far as requests for TLS are looked for. */
  protected plain = new Int32Array(0);
  /** 1: nobody needs whole records of it. */
  protected bodiless = new Uint8Array(0);
  protected head = new Uint8Array(0);

  /** Makes a direction one that was never seen. */
  protected clear(half: number): void {
    this.mode[half] = UNKNOWN;
    this.protection[half] = PLAIN;
    this.left[half] = 0;
    this.headerHave[half] = 0;
    this.trouble[half] = 0;
    this.lostBefore[half] = 0;
    this.plain[half] = 0;
    this.bodiless[half] = 0;
  }

  protected grow(row: number): void {
    const next = Math.max(512, row + 1, Math.ceil(this.capacity * 1.5));
    this.mode = grown(this.mode, 2 * next);
    this.protection = grown(this.protection, 2 * next);
    this.left = grown(this.left, 2 * next);
    this.contentType = grown(this.contentType, 2 * next);
    this.version = grown(this.version, 2 * next);
    this.length = grown(this.length, 2 * next);
    this.firstPacket = grown(this.firstPacket, 2 * next);
    this.trouble = grown(this.trouble, 2 * next);
    this.headerHave = grown(this.headerHave, 2 * next);
    this.header = grown(this.header, 2 * next * RECORD_HEADER);
    this.reading = grown(this.reading, 2 * next);
    this.headHave = grown(this.headHave, 2 * next);
    this.lostBefore = grown(this.lostBefore, 2 * next);
    this.plain = grown(this.plain, 2 * next);
    this.bodiless = grown(this.bodiless, 2 * next);
    this.head = grown(this.head, 2 * next * HEAD_OCTETS);
    this.capacity = next;
  }
}
