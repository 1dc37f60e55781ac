import { tcpConnectRefused } from '../../../src/rules/transport/tcp-connect-refused.ts';
import { at } from '../../support/fake-history.ts';
import { fakeClose, fakeIndex, fakeRefusal, fakeServer } from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

const endpoint = (port: number) => ({ address: '192.0.2.2', port });

testCaptureRule(tcpConnectRefused, [
  {
    name: 'reports refusals of a server that speaks TLS elsewhere, and when it accepts again',
    index: fakeIndex([
      fakeServer({
        refusals: [fakeRefusal(100), fakeRefusal(200)],
        accepted: [at(10), at(300)],
      }),
    ]),
    want: [
      {
        message: 'refused',
        severity: 'error',
        confidence: 'proven',
        packets: [100, 101, 201, 300],
        connections: [],
      },
    ],
  },
  {
    name: 'only notes them on a port that is known for TLS',
    index: fakeIndex([
      fakeServer({ endpoint: endpoint(8443), speaksTls: false, refusals: [fakeRefusal(100)] }),
    ]),
    want: [{ message: 'refused', severity: 'info', confidence: 'proven', packets: [100, 101] }],
  },
  {
    name: 'is silent on other ports',
    index: fakeIndex([
      fakeServer({ endpoint: endpoint(8080), speaksTls: false, refusals: [fakeRefusal(100)] }),
    ]),
    want: [],
  },
  {
    name: 'leaves unanswered SYNs to tcp-connect-timeout',
    index: fakeIndex([fakeServer({ refusals: [fakeRefusal(100, { reset: undefined })] })]),
    want: [],
  },
  {
    name: 'leaves those after the death of the process to that finding',
    index: fakeIndex([
      fakeServer({
        closes: [1, 2, 3, 4].map((id) => fakeClose(id, 1000 + id)),
        refusals: [fakeRefusal(2000), fakeRefusal(2100)],
      }),
    ]),
    want: [],
  },
]);
