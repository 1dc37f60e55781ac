import { describe, expect, it } from 'vitest';
import { extensionName } from '../../../src/model/code-points/extensions.ts';
import {
  type Carrier,
  decodeExtension,
  EXTENSION_CODECS,
  mayCarry,
} from '../../../src/tls/codec/extensions.ts';
import { codecCases } from '../../support/codec-cases.ts';
import { hex } from '../../support/hello-builder.ts';

/** Type, carrier, body, value. A body that ends anywhere else is damaged, unless the body has no structure. */
const CASES: readonly (readonly [number, Carrier, string, unknown])[] = [
  [0, 'CH', '000c 00 0009 612e6578616d706c65', 'a.example'],
  [0, 'EE', '', true],
  [1, 'CH', '02', 2],
  [10, 'CH', '0004 001d 11ec', [29, 0x11ec]],
  [11, 'SH', '01 00', [0]],
  [13, 'CR', '0002 0403', [0x0403]],
  [14, 'EE', '0002 0007 00', [7]],
  [15, 'CH', '01', 1],
  [16, 'CH', '000c 02 6832 08 687474702f312e31', ['h2', 'http/1.1']],
  [19, 'CH', '01 02', [2]],
  [20, 'SH', '02', 2],
  [22, 'SH', '', true],
  [23, 'CH', '', true],
  [27, 'CH', '02 0002', [2]],
  [28, 'CH', '4001', 0x4001],
  [41, 'CH', '0007 0001 61 00000005 0003 02 bbbb', undefined],
  [41, 'SH', '0001', 1],
  [42, 'CH', '', true],
  [42, 'NST', '00000400', 1024],
  [43, 'CH', '04 0304 0303', [0x0304, 0x0303]],
  [43, 'HRR', '0304', 0x0304],
  [44, 'HRR', '0002 c0c1', hex('c0c1')],
  [45, 'CH', '01 01', [1]],
  [47, 'CR', '0003 0001 30', [hex('30')]],
  [51, 'CH', '0006 001d 0002 abcd', [{ group: 29, keyOctets: 2 }]],
  [51, 'SH', '001d 0002 abcd', { group: 29, keyOctets: 2 }],
  [51, 'HRR', '0017', 23],
  [54, 'CH', '02 abcd', hex('abcd')],
  [65281, 'SH', '00', new Uint8Array(0)],
];

describe('decodeExtension', () => {
  for (const [type, carrier, digits, value] of CASES) {
    codecCases(
      (data) => {
        const { value: got, ...rest } = decodeExtension({ type, data }, carrier) as {
          value: unknown;
          shortfalls: [];
          strayOctets: number;
        };
        return { message: { value: got }, ...rest };
      },
      [
        {
          name: `${extensionName(type)} in ${carrier}`,
          hex: digits,
          value: value === undefined ? {} : { value },
        },
      ],
    );
  }

  it('pairs identities with binders in pre_shared_key', () => {
    const data = hex('0007 0001 61 00000005 0003 02 bbbb');
    expect(decodeExtension({ type: 41, data }, 'CH')?.value).toEqual({
      identities: [{ identity: hex('61'), obfuscatedTicketAge: 5 }],
      binders: [hex('bbbb')],
    });
  });

  it('leaves a cut identity out of pre_shared_key and reads the binders behind it', () => {
    const data = hex('0007 0001 61 00000005 0003 02 bbbb');
    data[3] = 9;
    expect(decodeExtension({ type: 41, data }, 'CH')).toMatchObject({
      value: { identities: [], binders: [hex('bbbb')] },
      shortfalls: [{ field: 'identity', needed: 9, available: 5 }],
    });
  });

  it('keeps bodies without a structure whole', () => {
    for (const type of [5, 18, 21, 35, 65037]) {
      expect(decodeExtension({ type, data: hex('0102') }, 'CH')).toEqual({
        value: hex('0102'),
        shortfalls: [],
        strayOctets: 0,
      });
    }
  });

  it('leaves types without a codec alone', () => {
    expect(decodeExtension({ type: 0x4a4a, data: hex('00') }, 'CH')).toBeUndefined();
    expect(mayCarry(0x4a4a, 'SH')).toBeUndefined();
  });
});

describe('EXTENSION_CODECS', () => {
  it('names every type it reads', () => {
    for (const type of Object.keys(EXTENSION_CODECS).map(Number)) {
      expect(extensionName(type)).not.toMatch(/^unknown/);
    }
  });

  it('says who may carry what', () => {
    expect(mayCarry(51, 'HRR')).toBe(true);
    expect(mayCarry(51, 'EE')).toBe(false);
    expect(mayCarry(23, 'SH')).toBe(true);
    expect(mayCarry(23, 'EE')).toBe(false);
  });
});
