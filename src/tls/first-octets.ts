import { grown } from '../bytes/columns.ts';

/** First octets of a direction that are kept while it is not recognised. */
export const START_OCTETS = 64;

/** Behind them: how many there are plus 1, 0 for a direction that nothing is known of; and whether the rest is missing. */
const HAVE = START_OCTETS;
const CLOSED = START_OCTETS + 1;
const ROW = START_OCTETS + 2;

/** The first octets of each direction, by its number, as rows of octets: a flood of connections without TLS has millions. */
export class FirstOctets {
  private rows = new Uint8Array(0);

  has(half: number): boolean {
    return (this.rows[half * ROW + HAVE] ?? 0) > 0;
  }

  /** A copy; undefined for a direction that nothing is known of. */
  of(half: number): Uint8Array | undefined {
    const at = half * ROW;
    return this.has(half)
      ? this.rows.slice(at, at + (this.rows[at + HAVE] as number) - 1)
      : undefined;
  }

  /** The next octets, of which those are kept that are among the first. */
  add(half: number, bytes: Uint8Array, start: number, end: number): void {
    const at = half * ROW;
    if (at + ROW > this.rows.length)
      this.rows = grown(this.rows, ROW * Math.max(FEW, Math.ceil(half * 1.5) + 2));
    const { rows } = this;
    let have = Math.max(0, (rows[at + HAVE] as number) - 1);
    if (rows[at + CLOSED] === 0)
      for (let from = start; from < end && have < START_OCTETS; from++)
        rows[at + have++] = bytes[from] as number;
    rows[at + HAVE] = have + 1;
  }

  /** Octets are missing: what follows does not continue what is kept. */
  close(half: number): void {
    if (this.has(half)) this.rows[half * ROW + CLOSED] = 1;
  }

  forget(half: number): void {
    if (this.has(half)) this.rows.fill(0, half * ROW + HAVE, (half + 1) * ROW);
  }
}

/** Directions there is room for at first. */
const FEW = 1024;
