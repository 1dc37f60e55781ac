import { LIMITS } from '../model/limits.ts';
import type { PacketCursor } from '../model/packet.ts';
import { type Nanos, SECOND } from '../model/time.ts';

/** Places in `Clock.times`. */
const SECOND_BEGAN = 0;
const LATEST = 1;
/** The last second that was told, and one that lies too far ahead to be believed at once. */
const TOLD = 2;
const DOUBTED = 3;
/** The time of the first packet. */
const FIRST = 4;

/** Turns packet times into `Nanos`: relative to the whole second of the first packet of the run. */
export class Clock {
  epochSeconds = 0;
  /** Called when a second later than all before it has begun, before the first packet in it is dealt with. */
  onSecond: (nanos: Nanos) => void = () => undefined;
  /** Called where the time of a packet lies further before that of the one in front of it than disorder explains. */
  onSetBack: (packet: number, seconds: number) => void = () => undefined;
  /** By how much it was set back at most, to a second: dates may be that far from what they were. */
  setBackSeconds = 0;
  /** The whole second of the last packet. */
  private second = -1;
  private started = false;
  /** In an array, because there the engine has no need to find out that moments outgrow small integers. */
  private readonly times = new Float64Array(5);

  /** The latest moment seen. */
  get latest(): Nanos {
    return this.times[LATEST] as number;
  }

  /** Was no time seen but that of the first packet? Then nobody knows how long anything took. */
  get standsStill(): boolean {
    return this.started && this.setBackSeconds === 0 && this.latest === this.times[FIRST];
  }

  nanos(packet: PacketCursor): Nanos {
    if (packet.seconds !== this.second) this.turn(packet);
    const { times } = this;
    const nanos = (times[SECOND_BEGAN] as number) + packet.nanos;
    if (nanos > (times[LATEST] as number)) times[LATEST] = nanos;
    return nanos;
  }

  private turn({ seconds, nanos, packetNumber }: PacketCursor): void {
    if (!this.started) {
      this.epochSeconds = seconds;
      this.times[FIRST] = nanos;
    } else if ((this.second - seconds - 1) * SECOND >= LIMITS.clockStepNanos)
      this.setBack(packetNumber, this.second - seconds);
    this.started = true;
    this.second = seconds;
    const { times } = this;
    const began = (seconds - this.epochSeconds) * SECOND;
    times[SECOND_BEGAN] = began;
    if (began > (times[TOLD] as number)) this.later(began);
  }

  private setBack(packet: number, seconds: number): void {
    this.setBackSeconds = Math.max(this.setBackSeconds, seconds);
    this.onSetBack(packet, seconds);
  }

  /** One packet with a wrong time must not end all that is under way: a leap counts when the next second confirms it. */
  private later(began: Nanos): void {
    const { times } = this;
    const leaps = began - (times[TOLD] as number) > LIMITS.clockLeapNanos;
    const isNear = Math.abs(began - (times[DOUBTED] as number)) <= LIMITS.clockLeapNanos;
    const isConfirmed = isNear && began !== times[DOUBTED];
    times[DOUBTED] = began;
    if (leaps && !isConfirmed) return;
    times[TOLD] = began;
    this.onSecond(began);
  }
}
