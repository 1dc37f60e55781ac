import { type Nanos, SECOND } from '../model/time.ts';

/**
 * Takes finished output. The octets are valid until the call returns; who needs them longer copies them.
 */
export type OctetSink = (octets: Uint8Array) => void;

/**
 * A piece of ASCII that is written often: its octets in words of eight, little-endian, the last one padded. The words are
 * floating-point numbers because those are stored without an object each; ASCII cannot make a NaN, whose octets would not
 * be safe.
 */
export interface Literal {
  readonly words: Float64Array;
  readonly length: number;
}

/** Prepares a piece of JSON for `OctetWriter.literal`; what is not ASCII in it is escaped, as only strings have any. */
export function literal(json: string): Literal {
  const text = json.replace(BEYOND_ASCII, escaped);
  const octets = new Uint8Array(Math.ceil(text.length / 8) * 8);
  for (let i = 0; i < text.length; i++) octets[i] = text.charCodeAt(i);
  const view = new DataView(octets.buffer);
  const words = new Float64Array(octets.length / 8);
  for (let i = 0; i < words.length; i++) words[i] = view.getFloat64(i * 8, true);
  return { words, length: text.length };
}

/** Output leaves in pieces of about this size: large enough that the cost of a system call vanishes. */
const BUFFER_OCTETS = 256 * 1024;
/** A literal is copied by whole words and may touch this much more than its length. */
const SLACK_OCTETS = 8;

/**
 * Writes JSON as octets.
 *
 * A capture may hold a million connections of 1.7 kB of JSON each. Built from strings, one costs 9 µs, most of it for
 * joining them and collecting the garbage; written in place as here, without a single object, it costs 1.5 µs. Literals are
 * copied four octets at a time, which may write up to three too many: the next piece overwrites them.
 */
export class OctetWriter {
  private readonly sink: OctetSink;
  private readonly octets = new Uint8Array(BUFFER_OCTETS);
  private readonly view = new DataView(this.octets.buffer);
  private at = 0;
  private written = 0;

  constructor(sink: OctetSink) {
    this.sink = sink;
  }

  /** Octets that left or wait to leave. */
  get length(): number {
    return this.written + this.at;
  }

  /** Hands what was written to the sink. */
  flush(): void {
    if (this.at === 0) return;
    const end = this.at;
    this.at = 0;
    this.written += end;
    this.sink(this.octets.subarray(0, end));
  }

  /**
   * Makes room. Literals, numbers, dates and randoms do not look after it themselves, for speed: who writes them asks for
   * the room of all of them first. Strings and text do.
   */
  reserve(octets: number): void {
    if (this.at + octets + SLACK_OCTETS > BUFFER_OCTETS) this.flush();
  }

  literal(piece: Literal): void {
    const { words, length } = piece;
    let at = this.at;
    this.at = at + length;
    for (let i = 0; i < words.length; i++, at += 8) {
      this.view.setFloat64(at, words[i] as number, true);
    }
  }

  /** One ASCII character. */
  octet(value: number): void {
    this.octets[this.at++] = value;
  }

  /** @param value whole; fast if not negative and below 10^9 */
  number(value: number): void {
    if (value < 0 || value > 999_999_999) {
      this.ascii(String(value));
      return;
    }
    if (value < 10) {
      this.octets[this.at++] = ZERO + value;
      return;
    }
    let rest = value;
    let at = this.at + digitsOf(value);
    this.at = at;
    do {
      const tenth = (rest / 10) | 0;
      this.octets[--at] = ZERO + rest - tenth * 10;
      rest = tenth;
    } while (rest > 0);
  }

  /** Lower-case hexadecimal, two digits an octet. */
  hex(value: Uint8Array, from = 0, length = value.length): void {
    let at = this.at;
    for (let i = from; i < from + length; i++, at += 2) {
      this.view.setUint16(at, HEX_PAIRS[value[i] as number] as number, true);
    }
    this.at = at;
  }

  /** RFC 3339 date in UTC with nine decimals, as `formatDate` of the model gives it, which is made for few calls. */
  date(epochSeconds: number, nanos: Nanos): void {
    const whole = Math.floor(nanos / SECOND);
    const fraction = Math.floor(nanos - whole * SECOND);
    const seconds = Math.min(Math.max(epochSeconds + whole, FIRST_SECOND), LAST_SECOND);
    const day = Math.floor(seconds / DAY);
    if (day !== this.day) {
      this.day = day;
      this.dayText = literal(new Date(day * DAY * 1000).toISOString().slice(0, 11));
    }
    this.literal(this.dayText);
    const second = seconds - day * DAY;
    this.digits((second / 3600) | 0, 2, COLON);
    this.digits(((second / 60) | 0) % 60, 2, COLON);
    this.digits(second % 60, 2, POINT);
    this.digits(fraction, 9, ZULU);
  }
  private day = Number.NaN;
  private dayText = literal('');

  /** ASCII that needs no escaping: names and addresses of our own making. */
  ascii(text: string): void {
    this.reserve(text.length);
    let at = this.at;
    for (let i = 0; i < text.length; i++) this.octets[at++] = text.charCodeAt(i);
    this.at = at;
  }

  /** A string from the wire or the file system as a JSON string, harmless when printed to a terminal. */
  quoted(text: string): void {
    if (!PLAIN.test(text)) {
      this.text(toJson(text));
      return;
    }
    this.reserve(text.length + 2);
    this.octets[this.at++] = QUOTE;
    this.ascii(text);
    this.octets[this.at++] = QUOTE;
  }

  /** Any text, of any length, as UTF-8. */
  text(text: string): void {
    let rest = text;
    while (rest.length > 0) {
      this.reserve(Math.min(rest.length * 3, BUFFER_OCTETS - SLACK_OCTETS));
      const { read, written } = encoder.encodeInto(rest, this.octets.subarray(this.at));
      this.at += written;
      rest = rest.slice(read);
    }
  }

  /** Exactly `width` digits and an octet that ends them. */
  private digits(value: number, width: number, end: number): void {
    let rest = value;
    let at = this.at + width;
    this.octets[at] = end;
    this.at = at + 1;
    for (let i = 0; i < width; i++) {
      const tenth = (rest / 10) | 0;
      this.octets[--at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
  }
}

/**
 * Any value as JSON that is harmless when printed to a terminal: what JSON allows in strings but a terminal or a reader
 * must not get (control characters beyond ASCII, directional and invisible formatting, line separators) is escaped.
 * JSON outside of strings is ASCII, so nothing else changes.
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  // A plain character class is tested much faster than classes of Unicode are searched.
  return ASCII.test(text) ? text : text.replace(DECEPTIVE, escaped);
}

function escaped(character: string): string {
  let text = '';
  for (let i = 0; i < character.length; i++)
    text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return text;
}

/** Printable ASCII without quotation mark and backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** JSON has no control character but DEL, which is one of the deceptive. */
const ASCII = /^[ -~]*$/;
const BEYOND_ASCII = /[\u0080-\uffff]/g;
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu;

const ZERO = 0x30;
const QUOTE = 0x22;
const COLON = 0x3a;
const POINT = 0x2e;
const ZULU = 0x5a;

const DAY = 86_400;
/** The years 0 to 9999, which RFC 3339 can tell. */
const FIRST_SECOND = -62_167_219_200;
const LAST_SECOND = 253_402_300_799;

const encoder = new TextEncoder();

const HEX_PAIRS = Uint16Array.from({ length: 256 }, (_, octet) => {
  const digits = octet.toString(16).padStart(2, '0');
  return digits.charCodeAt(0) | (digits.charCodeAt(1) << 8);
});

function digitsOf(value: number): number {
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  return value < 100_000_000 ? 8 : 9;
}
