import type { PacketCursor } from '../model/packet.ts';
import { type Nanos, SECOND } from '../model/time.ts';

/** Turns packet times into `Nanos`: relative to the whole second of the first packet of the run. */
export class Clock {
  epochSeconds = 0;
  /** The latest moment seen. */
  latest: Nanos = 0;
  private started = false;

  nanos(packet: PacketCursor): Nanos {
    if (!this.started) {
      this.started = true;
      this.epochSeconds = packet.seconds;
    }
    const nanos = (packet.seconds - this.epochSeconds) * SECOND + packet.nanos;
    if (nanos > this.latest) this.latest = nanos;
    return nanos;
  }
}
