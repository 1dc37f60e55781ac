import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { Clock } from '../../src/transport/clock.ts';
import { ClosedQueue } from '../../src/transport/closed-queue.ts';
import { advance, ahead } from '../../src/transport/sequence.ts';
import { Udp } from '../../src/transport/udp.ts';
import { reaches } from '../support/reaches.ts';
import { cursorOf, type Node } from './wire.ts';

describe('sequence numbers', () => {
  test.each([
    [5, 3, 2],
    [3, 5, -2],
    [0, -1, 1],
    [0x7fff_ffff, -0x8000_0000, -1],
    [-0x8000_0000, 0x7fff_ffff, 1],
    [2, 0xffff_fffe, 4],
  ])('%i is ahead of %i by %i', (a, b, distance) => {
    expect(ahead(a, b)).toBe(distance);
  });

  test('moving on wraps at 2^32', () => {
    expect(ahead(advance(-1, 3), 2)).toBe(0);
    expect(advance(0x7fff_ffff, 1)).toBe(-0x8000_0000);
    expect(ahead(advance(-5, 0x1000_0000), -5)).toBe(0x1000_0000);
  });
});

describe('Clock', () => {
  const at = (seconds: number, nanos: number) => ({
    ...cursorOf({ from: node(1), to: node(2), sequence: 0, flags: 0 }, 1).packet,
    seconds,
    nanos,
  });

  test('counts from the whole second of the first packet', () => {
    const clock = new Clock();
    expect(clock.nanos(at(1_700_000_000, 999_999_999))).toBe(999_999_999);
    expect(clock.epochSeconds).toBe(1_700_000_000);
    expect(clock.nanos(at(1_700_000_001, 1))).toBe(1_000_000_001);
  });

  test('packets may come before the first one; the latest moment stays', () => {
    const clock = new Clock();
    clock.nanos(at(100, 5));
    clock.nanos(at(103, 7));
    expect(clock.nanos(at(99, 0))).toBe(-1e9);
    expect(clock.latest).toBe(3_000_000_007);
  });

  reaches('clockLeapNanos', 10e9, 'a leap is told when a second packet confirms it', (bound) => {
    const seconds = bound / 1e9;
    const clock = new Clock();
    const told: number[] = [];
    clock.onSecond = (nanos) => told.push(nanos / 1e9);
    for (const second of [100, 100 + seconds, 101 + 2 * seconds, 101 + seconds, 500, 501])
      clock.nanos(at(second, 0));
    expect(told).toEqual([seconds, seconds + 1, 401]);
  });

  reaches(
    'clockStepNanos',
    1e9,
    'a clock that is set back further is told, disorder is not',
    (bound) => {
      const clock = new Clock();
      const told: [number, number][] = [];
      clock.onSetBack = (packet, seconds) => told.push([packet, seconds]);
      const step = bound / 1e9 + 1;
      for (const second of [500, 501, 500, 499, 500, 500 - step, 499, 490, 9000])
        clock.nanos(at(second, 0));
      expect(told).toEqual([
        [1, step],
        [1, 9],
      ]);
      expect(clock.setBackSeconds).toBe(9);
    },
  );

  test('nanoseconds are exact for months', () => {
    const clock = new Clock();
    clock.nanos(at(0, 0));
    expect(clock.nanos(at(104 * 86_400, 999_999_999))).toBe(104 * 86_400 * 1e9 + 999_999_999);
  });
});

reaches(
  'closedConnections',
  3500,
  'ClosedQueue gives back what it took, in order, around its end',
  (bound) => {
    const queue = new ClosedQueue();
    let next = 0;
    let taken = 0;
    for (let round = 0; round < 3; round++) {
      while (!queue.isFull) queue.add(next++);
      expect(next - taken).toBe(bound);
      for (let i = 0; i < 3000; i++) {
        expect(queue.oldest).toBe(taken);
        expect(queue.shift()).toBe(taken++);
      }
    }
  },
);

test('ClosedQueue passes over what was taken out, wherever it stood', () => {
  const rows = fc.uniqueArray(fc.nat(LIMITS.closedConnections), { maxLength: 12 });
  fc.assert(
    fc.property(rows, fc.func(fc.boolean()), fc.nat(), (added, isTaken, turn) => {
      const queue = new ClosedQueue();
      // Begins anywhere, also right before the end of its array.
      for (let n = turn % LIMITS.closedConnections; n > 0; n--) {
        queue.add(0);
        queue.shift();
      }
      for (const row of added) queue.add(row);
      for (const row of added) if (isTaken(row)) queue.remove(row);
      const left: number[] = [];
      while (!queue.isEmpty) left.push(queue.shift());
      expect(left).toEqual(added.filter((row) => !isTaken(row)));
    }),
  );
});

describe('Udp', () => {
  function run() {
    const told: unknown[] = [];
    const udp = new Udp(new Clock(), {
      datagram: (flow, side, bytes, start, end, wireLength, packet, nanos, ipId) => {
        const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
        told.push([flow, side, text, wireLength, packet, nanos, ipId]);
      },
      portUnreachable: (...all) => told.push(all),
    });
    return { udp, told };
  }
  const datagram = (from: Node, to: Node, payload: string, packet: number, wire?: number) => ({
    ...cursorOf(
      { from, to, sequence: 0, flags: 0, payload, protocol: 17, ...(wire ? { wire } : {}) },
      packet,
    ),
    ipId: 77,
  });

  test('tells datagrams with flow, side, length on the wire and identification', () => {
    const { udp, told } = run();
    udp.datagram(datagram(node(1), node(2), 'abc', 1));
    udp.datagram(datagram(node(2), node(1), 'x', 2, 50));
    udp.datagram(datagram(node(3), node(1), '', 3));
    expect(told).toEqual([
      [0, 0, 'abc', 3, 1, 0, 77],
      [0, 1, 'x', 50, 2, 0, 77],
      [1, 1, '', 0, 3, 0, 77],
    ]);
    expect(udp.streams).toBe(2);
  });

  test('a quoted datagram counts as a flow; one that nobody took is told of its sender', () => {
    const { udp, told } = run();
    udp.quoted(datagram(node(5), node(6), '', 1));
    udp.datagram(datagram(node(2), node(1), 'a', 2));
    udp.portUnreachable(datagram(node(2), node(1), '', 3));
    expect(told).toEqual([
      [1, 1, 'a', 1, 2, 0, 77],
      [1, 1, 3, 0],
    ]);
  });
});

function node(n: number): Node {
  return { address: [10, 0, 0, n], port: 5000 };
}
