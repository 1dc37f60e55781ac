import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beginsDtls } from '../../src/tls/dtls-start.ts';
import {
  clientHello,
  concat,
  dtlsFragment,
  dtlsRecord,
  filled,
  hex,
  type Octets,
} from '../support/hello-builder.ts';
import { OTHER_PROTOCOLS } from '../support/udp-neighbours.ts';

/** Asked with other octets around the datagram. */
function begins(octets: Octets, wireLength = octets.length): boolean {
  const block = concat(filled(3, 0x16), octets, filled(30, 0x17));
  return beginsDtls(block, 3, 3 + octets.length, 3 + wireLength);
}

const HELLO = dtlsRecord(
  22,
  0xfeff,
  0,
  0,
  dtlsFragment(1, 0, clientHello({ cookie: new Uint8Array(0) })),
);
const DATA = dtlsRecord(23, 0xfefd, 1, 77, filled(40, 9));

describe('beginsDtls', () => {
  test.each([
    ['a ClientHello', HELLO],
    [
      'a fragment from the middle',
      dtlsRecord(22, 0xfefd, 0, 3, dtlsFragment(11, 2, filled(900, 1), 200, 300)),
    ],
    ['a flight in one datagram', concat(HELLO, dtlsRecord(20, 0xfefd, 0, 1, hex('01')), DATA)],
    ['ChangeCipherSpec', dtlsRecord(20, 0xfefd, 0, 1, hex('01'))],
    ['ChangeCipherSpec before DTLS 1.0', dtlsRecord(20, 0x0100, 0, 1, hex('010002'))],
    ['a plain alert', dtlsRecord(21, 0xfefd, 0, 1, hex('0228'))],
    ['application data, joined later', DATA],
    ['the same in another epoch', dtlsRecord(23, 0xfefd, 9, 0xffff_ffff, filled(1, 1))],
    ['a heartbeat', dtlsRecord(24, 0xfefd, 0, 1, concat(hex('010003'), filled(19, 1)))],
    [
      'ServerHello, then a unified header',
      concat(
        dtlsRecord(22, 0xfefd, 0, 1, dtlsFragment(2, 0, filled(60, 1))),
        hex('2e 0001 0020'),
        filled(32, 7),
      ),
    ],
  ])('%s', (_name, octets) => {
    expect(begins(octets)).toBe(true);
    // What the snap length left of it must do.
    expect(begins(octets.subarray(0, 14), octets.length)).toBe(true);
    expect(begins(octets.subarray(0, 12), octets.length)).toBe(false);
  });

  test.each(OTHER_PROTOCOLS)('%s is none', (_name, octets) => {
    expect(begins(octets)).toBe(false);
  });

  test('what follows the records must be known', () => {
    expect(begins(concat(DATA, hex('00')))).toBe(false);
    expect(begins(concat(DATA, filled(40, 0xcc)))).toBe(false);
    expect(begins(new Uint8Array(0))).toBe(false);
  });

  test('random datagrams behind a true type and version hardly ever pass', () => {
    const header = fc.tuple(
      fc.integer({ min: 20, max: 26 }),
      fc.constantFrom('fefd', 'feff', '0100'),
    );
    let passed = 0;
    fc.assert(
      fc.property(
        header,
        fc.uint8Array({ minLength: 10, maxLength: 200 }),
        ([type, version], rest) => {
          if (begins(concat(Uint8Array.of(type), hex(version), rest))) passed++;
        },
      ),
      { seed: 7983, numRuns: 20_000 },
    );
    expect(passed).toBe(0);
  });

  test('random datagrams with a length that agrees need a plausible beginning too', () => {
    let passed = 0;
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
        fc.uint8Array({ maxLength: 60 }),
        (numbers, body) => {
          const octets = concat(hex('16fefd'), numbers, Uint8Array.of(0, body.length), body);
          if (begins(octets)) passed++;
        },
      ),
      { seed: 7983, numRuns: 20_000 },
    );
    expect(passed).toBeLessThan(3);
  });
});
