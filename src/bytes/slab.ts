import { grown } from './columns.ts';

const SMALLEST = 128;
const CLASSES = 6;
const PAGE_ITEMS = 64;

/**
 * A store for octets that must outlive the buffer they arrived in and can be given back: memory follows what is open,
 * not what was read. An item lies in the smallest slot that holds it (128, 256, … 4096 octets); a larger one gets an
 * array of its own. Nothing is allocated per item below that.
 *
 * A handle is one positive integer, so that a column of numbers can hold it; 0 is free to mean "nothing".
 */
export class Slab {
  private readonly pages: Uint8Array[] = Array.from({ length: CLASSES }, () => new Uint8Array(0));
  private readonly used = new Int32Array(CLASSES);
  private readonly free: Int32Array[] = Array.from(
    { length: CLASSES },
    () => new Int32Array(PAGE_ITEMS),
  );
  private readonly freeCount = new Int32Array(CLASSES);
  private readonly large = new Map<number, Uint8Array>();
  private nextLarge = 0;

  /** Copies `bytes[start, end)`; the caller remembers the length. */
  store(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    let cls = 0;
    while (cls < CLASSES && SMALLEST << cls < length) cls++;
    if (cls === CLASSES) {
      const handle = this.nextLarge++ * 8 + CLASSES + 1;
      this.large.set(handle, bytes.slice(start, end));
      return handle;
    }
    const slot = this.slot(cls);
    const page = this.pages[cls] as Uint8Array;
    const at = slot * (SMALLEST << cls);
    // A view costs an object; a loop is as fast for what is short.
    if (length < 192) for (let i = 0; i < length; i++) page[at + i] = bytes[start + i] as number;
    else page.set(bytes.subarray(start, end), at);
    return slot * 8 + cls + 1;
  }

  /** The octets behind a handle; valid until the next `store`. */
  view(handle: number, length: number): Uint8Array {
    const cls = (handle & 7) - 1;
    if (cls === CLASSES) return (this.large.get(handle) ?? EMPTY).subarray(0, length);
    const at = (handle >> 3) * (SMALLEST << cls);
    return (this.pages[cls] as Uint8Array).subarray(at, at + length);
  }

  /** The same octets without a view of their own: they lie in `bytesOf(handle)` from `offsetOf(handle)` on. */
  bytesOf(handle: number): Uint8Array {
    const cls = (handle & 7) - 1;
    return cls === CLASSES ? (this.large.get(handle) ?? EMPTY) : (this.pages[cls] as Uint8Array);
  }

  offsetOf(handle: number): number {
    const cls = (handle & 7) - 1;
    return cls === CLASSES ? 0 : (handle >> 3) * (SMALLEST << cls);
  }

  release(handle: number): void {
    if (handle === 0) return;
    const cls = (handle & 7) - 1;
    if (cls === CLASSES) {
      this.large.delete(handle);
      return;
    }
    let free = this.free[cls] as Int32Array;
    const count = this.freeCount[cls] as number;
    if (count === free.length) free = this.free[cls] = grown(free, free.length * 2);
    free[count] = handle >> 3;
    this.freeCount[cls] = count + 1;
  }

  private slot(cls: number): number {
    const count = this.freeCount[cls] as number;
    if (count > 0) {
      this.freeCount[cls] = count - 1;
      return (this.free[cls] as Int32Array)[count - 1] as number;
    }
    const slot = this.used[cls] as number;
    this.used[cls] = slot + 1;
    const page = this.pages[cls] as Uint8Array;
    const size = SMALLEST << cls;
    if ((slot + 1) * size > page.length)
      this.pages[cls] = grown(
        page,
        Math.max(PAGE_ITEMS * size, Math.ceil((page.length * 1.5) / size) * size),
      );
    return slot;
  }
}

const EMPTY = new Uint8Array(0);
