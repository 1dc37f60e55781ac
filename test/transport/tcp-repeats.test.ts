import { describe, expect, test } from 'vitest';
import { Repeats } from '../../src/transport/repeats.ts';
import { reaches } from '../support/reaches.ts';
import { c, type Segment, s, Wire } from './wire.ts';

const factsOf = (...segments: readonly Segment[]) => {
  const [final] = new Wire().send(c.syn(999), s.synAck(4999, 1000), ...segments).end().finals;
  if (final === undefined) throw new Error('no connection');
  return final.facts;
};
const full = 'x'.repeat(1448);
const rest = 'y'.repeat(300);

describe('what is repeated without an acknowledgement', () => {
  const second = c.data(2448, rest, { ack: 5000 });
  const sent = [c.data(1000, full, { ack: 5000 }), second, s.ack(5000, 2448)];

  test('is told with its place, and how often and when it was sent again', () => {
    const { repeated, lastSeen } = factsOf(...sent, second, second, { ...second, at: 3 });
    expect(repeated.client).toMatchObject({ offset: 1448, length: 300, times: 3 });
    expect([repeated.client?.first.packet, repeated.client?.last.packet]).toEqual([6, 8]);
    expect(repeated.server).toBeUndefined();
    expect([lastSeen.client?.packet, lastSeen.server?.packet]).toEqual([8, 5]);
  });

  test('is the segment that was repeated last: a probe of the last one comes before the first', () => {
    const head = c.data(1000, full, { ack: 5000 });
    const { repeated } = factsOf(head, second, second, head, head, head);
    expect(repeated.client).toMatchObject({ offset: 0, length: 1448, times: 3 });
  });

  test('is nothing once it was acknowledged', () => {
    expect(factsOf(...sent, second, second, s.ack(5000, 2748)).repeated.client).toBeUndefined();
  });

  test('is nothing once something else was sent', () => {
    const { repeated } = factsOf(...sent, second, second, c.data(2748, 'z', { ack: 5000 }));
    expect(repeated.client).toBeUndefined();
  });

  test('counts beyond a gap as well', () => {
    const late = c.data(3000, rest, { ack: 5000 });
    const { repeated } = factsOf(c.data(1000, full, { ack: 5000 }), late, late, late);
    expect(repeated.client).toMatchObject({ offset: 2000, times: 2 });
  });

  reaches(
    'tcpRepeatOctets',
    16384,
    'is looked for where handshakes are, and not in the bulk behind',
    (bound) => {
      const far = 1000 + bound;
      const bulk: Segment[] = [];
      for (let at = 1000; at < far; at += 16_384) bulk.push(c.data(at, 'b'.repeat(16_384)));
      expect(factsOf(...bulk, bulk.at(-1) as Segment).repeated.client?.times).toBe(1);
      const last = c.data(far, rest);
      const { repeated, retransmissions } = factsOf(...bulk, last, last, last);
      expect(repeated.client).toBeUndefined();
      expect(retransmissions.client).toBe(2);
    },
  );

  reaches('tcpRepeats', 8, 'is remembered of so many directions, of the newest ones', (bound) => {
    const repeats = new Repeats();
    for (let half = 0; half <= bound; half++) repeats.note(half, 0, 1, 1, 1);
    expect(repeats.size).toBe(bound);
    expect(repeats.of(0)).toBeUndefined();
    expect(repeats.of(bound)).toBeDefined();
  });

  test('is forgotten with its connection', () => {
    const wire = new Wire().send(c.syn(999), s.synAck(4999, 1000), second, second);
    expect(wire.tcp.view.repeats.size).toBe(1);
    expect(wire.end().tcp.view.repeats.size).toBe(0);
  });
});

describe('what never came', () => {
  test('is a gap that its receiver did not acknowledge either', () => {
    const { unfilled } = factsOf(
      s.data(5000, 'hello', { ack: 1000 }),
      s.data(7901, rest, { ack: 1000 }),
      c.ack(1000, 5005),
    );
    expect(unfilled.server).toMatchObject({ packet: 4, offset: 5, length: 2896, beyond: 300 });
    expect(unfilled.client).toBeUndefined();
  });

  test('is nothing where the receiver has it: the capture lost it', () => {
    const { unfilled, lostOctets } = factsOf(s.data(7896, rest, { ack: 1000 }), c.ack(1000, 8196));
    expect(unfilled.server).toBeUndefined();
    expect(lostOctets.server).toBe(2896);
  });

  test('is nothing where it came later', () => {
    const { unfilled } = factsOf(s.data(6448, rest, { ack: 1000 }), s.data(5000, full));
    expect(unfilled.server).toBeUndefined();
  });
});

test('hop limits are those of SYN, SYN-ACK and RST', () => {
  const [final] = new Wire()
    .send(
      c.syn(999, { hopLimit: 64 }),
      s.synAck(4999, 1000, { hopLimit: 51 }),
      c.data(1000, 'hi', { ack: 5000, hopLimit: 63 }),
      s.rst(5000, { ack: 1002, hopLimit: 118 }),
    )
    .end().finals;
  expect(final?.facts.synHopLimit).toEqual({ client: 64, server: 51 });
  expect(final?.facts.rst.server?.hopLimit).toBe(118);
});

test('a SYN-ACK that passes two points of its way has no hop limit', () => {
  const copies = [63, 51].map((hopLimit) => s.synAck(4999, 1000, { hopLimit }));
  const [final] = new Wire().send(c.syn(999), ...copies).end().finals;
  expect(final?.facts.synHopLimit).toEqual({ client: 64, server: undefined });
});
