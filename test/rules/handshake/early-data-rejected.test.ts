import { HELLO_RETRY_REQUEST } from '../../../src/model/history.ts';
import { earlyDataRejected } from '../../../src/rules/handshake/early-data-rejected.ts';
import { fakeClientHello, fakeServerHello } from '../../support/fake-hello.ts';
import { fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { u16 } from '../../support/hello-builder.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const earlyData = { type: 42, data: new Uint8Array(0) };
const selected = { type: 41, data: u16(0) };
const refused = {
  version: 0x0304,
  clientHello: fakeClientHello({ extensions: [earlyData] }),
  serverHello: fakeServerHello({ extensions: [] }),
  messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 6)],
} as const;

testConnectionRule(
  earlyDataRejected,
  [
    {
      name: 'notes a ServerHello that takes no key',
      history: fakeHistory(refused),
      want: [{ message: 'refused', severity: 'info', confidence: 'proven', packets: [4, 6] }],
    },
    {
      name: 'leaves a server alone that takes the key',
      history: fakeHistory({
        ...refused,
        serverHello: fakeServerHello({ extensions: [selected] }),
      }),
      want: 'not-applicable',
    },
    {
      name: 'leaves a HelloRetryRequest alone',
      history: fakeHistory({
        ...refused,
        messages: [...refused.messages, fakeMessage(HELLO_RETRY_REQUEST, 'server', 5)],
      }),
      want: 'not-applicable',
    },
    {
      name: 'leaves clients without early data alone',
      history: fakeHistory({ ...refused, clientHello: fakeClientHello({ extensions: [] }) }),
      want: 'not-applicable',
    },
  ],
  {
    pass: 'accepted early data is no case for the rule',
    'not-assessable': 'both hellos are all it needs',
  },
);
