/** Whether the octets of a certificate are elements that end within each other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derFault } from '../../src/crypto/der-fault.ts';
import { malformation } from '../../src/crypto/read-certificate.ts';
import { hex } from '../support/hello-builder.ts';
import { THROW_AWAY } from '../support/throw-away-keys.ts';

describe('the octets of a certificate', () => {
  it.each([
    ['nothing', '', { kind: 'cut', offset: 0, left: 0 }],
    ['an empty sequence', '30 00', undefined],
    ['numbers and a sequence in one', '30 08 02 01 05 30 03 01 01 ff', undefined],
    ['a length of two octets', `30 82 00 80 04 7e ${'00'.repeat(126)}`, undefined],
    ['a tag of two octets', '30 04 9f 81 01 00', undefined],
    ['another element', '31 00', { kind: 'no-sequence', offset: 0, left: 2 }],
    [
      'a sequence that goes on',
      '30 05 02 01 05',
      { kind: 'past-end', offset: 0, stated: 5, left: 3 },
    ],
    [
      'an element too long',
      '30 05 02 04 05 00 00',
      { kind: 'past-end', offset: 2, stated: 4, left: 3 },
    ],
    [
      'one of a huge length',
      '30 06 04 84 ff ff ff ff',
      { kind: 'past-end', offset: 2, stated: 0xffffffff, left: 0 },
    ],
    ['a length that is cut', '30 02 30 84', { kind: 'cut', offset: 2, left: 2 }],
    ['a tag that is cut', '30 02 9f 81', { kind: 'cut', offset: 2, left: 2 }],
    ['a single octet', '30 01 05', { kind: 'cut', offset: 2, left: 1 }],
    ['a line end', '30 00 0d 0a', { kind: 'behind', offset: 2, stated: 2, left: 2 }],
    ['the indefinite length of other encodings', '30 80 00 00', undefined],
  ])('are judged: %s', (_, octets, fault) => {
    const found = derFault(hex(octets));
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(fault);
  });

  it('may be any', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        const fault = derFault(octets);
        expect(fault === undefined || fault.offset <= octets.length).toBe(true);
      }),
    );
    // Elements in elements do not end the program.
    expect(derFault(new Uint8Array(100_000).fill(0x30))).toBeDefined();
  });

  const der = Uint8Array.from(
    Buffer.from(THROW_AWAY.rsa.certificate.replace(/-----[^-]*-----|\s/g, ''), 'base64'),
  );

  it('of a real one are in order, and no longer where it is cut or goes on', () => {
    expect(der.length).toBeGreaterThan(200);
    expect(malformation(der)).toBeUndefined();
    for (let length = 0; length < der.length; length++)
      expect(malformation(der.subarray(0, length))?.fault).not.toBe('unparsed');
    expect(malformation(Uint8Array.from([...der, 10]))).toMatchObject({ fault: 'behind', left: 1 });
  });

  it('may fit into each other and be no certificate', () => {
    expect(malformation(hex('30 03 02 01 05'))).toMatchObject({ fault: 'unparsed', octets: 5 });
  });
});
