import { numberAt, sizeAt } from './long-header.ts';

/** Frames that an Initial packet may have. RFC 9000 §12.4. */
const PADDING = 0x00;
const PING = 0x01;
const ACK = 0x02;
const ACK_ECN = 0x03;
const CRYPTO = 0x06;

/** ACK ranges passed over in one frame. */
const RANGES_MAX = 256;

/**
 * The CRYPTO frames of an opened Initial packet, each as the offset in its stream and where its octets are in `payload`.
 * Stops at a frame of another kind (CONNECTION_CLOSE ends what is of interest) or one that is damaged. RFC 9000 §19.6.
 */
export function eachCryptoFrame(
  payload: Uint8Array,
  take: (streamOffset: number, start: number, end: number) => void,
): void {
  const end = payload.length;
  let at = 0;
  while (at < end) {
    const type = payload[at] as number;
    if (type === PADDING || type === PING) {
      at++;
    } else if (type === CRYPTO) {
      const offset = new Numbers(payload, at + 1).read(2);
      if (offset === undefined) return;
      const [streamOffset = 0, length = 0] = offset.values;
      if (length > end - offset.at) return;
      take(streamOffset, offset.at, offset.at + length);
      at = offset.at + length;
    } else if (type === ACK || type === ACK_ECN) {
      // Largest, delay, count of ranges, first range; then two numbers a range, then three counts.
      const head = new Numbers(payload, at + 1).read(4);
      const ranges = head?.values[2] ?? RANGES_MAX + 1;
      if (head === undefined || ranges > RANGES_MAX) return;
      const rest = new Numbers(payload, head.at).read(2 * ranges + (type === ACK_ECN ? 3 : 0));
      if (rest === undefined) return;
      at = rest.at;
    } else return;
  }
}

/** Variable-length integers one after the other. RFC 9000 §16. */
class Numbers {
  readonly values: number[] = [];
  private readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Undefined where they are not all there. */
  read(count: number): this | undefined {
    for (let n = 0; n < count; n++) {
      const { bytes, at } = this;
      if (at >= bytes.length || at + sizeAt(bytes, at) > bytes.length) return undefined;
      this.values.push(numberAt(bytes, at));
      this.at = at + sizeAt(bytes, at);
    }
    return this;
  }
}
