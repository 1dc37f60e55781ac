import type { PacketCursor } from '../model/packet.ts';
import { type Nanos, SECOND } from '../model/time.ts';

/** Places in `Clock.times`. */
const SECOND_BEGAN = 0;
const LATEST = 1;

/** Turns packet times into `Nanos`: relative to the whole second of the first packet of the run. */
export class Clock {
  epochSeconds = 0;
  /** The whole second of the last packet. */
  private second = -1;
  private started = false;
  /** In an array, because there the engine has no need to find out that moments outgrow small integers. */
  private readonly times = new Float64Array(2);

  /** The latest moment seen. */
  get latest(): Nanos {
    return this.times[LATEST] as number;
  }

  nanos(packet: PacketCursor): Nanos {
    if (packet.seconds !== this.second) this.turn(packet.seconds);
    const { times } = this;
    const nanos = (times[SECOND_BEGAN] as number) + packet.nanos;
    if (nanos > (times[LATEST] as number)) times[LATEST] = nanos;
    return nanos;
  }

  private turn(seconds: number): void {
    if (!this.started) this.epochSeconds = seconds;
    this.started = true;
    this.second = seconds;
    this.times[SECOND_BEGAN] = (seconds - this.epochSeconds) * SECOND;
  }
}
