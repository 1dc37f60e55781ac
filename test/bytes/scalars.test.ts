import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/bytes/hex.ts';
import { readU16, readU24, readU32, readU48 } from '../../src/bytes/scalars.ts';

describe('scalars', () => {
  it('agree with DataView and with hexadecimal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 20 }), fc.nat(14), (bytes, at) => {
        fc.pre(at + 6 <= bytes.length);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        expect(readU16(bytes, at)).toBe(view.getUint16(at));
        expect(readU24(bytes, at)).toBe(view.getUint32(at) >>> 8);
        expect(readU32(bytes, at)).toBe(view.getUint32(at));
        expect(readU48(bytes, at)).toBe(Number(`0x${toHex(bytes.subarray(at, at + 6))}`));
      }),
    );
  });
});

describe('toHex', () => {
  it('writes two lower-case digits an octet', () => {
    expect(toHex(Uint8Array.from([0, 0x0a, 0xff]))).toBe('000aff');
    expect(toHex(new Uint8Array(0))).toBe('');
  });

  it('agrees with Buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      }),
    );
  });
});
