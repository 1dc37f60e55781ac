import type { Finding } from '../model/finding.ts';
import type { Repeatable } from './repeats.ts';

/** Texts of a page, unless one is longer. */
const PAGE_OCTETS = 64 * 1024;

/** Texts that are to be written at the end, as UTF-8: the objects they were made of need more room. */
export class WaitingTexts {
  private readonly pages: Uint8Array[] = [];
  /** Free octets of the last page begin here. */
  private at = 0;
  /** Of each text: its page, where it begins there, and its octets. */
  private readonly places: number[] = [];

  get count(): number {
    return this.places.length / 3;
  }

  /** @returns its number, from 0 */
  add(text: string): number {
    let page = this.pages.at(-1);
    let { read, written } = page === undefined ? NOTHING : this.encode(text, page);
    if (page === undefined || read < text.length) {
      page = new Uint8Array(Math.max(PAGE_OCTETS, text.length * MOST_OCTETS));
      this.pages.push(page);
      this.at = 0;
      ({ read, written } = this.encode(text, page));
    }
    this.places.push(this.pages.length - 1, this.at, written);
    this.at += written;
    return this.count - 1;
  }

  of(number: number): string {
    const [page = 0, at = 0, length = 0] = this.places.slice(3 * number, 3 * number + 3);
    return decoder.decode(this.pages[page]?.subarray(at, at + length));
  }

  forEach(take: (text: string, number: number) => void): void {
    for (let number = 0; number < this.count; number++) take(this.of(number), number);
  }

  private encode(text: string, page: Uint8Array) {
    return encoder.encodeInto(text, page.subarray(this.at));
  }
}

/** The members of a finding's JSON object behind its number: its own, those that its rule gives, and its own again. */
export interface FindingParts {
  readonly own: string;
  readonly alike: string;
  readonly last: string;
}

/** What is looked at before a finding is written. */
interface Waiting extends Repeatable {
  /** Of its own parts. */
  readonly number: number;
  readonly alike: string;
}

/** Findings that wait for the end of the report to be sorted. */
export class WaitingFindings {
  private readonly waiting: Waiting[] = [];
  private readonly texts = new WaitingTexts();
  /** The part that was alike last, by rule: nearly all findings of a rule share one text. */
  private readonly alike = new Map<string, string>();

  add(finding: Finding, { own, alike, last }: FindingParts): void {
    const { rule, title, severity, confidence, nanos, ofServer, packets } = finding;
    const known = this.alike.get(rule);
    if (known !== alike) this.alike.set(rule, alike);
    const number = this.texts.add(own);
    this.texts.add(last);
    this.waiting.push({
      ...{ rule, title, severity, confidence, nanos, ofServer, number },
      packets: packets.slice(0, 1),
      alike: known === alike ? known : alike,
    });
  }

  /** In the order in which they came. */
  list(): Waiting[] {
    return this.waiting;
  }

  partsOf({ number, alike }: Waiting): FindingParts {
    return { own: this.texts.of(number), alike, last: this.texts.of(number + 1) };
  }
}

/** Of UTF-8 for one unit of a string. */
const MOST_OCTETS = 3;
const NOTHING = { read: 0, written: 0 };
const encoder = new TextEncoder();
const decoder = new TextDecoder();
