import { grown } from './columns.ts';

/** Slots are as many steps long: one, two, three …, from 16 on twice and from 32 on four times as far apart. */
const SIZES = Int32Array.from({ length: 32 }, (_, cls) =>
  cls < 16 ? cls + 1 : cls < 24 ? 16 + 2 * (cls - 15) : 32 + 4 * (cls - 23),
);
const LARGEST = SIZES.at(-1) as number;
/** The class of the smallest slot for so many steps. */
const CLASS_OF = Uint8Array.from({ length: LARGEST + 1 }, (_, steps) =>
  SIZES.findIndex((size) => size >= steps),
);
/** Marks what has an array of its own. */
const LARGE = SIZES.length;
/** A handle is a slot's number times this, and its class plus one. */
const CLASS_BITS = 6;
const CLASS_MASK = (1 << CLASS_BITS) - 1;
/** Octets of a page whose slots have one step: the smaller steps are, the more slots a page has. */
const PAGE_STEP_BITS = 12;
/** Room for so many slots that were given back is made at first. */
const FIRST_FREE = 64;

/**
 * A store for octets that must outlive the buffer they arrived in and can be given back: memory follows what is open,
 * not what was read. An item lies in the smallest slot that holds it (with steps of 64 octets 64, 128, 192 … 4096); a
 * larger one gets an array of its own. Nothing is allocated per item below that, and what is stored never moves.
 *
 * A handle is one positive integer, so that a column of numbers can hold it; 0 is free to mean "nothing".
 */
export class Slab {
  private readonly pages: Uint8Array[][] = Array.from(SIZES, () => []);
  private readonly used = new Int32Array(SIZES.length);
  private readonly free: Int32Array[] = Array.from(SIZES, () => NONE);
  private readonly freeCount = new Int32Array(SIZES.length);
  private readonly large = new Map<number, Uint8Array>();
  private nextLarge = 0;
  /** Items in each page, once nothing more is stored. */
  private left: readonly Int32Array[] | undefined;
  private readonly stepBits: number;
  private readonly pageBits: number;

  /** @param stepBits how long a step is: 2 to this power */
  constructor(stepBits = 6) {
    this.stepBits = stepBits;
    this.pageBits = PAGE_STEP_BITS - stepBits;
  }

  /** Copies `bytes[start, end)`; the caller remembers the length. */
  store(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const { stepBits } = this;
    if (length > LARGEST << stepBits) {
      const handle = (this.nextLarge++ << CLASS_BITS) + LARGE + 1;
      this.large.set(handle, bytes.slice(start, end));
      return handle;
    }
    const cls = CLASS_OF[(length + (1 << stepBits) - 1) >> stepBits] as number;
    const handle = (this.slot(cls) << CLASS_BITS) + cls + 1;
    const page = this.bytesOf(handle);
    const at = this.offsetOf(handle);
    // A view costs an object; a loop is as fast for what is short.
    if (length < 192) for (let i = 0; i < length; i++) page[at + i] = bytes[start + i] as number;
    else page.set(bytes.subarray(start, end), at);
    return handle;
  }

  /** The octets behind a handle; valid until it is released. */
  view(handle: number, length: number): Uint8Array {
    const at = this.offsetOf(handle);
    return this.bytesOf(handle).subarray(at, at + length);
  }

  /** The same octets without a view of their own: they lie in `bytesOf(handle)` from `offsetOf(handle)` on. */
  bytesOf(handle: number): Uint8Array {
    const cls = (handle & CLASS_MASK) - 1;
    if (cls === LARGE) return this.large.get(handle) ?? EMPTY;
    const pages = this.pages[cls];
    return pages?.[handle >> (CLASS_BITS + this.pageBits)] ?? EMPTY;
  }

  offsetOf(handle: number): number {
    const cls = (handle & CLASS_MASK) - 1;
    if (cls < 0 || cls === LARGE) return 0;
    const slot = (handle >> CLASS_BITS) & ((1 << this.pageBits) - 1);
    return (slot * (SIZES[cls] as number)) << this.stepBits;
  }

  release(handle: number): void {
    if (handle === 0) return;
    const cls = (handle & CLASS_MASK) - 1;
    if (cls === LARGE) {
      this.large.delete(handle);
      return;
    }
    if (this.left !== undefined) {
      this.leave(this.left[cls] as Int32Array, cls, handle >> (CLASS_BITS + this.pageBits));
      return;
    }
    let free = this.free[cls] as Int32Array;
    const count = this.freeCount[cls] as number;
    if (count === free.length)
      free = this.free[cls] = grown(free, Math.max(FIRST_FREE, free.length * 2));
    free[count] = handle >> CLASS_BITS;
    this.freeCount[cls] = count + 1;
  }

  /** Nothing is stored any more: pages are given up as they become empty. */
  drain(): void {
    const perPage = 1 << this.pageBits;
    this.left ??= this.pages.map((pages, cls) => {
      const left = new Int32Array(pages.length).fill(perPage);
      const used = this.used[cls] as number;
      if (left.length > 0) left[left.length - 1] = ((used - 1) & (perPage - 1)) + 1;
      const free = this.free[cls] as Int32Array;
      for (let i = 0; i < (this.freeCount[cls] as number); i++) {
        const page = (free[i] as number) >> this.pageBits;
        left[page] = (left[page] as number) - 1;
      }
      return left;
    });
  }

  private leave(left: Int32Array, cls: number, page: number): void {
    const items = (left[page] as number) - 1;
    left[page] = items;
    if (items === 0) (this.pages[cls] as Uint8Array[])[page] = EMPTY;
  }

  private slot(cls: number): number {
    const count = this.freeCount[cls] as number;
    if (count > 0) {
      this.freeCount[cls] = count - 1;
      return (this.free[cls] as Int32Array)[count - 1] as number;
    }
    const slot = this.used[cls] as number;
    this.used[cls] = slot + 1;
    if ((slot & ((1 << this.pageBits) - 1)) === 0)
      this.pages[cls]?.push(new Uint8Array((SIZES[cls] as number) << PAGE_STEP_BITS));
    return slot;
  }
}

const EMPTY = new Uint8Array(0);
const NONE = new Int32Array(0);
