import { grown } from '../bytes/columns.ts';
import { PAGE_ROWS, RowPages } from '../bytes/row-pages.ts';
import type { Side } from '../model/stream.ts';

/** Words of a flow: its stream, how many connections it hosted, and the initial numbers of both sides. */
const WORDS = 4;
const STREAM = 0;
/** Times 8; bit n: the initial number of side n is known; the present one has data, and is asleep. */
const HOSTED = 1;
const BASES = 2;
const ONE_BIT = 3;
const ONE = 1 << ONE_BIT;
const BOTH_KNOWN = 3;
const HAS_DATA = 4;

/** What the TCP stage knows of each flow beyond its present connection, by flow number. */
export class FlowState {
  /** The row of its present connection plus 1; of one that is asleep, what it is found by, negative. */
  row = new Int32Array(0);
  private readonly flows = new RowPages(WORDS, 0);
  /** Flows there is room for. */
  private room = 0;

  /** Makes room for a flow. Empty at first: see `Columns.grow` for why arrays that grow should do so early. */
  reserve(flow: number): void {
    if (flow < this.room) return;
    this.flows.reserve(flow);
    this.room = flow - (flow % PAGE_ROWS) + PAGE_ROWS;
    if (this.room > this.row.length)
      this.row = grown(this.row, Math.max(this.room, Math.ceil(this.row.length * 1.5)));
  }

  /** The stream of its present connection. */
  stream(flow: number): number {
    return this.wordsOf(flow)[this.flows.intsAt(flow) + STREAM] as number;
  }

  /** Connections that it has hosted, the present one too. */
  hosted(flow: number): number {
    return (this.wordsOf(flow)[this.flows.intsAt(flow) + HOSTED] as number) >> ONE_BIT;
  }

  /** Its next connection has this stream. */
  host(flow: number, stream: number): void {
    const words = this.wordsOf(flow);
    const at = this.flows.intsAt(flow);
    words[at + STREAM] = stream;
    words[at + HOSTED] = (words[at + HOSTED] as number) + ONE;
  }

  /** Is the initial number of this side known? */
  hasBase(flow: number, side: Side): boolean {
    const hosted = this.wordsOf(flow)[this.flows.intsAt(flow) + HOSTED] as number;
    return (hosted & (1 << side)) !== 0;
  }

  base(flow: number, side: Side): number {
    return this.wordsOf(flow)[this.flows.intsAt(flow) + BASES + side] as number;
  }

  setBase(flow: number, side: Side, sequence: number): void {
    const words = this.wordsOf(flow);
    const at = this.flows.intsAt(flow);
    words[at + BASES + side] = sequence;
    words[at + HOSTED] = (words[at + HOSTED] as number) | (1 << side);
  }

  /** Another connection begins, with initial numbers of its own. */
  forgetBases(flow: number): void {
    const words = this.wordsOf(flow);
    const at = this.flows.intsAt(flow) + HOSTED;
    words[at] = (words[at] as number) & ~BOTH_KNOWN;
  }

  /** Its present connection falls asleep. */
  sleeps(flow: number, handle: number, hasData: boolean): void {
    this.row[flow] = -handle;
    const words = this.wordsOf(flow);
    const at = this.flows.intsAt(flow) + HOSTED;
    words[at] = ((words[at] as number) & ~HAS_DATA) | (hasData ? HAS_DATA : 0);
  }

  /** Had its present connection, which is asleep, any data? */
  hadData(flow: number): boolean {
    const hosted = this.wordsOf(flow)[this.flows.intsAt(flow) + HOSTED] as number;
    return (hosted & HAS_DATA) !== 0;
  }

  /** The number is that of another flow from now on; no connection is left on it. */
  forget(flow: number): void {
    const at = this.flows.intsAt(flow);
    this.wordsOf(flow).fill(0, at, at + WORDS);
  }

  /** No packets come any more: only the rows are still asked for. */
  end(): void {
    for (let flow = 0; flow < this.room; flow += PAGE_ROWS) this.flows.drop(flow);
  }

  private wordsOf(flow: number): Int32Array {
    return this.flows.intsOf(flow) as Int32Array;
  }
}
