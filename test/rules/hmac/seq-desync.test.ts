import { seqDesync } from '../../../src/rules/hmac/seq-desync.ts';
import {
  failing,
  fakeDecryption,
  fakeFailure,
  fakeMistake,
} from '../../support/fake-decryption.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';
import { accepted, EARLIER, refused, stray, withStrays } from '../support/strays.ts';

const twice = stray('repetition', { other: EARLIER });
const near = { got: '5e11000100000009', due: '5e11000100000003' };
const second = (after: 'moved' | 'both' | 'line' | undefined) =>
  stray('nonce-repeated', { after, nonce: { got: near.due, due: near.got } });

const early = failing(fakeMistake('sequence-offset', { offset: 1, sequence: 4 }));
const [first] = early.decryption?.failures ?? [];
const swapped = {
  ...early,
  decryption: fakeDecryption({
    failures: [
      ...(first === undefined ? [] : [first]),
      fakeFailure({
        packet: 30,
        explanation: fakeMistake('sequence-offset', { offset: -2, sequence: 3 }),
      }),
    ],
  }),
};

testConnectionRule(
  seqDesync,
  [
    ...(
      [
        ['ahead', { offset: 1, sequence: 4 }],
        ['reused', { offset: -1, sequence: 2 }],
        ['restarted', { offset: -3, sequence: 0 }],
      ] as const
    ).map(([message, details]) => ({
      name: `proves with secrets that a number is ${message}`,
      history: failing(fakeMistake('sequence-offset', details)),
      want: [{ message, severity: 'error', confidence: 'proven', packets: [30, 31] } as const],
    })),
    {
      name: 'proves it over DTLS, where the number is in the header',
      history: failing(fakeMistake('sequence-offset', { offset: 1, sequence: 4 }), {
        protocol: 'DTLS',
      }),
      want: [{ message: 'ahead', severity: 'error', confidence: 'proven', packets: [30, 31] }],
    },
    {
      name: 'tells two records that changed places from a sender that counts ahead',
      history: swapped,
      want: [{ message: 'swapped', severity: 'error', confidence: 'proven', packets: [30, 31] }],
    },
    {
      name: 'tells a record that was sent twice from a number that was used twice',
      history: {
        ...failing(fakeMistake('sequence-offset', { offset: -1, sequence: 2 })),
        strays: [twice],
      },
      want: [
        { message: 'doubled', severity: 'error', confidence: 'proven', packets: [20, 30, 31] },
      ],
    },
    {
      name: 'drops the suspicion of a left out nonce where secrets open the record',
      history: {
        ...withStrays(refused, stray('nonce-off-line', { nonce: near, after: 'moved' })),
        decryption: fakeDecryption(),
      },
      want: 'pass',
    },
    {
      name: 'leaves a record that fails otherwise to record-mac-mismatch',
      history: failing(fakeMistake('other-length')),
      want: 'pass',
    },
    { name: 'is about TCP', history: fakeHistory({ protocol: 'DTLS' }), want: 'not-applicable' },
    { name: 'leaves a healthy connection alone', history: withStrays(accepted), want: 'pass' },
    {
      name: 'proves a record that was sent twice',
      history: withStrays(refused, twice),
      want: [
        { message: 'doubled', severity: 'error', confidence: 'proven', packets: [20, 30, 31] },
      ],
    },
    {
      name: 'says nothing of one that nobody minded: no receiver can take it',
      history: withStrays(accepted, twice),
      want: 'pass',
    },
    {
      name: 'says nothing of one that comes long after',
      history: withStrays(refused, { ...twice, other: { ...EARLIER, nanos: -1e9 } }),
      want: 'pass',
    },
    ...(['moved', 'both'] as const).map((after) => ({
      name: `takes a second line of the same nonces (${after}) for a second writer`,
      history: withStrays(refused, second(after)),
      want: [
        { message: 'writers', severity: 'error', confidence: 'likely', packets: [30, 31] } as const,
      ],
    })),
    {
      name: 'warns of a second writer before the receiver noticed',
      history: withStrays(accepted, second('both')),
      want: [{ message: 'writers', severity: 'warning', confidence: 'likely', packets: [30] }],
    },
    {
      name: 'takes a single nonce for a second writer where no other connection has such nonces',
      history: withStrays(refused, second(undefined)),
      want: [{ message: 'writers', severity: 'error', confidence: 'likely', packets: [30, 31] }],
    },
    {
      name: 'is less sure where nonces are sequence numbers',
      history: withStrays(
        refused,
        stray('nonce-repeated', {
          after: 'line',
          nonce: { got: '0000000000000003', due: '0000000000000009' },
        }),
      ),
      want: [
        { message: 'writers', severity: 'warning', confidence: 'possible', packets: [30, 31] },
      ],
    },
    {
      name: 'warns of numbers that are left out before the receiver gives up',
      history: withStrays(refused, stray('nonce-off-line', { nonce: near })),
      want: [
        { message: 'skipped', severity: 'warning', confidence: 'possible', packets: [30, 31] },
      ],
    },
    {
      name: 'says nothing of numbers that are left out and that nobody minded',
      history: withStrays(accepted, stray('nonce-off-line', { nonce: near, after: 'moved' })),
      want: 'pass',
    },
    {
      name: 'leaves nonces from far away to tls-foreign-record-suspected',
      history: withStrays(
        refused,
        stray('nonce-off-line', { nonce: { got: 'ffff000000000000', due: near.due } }),
      ),
      want: 'pass',
    },
  ],
  { 'not-assessable': 'octets that are missing take the line away, and with it the stray' },
);
