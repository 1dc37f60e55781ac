import { describe, expect, it } from 'vitest';
import { DTLS_1_3, TLS_1_2, TLS_1_3 } from '../../../src/model/code-points/versions.ts';
import { isKnownClause } from '../../../src/rules/references.ts';
import { readingsOf } from '../../../src/rules/support/mistake-text.ts';
import { fakeFailure, fakeMistake } from '../../support/fake-decryption.ts';

const CBC = 0xc013;
const GCM = 0xc02f;

describe('the clause that a mistake breaks', () => {
  it.each([
    ['RFC 5246 §6.2.3.1', TLS_1_2, CBC, 'RFC 5246 §6.2.3.1'],
    ['RFC 5246 §6.2.3.1', TLS_1_2, GCM, 'RFC 5246 §6.2.3.3'],
    ['RFC 5246 §6.2.3.1', TLS_1_3, 0x1301, 'RFC 8446 §5.2'],
    ['RFC 5246 §6.1', TLS_1_2, GCM, 'RFC 5246 §6.1'],
    ['RFC 5246 §6.1', TLS_1_3, 0x1301, 'RFC 8446 §5.3'],
    ['RFC 5246 §7.1', DTLS_1_3, 0x1301, 'RFC 8446 §7.3'],
    ['RFC 5246 §7.4.9', TLS_1_3, 0x1301, 'RFC 8446 §4.4.4'],
    ['RFC 7366 §3', TLS_1_2, CBC, 'RFC 7366 §3'],
  ])('%s under version %i and suite %i is %s', (source, version, cipherSuite, clause) => {
    const record = fakeFailure({ explanation: { ...fakeMistake('a-mistake'), source } });
    const [reading] = readingsOf(record, '', { version, cipherSuite });
    expect(reading?.for).toContain(`${clause} asks for another way`);
    expect(isKnownClause(clause)).toBe(true);
  });

  it('is none where a bit was damaged on the way', () => {
    const record = fakeFailure({ explanation: fakeMistake('bit-damage') });
    const [reading] = readingsOf(record, '', { version: TLS_1_2, cipherSuite: CBC });
    expect(reading?.for.join()).not.toContain('asks for');
  });
});
