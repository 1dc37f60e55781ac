import { grown } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import {
  KeyLogParser,
  LABELS,
  type LabelName,
  type LineSink,
  labelOf,
  type MalformedReason,
  UNNUMBERED,
} from './key-log-lines.ts';
import { KeyLogRandoms } from './key-log-randoms.ts';

/**
 * A label of RFC 9850 §2 as it is looked up; `SESSION_ID` and `RSA` are forms from before it, with other keys. Under
 * `…_N`, letter and all, stand later generations from OpenSSL 3.0, in the order in which they came.
 */
export type KeyLogLabel =
  | Exclude<LabelName, 'CLIENT_TRAFFIC_SECRET' | 'SERVER_TRAFFIC_SECRET'>
  | `CLIENT_TRAFFIC_SECRET_${number | 'N'}`
  | `SERVER_TRAFFIC_SECRET_${number | 'N'}`;

/** A line that was not understood. Nothing of its text is kept: it may hold a secret. */
export interface MalformedLine {
  /** Which of the logs given, from 1. */
  readonly log: number;
  /** From 1 within its log. */
  readonly line: number;
  readonly why: MalformedReason;
}

/** How close the key log comes to a random that it does not have, or not under the label wanted. */
export type NearestMiss =
  /** The random is there, with other labels only. */
  | { readonly kind: 'other-label'; readonly labels: readonly string[] }
  /** One random of the log differs in a few octets only: damage, not chance. */
  | {
      readonly kind: 'similar-random';
      readonly log: number;
      readonly line: number;
      readonly differingOctets: number;
      readonly equalLeadingOctets: number;
    };

/**
 * Secrets of key logs by label and random, millions of them: rows of numbers and two growing arrays of octets, no object
 * a line. A random has a chain of secrets. The order of lines does not matter, except that `find` prefers the first.
 */
export class KeyLog {
  /** Known labels that were left out, each with the number of its lines. */
  readonly notUsed = new Map<string, number>();
  private readonly malformedLines: MalformedLine[] = [];
  private malformedTotal = 0;
  private lineTotal = 0;
  private log = 0;
  private line = 0;
  private readonly parser: KeyLogParser;
  private otherKeys = false;
  private handshakeSecrets = false;

  private readonly randoms = new KeyLogRandoms();
  /** Of each random, by its row: its secrets, and where it came first. */
  private newest = new Int32Array(256);
  private oldest = new Int32Array(256);
  private firstLine = new Int32Array(256);
  private firstLog = new Int32Array(256);
  /** Lines of the random, those that say the same again too. */
  private lineCount = new Int32Array(256);
  private matched = new Uint8Array(256);

  private secretCount = 0;
  private label = new Int32Array(512);
  private generation = new Int32Array(512);
  /** The next secret of the same random, from 1; 0 ends the chain. */
  private next = new Int32Array(512);
  /** Float64: the octets of four million secrets may pass 2^31. */
  private secretAt = new Float64Array(512);
  private secretOctets = new Int32Array(512);
  private octets = new Uint8Array(512 * 48);
  private octetCount = 0;
  private comparisons = 0;

  constructor() {
    const sink: LineSink = {
      line: () => {
        this.line++;
        this.lineTotal++;
      },
      malformed: (why) => this.tellMalformed(why),
      notUsed: (name) => this.notUsed.set(name, (this.notUsed.get(name) ?? 0) + 1),
      secret: (...fields) => this.keep(...fields),
    };
    this.parser = new KeyLogParser(sink);
  }

  /** Takes a whole key log; several may be given. Nothing in it throws. RFC 9850 §2. */
  add(octets: Uint8Array): void {
    this.log++;
    this.line = 0;
    this.parser.parse(octets);
  }

  /** How many were given. */
  get logs(): number {
    return this.log;
  }

  /** Lines of all logs, with comments and empty ones. */
  get lines(): number {
    return this.lineTotal;
  }

  /** Secrets kept; the same line twice counts once. */
  get secrets(): number {
    return this.secretCount;
  }

  /** The first of them; `malformedCount` has the number of all. */
  get malformed(): readonly MalformedLine[] {
    return this.malformedLines;
  }

  get malformedCount(): number {
    return this.malformedTotal;
  }

  /**
   * The secret of this label for the random in `bytes[at, at + 32)`: a view, the first of several. The random counts as
   * matched from now on, whichever label was found. `RSA` is looked up by 8 octets of the encrypted premaster secret.
   */
  find(label: KeyLogLabel, bytes: Uint8Array, at = 0): Uint8Array | undefined {
    return this.findAll(label, bytes, at)[0];
  }

  /** All different secrets of this label and random, in the order of the log: at most one of them is right. */
  findAll(label: KeyLogLabel, bytes: Uint8Array, at = 0): Uint8Array[] {
    const wanted = labelOf(label);
    const octets = wanted.label === LABELS.RSA ? 8 : 32;
    if (wanted.label < 0 || at + octets > bytes.length) return [];
    return this.look(wanted.label, wanted.generation, bytes.subarray(at, at + octets));
  }

  /** The master secret logged for a session id of up to 32 octets. */
  findSession(sessionId: Uint8Array): Uint8Array | undefined {
    if (sessionId.length === 0 || sessionId.length > 32) return undefined;
    return this.look(LABELS.SESSION_ID, 0, sessionId)[0];
  }

  /** Is there any secret for this random? Asking does not count as a match. */
  knows(bytes: Uint8Array, at: number): boolean {
    return at + 32 <= bytes.length && this.randoms.rowOf(bytes.subarray(at, at + 32)) >= 0;
  }

  /** Are there handshake secrets of TLS 1.3 servers? */
  get hasHandshakeSecrets(): boolean {
    return this.handshakeSecrets;
  }

  /**
   * The random under which a secret is logged that fits, among those that nobody has looked up: for a connection whose own
   * random is encrypted. Asks `fits` for each secret of this label and length, the first ones first.
   *
   * @param most secrets asked for
   * @returns a copy of the random, if there is one, and how often was asked
   */
  findUnmatched(
    label: KeyLogLabel,
    octets: number,
    most: number,
    fits: (secret: Uint8Array) => boolean,
  ): { readonly random: Uint8Array | undefined; readonly trials: number } {
    const wanted = labelOf(label);
    let trials = 0;
    for (let row = 0; row < this.randoms.count && trials < most; row++) {
      if (this.matched[row] !== 0) continue;
      for (let id = this.oldest[row] as number; id !== 0; id = this.next[id - 1] as number) {
        if (this.label[id - 1] !== wanted.label || this.secretOctets[id - 1] !== octets) continue;
        trials++;
        if (fits(this.secretView(id - 1))) return { random: this.randoms.copy(row), trials };
      }
    }
    return { random: undefined, trials };
  }

  /** Are there secrets that are not looked up by a random (session ids, RSA)? */
  get hasOtherKeys(): boolean {
    return this.otherKeys;
  }

  /** Lines with secrets for randoms that nobody has looked up: connections that are not in the capture. */
  unmatchedLines(): number {
    let count = 0;
    for (let row = 0; row < this.randoms.count; row++)
      if (this.matched[row] === 0) count += this.lineCount[row] as number;
    return count;
  }

  /** The first lines of the first randoms that nobody has looked up. */
  firstUnmatchedLines(): { log: number; line: number }[] {
    const found: { log: number; line: number }[] = [];
    for (let row = 0; row < this.randoms.count && found.length < LIMITS.keyLogLinesNamed; row++)
      if (this.matched[row] === 0)
        found.push({ log: this.firstLog[row] as number, line: this.firstLine[row] as number });
    return found;
  }

  /**
   * What the log has instead of a secret that was not found. Of similar randoms only one within eight octets is told:
   * chance does not bring any two so close. Undefined where there is none, or once enough has been searched.
   */
  nearest(bytes: Uint8Array, at = 0): NearestMiss | undefined {
    if (at + 32 > bytes.length) return undefined;
    const random = bytes.subarray(at, at + 32);
    const row = this.randoms.rowOf(random);
    if (row >= 0) return { kind: 'other-label', labels: this.labelsOf(row) };
    if (this.comparisons + this.randoms.count > LIMITS.keyLogComparisons) return undefined;
    this.comparisons += this.randoms.count;
    const best = this.randoms.nearest(random);
    if (best.row < 0) return undefined;
    return {
      kind: 'similar-random',
      log: this.firstLog[best.row] as number,
      line: this.firstLine[best.row] as number,
      differingOctets: best.differing,
      equalLeadingOctets: best.leading,
    };
  }

  private look(label: number, generation: number, key: Uint8Array): Uint8Array[] {
    const row = this.randoms.rowOf(key);
    const found: Uint8Array[] = [];
    if (row < 0) return found;
    for (let id = this.oldest[row] as number; id !== 0; id = this.next[id - 1] as number) {
      if (this.label[id - 1] !== label || this.generation[id - 1] !== generation) continue;
      found.push(this.secretView(id - 1));
      this.matched[row] = 1;
    }
    return found;
  }

  private keep(
    label: number,
    generation: number,
    key: Uint8Array,
    secret: Uint8Array,
    secretOctets: number,
  ): void {
    if (label === LABELS.SESSION_ID || label === LABELS.RSA) this.otherKeys = true;
    if (label === LABELS.SERVER_HANDSHAKE_TRAFFIC_SECRET) this.handshakeSecrets = true;
    if (this.secretCount >= LIMITS.keyLogSecrets) {
      this.tellMalformed('too many secrets');
      return;
    }
    const row = this.rowFor(key);
    this.lineCount[row] = (this.lineCount[row] as number) + 1;
    let count = 0;
    for (let id = this.oldest[row] as number; id !== 0; id = this.next[id - 1] as number) {
      if (this.isSame(id - 1, label, generation, secret, secretOctets)) return;
      count++;
    }
    if (count >= LIMITS.keyLogSecretsPerRandom) {
      this.tellMalformed('too many secrets');
      return;
    }
    this.append(row, label, generation, secret, secretOctets);
  }

  private append(
    row: number,
    label: number,
    generation: number,
    secret: Uint8Array,
    secretOctets: number,
  ): void {
    if (this.secretCount === this.label.length) this.growSecrets();
    if (this.octetCount + secretOctets > this.octets.length)
      this.octets = grown(this.octets, Math.ceil(this.octets.length * 1.5) + secretOctets);
    const id = this.secretCount++;
    this.label[id] = label;
    this.generation[id] = generation;
    this.secretAt[id] = this.octetCount;
    this.secretOctets[id] = secretOctets;
    for (let i = 0; i < secretOctets; i++) this.octets[this.octetCount + i] = secret[i] as number;
    this.octetCount += secretOctets;
    const last = this.newest[row] as number;
    if (last === 0) this.oldest[row] = id + 1;
    else this.next[last - 1] = id + 1;
    this.newest[row] = id + 1;
  }

  private isSame(
    id: number,
    label: number,
    generation: number,
    secret: Uint8Array,
    secretOctets: number,
  ): boolean {
    if (this.label[id] !== label || this.generation[id] !== generation) return false;
    if (this.secretOctets[id] !== secretOctets) return false;
    const at = this.secretAt[id] as number;
    for (let i = 0; i < secretOctets; i++) if (this.octets[at + i] !== secret[i]) return false;
    return true;
  }

  private secretView(id: number): Uint8Array {
    const at = this.secretAt[id] as number;
    return this.octets.subarray(at, at + (this.secretOctets[id] as number));
  }

  private labelsOf(row: number): string[] {
    const labels = new Set<string>();
    for (let id = this.oldest[row] as number; id !== 0; id = this.next[id - 1] as number) {
      const label = this.label[id - 1] as number;
      labels.add(labelName(label, this.generation[id - 1] as number));
      if (labels.size === LIMITS.keyLogLinesNamed) break;
    }
    return [...labels];
  }

  private tellMalformed(why: MalformedReason): void {
    this.malformedTotal++;
    if (this.malformedLines.length < LIMITS.keyLogLinesNamed)
      this.malformedLines.push({ log: this.log, line: this.line, why });
  }

  private rowFor(key: Uint8Array): number {
    const known = this.randoms.count;
    const row = this.randoms.take(key);
    if (row < known) return row;
    if (row === this.newest.length) this.growRows();
    this.firstLine[row] = this.line;
    this.firstLog[row] = this.log;
    return row;
  }

  private growRows(): void {
    const rows = Math.ceil(this.newest.length * 1.5);
    this.newest = grown(this.newest, rows);
    this.oldest = grown(this.oldest, rows);
    this.firstLine = grown(this.firstLine, rows);
    this.firstLog = grown(this.firstLog, rows);
    this.lineCount = grown(this.lineCount, rows);
    this.matched = grown(this.matched, rows);
  }

  private growSecrets(): void {
    const rows = Math.ceil(this.label.length * 1.5);
    this.label = grown(this.label, rows);
    this.generation = grown(this.generation, rows);
    this.next = grown(this.next, rows);
    this.secretAt = grown(this.secretAt, rows);
    this.secretOctets = grown(this.secretOctets, rows);
  }
}

const LABEL_NAMES = Object.keys(LABELS);

function labelName(label: number, generation: number): string {
  const name = LABEL_NAMES[label] ?? '';
  const numbered = label === LABELS.CLIENT_TRAFFIC_SECRET || label === LABELS.SERVER_TRAFFIC_SECRET;
  if (!numbered) return name;
  return `${name}_${generation === UNNUMBERED ? 'N' : generation}`;
}
