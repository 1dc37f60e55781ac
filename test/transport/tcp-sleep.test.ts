/** Connections of which nothing is heard are packed, and nobody notices. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Connections } from '../../src/transport/connections.ts';
import { type Bound, reaches, withBounds } from '../support/reaches.ts';
import { CLIENT, c, end, FLAG, type Node, SERVER, type Segment, s, Wire } from './wire.ts';

const SEED = { seed: 793 };
const AT_ONCE: Partial<Record<Bound, number>> = { unpackedConnections: 0, silentPackets: 0 };
const node = (n: number): Node => ({ ...CLIENT, port: 2000 + n });
const opening = (n: number) => {
  const [client, server] = [end(node(n), SERVER), end(SERVER, node(n))];
  return [client.syn(999), server.synAck(4999, 1000), client.data(1000, 'abc', { ack: 5000 })];
};

/** Rows behind a hundred connections that say little. */
const rowsOf = (bounds: Partial<Record<Bound, number>>) =>
  withBounds(bounds, () => {
    const wire = new Wire();
    for (let n = 0; n < 100; n++) wire.send(...opening(n));
    const { size } = wire.tcp.table;
    expect(wire.end().finals).toHaveLength(100);
    expect(wire.tcp.table.size).toBe(0);
    return size;
  });

reaches('silentPackets', 12, 'who was heard of lately has a row', async (bound) => {
  expect(await rowsOf({ unpackedConnections: 0 })).toBe(bound / 3 + 1);
});

reaches('unpackedConnections', 20, 'so many have a row whatever they do', async (bound) => {
  // The last one comes on top.
  expect(await rowsOf({ silentPackets: 0 })).toBe(bound + 1);
});

reaches('rowsLookedAt', 1, 'no more are looked at for one connection', async (bound) => {
  const wire = new Wire();
  for (let n = 0; n < 10; n++) wire.send(...opening(n));
  await withBounds(AT_ONCE, () => wire.send(...opening(10)));
  expect(wire.tcp.table.size).toBe(11 - bound);
});

/** What is told of segments, and what if every connection is packed that can be. */
async function dozing(segments: readonly Segment[], names: readonly Node[]) {
  const tell = () => {
    const wire = new Wire(names).send(...segments).end();
    return { events: wire.events, finals: wire.finals };
  };
  const awake = tell();
  const asleep = await withBounds(AT_ONCE, tell);
  return { awake, asleep };
}

describe('nothing else is told', () => {
  const others = [1, 2, 3].flatMap(opening);
  test.each<[string, Segment[]]>([
    ['what goes on', [c.data(1003, 'def'), s.ack(5000, 1006)]],
    ['what comes again', [c.data(1000, 'abc'), c.data(1003, 'def')]],
    ['a gap, and what fills it', [c.data(1005, 'fg'), ...others, c.data(1003, 'de')]],
    ['what lies far ahead', [c.data(90_000_000, 'x'), ...others, c.data(90_000_001, 'y')]],
    ['its end', [c.fin(1003), ...others, s.fin(5000, { ack: 1004 }), c.ack(1004, 5001)]],
    ['a RST that was not taken', [s.rst(5000), ...others, c.data(1003, 'de'), s.ack(5000, 1005)]],
    ['the next connection', [c.syn(77_000), ...others, s.synAck(99, 77_001), c.data(77_001, 'x')]],
    ['a challenge', [c.syn(77_000), ...others, s.ack(5000, 1003), c.rst(1003)]],
    ['an hour of silence', opening(9).map((one) => ({ ...one, at: 4000 }))],
    ['the time before the first packet', [{ ...c.data(1003, 'x'), at: -5 }]],
    ['months later', [{ ...c.data(1003, 'x'), at: 4e6 }, ...others, c.data(1004, 'y')]],
  ])('%s', async (_name, segments) => {
    const all = [...opening(0), ...others, ...opening(4), ...segments, ...others];
    const whole = all.map((one) => ({
      ...one,
      from: one.from.port === CLIENT.port ? node(0) : one.from,
      to: one.to.port === CLIENT.port ? node(0) : one.to,
    }));
    const { awake, asleep } = await dozing(whole, [0, 1, 2, 3, 4, 9].map(node));
    expect(asleep).toEqual(awake);
  });

  test('whatever several peers say to each other', async () => {
    const usual = <T>(value: T, ...others: T[]) =>
      fc.oneof(
        { weight: 12, arbitrary: fc.constant(value) },
        ...others.map((one) => fc.constant(one)),
      );
    const segment = fc.record({
      node: fc.nat(4),
      back: fc.boolean(),
      flags: usual(FLAG.ack, FLAG.syn, FLAG.syn | FLAG.ack, FLAG.fin | FLAG.ack, FLAG.rst, 0, 48),
      /** Off what the end would send next; that of the peer. */
      skew: usual(0, -3, 5, 5_000_000),
      ackSkew: usual(0, 1, 30, -9),
      payload: fc.stringMatching(/^[a-z]{0,6}$/),
      more: usual(0, 7),
      window: fc.constantFrom(0, 64_240),
      hopLimit: usual(64, 57),
      later: usual(0, 1, 200, 4000),
    });
    let slept = 0;
    const { sleep } = Connections.prototype as unknown as { sleep(row: number): void };
    Object.assign(Connections.prototype, {
      sleep(this: Connections, row: number) {
        slept++;
        sleep.call(this, row);
      },
    });
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 30, maxLength: 80 }), async (list) => {
        let at = 0;
        const next = Array.from({ length: 10 }, (_, i) => 1000 - 1016 * (i % 2));
        const segments = list.map(({ node: n, back, more, skew, ackSkew, later, ...rest }) => {
          at += later;
          const [from, to] = back ? [SERVER, node(n)] : [node(n), SERVER];
          const own = 2 * n + (back ? 1 : 0);
          const sequence = ((next[own] as number) + skew) >>> 0;
          const acknowledgement = ((next[own ^ 1] as number) + ackSkew) >>> 0;
          const wire = rest.payload.length + more;
          if (skew === 0) next[own] = (sequence + wire + ((rest.flags & 3) === 0 ? 0 : 1)) >>> 0;
          return { from, to, ...rest, sequence, acknowledgement, wire, at };
        });
        const { awake, asleep } = await dozing(segments, [0, 1, 2, 3, 4].map(node));
        expect(asleep).toEqual(awake);
      }),
      { ...SEED, numRuns: 200 },
    );
    Object.assign(Connections.prototype, { sleep });
    expect(slept).toBeGreaterThan(1000);
  });
});
