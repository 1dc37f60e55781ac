/**
 * The first priority of the tool: conversations in which nothing is wrong are not accused, however badly they were
 * captured. What these properties find goes into a named case in test/connection or test/rules.
 */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Analysed, analyse } from '../support/analyse.ts';
import { captureFile, type Frame, inTime, MS, twice } from '../support/network.ts';
import { type Honest, honestDtls, honestTls, play } from './honest.ts';

/** `SEED` and `MORE` in the environment search elsewhere, and longer. */
const { SEED = '20261121', MORE = '1' } = process.env;
const more = Number(MORE);

const KINDS: readonly [string, fc.Arbitrary<Honest>][] = [
  ['TLS', honestTls],
  ['DTLS', honestDtls],
];

/** Throws with what was said, so that the counter-example reads at once. */
function acquit(frames: readonly Frame[], how = ''): Analysed {
  const told = analyse(captureFile(frames));
  if (told.result.internalErrors > 0) throw new Error(`${how}: internal error`);
  for (const finding of told.findings) {
    const { severity, confidence, rule, summary } = finding;
    if (severity !== 'info')
      throw new Error(`${how}: ${severity} ${confidence} ${rule}: ${summary}`);
  }
  return told;
}

const check = (
  conversations: fc.Arbitrary<Honest>,
  numRuns: number,
  property: (frames: Frame[], conversation: Honest) => void,
) => {
  fc.assert(
    fc.property(conversations, (c) => property(inTime(play(c)), c)),
    { numRuns: numRuns * more, seed: Number(SEED) },
  );
};

describe.each(KINDS)(
  'an honest conversation over %s',
  { timeout: 120_000 * more },
  (_, conversations) => {
    it('is established, all of it, and accused of nothing', () => {
      check(conversations, 150, (frames, c) => {
        const { connections } = acquit(frames);
        const wanted = c.kind === 'tls' ? 1 : c.associations.length;
        if (connections.length !== wanted) throw new Error(`${connections.length} connections`);
        for (const { outcome, stage, oddities } of connections)
          if (outcome !== 'established' || stage !== 'done' || oddities.length > 0)
            throw new Error(`${outcome} at ${stage}`);
      });
    });

    it('is accused of nothing when the capture ends with any packet', () => {
      check(conversations, 25, (frames) => {
        for (let n = 0; n < frames.length; n++) acquit(frames.slice(0, n), `the first ${n}`);
      });
    });

    it('is accused of nothing when the capture begins with any packet', () => {
      check(conversations, 25, (frames) => {
        for (let n = 1; n < frames.length; n++) acquit(frames.slice(n), `without ${n}`);
      });
    });

    it('is accused of nothing when any one packet is missing', () => {
      check(conversations, 25, (frames) => {
        for (let n = 0; n < frames.length; n++)
          acquit(
            frames.filter((_, i) => i !== n),
            `without packet ${n + 1}`,
          );
      });
    });

    it('is accused of nothing when any two neighbours were captured in the wrong order', () => {
      check(conversations, 25, (frames) => {
        for (let n = 0; n + 1 < frames.length; n++) {
          const [one, two] = frames.slice(n, n + 2) as [Frame, Frame];
          // Packets overtake each other within the queue of a network card, not over a pause.
          if (two.nanos - one.nanos > MS) continue;
          const order = [...frames];
          order[n] = { ...two, nanos: one.nanos };
          order[n + 1] = { ...one, nanos: two.nanos };
          acquit(order, `with packets ${n + 1} and ${n + 2} swapped`);
        }
      });
    });

    it('is the same, and accused of nothing, when every packet was captured twice', () => {
      check(conversations, 100, (frames) => {
        const once = acquit(frames).connections.map(({ outcome, stage }) => `${outcome} ${stage}`);
        const both = acquit(twice(frames)).connections.map((h) => `${h.outcome} ${h.stage}`);
        if (once.join() !== both.join()) throw new Error(`${once} became ${both}`);
      });
    });
  },
);
