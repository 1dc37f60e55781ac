/**
 * Records of SSL 2.0, once a server has chosen it: two octets of length with the high bit set, or three where padding
 * follows, whose third says how much. Of each the length and the first octets are told; the bodies are skipped.
 */

/** Of a record: its type, and of a CLIENT-MASTER-KEY the cipher kind. */
const HEAD_OCTETS = 4;
/** Octets of a longer header. */
const HEADER = 3;

interface Half {
  readonly header: Uint8Array;
  headerHave: number;
  readonly head: Uint8Array;
  headHave: number;
  /** Octets of the present record, and how many are to come. */
  length: number;
  left: number;
}

/** Takes each record: the octets of its body, and the first of them. */
export type Ssl2Sink = (length: number, head: Uint8Array) => void;

/** Cuts the directions that speak SSL 2.0 into records. */
export class Ssl2Records {
  private readonly halves = new Map<number, Half>();

  octets(half: number, bytes: Uint8Array, start: number, end: number, sink: Ssl2Sink): void {
    const own = this.halves.get(half) ?? this.begin(half);
    let at = start;
    while (at < end) {
      if (own.left === 0) {
        own.header[own.headerHave++] = bytes[at++] as number;
        const size = ((own.header[0] as number) & 0x80) !== 0 ? 2 : HEADER;
        if (own.headerHave < size) continue;
        const mask = size === 2 ? 0x7f : 0x3f;
        own.length = (((own.header[0] as number) & mask) << 8) | (own.header[1] as number);
        own.left = own.length;
        own.headerHave = 0;
        own.headHave = 0;
        continue;
      }
      const taken = Math.min(own.left, end - at);
      for (let i = at; i < at + taken && own.headHave < HEAD_OCTETS; i++)
        own.head[own.headHave++] = bytes[i] as number;
      at += taken;
      own.left -= taken;
      if (own.left === 0) sink(own.length, own.head.subarray(0, own.headHave));
    }
  }

  forget(half: number): void {
    if (this.halves.size > 0) this.halves.delete(half);
  }

  private begin(half: number): Half {
    const made: Half = {
      header: new Uint8Array(HEADER),
      headerHave: 0,
      head: new Uint8Array(HEAD_OCTETS),
      headHave: 0,
      length: 0,
      left: 0,
    };
    this.halves.set(half, made);
    return made;
  }
}
