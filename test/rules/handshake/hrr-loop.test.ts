import { HELLO_RETRY_REQUEST } from '../../../src/model/history.ts';
import { hrrLoop } from '../../../src/rules/handshake/hrr-loop.ts';
import { fakeAlert, fakeConflict, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const asked = (packet: number) => fakeMessage(HELLO_RETRY_REQUEST, 'server', packet);
const loop = {
  version: 0x0304,
  outcome: 'failed',
  stage: 'server-hello',
  messages: [fakeMessage(1, 'client', 4), asked(5), fakeMessage(1, 'client', 6), asked(7)],
  alerts: [fakeAlert(10, 'client', 8)],
} as const;

testConnectionRule(
  hrrLoop,
  [
    {
      name: 'proves a second request, with what came of it',
      history: fakeHistory(loop),
      want: [{ message: 'again', severity: 'error', confidence: 'proven', packets: [5, 7, 8] }],
    },
    {
      name: 'proves it while the connection is open',
      history: fakeHistory({ ...loop, outcome: 'incomplete', alerts: [] }),
      want: [{ message: 'again', severity: 'error', confidence: 'proven', packets: [5, 7] }],
    },
    {
      name: 'does not judge where copies of a segment differ',
      history: fakeHistory({ ...loop, tcp: { conflicts: [fakeConflict(6)] } }),
      want: { missing: 'lost-bytes' },
    },
    {
      name: 'leaves one request alone',
      history: fakeHistory({ messages: [asked(5)] }),
      want: 'not-applicable',
    },
    {
      name: 'leaves DTLS alone, where it may be sent again',
      history: fakeHistory({ ...loop, protocol: 'DTLS', transport: 'udp' }),
      want: 'not-applicable',
    },
  ],
  { pass: 'one request or none is no case for the rule' },
);
