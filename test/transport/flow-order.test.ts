/** What shows that the order of a flow's packets in the capture is not the order on the wire. */
import { describe, expect, test } from 'vitest';
import { FlowOrder } from '../../src/transport/flow-order.ts';
import { c, type Segment, s, Wire } from './wire.ts';

const former = [
  c.syn(100),
  s.synAck(900, 101),
  c.data(101, 'abc', { ack: 901 }),
  c.data(104, 'def', { ack: 901 }),
  s.data(901, 'x', { ack: 107 }),
  s.fin(902, { ack: 107 }),
  c.fin(107, { ack: 903 }),
  s.ack(903, 108),
];
const asked = [c.syn(5000)];
const answered = [...asked, s.synAck(7000, 5001)];
const begun = [
  ...answered,
  c.data(5001, 'new', { ack: 7001 }),
  s.data(7001, 'answer', { ack: 5004 }),
];

const isUnknown = (...segments: readonly Segment[]) =>
  new Wire()
    .send(...segments)
    .end()
    .finals.some(({ facts }) => facts.isOrderUnknown);

describe('on endpoints that were used again', () => {
  test.each<[string, readonly Segment[]]>([
    ['the SYN of the former', [...begun, c.syn(100)]],
    ['its SYN-ACK', [...begun, s.synAck(900, 101)]],
    ['its FIN', [...begun, s.fin(902, { ack: 107 })]],
    ['two of its segments', [...begun, c.data(101, 'abc'), c.data(104, 'def')]],
    ['a SYN-ACK for the SYN of the former', [...asked, c.data(5001, 'new'), s.synAck(7000, 101)]],
    ['the SYN, and its sender has gone on', [...begun, c.syn(5000)]],
    ['the SYN-ACK, and its sender has gone on', [...begun, s.synAck(7000, 5001)]],
  ])('%s coming again shows it', (_, segments) => {
    expect(isUnknown(...former, ...segments)).toBe(true);
  });

  test.each<[string, readonly Segment[]]>([
    ['a SYN that is repeated for want of an answer', [...asked, ...begun]],
    ['a SYN-ACK that is', [...answered, s.synAck(7000, 5001), ...begun.slice(2)]],
    ['a FIN that is sent once', begun],
    ['one segment that was held up', [...begun, c.data(101, 'abc'), c.data(101, 'abc')]],
    ['a third connection', [...begun, c.syn(9000), s.synAck(8000, 9001)]],
  ])('%s does not', (_, segments) => {
    expect(isUnknown(...former, ...segments)).toBe(false);
  });
});

test('one connection is in order by its numbers', () => {
  expect(isUnknown(...begun, c.syn(5000), s.synAck(7000, 5001))).toBe(false);
});

describe('a connection', () => {
  const shuffled = (beginning: Segment) => [
    c.syn(100),
    s.data(904, 'def', { ack: 106 }),
    c.data(101, 'hello', { ack: 901 }),
    beginning,
    s.data(901, 'abc', { ack: 106 }),
  ];

  test('has no order where its first octets come behind the next ones and before the SYN-ACK', () => {
    expect(isUnknown(...shuffled(s.synAck(900, 101)))).toBe(true);
  });

  test('has one where the SYN-ACK comes late, and nothing went before what was seen', () => {
    expect(isUnknown(...shuffled(s.synAck(903, 101)))).toBe(false);
  });
});

test('each flow has an order of its own', () => {
  const order = new FlowOrder();
  order.reused(7);
  order.cameAgain(7);
  order.reused(900);
  order.cameAgain(3);
  expect([3, 7, 900, 5000].filter((flow) => order.isUnknown(flow))).toEqual([7]);
});
