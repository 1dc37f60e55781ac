import { ascii } from '../bytes/concat.ts';
/**
 * Reads key logs as they are written to `SSLKEYLOGFILE`: lines of a label, a random and a secret, both in hexadecimal.
 * RFC 9850 §2. Blanks around and between fields are let pass in any number, and any line end. What is read is a view into
 * the log; no text is made of a line, and no reason repeats what stood there.
 */

/** What a line's middle field is. RFC 9850 §2, and the forms of NSS before it. */
export const LABELS = {
  CLIENT_RANDOM: 0,
  CLIENT_EARLY_TRAFFIC_SECRET: 1,
  CLIENT_HANDSHAKE_TRAFFIC_SECRET: 2,
  SERVER_HANDSHAKE_TRAFFIC_SECRET: 3,
  /** The N that its name ends in is kept beside it. */
  CLIENT_TRAFFIC_SECRET: 4,
  SERVER_TRAFFIC_SECRET: 5,
  EARLY_EXPORTER_SECRET: 6,
  EXPORTER_SECRET: 7,
  /** Premaster secret by client random, as Wireshark takes it. */
  PMS_CLIENT_RANDOM: 8,
  /** Premaster secret by the first 8 octets of the encrypted one. */
  RSA: 9,
  /** Master secret by session id: `RSA Session-ID:… Master-Key:…`. */
  SESSION_ID: 10,
  /** What HPKE agreed on for an encrypted ClientHello, and the configuration it used, by the random of the outer one. */
  ECH_SECRET: 11,
  ECH_CONFIG: 12,
} as const;

export type LabelName = keyof typeof LABELS;

/** Labels that are known and of no use here: their secrets protect what this tool does not read. */
const NOT_USED = new Set([
  'QUIC_CLIENT_EARLY_TRAFFIC_SECRET',
  'QUIC_CLIENT_HANDSHAKE_TRAFFIC_SECRET',
  'QUIC_SERVER_HANDSHAKE_TRAFFIC_SECRET',
  'QUIC_CLIENT_TRAFFIC_SECRET_0',
  'QUIC_SERVER_TRAFFIC_SECRET_0',
]);

/** Octets of the middle field and of the secret that a label wants: least and most of both. */
const SIZES: readonly (readonly [number, number, number, number])[] = Object.keys(LABELS).map(
  (label) => {
    switch (label) {
      case 'CLIENT_RANDOM':
        return [32, 32, 48, 48];
      case 'RSA':
        return [8, 8, 48, 48];
      case 'SESSION_ID':
        return [0, 32, 48, 48];
      case 'PMS_CLIENT_RANDOM':
      case 'ECH_CONFIG':
        return [32, 32, 1, 1024];
      default:
        return [32, 32, 32, 64];
    }
  },
);

/** Why a line gave nothing. */
export type MalformedReason =
  | 'not text: UTF-16 or binary'
  | 'unknown label'
  | 'not three fields'
  | 'not hexadecimal'
  | 'random of wrong length'
  | 'secret of wrong length'
  | 'too many secrets';

/** Where the octets of one line go. `key` and `secret` are scratch space that the next line overwrites. */
export interface LineSink {
  /** @param generation N of `CLIENT_TRAFFIC_SECRET_N`, `UNNUMBERED` if it is that letter, else 0 */
  secret(
    label: number,
    generation: number,
    key: Uint8Array,
    secret: Uint8Array,
    secretOctets: number,
  ): void;
  notUsed(label: string): void;
  malformed(why: MalformedReason): void;
  /** The lines so far, comments and empty ones too. */
  line(): void;
}

/** Reads key logs line by line, and tells a sink of each. RFC 9850 §2. */
export class KeyLogParser {
  /** The middle field, zeros behind it. */
  private readonly key = new Uint8Array(32);
  private readonly secret = new Uint8Array(1024);
  private readonly sink: LineSink;

  constructor(sink: LineSink) {
    this.sink = sink;
  }

  /** Reads a whole key log. */
  parse(octets: Uint8Array): void {
    let at = startsWith(octets, 0, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
    if (isUtf16(octets)) {
      this.sink.line();
      this.sink.malformed('not text: UTF-16 or binary');
      return;
    }
    while (at < octets.length) {
      let end = at;
      while (end < octets.length && octets[end] !== LF && octets[end] !== CR) end++;
      this.sink.line();
      this.line(octets, at, end);
      at = octets[end] === CR && octets[end + 1] === LF ? end + 2 : end + 1;
    }
  }

  private line(octets: Uint8Array, from: number, to: number): void {
    let [start, end] = [from, to];
    while (start < end && isBlank(octets[start])) start++;
    while (end > start && isBlank(octets[end - 1])) end--;
    if (start === end || octets[start] === HASH_SIGN) return;
    const labelEnd = fieldEnd(octets, start, end);
    const keyStart = blankEnd(octets, labelEnd, end);
    const keyEnd = fieldEnd(octets, keyStart, end);
    const secretStart = blankEnd(octets, keyEnd, end);
    const { label, generation } = readLabel(octets, start, labelEnd);
    if (label < 0) {
      this.withoutUse(octets, start, labelEnd);
      return;
    }
    if (secretStart === end || fieldEnd(octets, secretStart, end) !== end) {
      this.sink.malformed('not three fields');
      return;
    }
    if (label === LABELS.RSA && startsWith(octets, keyStart, SESSION_ID)) {
      if (!startsWith(octets, secretStart, MASTER_KEY)) this.sink.malformed('not three fields');
      else {
        const keyFrom = keyStart + SESSION_ID.length;
        const secretFrom = secretStart + MASTER_KEY.length;
        this.fields(LABELS.SESSION_ID, 0, octets, keyFrom, keyEnd, secretFrom, end);
      }
      return;
    }
    this.fields(label, generation, octets, keyStart, keyEnd, secretStart, end);
  }

  private fields(
    label: number,
    generation: number,
    octets: Uint8Array,
    keyStart: number,
    keyEnd: number,
    secretStart: number,
    secretEnd: number,
  ): void {
    const [keyLeast, keyMost, secretLeast, secretMost] = SIZES[label] as (typeof SIZES)[number];
    const keyOctets = (keyEnd - keyStart) / 2;
    const secretOctets = (secretEnd - secretStart) / 2;
    const { key, secret, sink } = this;
    if (keyOctets < keyLeast || keyOctets > keyMost) sink.malformed('random of wrong length');
    else if (secretOctets < secretLeast || secretOctets > secretMost)
      sink.malformed('secret of wrong length');
    else if (
      !readHex(octets, keyStart, keyEnd, key) ||
      !readHex(octets, secretStart, secretEnd, secret)
    )
      sink.malformed('not hexadecimal');
    else {
      key.fill(0, keyOctets);
      sink.secret(label, generation, key, secret, secretOctets);
    }
  }

  /** Only names that are known are told: what stands first in a damaged line may be a secret. */
  private withoutUse(octets: Uint8Array, start: number, end: number): void {
    const name =
      end - start > LONGEST_LABEL ? '' : String.fromCharCode(...octets.subarray(start, end));
    if (NOT_USED.has(name)) this.sink.notUsed(name);
    else this.sink.malformed('unknown label');
  }
}

/** The number of a label and the N of one that ends in it; -1 if it is not kept. */
export function labelOf(name: string): { label: number; generation: number } {
  return readLabel(ascii(name), 0, name.length);
}

function readLabel(
  octets: Uint8Array,
  start: number,
  end: number,
): { label: number; generation: number } {
  const length = end - start;
  // Five labels and their like make up a log: the length and one compare settle which.
  for (let label = 0; label < LABEL_OCTETS.length; label++) {
    const expected = LABEL_OCTETS[label] as Uint8Array;
    const numbered =
      label === LABELS.CLIENT_TRAFFIC_SECRET || label === LABELS.SERVER_TRAFFIC_SECRET;
    if (numbered ? length <= expected.length : length !== expected.length) continue;
    if (!startsWith(octets, start, expected)) continue;
    if (!numbered) return { label, generation: 0 };
    const generation = readGeneration(octets, start + expected.length, end);
    return generation === NO_GENERATION ? NO_LABEL : { label, generation };
  }
  return NO_LABEL;
}

const NO_LABEL = { label: -1, generation: 0 };

/** OpenSSL 3.0 leaves the N of later generations a letter: which one it is, the order of lines tells. */
export const UNNUMBERED = -1;

const NO_GENERATION = -2;

/** `_` and at most six digits without a needless zero, or the letter N; else `NO_GENERATION`. */
function readGeneration(octets: Uint8Array, start: number, end: number): number {
  if (octets[start] !== UNDERSCORE || end - start < 2 || end - start > 7) return NO_GENERATION;
  if (octets[start + 1] === LETTER_N && end - start === 2) return UNNUMBERED;
  if (octets[start + 1] === ZERO && end - start > 2) return NO_GENERATION;
  let value = 0;
  for (let at = start + 1; at < end; at++) {
    const digit = (octets[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return NO_GENERATION;
    value = value * 10 + digit;
  }
  return value;
}

/** Writes the octets of an even number of hexadecimal digits; false if there is anything else. */
function readHex(octets: Uint8Array, start: number, end: number, into: Uint8Array): boolean {
  if ((end - start) % 2 !== 0) return false;
  let bad = 0;
  for (let at = start, to = 0; at < end; at += 2, to++) {
    const high = NIBBLES[octets[at] as number] as number;
    const low = NIBBLES[octets[at + 1] as number] as number;
    bad |= high | low;
    into[to] = (high << 4) | low;
  }
  return (bad & 0x80) === 0;
}

/** The value of a hexadecimal digit by its character; 0x80 for others. */
const NIBBLES = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase());
  return value < 0 ? 0x80 : value;
});

function fieldEnd(octets: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && !isBlank(octets[at])) at++;
  return at;
}

function blankEnd(octets: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(octets[at])) at++;
  return at;
}

function isBlank(octet: number | undefined): boolean {
  return octet === 0x20 || octet === 0x09;
}

function startsWith(octets: Uint8Array, at: number, prefix: Uint8Array): boolean {
  if (at + prefix.length > octets.length) return false;
  for (let i = 0; i < prefix.length; i++) if (octets[at + i] !== prefix[i]) return false;
  return true;
}

/** With its mark, or without: then every second octet of the first label is zero. Windows PowerShell writes such files. */
function isUtf16(octets: Uint8Array): boolean {
  const [first, second] = octets;
  return (
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff) ||
    (octets.length > 1 && (first === 0) !== (second === 0))
  );
}

const LF = 0x0a;
const CR = 0x0d;
const HASH_SIGN = 0x23;
const UNDERSCORE = 0x5f;
const ZERO = 0x30;
const LETTER_N = 0x4e;
const LONGEST_LABEL = 40;
const BYTE_ORDER_MARK = Uint8Array.of(0xef, 0xbb, 0xbf);
const SESSION_ID = ascii('Session-ID:');
const MASTER_KEY = ascii('Master-Key:');
const LABEL_OCTETS = Object.keys(LABELS).map((name) => ascii(name));
