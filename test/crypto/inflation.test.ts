import { constants, deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Inflation } from '../../src/crypto/inflation.ts';
import { someOctets } from '../support/octets.ts';
import { reaches } from '../support/reaches.ts';

const packed = (octets: Uint8Array) =>
  Uint8Array.from(deflateSync(octets, { finishFlush: constants.Z_SYNC_FLUSH }));

test('a record is unpacked', () => {
  const octets = someOctets(50, 3);
  expect(new Inflation().next(packed(octets))).toEqual(octets);
});

reaches('compressedOctets', 200, 'compressed records of one direction are kept so far', (bound) => {
  const short = someOctets(bound / 2, 1);
  const long = someOctets(bound * 2, 1);
  expect(packed(long).length).toBeGreaterThan(bound);
  expect(new Inflation().next(packed(short))).toEqual(short);
  expect(new Inflation().next(packed(long))).toBeUndefined();
});

reaches('inflatedOctets', 5000, 'what unpacks to too much is not unpacked', (bound) => {
  const [whole, longer] = [bound, bound + 1].map((octets) => new Uint8Array(octets));
  expect(new Inflation().next(packed(whole as Uint8Array))).toEqual(whole);
  expect(new Inflation().next(packed(longer as Uint8Array))).toBeUndefined();
});
