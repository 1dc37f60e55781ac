import { grown } from '../bytes/columns.ts';

const FIRST_FLOWS = 512;

/** What the TCP stage knows of each flow beyond its present connection, as columns by flow number. */
export class FlowState {
  /** The row of its present connection plus 1. */
  row = new Int32Array(0);
  /** Its stream number, and how many connections it has hosted. */
  stream = new Int32Array(0);
  count = new Int32Array(0);
  /** Initial sequence numbers, two for each flow; bit n of `known`: that of side n is known. */
  base = new Int32Array(0);
  known = new Uint8Array(0);

  /** Makes room for a flow. Empty at first: see `Columns.grow` for why arrays that grow should do so early. */
  reserve(flow: number): void {
    if (flow < this.row.length) return;
    const length = Math.max(FIRST_FLOWS, flow + 1, Math.ceil(this.row.length * 1.5));
    this.row = grown(this.row, length);
    this.stream = grown(this.stream, length);
    this.count = grown(this.count, length);
    this.base = grown(this.base, length * 2);
    this.known = grown(this.known, length);
  }
}
