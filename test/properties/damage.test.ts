/** A capture is hostile input: whatever its octets are, the run ends, and no fault of the tool's own is caught on the way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import type { Octets } from '../support/hello-builder.ts';
import { captureFile, type Frame, inTime } from '../support/network.ts';
import { troubled } from './dishonest.ts';
import { honest, play } from './honest.ts';

const SEED = 20_261_121;

const played: fc.Arbitrary<Frame[]> = fc.oneof(
  honest.map((c) => inTime(play(c))),
  troubled.map(inTime),
);
const files: fc.Arbitrary<Octets> = fc
  .tuple(played, fc.constantFrom<('pcap' | 'pcapng')[]>('pcap', 'pcapng'))
  .map(([frames, format]) => captureFile(frames, { format }));

function survives(file: Octets): void {
  const { result, connections, lines } = analyse(file);
  expect(result.internalErrors).toBe(0);
  expect(result.connections).toBe(connections.length);
  // The report is whole: every line of it is an object.
  for (const line of lines) JSON.parse(line);
  expect(new Set(connections.map(({ id }) => id)).size).toBe(connections.length);
}

describe('a damaged capture', { timeout: 120_000 }, () => {
  it('may end with any octet', () => {
    fc.assert(
      fc.property(files, fc.double({ min: 0, max: 1, noNaN: true }), (file, share) => {
        survives(file.subarray(0, Math.floor(file.length * share)));
      }),
      { numRuns: 300, seed: SEED },
    );
    // One conversation of each kind at every octet.
    for (const arbitrary of [honest, troubled.map(inTime)] as const) {
      const [sample] = fc.sample(arbitrary as fc.Arbitrary<unknown>, { numRuns: 1, seed: SEED });
      const frames = Array.isArray(sample) ? (sample as Frame[]) : play(sample as never);
      const file = captureFile(frames.slice(0, 12));
      for (let end = 0; end < file.length; end += 1) survives(file.subarray(0, end));
    }
  });

  it('may have any octets changed', () => {
    const flips = fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        mask: fc.integer({ min: 1, max: 255 }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(files, flips, (file, changes) => {
        const changed = file.slice();
        for (const { at, mask } of changes) {
          const i = Math.min(file.length - 1, Math.floor(at * file.length));
          changed[i] = (changed[i] as number) ^ mask;
        }
        survives(changed);
      }),
      { numRuns: 600, seed: SEED },
    );
  });

  it('may have packets that are cut, lost, repeated and out of order', () => {
    const harm = fc.array(
      fc.record({
        at: fc.nat(200),
        what: fc.constantFrom('drop', 'repeat', 'move', 'cut', 'zero'),
        by: fc.nat(60),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(played, harm, (frames, harms) => {
        const list = [...frames];
        for (const { at, what, by } of harms) {
          const i = at % Math.max(1, list.length);
          const frame = list[i];
          if (frame === undefined) break;
          const { octets, nanos } = frame;
          if (what === 'drop') list.splice(i, 1);
          else if (what === 'repeat') list.push({ octets, nanos: nanos + by * 1000 });
          else if (what === 'move') list[i] = { octets, nanos: Math.max(0, nanos + by * 100_000) };
          else if (what === 'cut')
            list[i] = { octets: octets.subarray(0, Math.max(0, octets.length - by)), nanos };
          else list[i] = { octets: octets.map((o, k) => (k > octets.length - by ? 0 : o)), nanos };
        }
        survives(captureFile(list));
      }),
      { numRuns: 400, seed: SEED },
    );
  });
});
