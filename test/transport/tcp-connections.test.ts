import { describe, expect, test } from 'vitest';
import { CLIENT, c, end, type Node, SERVER, type Segment, s, told, Wire } from './wire.ts';

const finals = (...segments: readonly Segment[]) => new Wire().send(...segments).end().finals;
const only = (...segments: readonly Segment[]) => {
  const [first, ...rest] = finals(...segments);
  if (first === undefined || rest.length > 0) throw new Error(`${rest.length + 1} connections`);
  return first;
};
const packets = (...segments: readonly Segment[]) =>
  finals(...segments).map(({ stream, first, last, facts }) => [
    stream,
    facts.incarnation,
    first,
    last,
  ]);

describe('numbers of streams', () => {
  test('one for each flow, in the order of their first segments', () => {
    const other = end({ ...CLIENT, port: 40_001 }, SERVER);
    expect(packets(c.syn(1), other.syn(1), s.synAck(9, 2), other.syn(1))).toEqual([
      [0, 0, 1, 3],
      [1, 0, 2, 4],
    ]);
  });

  test('a SYN with another number begins the next connection on the same ports', () => {
    const segments = [c.syn(100), s.synAck(900, 101), c.data(101, 'a'), c.syn(5000)];
    expect(packets(...segments, s.synAck(7000, 5001), c.data(5001, 'b'))).toEqual([
      [0, 0, 1, 3],
      [1, 1, 4, 6],
    ]);
    expect(told([...segments, c.data(5001, 'b')])).toEqual(['c "a" @3', 'c "b" @5']);
  });

  test('a SYN with the same number is a retransmission, also after the connection was closed', () => {
    const segments = [c.syn(100), c.syn(100), s.synAck(900, 101), s.rst(901), c.syn(100)];
    expect(packets(...segments)).toEqual([[0, 0, 1, 5]]);
  });

  test('each of many connections on the same ports has its own octets', () => {
    const segments = [1, 2, 3, 4].flatMap((n) => [
      c.syn(n * 1000),
      s.synAck(n * 7000, n * 1000 + 1),
      c.data(n * 1000 + 1, `${n}`),
      s.fin(n * 7000 + 1),
      c.fin(n * 1000 + 2),
    ]);
    expect(told(segments)).toEqual(['c "1" @3', 'c "2" @8', 'c "3" @13', 'c "4" @18']);
    expect(packets(...segments).map(([stream, incarnation]) => [stream, incarnation])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  test('an old SYN inside a live connection uses up a number, as Wireshark has it, and does no more', () => {
    const segments = [c.syn(100), s.synAck(900, 101), c.data(101, 'abc'), c.syn(50)];
    expect(packets(...segments, s.ack(901, 104), c.data(104, 'd'), c.syn(7))).toEqual([
      [0, 0, 1, 6],
      [1, 1, 4, 4],
      [2, 2, 7, 7],
    ]);
    expect(told([...segments, c.data(104, 'd')])).toEqual(['c "abc" @3', 'c "d" @5']);
  });

  test('a SYN whose connection was seen from its middle only begins another', () => {
    expect(packets(c.data(500, 'a'), c.syn(9000), c.data(9001, 'b'))).toEqual([
      [0, 0, 1, 1],
      [1, 1, 2, 3],
    ]);
  });

  test('a SYN of the other side is no reuse: both open at once', () => {
    const connection = only(c.syn(100), s.syn(900), c.synAck(100, 901), s.synAck(900, 101));
    expect(connection.initiator).toBe(0);
    expect(connection.synTransmissions).toBe(2);
  });

  test('a segment quoted by ICMP gives its flow a number, seen before or not', () => {
    const other = end({ ...CLIENT, port: 40_001 }, SERVER);
    const wire = new Wire().quote(other.syn(5)).send(c.syn(1)).quote(c.syn(1));
    wire.send(other.syn(5), other.syn(77)).end();
    expect(wire.finals.map(({ stream, first }) => [stream, first])).toEqual([
      [1, 2],
      [0, 4],
      [2, 5],
    ]);
  });
});

describe('SOCKS', () => {
  const proxy: Node = { address: [10, 0, 0, 3], port: 1080 };
  const toProxy = end(CLIENT, proxy);
  const fromProxy = end(proxy, CLIENT);
  /** Alternating payloads, beginning with the client, then the next connection. */
  const nextStream = (...payloads: readonly string[]) => {
    let [client, server] = [1000, 9000];
    const segments = payloads.map((payload, i) => {
      const segment = i % 2 === 0 ? toProxy.data(client, payload) : fromProxy.data(server, payload);
      if (i % 2 === 0) client += payload.length;
      else server += payload.length;
      return segment;
    });
    return finals(...segments, ...segments, c.syn(1)).at(-1)?.stream;
  };

  test.each([
    ['version 5 without authentication', ['\x05\x01\0', '\x05\0', 'request', '\x05\0', 'data'], 2],
    ['the reply alone relays nothing', ['\x05\x01\0', '\x05\0', 'request', '\x05\0'], 1],
    [
      'version 5 with a password',
      ['\x05\x01\x02', '\x05\x02', 'password', '\x01\0', 'request', '\x05\0', 'data', 'more'],
      2,
    ],
    ['a password is no request', ['\x05\x01\x02', '\x05\x02', 'password', '\x01\0', 'request'], 1],
    ['version 4', ['\x04\x01\x01\xbb', '\0Z', 'data'], 2],
    ['no SOCKS at all', ['GET / HTTP/1.1', 'HTTP/1.1 200', 'x', 'y', 'z'], 1],
  ])('%s', (_name, payloads, expected) => {
    expect(nextStream(...payloads)).toBe(expected);
  });

  test('what the server says first is no SOCKS', () => {
    const segments = [fromProxy.data(1, '\x05\0'), toProxy.data(1, '\x05\x01\0')];
    expect(finals(...segments, fromProxy.data(3, 'a'), c.syn(1)).at(-1)?.stream).toBe(1);
  });
});

describe('what is known at the end', () => {
  test('an undisturbed connection', () => {
    const final = only(
      c.syn(999, { at: 0 }),
      s.synAck(4999, 1000, { at: 0.02 }),
      c.data(1000, 'hello', { at: 0.04, ack: 5000 }),
      s.data(5000, 'world!', { at: 0.06, ack: 1005 }),
      c.fin(1005, { at: 0.08, ack: 5006 }),
      s.fin(5006, { at: 0.1, ack: 1006 }),
      c.ack(1006, 5007, { at: 0.12 }),
    );
    expect(final).toMatchObject({
      endpoints: ['10.0.0.1:40000', '10.0.0.2:443'],
      first: 1,
      last: 7,
      initiator: 0,
      synTransmissions: 1,
      isEnded: true,
      facts: {
        syn: { packet: 1, nanos: 0 },
        synAck: { packet: 2, nanos: 20e6 },
        incarnation: 0,
        fin: { client: { packet: 5 }, server: { packet: 6 } },
        rst: { client: undefined, server: undefined },
        octets: { client: 5, server: 6 },
        lostOctets: { client: 0, server: 0 },
        lastData: { client: { packet: 3 }, server: { packet: 4 } },
        lastDataAcknowledged: { client: { packet: 4 }, server: { packet: 5 } },
        retransmissions: { client: 0, server: 0 },
        conflicts: [],
        smallestRoundTrip: 20e6,
      },
    });
  });

  test('a SYN sent again: the answer is measured from the last one before it', () => {
    const final = only(
      c.syn(999, { at: 0 }),
      c.syn(999, { at: 1 }),
      s.synAck(4999, 1000, { at: 1.02 }),
      s.synAck(4999, 1000, { at: 1.5 }),
      c.syn(999, { at: 3 }),
    );
    expect(final.synTransmissions).toBe(3);
    expect(final.lastSyn).toBe(5);
    expect(final.facts.syn?.packet).toBe(1);
    expect(final.facts.synAck?.packet).toBe(3);
    expect(only(c.syn(9), c.syn(9, { at: 1 }), s.synAck(5, 10, { at: 1.02 })).facts).toMatchObject({
      smallestRoundTrip: 20e6,
    });
  });

  test('a SYN-ACK alone says who began', () => {
    const final = only(s.synAck(4999, 1000), c.data(1000, 'a'));
    expect(final.initiator).toBe(0);
    expect(final.facts.syn).toBeUndefined();
    expect(final.facts.smallestRoundTrip).toBeUndefined();
  });

  test('without a SYN nothing says who began', () => {
    expect(only(c.data(1000, 'a'), s.data(1, 'b')).initiator).toBeUndefined();
  });

  test('octets that come again otherwise, after they were delivered', () => {
    const { facts } = only(
      c.syn(999),
      c.data(1000, 'abcdef'),
      s.data(5000, 'abcdef'),
      c.data(1006, 'ghi'),
      c.data(1000, 'abcdef'),
      c.data(1002, 'cdefghijk'),
      c.data(1004, 'efGhijkl'),
      s.data(5003, 'd'),
      s.data(5004, 'eF'),
    );
    const other = (packet: number, earlier: number) => ({
      packet,
      nanos: 0,
      earlier: { packet: earlier, nanos: 0 },
    });
    expect(facts.conflicts).toEqual([other(7, 4), other(9, 3)]);
  });

  test('lost octets and conflicts', () => {
    const { facts } = only(
      c.syn(999),
      c.data(1002, 'cd', { ack: 5000 }),
      c.data(1002, 'CD', { ack: 5000 }),
      c.data(1010, 'k', { wire: 3, ack: 5000 }),
      s.data(5000, 'xy'),
      s.data(5000, 'xy'),
    );
    expect(facts.octets).toEqual({ client: 3, server: 2 });
    expect(facts.lostOctets).toEqual({ client: 2 + 6 + 2, server: 0 });
    expect(facts.conflicts).toEqual([{ packet: 3, nanos: 0, earlier: { packet: 2, nanos: 0 } }]);
    expect(facts.retransmissions).toEqual({ client: 1, server: 1 });
  });

  test('what the peer acknowledges was sent, although the capture lacks it', () => {
    const lost = (acknowledged: number) =>
      only(
        c.syn(999),
        s.synAck(4999, 1000),
        c.data(1000, 'abc', { ack: 5000 }),
        s.data(5000, 'x', { ack: 1003 }),
        c.ack(1003, acknowledged),
      ).facts.lostOctets;
    expect(lost(5001)).toEqual({ client: 0, server: 0 });
    expect(lost(5001 + 10)).toEqual({ client: 0, server: 10 });
    // One number may be that of a FIN; one that is far away is of no connection here.
    expect(lost(5001 + 1)).toEqual({ client: 0, server: 0 });
    expect(lost(0x7fff_0000)).toEqual({ client: 0, server: 0 });
  });

  test('what was acknowledged and comes later was only captured later', () => {
    const { facts } = only(
      c.syn(999),
      s.synAck(4999, 1000),
      c.ack(1000, 5003),
      s.data(5000, 'abc', { ack: 1000 }),
    );
    expect(facts.lostOctets).toEqual({ client: 0, server: 0 });
  });

  test('where the SYN of one side is missing, the first acknowledgement tells where it began', () => {
    const rest = [c.ack(1000, 5000), s.data(5004, 'x', { ack: 1000 }), c.ack(1000, 5005)];
    expect(only(c.syn(999), ...rest).facts.lostOctets.server).toBe(4);
    // Nothing is missing from a capture that began later, as far as it goes.
    expect(only(...rest).facts.lostOctets.server).toBe(0);
  });

  test('the acknowledgement that counts is that of the furthest octet', () => {
    const { facts } = only(
      c.syn(999),
      c.data(1000, 'abc'),
      s.ack(5000, 1002),
      c.data(1006, 'g'),
      s.ack(5000, 1003),
      s.ack(5000, 1007),
      s.ack(5000, 1007),
      s.data(5000, 'x'),
    );
    expect(facts.lastData.client?.packet).toBe(4);
    expect(facts.lastDataAcknowledged.client?.packet).toBe(6);
    expect(facts.lastDataAcknowledged.server).toBeUndefined();
  });

  test('neither a keep-alive nor a stray is data that waits for its acknowledgement', () => {
    const { facts } = only(
      c.syn(999),
      c.data(1000, 'abc'),
      s.ack(5000, 1003),
      c.data(1002, '\0'),
      c.data(0x5000_0000, 'stray'),
    );
    expect(facts.lastData.client?.packet).toBe(2);
    expect(facts.lastDataAcknowledged.client?.packet).toBe(3);
    expect(facts.retransmissions.client).toBe(0);
  });

  test('data behind a SYN-ACK with another number is waited for from there', () => {
    const { facts } = only(
      c.syn(999),
      s.synAck(0x7000_0000, 1000),
      s.synAck(0x1000_0000, 1000),
      s.data(0x1000_0001, 'xy'),
      c.ack(1000, 0x1000_0003),
    );
    expect(facts.octets.server).toBe(2);
    expect(facts.lastDataAcknowledged.server?.packet).toBe(5);
  });

  test('one FIN ends it, and its number is not an octet', () => {
    const final = only(c.syn(999), c.data(1000, 'abc'), c.fin(1003), c.fin(1003), c.rst(1004));
    expect(final.isEnded).toBe(true);
    expect(final.facts.fin.client?.packet).toBe(3);
    expect(final.facts.rst.client).toMatchObject({ packet: 5, missingOctets: 0 });
  });
});

describe('RST', () => {
  const open = [c.syn(999), s.synAck(4999, 1000), c.data(1000, 'abc'), s.data(5000, 'xy')];

  test('tells its window, whether it acknowledges, and what is missing before it', () => {
    expect(only(...open, s.rst(5002, { ack: 1003, window: 7 })).facts.rst).toEqual({
      client: undefined,
      server: { packet: 5, nanos: 0, withAck: true, window: 7, hopLimit: 64, missingOctets: 0 },
    });
    expect(only(...open, s.rst(5012)).facts.rst.server).toMatchObject({
      withAck: false,
      missingOctets: 10,
    });
    expect(only(...open, s.rst(4990)).facts.rst.server?.missingOctets).toBeUndefined();
  });

  test('octets kept beyond a gap are not missing', () => {
    const { facts } = only(...open, s.data(5007, 'zzz'), s.rst(5010));
    expect(facts.rst.server?.missingOctets).toBe(5);
  });

  test('the first one counts', () => {
    expect(only(...open, s.rst(5002), s.rst(5003)).facts.rst.server?.packet).toBe(5);
  });

  test.each([
    ['far ahead', s.rst(5002 + 0x1000_0001)],
    ['far behind', s.rst(5002 - 0x1000_0001)],
    ['far ahead, with an acknowledgement', s.rst(0x7000_0000, { ack: 1003 })],
  ])('one that its receiver would not take is no end: %s', (_name, segment) => {
    const final = only(...open, segment);
    expect(final.isEnded).toBe(false);
    expect(final.facts.rst.server).toBeUndefined();
    expect(final.facts.lastDataAcknowledged.client).toBeUndefined();
    expect(final.last).toBe(5);
  });

  test('a refusal has no number of its own: what it acknowledges is the SYN', () => {
    expect(only(c.syn(999), s.rst(0, { ack: 1000 })).facts.rst.server?.packet).toBe(2);
    expect(only(c.syn(999), s.rst(0, { ack: 0x7000_0000 })).facts.rst.server).toBeUndefined();
    expect(only(c.syn(999), s.rst(77)).facts.rst.server?.packet).toBe(2);
  });

  test('after reuse of the ports, a RST for the older connection does not end the new one', () => {
    const wire = new Wire().send(...open, c.syn(0x5000_0000), s.ack(5002, 1003), c.rst(1003));
    wire.send(c.syn(0x5000_0000), s.synAck(77, 0x5000_0001), c.data(0x5000_0001, 'new')).end();
    expect(wire.events).toContain('c "new" @10');
    expect(wire.finals.map(({ stream, isEnded }) => [stream, isEnded])).toEqual([
      [0, true],
      [1, false],
    ]);
    expect(wire.finals[1]?.facts.challenge).toMatchObject({ packet: 6, reset: { packet: 7 } });
  });

  test('what begins with a RST has one', () => {
    expect(only(c.rst(5)).facts.rst.client?.packet).toBe(1);
    expect(only(c.rst(5, { ack: 10 })).facts.rst.client?.packet).toBe(1);
  });

  test('a FIN far away is no end either', () => {
    const final = only(...open, s.fin(0x7000_0000));
    expect(final.isEnded).toBe(false);
  });
});
