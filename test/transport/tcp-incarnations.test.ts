import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { reaches } from '../support/reaches.ts';
import { CLIENT, c, end, FLAG, SERVER, type Segment, s, told, Wire } from './wire.ts';

const wireOf = (...segments: readonly Segment[]) => new Wire().send(...segments).end();
const factsOf = (...segments: readonly Segment[]) =>
  wireOf(...segments).finals.map(({ stream, first, last, facts }) => ({
    stream,
    packets: [first, last],
    ...facts,
  }));
const stamp = (value: number) => [1, 1, 8, 10, 0, 0, value >> 8, value & 255, 0, 0, 0, 0];

const open = [c.syn(100), s.synAck(900, 101), c.data(101, 'abc', { ack: 901 })];
const closed = [...open, s.fin(901, { ack: 104 }), c.fin(104, { ack: 902 }), s.ack(902, 105)];

describe('a SYN on endpoints that have a connection', () => {
  test('is challenged, and the connection goes on', () => {
    const [live, asked] = factsOf(
      ...open,
      c.syn(5000),
      s.ack(901, 104),
      c.data(104, 'd', { ack: 901 }),
      s.data(901, 'x', { ack: 105 }),
    );
    expect(live).toMatchObject({ stream: 0, packets: [1, 7], octets: { client: 4, server: 1 } });
    expect(asked).toMatchObject({
      stream: 1,
      packets: [4, 4],
      former: { stream: 0, end: 'open', closedFirst: undefined, ahead: 4896 },
      challenge: { packet: 5, from: 'server', reset: undefined },
    });
  });

  test('ends what was half open: challenge, RST, and the SYN again', () => {
    const [former, next] = factsOf(
      ...open,
      c.syn(5000),
      s.ack(901, 104),
      c.rst(104),
      c.syn(5000, { at: 1 }),
      s.synAck(7000, 5001, { at: 1 }),
      c.data(5001, 'new', { ack: 7001, at: 1 }),
    );
    expect(former?.rst.client?.packet).toBe(6);
    expect(next).toMatchObject({
      stream: 1,
      octets: { client: 3 },
      rst: { client: undefined, server: undefined },
      challenge: { packet: 5, reset: { packet: 6 } },
      former: { end: 'open' },
    });
  });

  test('in TIME-WAIT tells who had closed first, and how far the numbers are', () => {
    const [, next] = factsOf(...closed, c.syn(60), s.ack(902, 105), c.rst(105), c.syn(60));
    expect(next?.former).toEqual({
      stream: 0,
      last: { packet: 6, nanos: 0 },
      end: 'closed',
      closedFirst: 'server',
      ahead: 60 - 104,
    });
    expect(next?.challenge).toMatchObject({ packet: 8, reset: { packet: 9 } });
  });

  test('is answered at once: no challenge', () => {
    const [, next] = factsOf(...closed, c.syn(9000), s.synAck(70, 9001), c.data(9001, 'x'));
    expect(next?.challenge).toBeUndefined();
    expect(next?.former).toMatchObject({ end: 'closed', ahead: 9000 - 104 });
  });

  test('is sent with one number after the other: the answer names the one it is for', () => {
    const wire = wireOf(
      c.syn(100),
      c.syn(5000),
      s.synAck(70, 101),
      c.data(101, 'first', { ack: 71 }),
    );
    expect(wire.texts.get(0)?.[0]).toBe('first');
    expect(wire.texts.get(1)).toBeUndefined();
  });

  test('gets its answer although the capture lacks it', () => {
    const wire = wireOf(...open, c.syn(5000), c.data(5001, 'new', { ack: 7001 }));
    expect(wire.texts.get(0)?.[0]).toBe('abc');
    expect(wire.texts.get(1)?.[0]).toBe('new');
    const acknowledged = wireOf(...open, c.syn(5000), s.ack(7001, 5004), c.data(5004, 'd'));
    expect(acknowledged.texts.get(1)?.[0]).toBe('...d');
  });

  test('of a connection before the capture is challenged too', () => {
    const [one] = factsOf(
      c.syn(5000),
      s.ack(901, 104),
      c.rst(104),
      c.syn(5000),
      s.synAck(70, 5001),
      c.data(5001, 'x', { ack: 71 }),
    );
    expect(one).toMatchObject({
      former: undefined,
      challenge: { packet: 2, reset: { packet: 3 } },
      rst: { client: undefined },
      octets: { client: 1 },
      lostOctets: { client: 0, server: 0 },
    });
  });

  test('of a connection whose close may be before the capture says so', () => {
    const beyond = (...before: readonly Segment[]) =>
      factsOf(...before, c.syn(5000), s.ack(901, 104), c.rst(104)).at(-1)?.challenge?.isBeyond;
    const [closing, acked] = [c.fin(103, { ack: 901 }), s.ack(901, 104)];
    expect(beyond(closing, acked)).toBe(true);
    expect(beyond(s.data(900, 'x', { ack: 103 }), closing, acked)).toBe(false);
    expect(beyond(c.syn(102), s.synAck(900, 103), closing, acked)).toBe(false);
  });

  test('does not keep connections in memory that are final', () => {
    const wire = new Wire();
    for (let n = 0; n < 300; n++) {
      const isn = 1000 * (n + 1);
      const at = 200 * n;
      wire.send(c.syn(isn, { at }), s.synAck(isn, isn + 1, { at }), c.data(isn + 1, 'x', { at }));
      if (n % 3 === 0) wire.send(c.rst(isn + 2, { at }));
    }
    expect(200e9).toBeGreaterThan(LIMITS.closedNanos);
    expect(wire.tcp.table.size).toBeLessThan(5);
    wire.end();
    expect(wire.finals).toHaveLength(300);
  });
});

describe('a segment of the connection before', () => {
  const next = (jump: number, options?: readonly number[]) => [
    ...closed,
    c.syn(104 + jump, options === undefined ? {} : { options }),
    s.synAck(7000, 105 + jump),
    c.ack(105 + jump, 7001),
  ];

  test.each([
    ['before the first number', next(5000), c.data(101, 'abc', { ack: 7001 }), 'number', 3],
    [
      'acknowledging what was sent before',
      next(-50),
      c.data(101, 'abc', { ack: 901 }),
      'acknowledgement',
      3,
    ],
    ['with octets that were sent before', next(-50), c.data(101, 'abc', { ack: 7001 }), 'copy', 3],
    [
      'with a timestamp from before',
      next(-50, stamp(500)),
      c.data(101, 'xyz', { ack: 7001, options: stamp(499) }),
      'timestamp',
      undefined,
    ],
  ] as const)('%s', (_name, segments, old, how, earlier) => {
    const [, present] = factsOf(...segments, old);
    expect(present?.oldSegments).toEqual([
      {
        packet: 10,
        nanos: 0,
        from: 'client',
        length: 3,
        how,
        taken: how === 'copy',
        earlier: earlier === undefined ? undefined : { packet: earlier, nanos: 0 },
      },
    ]);
    expect(present?.octets.client).toBe(how === 'copy' ? 3 : 0);
  });

  test.each([
    ['with other octets', next(-50), c.data(101, 'xyz', { ack: 7001 })],
    [
      'with a timestamp from now',
      next(-50, stamp(500)),
      c.data(101, 'abc', { options: stamp(500) }),
    ],
    ['that is the next', next(5000), c.data(5105, 'abc', { ack: 7001 })],
    ['that keeps the connection alive', next(-3), c.data(101, 'a', { ack: 7001 })],
  ] as const)('is none %s', (_name, segments, segment) => {
    expect(factsOf(...segments, segment)[1]?.oldSegments).toEqual([]);
  });

  test('may be a RST or FIN, which ends nothing here', () => {
    const [, present] = factsOf(...next(5000), c.rst(105), s.fin(901));
    expect(present?.rst.client).toBeUndefined();
    expect(present?.fin.server).toBeUndefined();
  });

  test('is counted no further than is useful', () => {
    const many = Array.from({ length: LIMITS.anomaliesPerConnection + 9 }, () =>
      c.data(101, 'abc', { ack: 901 }),
    );
    const [, present] = factsOf(...next(5000), ...many);
    expect(present?.oldSegments).toHaveLength(LIMITS.anomaliesPerConnection);
  });
});

describe('a RST that its receiver does not take', () => {
  const data = [...open, s.ack(901, 104)];

  test('is none once its receiver takes data that came after it', () => {
    const [only] = factsOf(
      ...data,
      c.rst(110),
      s.ack(901, 104),
      c.data(104, 'd', { ack: 901 }),
      s.ack(901, 105),
    );
    expect(only).toMatchObject({
      rst: { client: undefined },
      ignoredReset: { client: { packet: 5 }, server: undefined },
      octets: { client: 4 },
    });
  });

  test('is one as long as nothing speaks against it', () => {
    const [only] = factsOf(...data, c.rst(110), s.ack(901, 104), c.data(104, 'd', { ack: 901 }));
    expect(only).toMatchObject({ rst: { client: { packet: 5 } }, ignoredReset: {} });
  });

  test('does not make the connection final while it goes on', () => {
    const wire = new Wire().send(...data, c.rst(110), c.data(104, 'd', { ack: 901 }));
    wire.send(s.ack(901, 105), c.data(105, 'e', { at: 500 }));
    // Another connection begins, and what is closed for long becomes final.
    wire.send({ ...c.syn(1), from: { address: [10, 0, 0, 9], port: 9 } });
    expect(wire.finals).toEqual([]);
    expect(wire.end().texts.get(0)?.[0]).toBe('abcde');
  });
});

describe('half closed', () => {
  test('octets behind the FIN of the peer are counted once', () => {
    const [only] = factsOf(
      ...open,
      s.fin(901, { ack: 104 }),
      c.data(104, 'de', { ack: 902 }),
      c.data(104, 'de', { ack: 902 }),
      s.fin(901, { ack: 104 }),
      s.rst(902),
    );
    expect(only?.octetsAfterPeerFin).toEqual({ client: 2, server: 0 });
    expect(only?.fin.server?.packet).toBe(4);
    expect(only?.rst.server).toMatchObject({ packet: 8, withAck: false });
  });

  test('octets that the FIN acknowledges came before it, whatever the order of the capture', () => {
    const [only] = factsOf(
      ...open,
      s.fin(901, { ack: 106 }),
      c.data(104, 'de', { ack: 901 }),
      c.data(106, 'f', { ack: 902 }),
    );
    expect(only?.octetsAfterPeerFin).toEqual({ client: 1, server: 0 });
  });

  test('all octets of a side that begins behind it', () => {
    const [only] = factsOf(
      c.syn(100),
      s.synAck(900, 101),
      c.fin(101, { ack: 901 }),
      s.data(901, 'late'),
    );
    expect(only?.octetsAfterPeerFin).toEqual({ client: 0, server: 4 });
  });
});

describe('what TLS never uses', () => {
  test('urgent data is part of the stream, and said so once', () => {
    const segments = [...open, c.data(104, 'd!', { flags: FLAG.ack | 32 })];
    const wire = wireOf(...segments, c.data(106, '!', { flags: FLAG.ack | 32 }), c.data(107, 'e'));
    expect(wire.texts.get(0)?.[0]).toBe('abcd!!e');
    expect(wire.events.filter((event) => event.startsWith('!'))).toEqual(['! tcp-urgent @4']);
    expect(wire.finals[0]?.facts.urgent).toEqual({
      client: { packet: 4, nanos: 0 },
      server: undefined,
    });
  });

  reaches('remarkedConnections', 1, 'is kept of so many connections; others are doubted', () => {
    const clients = [CLIENT, { ...CLIENT, port: CLIENT.port + 1 }];
    const wire = new Wire(clients);
    for (const node of clients)
      wire.send(
        end(node, SERVER).syn(99),
        end(node, SERVER).data(100, 'a', { flags: FLAG.ack | 32 }),
      );
    const facts = wire.end().finals.map(({ facts }) => facts);
    expect(facts.map(({ urgent }) => urgent.client === undefined)).toEqual([false, true]);
    expect(facts.map(({ isOrderUnknown }) => isOrderUnknown)).toEqual([false, true]);
  });

  test('the smaller segment size of both SYNs is kept, of none where one does not say', () => {
    const sized = (octets: number) => ({ options: [2, 4, octets >> 8, octets & 255] });
    const sizeOf = (...segments: readonly Segment[]) =>
      new Wire()
        .send(...segments)
        .end()
        .finals.map(({ segmentSize }) => segmentSize);
    const close = [c.rst(101)];
    expect(sizeOf(c.syn(100, sized(1460)), s.synAck(900, 101, sized(1360)), ...close)).toEqual([
      1360,
    ]);
    expect(sizeOf(c.syn(100, sized(536)), s.synAck(900, 101, sized(1360)), ...close)).toEqual([
      536,
    ]);
    expect(sizeOf(c.syn(100, sized(1460)), s.synAck(900, 101), ...close)).toEqual([0]);
    expect(
      sizeOf(c.syn(100, { options: [2, 3, 5] }), s.synAck(900, 101, sized(9)), ...close),
    ).toEqual([0]);
  });

  test('Multipath TCP is named where both speak it', () => {
    const capable = [30, 4, 0x01, 0x01];
    const one = told([c.syn(1, { options: capable }), s.synAck(9, 2, { options: capable })]);
    expect(one).toEqual(['! tcp-multipath @2']);
    expect(told([c.syn(1, { options: capable }), s.synAck(9, 2)])).toEqual([]);
  });

  test('options that are no options are not followed', () => {
    for (const options of [[30, 1, 0, 0], [8, 40, 0, 0], [0, 30, 4, 1], [30], [1, 1, 1, 30]])
      expect(told([c.syn(1), s.synAck(9, 2, { options })])).toEqual([]);
  });
});

test('a keep-alive behind octets that the capture lacks brings nothing', () => {
  const events = told(
    [...open, s.ack(901, 110), c.data(109, '?', { ack: 901 }), c.data(110, 'g', { ack: 901 })],
    true,
  );
  expect(events).toContain('c gap 6 @6');
  expect(events.join()).not.toContain('?');
});
