import { finishedMismatch } from '../../../src/rules/hmac/finished-mismatch.ts';
import {
  fakeDecryption,
  fakeFinished,
  fakeMistake,
  untroubled,
} from '../../support/fake-decryption.ts';
import { type FakeHistory, fakeAlert, fakeHistory } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const withFinished = (given: Parameters<typeof fakeFinished>[0], more: FakeHistory = {}) => {
  const check = fakeFinished(given);
  const finished = { client: undefined, server: undefined, [check.from]: check };
  return fakeHistory({
    alerts: [fakeAlert(51, 'server', 9)],
    decryption: fakeDecryption({ finished }),
    ...more,
  });
};
const forgotten = fakeMistake('message-left-out', { detail: 'certificate_status' });
const found = (message: string, packets = [8, 9], severity: 'error' | 'info' = 'error') => [
  { message, severity, confidence: 'proven', packets } as const,
];

testConnectionRule(finishedMismatch, [
  {
    name: 'names the message that was forgotten',
    history: withFinished({ explanation: forgotten, excluded: [] }),
    want: found('explained'),
  },
  {
    name: 'says so of the server',
    history: withFinished(
      { from: 'server', explanation: forgotten },
      { alerts: [fakeAlert(51, 'client', 10, { encrypted: true })] },
    ),
    want: found('explained', [8, 10]),
  },
  {
    name: 'makes a note where the other side makes the same mistake',
    history: withFinished({ explanation: forgotten }, untroubled),
    want: found('explained', [8, 90], 'info'),
  },
  {
    name: 'proves it where no known mistake matches and the other side refused it',
    history: withFinished({}),
    want: found('unexplained'),
  },
  {
    name: 'does not accuse where an alert that nobody can read may close the connection in order',
    history: withFinished({}, { alerts: [fakeAlert(undefined, 'server', 9)] }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does not accuse where the other side accepted what nothing explains',
    history: withFinished({}, untroubled),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does not judge where messages are missing',
    history: withFinished({ isTranscriptWhole: false }),
    want: { missing: 'lost-bytes' },
  },
  { name: 'passes a right one', history: withFinished({ verified: true }), want: 'pass' },
  {
    name: 'needs secrets',
    history: fakeHistory({ blindSpots: ['no-secrets'] }),
    want: { missing: 'no-secrets' },
  },
  { name: 'is about protected records', history: fakeHistory(), want: 'not-applicable' },
]);
