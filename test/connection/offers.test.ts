import { describe, expect, test } from 'vitest';
import { Offers } from '../../src/connection/offers.ts';
import { HelloScan } from '../../src/tls/codec/hello-scan.ts';
import { clientHello, concat, type ExtensionSpec, ext, filled } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';

const scan = new HelloScan();
const numberOf = (offers: Offers, extensions: readonly ExtensionSpec[] | undefined) => {
  const hello = concat(filled(5, 0xee), clientHello({ extensions }), filled(7, 0xee));
  const end = hello.length - 7;
  scan.scanClientHello(hello, 5, end, false);
  const at = scan.suitesOffset + scan.suitesLength;
  return offers.numberOf(hello, at, end, scan.highestVersion);
};
const empty = (...types: readonly number[]) => types.map((type): ExtensionSpec => ({ type }));

describe('offers', () => {
  test('are told by version, extensions and the kind of key share', () => {
    const offers = new Offers();
    const number = numberOf(offers, [
      ...empty(23, 10),
      ext.supportedVersions([0x0304]),
      ext.keyShares([29, 0x11ec]),
    ]);
    expect(offers.of(number)).toEqual({
      highestVersion: 0x0304,
      extensions: [10, 23, 43, 51],
      postQuantum: true,
    });
    expect(offers.of(0)).toBeUndefined();
  });

  test('are the same whatever the order, GREASE, and what a session brings along', () => {
    const offers = new Offers();
    const first = numberOf(offers, empty(0, 10, 23));
    expect(numberOf(offers, empty(0x0a0a, 23, 10, 0, 0xdada, 42, 21, 41))).toBe(first);
    expect(offers.size).toBe(1);
  });

  test.each([
    ['another extension', empty(0, 10, 35)],
    ['one more', empty(0, 10, 23, 35)],
    ['one less', empty(0, 10)],
    ['another highest version', [...empty(0, 10, 23), ext.supportedVersions([0x0304])]],
    ['none at all', undefined],
  ])('differ by %s', (_, extensions) => {
    const offers = new Offers();
    expect(numberOf(offers, empty(0, 10, 23))).not.toBe(numberOf(offers, extensions));
    expect(offers.size).toBe(2);
  });

  test('differ by a post-quantum key share, which has no extension of its own', () => {
    const offers = new Offers();
    const numbers = [[29], [0x11ec, 29], [23]].map((groups) =>
      numberOf(offers, [ext.keyShares(groups)]),
    );
    expect(numbers).toEqual([1, 2, 1]);
  });

  test('are none where the list of extensions is damaged', () => {
    const offers = new Offers();
    const hello = clientHello({ extensions: empty(0, 10) });
    scan.scanClientHello(hello, 0, hello.length, false);
    const at = scan.suitesOffset + scan.suitesLength;
    expect(offers.numberOf(hello, at, hello.length - 1, 0x0303)).toBeGreaterThan(0);
    hello[hello.length - 1] = 9;
    expect(offers.numberOf(hello, at, hello.length, 0x0303)).toBe(0);
  });

  reaches('offers', 16, 'are so many, and of further ones nothing is known', (bound) => {
    const offers = new Offers();
    for (let type = 0; offers.size < bound; type++) numberOf(offers, empty(100, type + 200));
    expect(numberOf(offers, empty(100, 1))).toBe(0);
    expect(numberOf(offers, empty(100, 201))).toBe(2);
  });
});
