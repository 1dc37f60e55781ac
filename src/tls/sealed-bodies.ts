import { LIMITS } from '../model/limits.ts';

interface Body {
  readonly bytes: Uint8Array;
  have: number;
}

/**
 * Puts together the bodies of records that TCP split, where secrets may open them. At most one record of a direction is
 * under way; what exceeds the limit is not kept, and the record is told without its octets.
 */
export class SealedBodies {
  private readonly bodies = new Map<number, Body>();
  private octets = 0;

  /** Takes some octets of the present record of a direction, whose body has `length` octets. */
  append(half: number, length: number, bytes: Uint8Array, start: number, end: number): void {
    let body = this.bodies.get(half);
    if (body === undefined) {
      if (this.octets + length > LIMITS.sealedOctets) return;
      this.octets += length;
      body = { bytes: new Uint8Array(length), have: 0 };
      this.bodies.set(half, body);
    }
    body.bytes.set(bytes.subarray(start, end), body.have);
    body.have += end - start;
  }

  /** The body of the record that just ended, if all of it was kept. */
  take(half: number): Uint8Array | undefined {
    const body = this.bodies.get(half);
    this.drop(half);
    return body !== undefined && body.have === body.bytes.length ? body.bytes : undefined;
  }

  drop(half: number): void {
    const body = this.bodies.get(half);
    if (body === undefined) return;
    this.octets -= body.bytes.length;
    this.bodies.delete(half);
  }
}
