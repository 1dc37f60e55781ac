import { plural } from '../report/style.ts';
import type { TextOutput } from './streams.ts';

const UPDATE_MILLIS = 100;
const ERASE = '\r\u001b[K';

/** One line on a terminal that tells how far the reading is, ten times a second, and leaves no trace. */
export class Progress {
  private readonly stream: TextOutput;
  private last = 0;
  private shown = false;

  /** @param stream a terminal */
  constructor(stream: TextOutput) {
    this.stream = stream;
  }

  /** @param state told only when it is due */
  update(state: () => ProgressState): void {
    const now = performance.now();
    if (now - this.last < UPDATE_MILLIS) return;
    this.last = now;
    this.shown = true;
    const { read, size, packets, connections, findings } = state();
    const share = size !== undefined && size > 0 ? `${Math.floor((100 * read) / size)} % of ` : '';
    const counts = [
      `${share}${octets(size ?? read)}`,
      plural(packets, 'packet'),
      plural(connections, 'connection'),
      plural(findings, 'finding'),
    ].join(', ');
    this.stream.write(
      `${ERASE}reading: ${counts}`.slice(0, (this.stream.columns || 80) + ERASE.length - 1),
    );
  }

  erase(): void {
    if (this.shown) this.stream.write(ERASE);
    this.shown = false;
  }
}

/** How far a run has come: octets read of all captures, and what was found in them. `size` is undefined for a pipe. */
export interface ProgressState {
  readonly read: number;
  readonly size: number | undefined;
  readonly packets: number;
  readonly connections: number;
  readonly findings: number;
}

function octets(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} GB`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} MB` : `${Math.ceil(count / 1e3)} kB`;
}
