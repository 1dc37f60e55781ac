import { middleboxIntolerance } from '../../../src/rules/handshake/middlebox-intolerance.ts';
import { at, fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { among, failure, offer, success, unanswered } from '../support/retries.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const full = offer();
const older = offer({ highestVersion: 0x0303, extensions: [0, 10] });
const fewer = offer({ extensions: [0, 43, 51] });
const own = failure(full);
const again = failure(full, { id: 2, start: at(500) });

/** A client that comes back with a lower version, and is told that this is wrong. */
const fallenBack = fakeHistory({
  id: 3,
  outcome: 'failed',
  stage: 'server-hello',
  version: undefined,
  messages: [fakeMessage(1, 'client', 604)],
  alerts: [fakeAlert(86, 'server', 606)],
});
const second = failure(older, { id: 3, start: at(600), answered: at(606) });

const found = (
  message: string,
  packets: readonly number[],
  confidence: 'likely' | 'possible' = 'likely',
) => [{ message, severity: 'error', confidence, packets } as const];

testConnectionRule(
  middleboxIntolerance,
  [
    {
      name: 'reports two failures with a version, and a success with a lower one',
      history: unanswered(),
      index: among(own, again, success(older)),
      want: found('version', [4, 10, 1003]),
    },
    {
      name: 'takes one failure for possible',
      history: unanswered(),
      index: among(own, success(older)),
      want: found('version', [4, 10, 1003], 'possible'),
    },
    {
      name: 'reports an extension without which the same version succeeds',
      history: unanswered(),
      index: among(own, again, success(fewer)),
      want: found('extension', [4, 10, 1003]),
    },
    {
      name: 'says nothing where the same offer was answered at another time: it was a bad moment',
      history: unanswered(),
      index: among(own, again, success(older), success(full, { id: 10, start: at(2000) })),
      want: [],
    },
    {
      name: 'does not blame the version where another offer of that version was answered',
      history: unanswered(),
      index: among(
        own,
        again,
        success(older),
        success(offer({ extensions: [0, 43, 99] }), { id: 10 }),
      ),
      want: [],
    },
    {
      name: 'does not blame an extension that was answered elsewhere',
      history: unanswered(),
      index: among(own, again, success(fewer), success(older, { id: 10 })),
      want: [],
    },
    {
      name: 'leaves the key share to the rule about it',
      history: unanswered(),
      index: among(
        failure(offer({ postQuantum: true })),
        success(offer({ extensions: [0, 43, 51] })),
      ),
      want: [],
    },
    {
      name: 'says nothing where nothing succeeded',
      history: unanswered(),
      index: among(own, again),
      want: [],
    },
    {
      name: 'says nothing of an offer that is not known',
      history: unanswered(),
      index: among(failure(full, { offer: undefined }), success(older)),
      want: [],
    },
    {
      name: 'tells why a client fell back that the server then refuses',
      history: fallenBack,
      index: among(own, second),
      want: found('fallback', [4, 604, 606]),
    },
    {
      name: 'says nothing of a fallback without an attempt before it',
      history: fallenBack,
      index: among(second),
      want: [],
    },
    {
      name: 'says nothing of a fallback long after, or after an attempt that was answered',
      history: fallenBack,
      index: among(
        failure(full, { start: at(1), answered: at(5) }),
        failure(older, { id: 2, start: at(300) }),
        second,
      ),
      want: [],
    },
    {
      name: 'does not judge where octets are missing',
      history: unanswered({ tcp: { lostOctets: { client: 0, server: 9 } } }),
      want: { missing: 'lost-bytes' },
    },
    {
      name: 'leaves a server alone that says why',
      history: unanswered({ outcome: 'failed', alerts: [fakeAlert(70, 'server', 6)], tcp: {} }),
      want: 'not-applicable',
    },
    {
      name: 'leaves a server alone that began to answer',
      history: unanswered({ tcp: { octets: { client: 325, server: 7 } } }),
      want: 'not-applicable',
    },
    {
      name: 'leaves established connections alone',
      history: fakeHistory(),
      want: 'not-applicable',
    },
  ],
  { pass: 'what it looks at is always worth the comparison at the end' },
);
