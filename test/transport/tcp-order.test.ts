import { describe, expect, test } from 'vitest';
import { c, type Segment, s, told } from './wire.ts';

interface Case {
  readonly name: string;
  readonly segments: readonly Segment[];
  readonly events: readonly string[];
}

const open = [c.syn(999), s.synAck(4999, 1000), c.ack(1000, 5000)];

const order: Case[] = [
  {
    name: 'in order, both ways',
    segments: [...open, c.data(1000, 'abc'), s.data(5000, 'xy'), c.data(1003, 'd')],
    events: ['c "abc" @4', 's "xy" @5', 'c "d" @6'],
  },
  {
    name: 'a SYN whose length claims data that nobody captured',
    segments: [c.syn(999), s.synAck(4999, 1000, { wire: 4096 }), s.data(5000, 'xy')],
    events: ['s "xy" @3'],
  },
  {
    name: 'two segments swapped: each keeps the packet that carried it',
    segments: [...open, c.data(1003, 'def'), c.data(1000, 'abc')],
    events: ['c "abc" @5', 'c "def" @4'],
  },
  {
    name: 'four segments in the worst order',
    segments: [
      ...open,
      c.data(1006, 'd'),
      c.data(1004, 'c'),
      c.data(1002, 'b'),
      c.data(1000, 'aa'),
      c.data(1003, 'B'),
      c.data(1005, 'C'),
    ],
    events: ['c "aa" @7', 'c "b" @6', 'c "B" @8', 'c "c" @5', 'c "C" @9', 'c "d" @4'],
  },
  {
    name: 'a retransmission tells nothing',
    segments: [...open, c.data(1000, 'abc'), c.data(1000, 'abc'), c.data(1003, 'd')],
    events: ['c "abc" @4', 'c "d" @6'],
  },
  {
    name: 'a packet captured twice is delivered once',
    segments: [...open, c.data(1000, 'a'), c.data(1000, 'a'), s.data(5000, 'x'), s.data(5000, 'x')],
    events: ['c "a" @4', 's "x" @6'],
  },
  {
    name: 'a retransmission with other boundaries gives what is new',
    segments: [...open, c.data(1000, 'abc'), c.data(1001, 'bcde'), c.data(1000, 'abcdef')],
    events: ['c "abc" @4', 'c "de" @5', 'c "f" @6'],
  },
  {
    name: 'a retransmission of early octets in larger pieces',
    segments: [...open, c.data(1002, 'c'), c.data(1004, 'e'), c.data(1000, 'abcdef')],
    events: ['c "ab" @6', 'c "c" @4', 'c "d" @6', 'c "e" @5', 'c "f" @6'],
  },
  {
    name: 'early pieces that overlap each other',
    segments: [
      ...open,
      c.data(1002, 'cd'),
      c.data(1003, 'def'),
      c.data(1001, 'bcd'),
      c.data(1000, 'a'),
    ],
    events: ['c "a" @7', 'c "b" @6', 'c "cd" @4', 'c "ef" @5'],
  },
  {
    name: 'sequence numbers wrap, also with a segment across the end and one that comes early',
    segments: [
      c.syn(0xffff_fffb),
      c.data(0xffff_fffc, 'ab'),
      c.data(0x0000_0001, 'f'),
      c.data(0xffff_fffe, 'cde'),
      c.data(0x0000_0002, 'g'),
    ],
    events: ['c "ab" @2', 'c "cde" @4', 'c "f" @3', 'c "g" @5'],
  },
  {
    name: 'the sign bit of a sequence number means nothing',
    segments: [
      c.syn(0x7fff_fffd),
      c.data(0x8000_0000, 'cd'),
      c.data(0x7fff_fffe, 'ab'),
      c.data(0x8000_0002, 'e'),
    ],
    events: ['c "ab" @3', 'c "cd" @2', 'c "e" @4'],
  },
  {
    name: 'data in the SYN takes the number behind it',
    segments: [c.syn(999, { payload: 'ab' }), s.synAck(4999, 1002), c.data(1002, 'c')],
    events: ['c "ab" @1', 'c "c" @3'],
  },
  {
    name: 'data of the SYN sent again after a SYN-ACK that did not take it',
    segments: [c.syn(999, { payload: 'ab' }), s.synAck(4999, 1000), c.data(1000, 'abc')],
    events: ['c "ab" @1', 'c "c" @3'],
  },
  {
    name: 'a SYN sent again after its data is no new beginning',
    segments: [c.syn(999), c.data(1000, 'ab'), c.syn(999), c.data(1002, 'c')],
    events: ['c "ab" @2', 'c "c" @4'],
  },
  {
    name: 'a SYN captured behind its data',
    segments: [c.data(1000, 'ab'), c.syn(999), c.data(1002, 'c')],
    events: ['c "ab" @1', 'c "c" @3'],
  },
  {
    name: 'a SYN-ACK resent with another number: the last one before data counts',
    segments: [c.syn(999), s.synAck(4999, 1000), s.synAck(7999, 1000), s.data(8000, 'x')],
    events: ['s "x" @4'],
  },
  {
    name: 'after data a SYN-ACK with another number changes nothing',
    segments: [
      c.syn(999),
      s.synAck(4999, 1000),
      s.data(5000, 'x'),
      s.synAck(7999, 1000),
      s.data(5001, 'y'),
    ],
    events: ['s "x" @3', 's "y" @5'],
  },
  {
    name: 'a direction that began before the capture starts with its first payload, not with a bare ACK ahead of it',
    segments: [c.ack(1010, 5000), s.data(5000, 'x'), c.data(1000, 'abc'), c.data(1003, 'd')],
    events: ['s "x" @2', 'c "abc" @3', 'c "d" @4'],
  },
  {
    name: 'octets before the first payload seen are not part of the stream',
    segments: [c.data(1003, 'def'), c.data(1000, 'abc'), c.data(1006, 'g')],
    events: ['c "def" @1', 'c "g" @3'],
  },
  {
    name: 'keep-alives, with and without an octet',
    segments: [
      ...open,
      c.data(1000, 'abc'),
      c.data(1002, '\0', { ack: 5000 }),
      c.ack(1002, 5000),
      s.ack(5000, 1003),
      c.data(1003, 'd'),
    ],
    events: ['c "abc" @4', 'c "d" @8'],
  },
  {
    name: 'probes of a closed window: with the next octet, and with none',
    segments: [
      ...open,
      c.data(1000, 'abc'),
      s.ack(5000, 1003, { window: 0 }),
      c.data(1003, 'd'),
      s.ack(5000, 1003, { window: 0 }),
      c.ack(1002, 5000),
      s.ack(5000, 1003, { window: 100 }),
      c.data(1003, 'def'),
    ],
    events: ['c "abc" @4', 'c "d" @6', 'c "ef" @10'],
  },
  {
    name: 'FIN with data, and a FIN that comes early',
    segments: [...open, c.fin(1003, { payload: 'def' }), c.data(1000, 'abc')],
    events: ['c "abc" @5', 'c "def" @4'],
  },
  {
    name: 'what stands in a RST is no part of the stream',
    segments: [...open, c.data(1000, 'a'), c.rst(1001, { payload: 'reason' })],
    events: ['c "a" @4'],
  },
];

const differing: Case[] = [
  {
    name: 'early octets win over a later copy',
    segments: [...open, c.data(1002, 'cd'), c.data(1002, 'CD'), c.data(1000, 'ab')],
    events: ['! tcp-overlap-differs @5', 'c "ab" @6', 'c "cd" @4'],
  },
  {
    name: 'early octets win over the segment that fills the gap',
    segments: [...open, c.data(1002, 'cd'), c.data(1000, 'abXYe')],
    events: ['! tcp-overlap-differs @5', 'c "ab" @5', 'c "cd" @4', 'c "e" @5'],
  },
  {
    name: 'a copy that differs in part, over two kept ranges',
    segments: [
      ...open,
      c.data(1001, 'b'),
      c.data(1003, 'd'),
      c.data(1001, 'bcD'),
      c.data(1000, 'a'),
    ],
    events: ['! tcp-overlap-differs @6', 'c "a" @7', 'c "b" @4', 'c "c" @6', 'c "d" @5'],
  },
  {
    name: 'equal copies are no conflict',
    segments: [
      ...open,
      c.data(1002, 'cd'),
      c.data(1002, 'cd'),
      c.data(1001, 'bcde'),
      c.data(1000, 'a'),
    ],
    events: ['c "a" @7', 'c "b" @6', 'c "cd" @4', 'c "e" @6'],
  },
];

const gaps: Case[] = [
  {
    name: 'a gap at the end of the capture, and what lies beyond it',
    segments: [...open, c.data(1000, 'ab'), c.data(1005, 'fg'), c.data(1010, 'k')],
    events: [
      'c "ab" @4',
      '! tcp-gap @6',
      'c gap 3 @6',
      'c "fg" @5',
      '! tcp-gap @6',
      'c gap 3 @6',
      'c "k" @6',
      'final 0',
    ],
  },
  {
    name: 'a gap right behind the SYN',
    segments: [...open, c.data(1003, 'def')],
    events: ['! tcp-gap @4', 'c gap 3 @4', 'c "def" @4', 'final 0'],
  },
  {
    name: 'a gap that was given up does not open again',
    segments: [
      ...open,
      c.data(1003, 'd', { at: 0 }),
      s.ack(5000, 1004, { at: 0.1 }),
      c.data(1004, 'e', { at: 4 }),
      c.data(1000, 'abcdef', { at: 5 }),
    ],
    events: ['! tcp-gap @6', 'c gap 3 @6', 'c "d" @4', 'c "e" @6', 'c "f" @7', 'final 0'],
  },
  {
    name: 'an acknowledgement of the octets before the gap does not give it up',
    segments: [
      ...open,
      c.data(1003, 'd', { at: 0 }),
      s.ack(5000, 1000, { at: 0.1 }),
      c.data(1004, 'e', { at: 4 }),
      c.data(1000, 'abc', { at: 5 }),
    ],
    events: ['c "abc" @7', 'c "d" @4', 'c "e" @6', 'final 0'],
  },
  {
    name: 'an acknowledgement of the first gap says nothing of the second',
    segments: [
      ...open,
      c.data(1003, 'd', { at: 0 }),
      s.ack(5000, 1004, { at: 0.1 }),
      c.data(1007, 'h', { at: 0.2 }),
      c.data(1000, 'abc', { at: 0.3 }),
      c.data(1010, 'k', { at: 4 }),
      c.data(1004, 'efg', { at: 5 }),
      c.data(1008, 'ij', { at: 5 }),
    ],
    events: [
      'c "abc" @7',
      'c "d" @4',
      'c "efg" @9',
      'c "h" @6',
      'c "ij" @10',
      'c "k" @8',
      'final 0',
    ],
  },
  {
    name: 'both directions have gaps of their own',
    segments: [...open, c.data(1001, 'b'), s.data(5001, 'y'), s.data(5000, 'x')],
    events: ['s "x" @6', 's "y" @5', '! tcp-gap @6', 'c gap 1 @6', 'c "b" @4', 'final 0'],
  },
];

const cut: Case[] = [
  {
    name: 'what the snap length cut off is a gap',
    segments: [...open, c.data(1000, 'ab', { wire: 10 }), c.data(1010, 'k')],
    events: ['c "ab" @4', 'c gap 8 @4', 'c "k" @5'],
  },
  {
    name: 'nothing of the payload was captured',
    segments: [...open, c.data(1000, '', { wire: 10 }), c.data(1010, 'k')],
    events: ['c gap 10 @4', 'c "k" @5'],
  },
  {
    name: 'a cut retransmission whose captured octets are all old',
    segments: [...open, c.data(1000, 'abc'), c.data(1000, 'ab', { wire: 10 }), c.data(1010, 'k')],
    events: ['c "abc" @4', 'c gap 7 @5', 'c "k" @6'],
  },
  {
    name: 'cut segments that come early do not wait for what cannot come',
    segments: [
      ...open,
      c.data(1010, 'k', { wire: 10 }),
      c.data(1020, '', { wire: 5 }),
      c.data(1000, 'a', { wire: 10 }),
      c.data(1025, 'z'),
    ],
    events: ['c "a" @6', 'c gap 9 @6', 'c "k" @4', 'c gap 9 @4', 'c gap 5 @5', 'c "z" @7'],
  },
  {
    name: 'a whole copy of a cut early segment is taken',
    segments: [
      ...open,
      c.data(1002, 'c', { wire: 3 }),
      c.data(1002, 'cde'),
      c.data(1000, 'ab'),
      c.data(1005, 'f'),
    ],
    events: ['c "ab" @6', 'c "c" @4', 'c "de" @5', 'c "f" @7'],
  },
  {
    name: 'a cut segment before an early one that begins within it',
    segments: [...open, c.data(1004, 'efg'), c.data(1000, 'ab', { wire: 6 }), c.data(1007, 'h')],
    events: ['c "ab" @5', 'c gap 2 @5', 'c "efg" @4', 'c "h" @6'],
  },
  {
    name: 'the same cut segment twice, and one cut further',
    segments: [
      ...open,
      c.data(1004, '', { wire: 4 }),
      c.data(1004, '', { wire: 4 }),
      c.data(1004, '', { wire: 6 }),
      c.data(1000, 'abcd'),
      c.data(1010, 'k'),
    ],
    events: ['c "abcd" @7', 'c gap 6 @4', 'c "k" @8'],
  },
];

const far: Case[] = [
  {
    name: 'a segment beyond any window is no part of the stream',
    segments: [...open, c.data(1000, 'a'), c.data(0x4000_0000, 'stray'), c.data(1001, 'b')],
    events: ['c "a" @4', 'c "b" @6', 'final 0'],
  },
  {
    name: 'one far behind neither',
    segments: [...open, c.data(1000, 'a'), c.data(-0x4000_0000, 'stray'), c.data(1001, 'b')],
    events: ['c "a" @4', 'c "b" @6', 'final 0'],
  },
  {
    name: 'a stream that goes on beyond a window: the capture lost all between',
    segments: [
      ...open,
      c.data(1000, 'a'),
      c.data(0x4000_0000, 'xx'),
      c.data(0x4000_0002, 'b'),
      c.data(0x4000_0003, 'c'),
    ],
    events: [
      'c "a" @4',
      '! tcp-gap @6',
      `c gap ${0x4000_0002 - 1001} @6`,
      'c "b" @6',
      'c "c" @7',
      'final 0',
    ],
  },
  {
    name: 'what was kept beyond a gap comes before such a jump',
    segments: [...open, c.data(1001, 'b'), c.data(0x4000_0000, 'xx'), c.data(0x4000_0002, 'c')],
    events: [
      '! tcp-gap @6',
      'c gap 1 @6',
      'c "b" @4',
      '! tcp-gap @6',
      `c gap ${0x4000_0002 - 1002} @6`,
      'c "c" @6',
      'final 0',
    ],
  },
  {
    name: 'strays between segments of the stream are strays, even when they continue each other',
    segments: [
      ...open,
      c.data(0x4000_0000, 'xx'),
      c.data(1000, 'a'),
      c.data(0x4000_0002, 'yy'),
      c.data(1001, 'b'),
    ],
    events: ['c "a" @5', 'c "b" @7', 'final 0'],
  },
];

describe.each([
  { title: 'order', cases: order, end: false },
  { title: 'copies that differ', cases: differing, end: false },
  { title: 'gaps', cases: gaps, end: true },
  { title: 'cut segments', cases: cut, end: false },
  { title: 'far away', cases: far, end: true },
])('$title', ({ cases, end }) => {
  test.each(cases)('$name', ({ segments, events }) => {
    expect(told(segments, end)).toEqual(events);
  });
});

test('segments as large as offloading makes them, early ones too', () => {
  const big = (letter: string) => letter.repeat(65_000);
  const events = told([
    ...open,
    c.data(1000, big('a')),
    c.data(131_000, big('c')),
    c.data(66_000, big('b')),
    c.data(196_000, 'd'),
  ]);
  const octets = events.map((event) => event.match(/"(.*)"/s)?.[1] ?? '?').join('');
  expect(octets).toBe(`${big('a')}${big('b')}${big('c')}d`);
});
