import { MILLISECOND } from '../../../src/model/time.ts';
import { tcpConnectTimeout } from '../../../src/rules/transport/tcp-connect-timeout.ts';
import { at } from '../../support/fake-history.ts';
import {
  fakeClose,
  fakeIndex,
  fakeRefusal,
  fakeServer,
  fakeSummary,
} from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

const unanswered = fakeRefusal(5000, {
  reset: undefined,
  transmissions: 4,
  last: at(12_000),
  stream: 7,
});

testCaptureRule(tcpConnectTimeout, [
  {
    name: 'proves that a server which accepts others did not answer',
    index: fakeIndex([fakeServer({ refusals: [unanswered], accepted: [at(10)] })]),
    want: [
      { message: 'unanswered', severity: 'error', confidence: 'proven', packets: [5000, 12_000] },
    ],
  },
  {
    name: 'is only likely where no answer of the server was ever captured',
    index: fakeIndex([fakeServer({ refusals: [unanswered] })]),
    want: [
      { message: 'unanswered', severity: 'error', confidence: 'likely', packets: [5000, 12_000] },
    ],
  },
  {
    name: 'only notes it on a port that is known for TLS',
    index: fakeIndex([fakeServer({ speaksTls: false, refusals: [unanswered] })]),
    want: [
      { message: 'unanswered', severity: 'info', confidence: 'likely', packets: [5000, 12_000] },
    ],
  },
  {
    name: 'takes a SYN that was captured twice for one',
    index: fakeIndex([
      fakeServer({ refusals: [{ ...unanswered, transmissions: 2, last: at(5020) }] }),
    ]),
    want: [],
  },
  {
    name: 'is silent on other ports',
    index: fakeIndex([
      fakeServer({
        endpoint: { address: '192.0.2.2', port: 80 },
        speaksTls: false,
        refusals: [unanswered],
      }),
    ]),
    want: [],
  },
  {
    name: 'is silent about a SYN that was sent once',
    index: fakeIndex([
      fakeServer({ refusals: [fakeRefusal(5000, { reset: undefined, transmissions: 1 })] }),
    ]),
    want: [],
  },
  {
    name: 'is silent when the capture ends too soon to tell',
    index: fakeIndex([fakeServer({ refusals: [unanswered] })], {
      lastNanos: 7_000 * MILLISECOND,
    }),
    want: [],
  },
  {
    name: 'is silent when the connection goes on and only its SYN-ACK is missing',
    index: fakeIndex([
      fakeServer({ refusals: [unanswered], connections: [fakeSummary({ stream: 7 })] }),
    ]),
    want: [],
  },
  {
    name: 'is silent while a process is down that was seen to die',
    index: fakeIndex([
      fakeServer({
        closes: [1, 2, 3, 4].map((id) => fakeClose(id, 1000 + id)),
        refusals: [fakeRefusal(2000), unanswered],
        accepted: [at(20_000)],
      }),
    ]),
    want: [],
  },
]);
