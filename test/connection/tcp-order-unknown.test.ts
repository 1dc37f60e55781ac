/** Captures of two points whose clocks differ, in one: which of two TCP connections a segment came before is not known then. */
import { describe, expect, it } from 'vitest';
import { TlsWriter } from '../support/conversation.ts';
import { late, told } from '../support/mixed-points.ts';
import { type Frame, MS, TcpFlow } from '../support/network.ts';

const FIRST = 1_000_000;

/** One connection of the client's port, from SYN to the last FIN; without timestamps. */
function connection(seed: number, client: number, startNanos: number): TcpFlow {
  const initialSequence = { client, server: 5_000_000 + 10 * seed };
  const flow = new TcpFlow({ startNanos, initialSequence, ipId: 256 * seed });
  const tls = new TlsWriter({ seed });
  flow.open();
  for (const { from, record } of tls.handshake()) flow.send(from, record);
  for (const from of ['client', 'server', 'client'] as const)
    flow.send(from, tls.data(from, 90).record);
  return flow;
}

/** The port is used again at once. The last data of the first connection come once more in the second if asked to. */
function reused(isLate = false): Frame[] {
  const first = connection(1, FIRST, 0);
  const copied = first.frames.at(-2) as Frame;
  first.fin('client').fin('server').acknowledge('client');
  const end = (first.frames.at(-1) as Frame).nanos;
  const second = connection(2, FIRST + 30, end + 20 * MS);
  if (!isLate) return [...first.frames, ...second.fin('client').fin('server').frames];
  const { nanos } = second.frames.at(-4) as Frame;
  return [...first.frames, ...second.frames.slice(0, -3), { ...copied, nanos }];
}

describe('an old segment in the next connection', () => {
  it('is told of, also where each packet was mirrored twice', () => {
    const found = { accused: ['tcp-old-segment-in-new-incarnation'], unknown: false };
    expect(told(reused(true))).toEqual(found);
    expect(told(reused(true).flatMap((frame) => [frame, frame]))).toEqual(found);
    expect(told(reused())).toEqual({ accused: [], unknown: false });
  });

  it.each([2, 20, 150, 900])('is not seen in what a second point has %i ms later', (ms) => {
    const frames = reused();
    expect(told([...frames, ...late(frames, ms * MS)])).toEqual({ accused: [], unknown: true });
    for (let lost = 0; lost < 20; lost++) {
      const one = frames.filter((_, n) => n % 4 !== lost % 4);
      const other = frames.filter((_, n) => n % 5 !== lost % 5);
      expect(told([...one, ...late(other, ms * MS)]).accused, `without ${lost}`).toEqual([]);
    }
  });
});

it('does not matter to a single connection', () => {
  const { frames } = connection(1, FIRST, 0).fin('client').fin('server');
  expect(told([...frames, ...late(frames, 90 * MS)]).unknown).toBe(false);
});
