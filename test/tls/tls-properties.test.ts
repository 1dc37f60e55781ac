import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, filled, hex } from '../support/hello-builder.ts';
import {
  ANSWER,
  alert,
  CCS,
  HELLO,
  handshake,
  hello,
  message,
  sealed,
  TlsWire,
  TYPE,
  type Who,
} from './wire.ts';

const SEED = { seed: 8446 };
type Flight = readonly [who: Who, octets: Uint8Array];

const finished = sealed(40, TYPE.handshake);
const ssl2 = concat(hex('802e 01 0301 0015 0000 0010'), filled(21, 3), filled(16, 4));

/** Conversations by flight; the answer to each ChangeCipherSpec is `protected`. */
const CONVERSATIONS: Readonly<Record<string, readonly Flight[]>> = {
  'TLS 1.2': [
    ['c', HELLO],
    ['s', concat(ANSWER, handshake(message(11, filled(70, 7)), message(14, filled(0, 0))))],
    ['c', concat(handshake(message(16, filled(66, 9))), CCS, finished)],
    ['s', concat(handshake(message(4, filled(20, 1))), CCS, finished, sealed(90))],
    ['c', concat(sealed(0), sealed(33), sealed(26, TYPE.alert))],
  ],
  'messages over records, several in one': [
    [
      'c',
      concat(
        handshake(hello.subarray(0, 1)),
        handshake(hello.subarray(1, 5)),
        handshake(hello.subarray(5)),
      ),
    ],
    [
      's',
      concat(
        ANSWER.subarray(0, 5),
        ANSWER.subarray(5),
        handshake(message(14, filled(0, 0)), hello),
      ),
    ],
  ],
  'alerts, heartbeats, empty records': [
    ['c', concat(HELLO, alert(1, 90), sealed(20, TYPE.heartbeat), sealed(0, TYPE.handshake))],
    ['s', concat(alert(2, 40), sealed(0, TYPE.alert))],
  ],
  'ClientHello in the clear under protection': [
    ['c', concat(HELLO, CCS, finished, handshake(hello), alert(2, 10), sealed(47, TYPE.handshake))],
  ],
  'SSL 2.0 first': [
    ['c', ssl2],
    ['s', ANSWER],
    ['c', concat(CCS, finished)],
  ],
};

interface Told {
  readonly what: string;
  readonly first: number;
  readonly last: number;
}

/** Feeds segments that end at the given places of all octets; packets are the numbers of the segments. */
function fed(
  flights: readonly Flight[],
  cuts: readonly number[],
  keepsBodies: boolean,
  isQuiet = false,
): { told: Told[]; packetOf: number[] } {
  const wire = new TlsWire('protected', keepsBodies);
  const packetOf: number[] = [0];
  let from = 0;
  for (const [who, octets] of flights) {
    const bounds = cuts.map((cut) => cut - from).filter((at) => at > 0 && at < octets.length);
    let at = 0;
    for (const next of [...bounds, octets.length]) {
      wire.send(who, octets.subarray(at, next));
      if (isQuiet) wire.tls.quiet(0);
      for (; at < next; at++) packetOf.push(wire.packets);
    }
    from += octets.length;
  }
  return {
    told: wire.all.map(({ what, first, packet }) => ({ what, first, last: packet })),
    packetOf,
  };
}

const lengthOf = (flights: readonly Flight[]) =>
  flights.reduce((sum, [, octets]) => sum + octets.length, 0);
const everywhere = (length: number) => Array.from({ length }, (_, i) => i + 1);

const CASES = Object.entries(CONVERSATIONS).flatMap(([name, flights]) =>
  [false, true].map((bodies) => [name, bodies ? 'bodies' : 'facts', flights, bodies] as const),
);

describe.each(CASES)('%s: %s', (_name, _what, flights, bodies) => {
  const length = lengthOf(flights);
  // Octet by octet, packets are places: what is told is exact.
  const exact = fed(flights, everywhere(length), bodies).told;
  const expected = (packetOf: readonly number[]) =>
    exact.map(({ what, first, last }) => ({
      what,
      first: packetOf[first],
      last: packetOf[last],
    }));

  test('is understood', () => {
    expect(exact.length).toBeGreaterThan(5);
    expect(exact.filter(({ what }) => /not a record|lost|^!/.test(what))).toEqual([]);
  });

  test('has the body of every record that is not plaintext', () => {
    const whats = exact.map(({ what }) => what);
    const opaque = whats.filter((what) => /^. record (2[1-4]) \S+ \d+$/.test(what));
    const told = whats.filter((what) => /^. sealed /.test(what));
    expect(told.map((what) => what.split(' ')[3]?.length ?? 0)).toEqual(
      bodies ? opaque.map((what) => 2 * Number(what.split(' ')[4])) : [],
    );
  });

  test('at every place of one cut', () => {
    for (let cut = 0; cut < length; cut++) {
      const { told, packetOf } = fed(flights, [cut], bodies);
      expect(told).toEqual(expected(packetOf));
    }
  });

  test('at any places, with or without rest in between', () => {
    const cuts = fc
      .array(fc.nat(length), { maxLength: 40 })
      .map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(cuts, (all) => {
        const { told, packetOf } = fed(flights, [...new Set(all)], bodies);
        expect(told).toEqual(expected(packetOf));
        expect(fed(flights, [...new Set(all)], bodies, true).told).toEqual(told);
      }),
      { ...SEED, numRuns: 200 },
    );
  });
});

describe('no octets whatsoever', () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    // Near misses: headers with random bodies and lengths.
    fc
      .tuple(
        fc.integer({ min: 19, max: 26 }),
        fc.integer({ min: 2, max: 4 }),
        fc.nat(5),
        fc.nat(60),
        fc.uint8Array({ maxLength: 70 }),
      )
      .map(([type, major, minor, length, body]) =>
        concat(Uint8Array.of(type, major, minor, 0, length), body),
      ),
    fc.constantFrom(HELLO, ANSWER, CCS, finished, sealed(30), ssl2, hello),
  );
  const act = fc.oneof(
    { weight: 8, arbitrary: fc.record({ back: fc.boolean(), octets }) },
    { weight: 1, arbitrary: fc.record({ back: fc.boolean(), gap: fc.nat(100) }) },
  );

  test('throw, or change what others are told', () => {
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 30 }),
        fc.constantFrom('plain', 'protected', 'undecided'),
        (acts, ccs) => {
          const wire = new TlsWire(ccs as 'plain');
          for (const one of acts) {
            const who = one.back ? 's' : 'c';
            if ('gap' in one) wire.gap(who, one.gap + 1);
            else if (one.octets.length > 0) wire.send(who, one.octets);
          }
          for (const { what, first, packet } of wire.all) {
            expect(first).toBeLessThanOrEqual(packet);
            expect(what).not.toMatch(/undefined|NaN/);
          }
          // Whatever was before, the row serves the next connection.
          wire.tls.forget(0);
          wire.all.length = 0;
          wire.send('c', HELLO).send('s', ANSWER);
          expect(wire.lines.filter((line) => / message /.test(line))).toHaveLength(2);
        },
      ),
      { ...SEED, numRuns: 1500 },
    );
  });

  test('hide the hello that follows them in a segment of its own', () => {
    // Unless they are TLS themselves, or a record that the hello would lie within.
    const noise = fc.uint8Array({ minLength: 1, maxLength: 60 }).filter((all) => !isNear(all));
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 8 }), (segments) => {
        const wire = new TlsWire().send('c', ...segments, HELLO);
        expect(wire.lines).toContain('c message 1 43 0303c1c1…43');
      }),
      { ...SEED, numRuns: 1000 },
    );
  });
});

/** Begins like a record, so that more octets are waited for. */
const isNear = (all: Uint8Array) => (all[0] as number) >= 20 && (all[0] as number) <= 24;

describe('false positives', () => {
  /**
   * A random segment is taken for a beginning with a probability below 2^-31: a known type (5 of 256), the major version
   * (1 of 256), a minor version (5 of 256), and a length that agrees with the segment (1 of 65,536) or a second header.
   * Random octets alone would never show a mistake in that; so type and version are given, and what is left to chance
   * is the length: 2^-16 for each segment, plus 2^-21 or so for a second header.
   */
  test('behind a true type and version, only a length that agrees convinces', () => {
    let recognised = 0;
    const segments = 40_000;
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return state >>> 8;
    };
    for (let n = 0; n < segments; n++) {
      const octets = Uint8Array.from({ length: 100 + (n % 300) }, () => random() & 255);
      octets.set([20 + (n % 5), 3, 1 + (n % 3)]);
      const wire = new TlsWire().send('c', octets);
      if (wire.all.length > 0) recognised++;
    }
    expect(recognised).toBeLessThan(6);
  });

  test.each([
    ['HTTP', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['SSH', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['SMTP', '220 mail.example ESMTP\r\n'],
    [
      'TPKT and RDP',
      '\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00',
    ],
    ['MySQL greeting of 0x16 octets', '\x16\x00\x00\x00\x0a8.0.36\x00\x01\x00\x00\x00abcdefgh'],
    ['a MySQL packet of 0x10316 octets', '\x16\x03\x01\x00\x03SELECT 1, 2, 3 FROM t WHERE x = 1'],
    ['a length field of 0x1603', '\x16\x03\x00\x00\x00\x00\x00\x01payload of some other protocol'],
    ['a handshake type with a message that is none', '\x16\x03\x01\x00\x20\x55'.padEnd(200, 'x')],
    [
      'a ClientHello with a length that cannot be',
      '\x16\x03\x01\x00\x20\x01\xff\xff\xff\x03\x03'.padEnd(200, 'x'),
    ],
    ['an alert of no level', '\x15\x03\x01\x00\x02\x07\x28'],
    ['BitTorrent', '\x13BitTorrent protocol\0\0\0\0\0\0\0\0'],
    ['DNS over TCP', '\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example'],
    ['Redis', '*1\r\n$4\r\nPING\r\n'],
    ['zeros', '\0'.repeat(100)],
  ])('%s is no TLS', (_name, text) => {
    const wire = new TlsWire();
    for (let i = 0; i < 3; i++) wire.send(i % 2 === 0 ? 'c' : 's', Buffer.from(text, 'latin1'));
    expect(wire.lines).toEqual([]);
  });
});
