import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keysForIdentity, parsePsk, pskPremaster } from '../../src/crypto/psk.ts';
import { hex, text } from '../support/octets.ts';

describe('parsePsk', () => {
  test.each([
    ['00ff', undefined, '00ff'],
    ['someone:00FF', 'someone', '00ff'],
    ['some:one:00ff', 'some:one', '00ff'],
    [':00ff', '', '00ff'],
    ['jürgen: 0a', 'jürgen', '0a'],
  ])('%s', (entry, identity, key) => {
    expect(parsePsk(entry)).toEqual({
      identity: identity === undefined ? undefined : text(identity),
      key: hex(key),
    });
  });

  test.each(['', ':', 'someone:', 'someone:0', 'someone:0g', '0a:', '00 ff'])(
    '%j is no key',
    (entry) => {
      expect(parsePsk(entry)).toBeUndefined();
    },
  );

  test('any text is read without an exception', () => {
    fc.assert(fc.property(fc.string(), (entry) => void parsePsk(entry)));
  });
});

test('keys that name the identity come before those that name none', () => {
  const psks = ['aa', 'other:bb', 'someone:cc', 'dd', 'someone:ee'].flatMap(
    (entry) => parsePsk(entry) ?? [],
  );
  expect(keysForIdentity(psks, text('someone'))).toEqual(['cc', 'ee', 'aa', 'dd'].map(hex));
});

test('premaster secrets of PSK and RSA_PSK', () => {
  expect(pskPremaster(hex('aabbcc'))).toEqual(hex('0003 000000 0003 aabbcc'));
  expect(pskPremaster(hex('aa'), hex('03030405'))).toEqual(hex('0004 03030405 0001 aa'));
});
