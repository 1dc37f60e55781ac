/** One direction that was captured late: behind the packets of its peer that acknowledge it. */
import { expect, test } from 'vitest';
import { c, type Segment, s, Wire } from './wire.ts';

const opening = [c.syn(100), s.synAck(900, 101)];
const isLate = (...segments: readonly Segment[]) =>
  new Wire()
    .send(...segments)
    .end()
    .finals.map(({ facts }) => facts.isBehindAnswer);

test.each<[string, readonly Segment[]]>([
  ['a SYN', [s.synAck(900, 101), c.syn(100), c.data(101, 'ask', { ack: 901 })]],
  ['octets', [...opening, s.data(901, 'answer', { ack: 104 }), c.data(101, 'ask', { ack: 901 })]],
  [
    'octets whose first part came in time',
    [...opening, c.data(101, 'a'), s.ack(901, 104), c.data(101, 'ask'), c.data(104, 'more')],
  ],
  [
    'octets behind a gap',
    [...opening, s.ack(901, 107), c.data(104, 'two'), c.data(101, 'one', { ack: 901 })],
  ],
  ['a FIN', [...opening, c.data(101, 'a'), s.fin(901, { ack: 103 }), c.fin(102, { ack: 902 })]],
  [
    'octets with a FIN',
    [...opening, s.fin(901, { ack: 105 }), c.data(101, 'ask', { ack: 902, flags: 1 | 16 })],
  ],
  [
    'octets of a connection whose beginning is missing',
    [s.data(901, 'answer', { ack: 104 }), c.data(101, 'ask', { ack: 901 })],
  ],
])('%s behind the answer', (_, segments) => {
  expect(isLate(...segments)).toEqual([true]);
});

test.each<[string, readonly Segment[]]>([
  ['what comes in order', [...opening, c.data(101, 'ask'), s.ack(901, 104), c.fin(104)]],
  ['what is lost, and nothing of it comes', [...opening, s.ack(901, 104), c.data(104, 'more')]],
  [
    'an acknowledgement that waits',
    [...opening, c.data(101, 'ask'), c.data(104, 'b'), s.ack(901, 104)],
  ],
  [
    'octets that are sent again',
    [...opening, c.data(101, 'ask'), s.ack(901, 104), c.data(101, 'ask')],
  ],
  ['a FIN that nobody acknowledged', [...opening, c.data(101, 'a'), s.fin(901), c.fin(102)]],
  [
    'a FIN that is sent again',
    [...opening, c.fin(101), s.fin(901, { ack: 102 }), c.fin(101, { ack: 902 })],
  ],
  ['a connection that began before', [s.data(901, 'x', { ack: 101 }), c.data(101, 'ask')]],
  [
    'a SYN under a number that has nothing to do with it',
    [s.data(901, 'x', { ack: 4_000_000 }), c.syn(100)],
  ],
])('not %s', (_, segments) => {
  expect(isLate(...segments)).not.toContain(true);
});
