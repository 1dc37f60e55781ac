import { constants, inflateSync } from 'node:zlib';
import { LIMITS } from '../model/limits.ts';

/**
 * Takes back DEFLATE compression of one direction. The records of a direction are one stream (RFC 3749 §2), which is
 * kept and unpacked from its start for each record: handshakes and alerts are short, and compression is history.
 */
export class Inflation {
  private stream = new Uint8Array(0);
  private unpacked = 0;

  /** The content of the next record; undefined when the stream is damaged or has grown beyond its limit. */
  next(compressed: Uint8Array): Uint8Array | undefined {
    if (this.stream.length + compressed.length > LIMITS.compressedOctets) return undefined;
    const longer = new Uint8Array(this.stream.length + compressed.length);
    longer.set(this.stream);
    longer.set(compressed, this.stream.length);
    this.stream = longer;
    try {
      const all = inflateSync(longer, {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: LIMITS.inflatedOctets,
      });
      const content = new Uint8Array(all.subarray(this.unpacked));
      this.unpacked = all.length;
      return content;
    } catch {
      return undefined;
    }
  }
}
