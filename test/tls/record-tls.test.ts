import { describe, expect, test } from 'vitest';
import { ascii, concat, filled, hex } from '../support/hello-builder.ts';
import {
  ANSWER,
  alert,
  answer,
  behindHellos,
  CCS,
  CLIENT_HELLO,
  HELLO,
  handshake,
  hello,
  message,
  record,
  SERVER_HELLO,
  sealed,
  TlsWire,
  TYPE,
} from './wire.ts';

describe('framing', () => {
  test('a whole connection, a record in each segment', () => {
    expect(
      behindHellos((wire) =>
        wire
          .send(
            's',
            handshake(
              message(11, filled(700, 7)),
              message(12, filled(90, 8)),
              message(14, filled(0, 0)),
            ),
          )
          .send('c', handshake(message(16, filled(66, 9))), CCS, sealed(40, TYPE.handshake))
          .send('s', CCS, sealed(40, TYPE.handshake), sealed(1000))
          .send('c', sealed(26, TYPE.alert)),
      ),
    ).toEqual([
      's message 11 700 @3',
      's message 12 90 @3',
      's message 14 0 @3',
      's record 22 0303 802 clear @3',
      'c message 16 66 @4',
      'c record 22 0303 70 clear @4',
      'c ccs @5',
      'c record 20 0303 1 clear @5',
      'c record 22 0303 40 @6',
      's ccs @7',
      's record 20 0303 1 clear @7',
      's record 22 0303 40 @8',
      's record 23 0303 1000 @9',
      'c record 21 0303 26 @10',
    ]);
  });

  test('records coalesced in one segment', () => {
    expect(
      behindHellos((wire) => wire.send('c', concat(CCS, sealed(40, TYPE.handshake), sealed(99)))),
    ).toEqual([
      'c ccs @3',
      'c record 20 0303 1 clear @3',
      'c record 22 0303 40 @3',
      'c record 23 0303 99 @3',
    ]);
  });

  test('a record is told with its first octets, however it is cut', () => {
    const octets = Uint8Array.from({ length: 40 }, (_, i) => 0x80 + i);
    const stream = concat(
      CCS,
      record(TYPE.handshake, 0x0303, octets),
      record(TYPE.data, 0x0303, octets.subarray(3, 15)),
      record(TYPE.alert, 0x0303, octets.subarray(9)),
    );
    const head = (from: number, to: number) =>
      Buffer.from(octets.subarray(from, to)).toString('hex');
    for (let size = 1; size <= stream.length; size++) {
      const wire = new TlsWire().send('c', HELLO).send('s', ANSWER);
      const before = wire.heads.length;
      for (let at = 0; at < stream.length; at += size)
        wire.send('c', stream.subarray(at, at + size));
      expect(wire.heads.slice(before + 1)).toEqual([head(0, 16), head(3, 15), head(9, 25)]);
    }
  });

  test('a record over many segments names the first and the last', () => {
    const data = sealed(5000);
    expect(
      behindHellos((wire) =>
        wire.send(
          's',
          data.subarray(0, 3),
          data.subarray(3, 1400),
          data.subarray(1400),
          sealed(20),
        ),
      ),
    ).toEqual(['s record 23 0303 5000 @3-5', 's record 23 0303 20 @6']);
  });

  test('empty records of every type', () => {
    const empty = [20, 21, 22, 23, 24].map((type) => sealed(0, type));
    const lines = behindHellos((wire) => {
      for (const one of empty.slice(1)) wire.send('s', one);
      wire.send('s', concat(...empty.slice(1)), empty[3] as Uint8Array, sealed(20));
    });
    const each = [
      's record 21 0303 0',
      's record 22 0303 0 clear',
      's record 23 0303 0',
      's record 24 0303 0 clear',
    ];
    expect(lines).toEqual([
      ...each.map((line, i) => `${line} @${i + 3}`),
      ...each.map((line) => `${line} @7`),
      's record 23 0303 0 @8',
      's record 23 0303 20 @9',
    ]);
  });

  test('an empty record whose header came in pieces', () => {
    const empty = sealed(0);
    expect(
      behindHellos((wire) =>
        wire.send('s', empty.subarray(0, 4), concat(empty.subarray(4), empty)),
      ),
    ).toEqual(['s record 23 0303 0 @3-4', 's record 23 0303 0 @4']);
  });

  test('heartbeats, in the clear and protected', () => {
    const beat = sealed(30, TYPE.heartbeat);
    expect(behindHellos((wire) => wire.send('s', beat, CCS, beat))).toEqual([
      's record 24 0303 30 clear @3',
      's ccs @4',
      's record 20 0303 1 clear @4',
      's record 24 0303 30 @5',
    ]);
  });

  test('the longest record there is; a longer one is none', () => {
    expect(behindHellos((wire) => wire.send('s', sealed(18_432)))).toEqual([
      's record 23 0303 18432 @3',
    ]);
    expect(behindHellos((wire) => wire.send('s', sealed(18_433)))[0]).toMatch(/^s not a record/);
  });
});

describe('behind a ChangeCipherSpec', () => {
  test('protected: handshake records are not read', () => {
    expect(
      behindHellos((wire) => wire.send('c', CCS, handshake(message(20, filled(12, 1))))),
    ).toEqual(['c ccs @3', 'c record 20 0303 1 clear @3', 'c record 22 0303 16 @4']);
  });

  test('a ClientHello and an alert of two octets are in the clear all the same', () => {
    const lines = behindHellos((wire) => wire.send('c', CCS, handshake(hello), alert(2, 40)));
    expect(lines.slice(2)).toEqual([
      'c message 1 43 0303c1c1…43 @4',
      'c record 22 0303 47 clear @4',
      'c alert 2 40 @5',
      'c record 21 0303 2 clear @5',
    ]);
  });

  test('also where both come octet by octet', () => {
    const octets = concat(handshake(hello), alert(2, 40), sealed(47, TYPE.handshake));
    const lines = behindHellos((wire) => {
      wire.send('c', CCS);
      for (const octet of octets) wire.send('c', Uint8Array.of(octet));
    });
    expect(lines.slice(2)).toEqual([
      'c message 1 43 0303c1c1…43 @55',
      'c record 22 0303 47 clear @4-55',
      'c alert 2 40 @62',
      'c record 21 0303 2 clear @56-62',
      'c record 22 0303 47 @63-114',
    ]);
  });

  test('plain: what follows is read', () => {
    const act = (wire: TlsWire) => wire.send('c', CCS, handshake(hello));
    expect(behindHellos(act, 'plain').slice(2)).toEqual([
      'c message 1 43 0303c1c1…43 @4',
      'c record 22 0303 47 clear @4',
    ]);
  });

  test.each([
    ['a message that fills its record', handshake(hello), true],
    [
      'messages that fill it together',
      handshake(message(11, filled(80, 1)), message(14, filled(0, 0))),
      true,
    ],
    [
      'the beginning of a longer message',
      handshake(message(11, filled(900, 1)).subarray(0, 400)),
      true,
    ],
    ['less than any protection leaves', handshake(hello.subarray(0, 3)), true],
    ['ciphertext', sealed(40, TYPE.handshake), false],
    [
      'ciphertext whose first octet is a type',
      handshake(hex(`14 9b9b9b ${'9b'.repeat(36)}`)),
      false,
    ],
  ])('undecided, the first handshake record tells: %s', (_name, octets, clear) => {
    const whole = behindHellos((wire) => wire.send('c', CCS, octets), 'undecided').at(-1);
    expect(whole?.includes('clear')).toBe(clear);
    const pieces = behindHellos((wire) => {
      wire.send('c', CCS);
      for (const octet of octets) wire.send('c', Uint8Array.of(octet));
    }, 'undecided').at(-1);
    expect(pieces?.includes('clear')).toBe(clear);
  });
});

describe('alerts', () => {
  test('two octets are in the clear, others are not', () => {
    expect(behindHellos((wire) => wire.send('s', alert(1, 0), sealed(24, TYPE.alert)))).toEqual([
      's alert 1 0 @3',
      's record 21 0303 2 clear @3',
      's record 21 0303 24 @4',
    ]);
  });

  test('an alert for an answer', () => {
    const wire = new TlsWire().send('c', HELLO).send('s', alert(2, 40));
    expect(wire.lines.slice(3)).toEqual([
      's recognised',
      's alert 2 40',
      's record 21 0303 2 clear',
    ]);
  });
});

test('forget leaves nothing behind for the next connection in the row', () => {
  const wire = new TlsWire()
    .send('c', HELLO.subarray(0, 30))
    .send('s', ascii('hello'), HELLO.subarray(0, 3));
  wire.tls.forget(0);
  expect(wire.tls.plaintextStart(0, 1)).toBeUndefined();
  wire.all.length = 0;
  wire.send('c', HELLO).send('s', ANSWER);
  expect(wire.lines).toEqual([...CLIENT_HELLO, ...SERVER_HELLO]);
  wire.send('c', CCS).gap('s', 9);
  wire.tls.forget(0);
  wire.all.length = 0;
  wire
    .send('s', ANSWER)
    .send('c', handshake(message(16, filled(66, 9)), message(14, filled(0, 0))));
  expect(wire.lines).toEqual([
    ...SERVER_HELLO,
    'c recognised',
    'c message 16 66',
    'c message 14 0',
    'c record 22 0303 74 clear',
  ]);
});

describe('a connection that is quiet', () => {
  test('has no seat between records, and one within', () => {
    const { tls } = new TlsWire().send('c', HELLO).send('s', ANSWER.subarray(0, 20));
    tls.quiet(0);
    expect(tls.size).toBe(1);
    const ended = new TlsWire().send('c', HELLO).send('s', ANSWER, CCS).tls;
    ended.quiet(0);
    expect(ended.size).toBe(0);
    ended.forget(0);
    expect(ended.size).toBe(0);
  });

  const stories: Readonly<Record<string, (wire: TlsWire, rest: () => void) => void>> = {
    'knows what is protected': (wire, rest) => {
      wire.send('c', HELLO).send('s', ANSWER, CCS);
      rest();
      wire.send('c', handshake(message(16, filled(66, 9)))).send('s', sealed(40, TYPE.handshake));
    },
    'knows that a hole left it undecided': (wire, rest) => {
      wire.send('c', HELLO).send('s', ANSWER, CCS.subarray(0, 5)).gap('s', 1);
      rest();
      wire.send('s', sealed(40, TYPE.handshake));
    },
    'looks for headers of its version': (wire, rest) => {
      wire.send('c', HELLO).send('s', ANSWER);
      rest();
      wire.send('s', ascii('no header at all'), sealed(60), sealed(60), sealed(60));
    },
    'knows that a message is not at its end': (wire, rest) => {
      wire.send('c', HELLO).send('s', handshake(answer.subarray(0, 9)));
      rest();
      wire.send('s', handshake(answer.subarray(9)));
    },
    'knows what was said in the clear': (wire, rest) => {
      wire.send('c', ascii('EHLO x')).send('s', ascii('220 ready')).gap('c', 4);
      rest();
      wire.send('c', HELLO).send('s', ANSWER);
    },
    'knows of octets that are missing': (wire, rest) => {
      wire.gap('c', 40);
      rest();
      wire.send('s', ANSWER).send('c', CCS);
    },
    'whose secrets are not there': (wire, rest) => {
      wire.send('c', HELLO);
      wire.tls.dropBodies(0);
      rest();
      wire
        .send('s', handshake(message(14, filled(0, 0))), CCS, sealed(60))
        .send('c', CCS, sealed(9));
    },
  };
  test.each(Object.entries(stories))('%s', (_name, story) => {
    const told = (isQuiet: boolean) => {
      const wire = new TlsWire('protected', true);
      story(wire, () => {
        if (isQuiet) wire.tls.quiet(0);
      });
      return { events: wire.events, clear: wire.clear, start: wire.tls.plaintextStart(0, 0) };
    };
    expect(told(true)).toEqual(told(false));
  });
});

test('nothing is kept of connections that were forgotten', () => {
  const wire = new TlsWire();
  const { tls } = wire;
  const send = (row: number, octets: Uint8Array) =>
    tls.octets(row, 0, octets, 0, octets.length, 1, 1);
  for (let row = 0; row < 200; row++) {
    send(row, HELLO.subarray(0, 3));
    send(row, concat(HELLO.subarray(3), handshake(answer.subarray(0, 20)), filled(30, 0x9b)));
    send(row + 200, ascii('GET / HTTP/1.1\r\n'));
    send(row + 200, sealed(9000).subarray(0, 1000));
  }
  for (let row = 0; row < 400; row++) tls.forget(row);
  // Whatever holds maps by direction must be empty: found by name-free inspection, so that new ones are covered.
  const maps: Map<unknown, unknown>[] = [];
  const walk = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || depth > 4)
      return;
    if (value instanceof Map) maps.push(value);
    else for (const inner of Object.values(value)) walk(inner, depth + 1);
  };
  walk({ ...tls, sink: undefined, notices: undefined }, 0);
  expect(maps.length).toBeGreaterThan(3);
  expect(maps.map((map) => map.size)).toEqual(maps.map(() => 0));
});
