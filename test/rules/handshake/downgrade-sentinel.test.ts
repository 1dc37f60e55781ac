import { downgradeSentinel } from '../../../src/rules/handshake/downgrade-sentinel.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const marked = (last: number) => {
  const random = new Uint8Array(32).fill(7);
  random.set([0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, last], 24);
  return random;
};
const lowered = {
  versionsOffered: [0x0304, 0x0303],
  version: 0x0303,
  serverRandom: marked(1),
  messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 6)],
} as const;
const noticed = {
  ...lowered,
  outcome: 'failed',
  stage: 'client-flight',
  alerts: [fakeAlert(47, 'client', 7)],
} as const;

testConnectionRule(
  downgradeSentinel,
  [
    {
      name: 'proves what the client noticed',
      history: fakeHistory(noticed),
      want: [{ message: 'noticed', severity: 'error', confidence: 'proven', packets: [6, 7] }],
    },
    {
      name: 'warns where the client went on',
      history: fakeHistory(lowered),
      want: [{ message: 'passed', severity: 'warning', confidence: 'likely', packets: [6] }],
    },
    {
      name: 'knows the mark of older versions',
      history: fakeHistory({ ...lowered, version: 0x0302, serverRandom: marked(0) }),
      want: [{ message: 'passed', severity: 'warning', confidence: 'likely', packets: [6] }],
    },
    {
      name: 'leaves the mark alone where TLS 1.3 was not offered',
      history: fakeHistory({ ...lowered, versionsOffered: [0x0303] }),
      want: 'not-applicable',
    },
    {
      name: 'leaves the mark of another version alone',
      history: fakeHistory({ ...lowered, serverRandom: marked(0) }),
      want: 'not-applicable',
    },
    {
      name: 'leaves TLS 1.3 alone',
      history: fakeHistory({ ...lowered, version: 0x0304 }),
      want: 'not-applicable',
    },
    {
      name: 'leaves other randoms alone',
      history: fakeHistory({ ...lowered, serverRandom: new Uint8Array(32) }),
      want: 'not-applicable',
    },
  ],
  {
    pass: 'without the mark there is nothing to judge',
    'not-assessable': 'the ServerHello is all it needs',
  },
);
