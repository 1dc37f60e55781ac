import { LIMITS } from '../model/limits.ts';
import type { CaptureNotice } from '../model/notice.ts';

/** What is lost with a flow that is forgotten. */
export const HOLD = { nothing: 0, something: 1, tooMuch: 2 } as const;

/** Who keeps something by the numbers of flows. */
export interface FlowHolder {
  /** @returns one of `HOLD`; a flow with `tooMuch` is never forgotten */
  holds(flow: number): number;
  /** The number may be that of another flow from now on. Its endpoints can still be asked for. */
  forget(flow: number): void;
}

/** Where nothing is kept by the numbers of flows. */
export const HOLDS_NOTHING: FlowHolder = { holds: () => HOLD.nothing, forget: () => undefined };

/** From now on flows are forgotten. */
export const tooManyFlows = (protocol: 'TCP' | 'UDP'): CaptureNotice => ({
  code: 'limit-reached',
  packetNumber: 0,
  offset: -1,
  needed: 0,
  available: 0,
  detail: `more than ${LIMITS.flows} ${protocol} flows: those that were silent long were forgotten, and where one of them went on, stream numbers are higher than Wireshark's from there`,
});
