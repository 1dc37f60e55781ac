import type { PacketPlaces } from '../model/packet.ts';

/** Packets of several captures by turns that are kept together: looking one up walks over half as many. */
const MIXED_PACKETS = 1024;
/** Captures that one octet can name. */
const MIXED_CAPTURES = 256;

/** Packets from `first` on: of one capture, each the next of its file, or of several by turns. */
interface Stretch {
  readonly first: number;
  readonly capture: number;
  /** What a packet of the run has in front of its number in the file. */
  readonly offset: number;
  readonly mixed: Mixed | undefined;
}

/** Packets of several captures: an octet for each says whose it is. */
interface Mixed {
  count: number;
  readonly slots: Uint8Array;
  /** By slot: the capture, and the number that it had come to before. */
  readonly captures: number[];
  readonly before: number[];
}

/**
 * Where the packets of a run stand in their files. A file that is read alone takes one entry, whatever its size; where
 * files overlap in time each packet takes an octet.
 */
export class Places implements PacketPlaces {
  readonly several: boolean;
  readonly paths: string[] = [];
  private readonly stretches: Stretch[] = [];
  /** Where the last packet looked up was found: packets are looked up in runs. */
  private last = 0;

  constructor(several: boolean) {
    this.several = several;
  }

  /** From packet `first` on, packets of this capture follow each other; the first is packet `number` of its file. */
  follow(first: number, capture: number, number: number): void {
    const offset = first - number;
    const before = this.stretches.at(-1);
    if (before?.capture === capture && before.offset === offset && before.mixed === undefined)
      return;
    this.stretches.push({ first, capture, offset, mixed: undefined });
  }

  /** Packet `packet`, the next of the run, is the next packet of this capture: `number` in its file. */
  add(packet: number, capture: number, number: number): void {
    let mixed = this.stretches.at(-1)?.mixed;
    if (mixed === undefined || mixed.count === MIXED_PACKETS) mixed = this.begin(packet);
    let slot = mixed.captures.indexOf(capture);
    if (slot < 0) {
      if (mixed.captures.length === MIXED_CAPTURES) mixed = this.begin(packet);
      slot = mixed.captures.push(capture) - 1;
      mixed.before.push(number - 1);
    }
    mixed.slots[mixed.count++] = slot;
  }

  captureOf(packet: number): number {
    const found = this.find(packet);
    if (found === undefined) return 0;
    const { mixed, first, capture } = found;
    return mixed === undefined ? capture : (mixed.captures[slotOf(mixed, packet - first)] ?? 0);
  }

  numberInFile(packet: number): number {
    const found = this.find(packet);
    if (found === undefined) return packet;
    const { mixed, first, offset } = found;
    if (mixed === undefined) return packet - offset;
    const slot = slotOf(mixed, packet - first);
    let number = mixed.before[slot] ?? 0;
    for (let at = 0; at <= packet - first; at++) if (mixed.slots[at] === slot) number++;
    return number;
  }

  followedUpTo(packet: number): number {
    const found = this.find(packet);
    if (found === undefined) return Number.POSITIVE_INFINITY;
    if (found.mixed !== undefined) return packet;
    const next = this.stretches[this.last + 1];
    return next === undefined ? Number.POSITIVE_INFINITY : next.first - 1;
  }

  private begin(first: number): Mixed {
    const slots = new Uint8Array(MIXED_PACKETS);
    const mixed: Mixed = { count: 0, slots, captures: [], before: [] };
    this.stretches.push({ first, capture: 0, offset: 0, mixed });
    return mixed;
  }

  private find(packet: number): Stretch | undefined {
    const { stretches } = this;
    const known = stretches[this.last];
    if (known !== undefined && packet >= known.first) {
      const next = stretches[this.last + 1];
      if (next === undefined || packet < next.first) return known;
    }
    let low = 0;
    let high = stretches.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((stretches[middle] as Stretch).first <= packet) low = middle;
      else high = middle - 1;
    }
    this.last = low;
    return stretches[low];
  }
}

function slotOf({ slots, count }: Mixed, at: number): number {
  return slots[Math.min(Math.max(at, 0), count - 1)] ?? 0;
}
