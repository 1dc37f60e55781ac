import { recordMacMismatch } from '../../../src/rules/hmac/record-mac-mismatch.ts';
import {
  failing,
  fakeDecryption,
  fakeFailure,
  fakeMistake,
  refusal,
  untroubled,
} from '../../support/fake-decryption.ts';
import { fakeHistory, fakeRecord } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const hash = fakeMistake('other-mac-hash', { hash: 'sha256' });
const found = (
  message: string,
  packets: readonly number[] = [30, 31],
  severity: 'error' | 'warning' | 'info' = 'error',
) => [{ message, severity, confidence: 'proven', packets } as const];
const first = {
  protectedRecords: { client: { count: 1, first: fakeRecord(22, 'client', 8) } },
} as const;
const derived = (hypothesis: string, opened = 3) =>
  fakeHistory({
    ...first,
    decryption: fakeDecryption({
      masterExplanation: { ...fakeMistake(hypothesis), from: 'client' },
      perRole: {
        client: { authenticated: opened, failed: 0 },
        server: { authenticated: 3, failed: 0 },
      },
    }),
  });

testConnectionRule(recordMacMismatch, [
  {
    name: 'proves the mistake that reproduces the record',
    history: failing(hash),
    want: found('explained'),
  },
  {
    name: 'does so where not one other record opens, since the match is proof enough',
    history: failing(hash, {
      decryption: fakeDecryption({
        authenticated: 0,
        failures: [fakeFailure({ explanation: hash })],
      }),
    }),
    want: found('explained'),
  },
  {
    name: 'warns where both sides make the mistake and get on with it',
    history: failing(hash, untroubled),
    want: found('explained', [30, 90], 'warning'),
  },
  {
    name: 'makes a note of a datagram that does not authenticate and is dropped',
    history: failing(undefined, { protocol: 'DTLS', alerts: [] }),
    want: found('unexplained', [30], 'info'),
  },
  {
    name: 'warns of a datagram that its sender protected wrongly, though it is only dropped',
    history: failing(hash, { protocol: 'DTLS', alerts: [] }),
    want: found('explained', [30], 'warning'),
  },
  {
    name: 'proves that a record was changed or is foreign where others open',
    history: failing(undefined),
    want: found('unexplained'),
  },
  {
    name: 'proves other keys where those of the peer open and not one of this side does',
    history: failing(undefined, {
      decryption: fakeDecryption({
        failures: [fakeFailure({ openedBefore: 0 })],
        perRole: {
          client: { authenticated: 0, failed: 1 },
          server: { authenticated: 3, failed: 0 },
        },
      }),
    }),
    want: found('other-keys'),
  },
  {
    name: 'proves that somebody else wrote a record which its sender did not count',
    history: failing(undefined, { failure: { isExtra: true } }),
    want: found('inserted'),
  },
  {
    name: 'tells of a master secret that was derived otherwise',
    history: derived('other-prf-hash'),
    want: found('derived', [8], 'warning'),
  },
  {
    name: 'tells of the version in the premaster secret, as an error where the server gave up',
    history: { ...derived('premaster-version'), alerts: [refusal] },
    want: found('premaster', [8, 31]),
  },
  ...['classic-master-secret', 'psk-encoding'].map((hypothesis) => ({
    name: `leaves ${hypothesis} to its own rule`,
    history: derived(hypothesis),
    want: 'pass' as const,
  })),
  {
    name: 'says nothing of a derivation where no record of that side opened',
    history: derived('other-prf-hash', 0),
    want: 'pass',
  },
  ...(
    [
      ['sequence-offset', { offset: 1, sequence: 4 }],
      ['encrypt-then-mac-swapped+other-length', {}],
      ['truncated-hmac-swapped', {}],
      ['other-direction', {}],
      ['padding-unfilled', {}],
      ['bit-damage', {}],
    ] as const
  ).map(([hypothesis, details]) => ({
    name: `leaves ${hypothesis} to its own rule`,
    history: failing(fakeMistake(hypothesis, details)),
    want: 'pass' as const,
  })),
  {
    name: 'leaves keys of another generation to keyupdate-desync in TLS 1.3, and keeps them before',
    history: failing(fakeMistake('other-key-generation', { generation: 'previous' })),
    want: found('explained'),
  },
  {
    name: 'leaves those of TLS 1.3 to keyupdate-desync',
    history: failing(fakeMistake('other-key-generation'), { version: 0x0304 }),
    want: 'pass',
  },
  {
    name: 'does not believe secrets that open nothing',
    history: failing(undefined, {
      decryption: fakeDecryption({ authenticated: 0, failures: [fakeFailure()] }),
    }),
    want: { missing: 'no-secrets' },
  },
  {
    name: 'does not believe secrets where the receiver took the record',
    history: failing(undefined, untroubled),
    want: { missing: 'no-secrets' },
  },
  {
    name: 'does not accuse where a record merely stands before the change of its keys',
    history: failing(fakeMistake('other-key-generation', { generation: 'next' }), {
      version: 0x0304,
      cipherSuite: 0x1301,
      ...untroubled,
    }),
    want: { missing: 'no-secrets' },
  },
  {
    name: 'does not judge what nothing explains where one direction was captured late, and with it a change of keys',
    history: failing(undefined, { tcp: { isBehindAnswer: true } }),
    want: { missing: 'order-unknown' },
  },
  {
    name: 'judges what is explained there as well',
    history: failing(hash, { tcp: { isBehindAnswer: true } }),
    want: found('explained'),
  },
  {
    name: 'does not judge what stands behind lost octets',
    history: fakeHistory({
      blindSpots: ['lost-bytes', 'no-secrets'],
      decryption: fakeDecryption({ obstacle: 'lost-bytes' }),
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'needs secrets',
    history: fakeHistory({ blindSpots: ['no-secrets'] }),
    want: { missing: 'no-secrets' },
  },
  {
    name: 'needs a cipher that this machine has',
    history: fakeHistory({ blindSpots: ['cipher-unsupported'] }),
    want: { missing: 'cipher-unsupported' },
  },
  {
    name: 'passes where every record opens',
    history: fakeHistory({ decryption: fakeDecryption() }),
    want: 'pass',
  },
  { name: 'is about protected records', history: fakeHistory(), want: 'not-applicable' },
]);
