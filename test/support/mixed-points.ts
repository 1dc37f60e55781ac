import { analyse } from './analyse.ts';
import { captureFile, type Frame, inTime } from './network.ts';

/** What a point has whose clock is behind by so much. */
export const late = (frames: readonly Frame[], nanos: number): Frame[] =>
  frames.map((frame) => ({ ...frame, nanos: frame.nanos + nanos }));

/** Rules that accuse when the frames stand in one capture, and whether it says that their order is unknown. */
export const told = (frames: readonly Frame[]) => {
  const { findings, connections } = analyse(captureFile(inTime(frames)));
  return {
    accused: findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule),
    unknown: connections.some(({ blindSpots }) => blindSpots.includes('order-unknown')),
  };
};
