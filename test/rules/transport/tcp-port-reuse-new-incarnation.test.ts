import { tcpPortReuseNewIncarnation } from '../../../src/rules/transport/tcp-port-reuse-new-incarnation.ts';
import { at } from '../../support/fake-history.ts';
import { fakeFormer, fakeIndex, fakeOpening, fakeServer } from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

const indexOf = (...openings: ReturnType<typeof fakeOpening>[]) =>
  fakeIndex([fakeServer({ openings })]);

testCaptureRule(tcpPortReuseNewIncarnation, [
  {
    name: 'notes connections on ports that were in use shortly before, once for each server',
    index: indexOf(
      fakeOpening(30),
      fakeOpening(60, { connection: 3, former: fakeFormer(50, { stream: 1 }) }),
    ),
    want: [
      {
        message: 'reused',
        severity: 'info',
        confidence: 'proven',
        packets: [20, 30, 60],
        connections: [2, 3],
      },
    ],
  },
  {
    name: 'is silent where the SYN was challenged first',
    index: indexOf(fakeOpening(30, { challenge: { ...at(31), from: 'server', reset: at(32) } })),
    want: [],
  },
  {
    name: 'is silent where it was not accepted',
    index: indexOf(fakeOpening(30, { synAck: undefined })),
    want: [],
  },
  {
    name: 'is silent where the ports had four minutes of rest',
    index: indexOf(fakeOpening(250_001, { former: fakeFormer(10_000) })),
    want: [],
  },
  {
    name: 'is silent about the first connection on its ports',
    index: indexOf(fakeOpening(30, { former: undefined })),
    want: [],
  },
  {
    name: 'is silent about servers without TLS',
    index: fakeIndex([fakeServer({ speaksTls: false, openings: [fakeOpening(30)] })]),
    want: [],
  },
]);
