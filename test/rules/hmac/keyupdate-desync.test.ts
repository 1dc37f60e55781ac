import { keyUpdateDesync } from '../../../src/rules/hmac/keyupdate-desync.ts';
import { failing, fakeDecryption, fakeMistake } from '../../support/fake-decryption.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const tls13 = { version: 0x0304, cipherSuite: 0x1301 } as const;
const dtls13 = { protocol: 'DTLS', version: 0xfefc, cipherSuite: 0x1301 } as const;
const generation = (which: 'previous' | 'next') =>
  fakeMistake('other-key-generation', { generation: which, sequence: 3, offset: 3 });

testConnectionRule(keyUpdateDesync, [
  ...(['previous', 'next'] as const).map((which) => ({
    name: `proves a record under the ${which} keys`,
    history: failing(generation(which), tls13),
    want: [{ message: which, severity: 'error', confidence: 'proven', packets: [30, 31] } as const],
  })),
  ...(['previous', 'next'] as const).map((which) => ({
    name: `proves a record of DTLS 1.3 under the keys of the ${which} epoch`,
    history: failing(generation(which), { ...dtls13, alerts: [], failure: { epoch: 4 } }),
    want: [
      {
        message: `${which}-epoch` as const,
        severity: 'warning',
        confidence: 'proven',
        packets: [30],
      } as const,
    ],
  })),
  {
    name: 'leaves the end of a DTLS 1.3 handshake to its rule',
    history: failing(generation('previous'), { ...dtls13, failure: { epoch: 3 } }),
    want: 'pass',
  },
  {
    name: 'leaves a record that fails otherwise to other rules',
    history: failing(fakeMistake('other-length'), tls13),
    want: 'pass',
  },
  {
    name: 'passes where every record opens',
    history: fakeHistory({ ...tls13, decryption: fakeDecryption() }),
    want: 'pass',
  },
  {
    name: 'needs secrets',
    history: fakeHistory({ ...tls13, blindSpots: ['no-secrets'] }),
    want: { missing: 'no-secrets' },
  },
  { name: 'is about TLS 1.3', history: failing(generation('next')), want: 'not-applicable' },
]);
