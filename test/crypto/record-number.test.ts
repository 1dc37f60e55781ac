import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearest, RecordNumbers, shownNumber } from '../../src/crypto/record-number.ts';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import { concat, hex } from '../support/hello-builder.ts';
import { type HeaderForm, sealUnified, unifiedKeys } from '../support/unified-sealer.ts';
import { DTLS13_SUITES, inPacket, protection13 } from './dtls13-cases.ts';

const NONE = new Uint8Array(0);

describe('the number nearest to the expected one (RFC 9147 §4.2.2)', () => {
  test.each([
    [0x05, 1, 0, 5],
    [0xff, 1, 0, 0xff],
    [0x00, 1, 0x1ff, 0x200],
    [0xfe, 1, 0x200, 0x1fe],
    [0x10, 1, 0x10f, 0x110],
    [0xfffe, 2, 0x10001, 0xfffe],
    [0x0001, 2, 0xfffe, 0x10001],
  ])('%s of %i octets near %i', (low, octets, next, expected) => {
    expect(nearest(low, octets, next)).toBe(expected);
  });

  test('is never further away than any other with the same octets', () => {
    const next = fc.integer({ min: 0, max: 2 ** 40 });
    fc.assert(
      fc.property(next, fc.nat(0xffff), fc.constantFrom(1, 2), (from, low, octets) => {
        const span = 256 ** octets;
        const number = nearest(low % span, octets, from);
        expect(number % span).toBe(low % span);
        expect(number).toBeGreaterThanOrEqual(0);
        for (const other of [number - span, number + span])
          if (other >= 0)
            expect(Math.abs(number - from)).toBeLessThanOrEqual(Math.abs(other - from));
      }),
    );
  });
});

// QUIC makes its masks in the same way: RFC 9001 A.2 and A.5.
describe('the mask of published vectors', () => {
  const record = (sample: string) => {
    const bytes = concat(hex('2f 0000 0010'), hex(sample));
    return { type: 23, version: 0xfefd, bytes, headerStart: 0, start: 5, end: bytes.length };
  };
  test.each([
    [0x1301, '9f50449e04a0e810283a1e9933adedd2', 'd1b1c98dd7689fb8ec11d242b123dc9b', 0x437b],
    [
      0x1303,
      '25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4',
      '5e5cd55c41f69080575d7999c25a5bfb',
      0xaefe,
    ],
  ])('suite %i', (suite, key, sample, mask) => {
    const keys = { mac: NONE, key: NONE, iv: NONE, sequenceNumber: hex(key) };
    expect(RecordNumbers.of(protection13(suite).suite, keys)?.numberOf(record(sample), mask)).toBe(
      mask,
    );
  });

  test('there is none for a cipher that RFC 9147 does not define', () => {
    const { suite } = protection13(0x00c6);
    const keys = { mac: NONE, key: NONE, iv: NONE, sequenceNumber: new Uint8Array(16) };
    expect(RecordNumbers.of(suite, keys)).toBeUndefined();
  });
});

const FORMS: readonly HeaderForm[] = [
  {},
  { shortNumber: true },
  { withoutLength: true },
  { cid: hex('0102030405060708') },
  { cid: hex('ff'), shortNumber: true, withoutLength: true },
];

describe.each(DTLS13_SUITES)('records of suite %i', (code) => {
  const keys = unifiedKeys(code, hex('77').slice().fill(7));
  const protection = protection13(code);
  const opener = new RecordOpener(protection, keys);
  const numbers = RecordNumbers.of(protection.suite, keys);

  test('open under every form of the header, and show their number', () => {
    const content = fc.uint8Array({ maxLength: 80 });
    const anyForm = fc.constantFrom(...FORMS);
    fc.assert(
      fc.property(content, anyForm, fc.nat(2 ** 30), fc.nat(40), (octets, form, sequence, pad) => {
        const record = inPacket(sealUnified(code, keys, 3, sequence, 22, octets, form, { pad }));
        expect(numbers?.numberOf(record, sequence + 20)).toBe(sequence);
        const opening = opener.attempt(record, sequence, 3);
        expect(opening).toMatchObject({ kind: 'opened', type: 22 });
        expect(opening.kind === 'opened' && Buffer.compare(opening.content, octets)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  test('a change of any octet of header or fragment keeps it from opening', () => {
    const record = inPacket(sealUnified(code, keys, 3, 700, 23, hex('00112233'), FORMS[3]));
    for (let at = record.headerStart ?? 0; at < record.end; at++) {
      const bytes = Uint8Array.from(record.bytes);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const { at: numberAt, octets } = shownNumber(record);
      // The number itself is not taken from the header here: RFC 9147 §4 authenticates it decrypted.
      const isNumber = at >= numberAt && at < numberAt + octets;
      expect(opener.attempt({ ...record, bytes }, 700, 3).kind).toBe(
        isNumber ? 'opened' : 'failed',
      );
    }
    expect(opener.attempt(record, 701, 3).kind).toBe('failed');
  });

  test('ciphertext too short for a mask is none', () => {
    const { bytes, ...rest } = inPacket(sealUnified(code, keys, 3, 1, 23, NONE));
    const short = { ...rest, bytes, end: rest.start + 15 };
    expect(opener.attempt(short, 1, 3)).toEqual({ kind: 'failed', why: 'length' });
  });
});
