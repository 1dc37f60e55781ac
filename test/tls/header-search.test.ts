import { describe, expect, test } from 'vitest';
import { ascii, concat, filled, hex } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';
import {
  ANSWER,
  behindHellos,
  CCS,
  HELLO,
  handshake,
  message,
  SERVER_HELLO,
  sealed,
  TlsWire,
  TYPE,
} from './wire.ts';

describe('lost octets', () => {
  test('inside a body: the record is not told, the next one is', () => {
    const data = sealed(1000);
    expect(
      behindHellos((wire) =>
        wire
          .send('s', data.subarray(0, 300))
          .gap('s', 500)
          .send('s', data.subarray(800), sealed(20)),
      ),
    ).toEqual(['s lost 500 @4', 's record 23 0303 20 @6']);
  });

  test('up to the very end of a body', () => {
    const data = sealed(1000);
    expect(
      behindHellos((wire) =>
        wire.send('s', data.subarray(0, 5)).gap('s', 1000).send('s', sealed(20)),
      ),
    ).toEqual(['s lost 1000 @4', 's record 23 0303 20 @5']);
  });

  test('inside a message: it is not told, the next one is', () => {
    const flight = handshake(message(11, filled(500, 7)), message(14, filled(0, 0)));
    expect(
      behindHellos((wire) =>
        wire
          .send('s', flight.subarray(0, 100))
          .gap('s', 50)
          .send('s', flight.subarray(150), handshake(message(14, filled(0, 0)))),
      ),
    ).toEqual(['s lost 50 @4', 's message 14 0 @6', 's record 22 0303 4 clear @6']);
  });

  test('the octet of a ChangeCipherSpec: the next handshake record decides', () => {
    expect(
      behindHellos((wire) =>
        wire.send('s', CCS.subarray(0, 5)).gap('s', 1).send('s', sealed(40, TYPE.handshake)),
      ),
    ).toEqual(['s lost 1 @4', 's record 22 0303 40 @5']);
  });

  test.each([
    ['a header', 3],
    ['a whole record and part of the next', 60],
  ])('%s: boundaries are searched for', (_name, lost) => {
    const octets = concat(sealed(30), sealed(300), sealed(40), sealed(50));
    expect(behindHellos((wire) => wire.gap('s', lost).send('s', octets.subarray(lost)))).toEqual([
      `s lost ${lost} with boundaries @3`,
      '! tls-resynchronised @4',
      ...(lost < 35 ? ['s record 23 0303 300 @4'] : []),
      's record 23 0303 40 @4',
      's record 23 0303 50 @4',
    ]);
  });

  test('boundaries are found in segments of any size', () => {
    const octets = concat(filled(70, 0x9b), sealed(300), sealed(40));
    for (const size of [1, 2, 3, 4, 5, 6, 7, 11, 72, 73, 500]) {
      const lines = behindHellos((wire) => {
        wire.gap('s', 10);
        for (let at = 0; at < octets.length; at += size)
          wire.send('s', octets.subarray(at, at + size));
      });
      const packet = (octet: number) => 4 + Math.floor(octet / size);
      const from = (a: number, b: number) =>
        packet(a) === packet(b) ? `${packet(a)}` : `${packet(a)}-${packet(b)}`;
      expect(lines.filter((line) => line.includes('record'))).toEqual([
        `s record 23 0303 300 @${size < 4 ? lines[2]?.split('@')[1] : from(70, 374)}`,
        `s record 23 0303 40 @${from(375, 419)}`,
      ]);
    }
  });

  test('a gap while searching separates what is before and behind it', () => {
    const data = sealed(40);
    expect(
      behindHellos((wire) =>
        wire
          .gap('s', 9)
          .send('s', data.subarray(0, 3))
          .gap('s', 9)
          .send('s', data.subarray(3), data),
      ).slice(1),
    ).toEqual(['! tls-resynchronised @7', 's record 23 0303 40 @7']);
  });

  test('behind the record of the ClientHello versions change', () => {
    const wire = new TlsWire().send('c', HELLO).send('s', ANSWER).gap('c', 75);
    wire.send('c', CCS, sealed(40, TYPE.handshake));
    expect(wire.lines.slice(7)).toEqual(
      ['! tls-resynchronised', 'c ccs', 'c record 20 0303 1', 'c record 22 0303 40'].map((line) =>
        line.includes('record 20') ? `${line} clear` : line,
      ),
    );
  });

  test('what is behind lost boundaries may be protected', () => {
    const lines = behindHellos((wire) => wire.gap('s', 500).send('s', sealed(40, TYPE.handshake)));
    expect(lines).toEqual([
      's lost 500 with boundaries @3',
      '! tls-resynchronised @4',
      's record 22 0303 40 @4',
    ]);
  });

  reaches(
    'resynchroniseOctets',
    200000,
    'after too long a search the direction is given up, the other goes on',
    (bound) => {
      const noise = filled(60_000, 0x9b);
      const lines = behindHellos((wire) => {
        wire.gap('s', 9);
        for (let at = 0; at <= bound; at += noise.length) wire.send('s', noise);
        wire.send('s', sealed(40)).send('c', sealed(40));
      });
      expect(lines.map((line) => line.replace(/ @.*/, ''))).toEqual([
        's lost 9 with boundaries',
        '! tls-boundaries-lost',
        'c record 23 0303 40',
      ]);
    },
  );

  test('a direction of which nothing was seen lacks octets once the other is TLS', () => {
    expect(new TlsWire().gap('s', 5).lines).toEqual([]);
    expect(new TlsWire().send('c', HELLO).gap('s', 5).send('s', ANSWER).lines.slice(3)).toEqual([
      's lost 5 with boundaries',
      ...SERVER_HELLO,
    ]);
  });
});

describe('garbage where a header is due', () => {
  test('up to 64 octets of it are told, and the next header is searched for', () => {
    const text = ascii('HTTP/1.0 400 Bad request\r\n\r\n'.repeat(4));
    const [first, ...rest] = behindHellos((wire) => wire.send('s', text, sealed(40), sealed(50)));
    expect(first).toBe(`s not a record ${Buffer.from(text).toString('latin1').slice(0, 64)} @3`);
    expect(rest).toEqual([
      '! tls-begins-again @4',
      's record 23 0303 40 @4',
      's record 23 0303 50 @5',
    ]);
  });

  test('also in the same segment, and where it came in pieces', () => {
    const octets = concat(ascii('oops!!'), sealed(40), sealed(50));
    for (const pieces of [[octets], [octets.subarray(0, 3), octets.subarray(3)]]) {
      const lines = behindHellos((wire) => wire.send('s', ...pieces));
      expect(lines[0]).toMatch(/^s not a record oops!!/);
      expect(lines.slice(1).map((line) => line.replace(/ @.*/, ''))).toEqual([
        '! tls-begins-again',
        's record 23 0303 40',
        's record 23 0303 50',
      ]);
    }
  });

  test('a header that overlaps the wrong one', () => {
    const lines = behindHellos((wire) =>
      wire.send('s', concat(hex('17 17'), sealed(40)).subarray(1)),
    );
    expect(lines.at(-1)).toBe('s record 23 0303 40 @3');
    const pieces = concat(hex('16'), sealed(40));
    const split = behindHellos((wire) => wire.send('s', pieces.subarray(0, 5), pieces.subarray(5)));
    expect(split.at(-1)).toBe('s record 23 0303 40 @3-4');
  });

  test('what was found by searching and leads nowhere is no garbage of the peer', () => {
    const lines = behindHellos((wire) =>
      wire.gap('s', 9).send('s', concat(sealed(40).subarray(0, 30)), filled(80, 0x9b), sealed(60)),
    );
    expect(lines).toEqual([
      's lost 9 with boundaries @3',
      '! tls-resynchronised @4',
      's record 23 0303 40 @4-5',
      '! tls-resynchronised @6',
      's record 23 0303 60 @6',
    ]);
  });

  test('a segment full of changes between the two costs neither stack nor time', () => {
    const good = sealed(16);
    const bad = concat(...Array.from({ length: 1500 }, () => concat(good, good, hex('99'))));
    const lines = behindHellos((wire) => wire.send('s', bad));
    expect(lines.filter((line) => line.includes('not a record'))).toHaveLength(1499);
    expect(lines.filter((line) => line.includes('s record'))).toHaveLength(3000);
  });
});
