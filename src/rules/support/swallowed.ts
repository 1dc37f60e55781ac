import type { RepeatFact } from '../../model/tcp-facts.ts';
import { SECOND } from '../../model/time.ts';

/** TCP doubles its pause: with 200 ms at first the third repetition comes after 1.4 s. Chance does not lose so many. */
const REPEATS = 3;
const SPAN = SECOND;

/** Payload of a segment that is near what a path carries; tunnels take off up to 100 octets of 1,500. */
export const LARGE = 1000;

/** Is this segment swallowed every time, rather than lost now and then? */
export const isSwallowed = (repeat: RepeatFact | undefined): repeat is RepeatFact =>
  repeat !== undefined && repeat.times >= REPEATS && repeat.last.nanos - repeat.first.nanos >= SPAN;
