import type { OpeningFact } from '../../../src/model/incarnation.ts';
import { MILLISECOND } from '../../../src/model/time.ts';
import { tcpTimewaitCollision } from '../../../src/rules/transport/tcp-timewait-collision.ts';
import { at } from '../../support/fake-history.ts';
import {
  fakeFormer,
  fakeIndex,
  fakeOpening,
  fakeServer,
  fakeSummary,
} from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

/** SYN, ACK of the old connection, RST; the SYN again and accepted after a second. */
const collision = (given: Partial<OpeningFact> = {}) =>
  fakeOpening(30, {
    transmissions: 2,
    challenge: { ...at(31), from: 'server', reset: at(32) },
    synAck: at(34, 1035 * MILLISECOND),
    ...given,
  });
const indexOf = (...openings: OpeningFact[]) => fakeIndex([fakeServer({ openings })]);

testCaptureRule(tcpTimewaitCollision, [
  {
    name: 'warns of a second that TIME-WAIT costs',
    index: indexOf(collision()),
    want: [
      {
        message: 'timeWait',
        severity: 'warning',
        confidence: 'proven',
        packets: [20, 30, 31, 32, 34],
        connections: [2],
      },
    ],
  },
  {
    name: 'notes one that nobody can have noticed',
    index: indexOf(collision({ synAck: at(34) })),
    want: [
      {
        message: 'timeWait',
        severity: 'info',
        confidence: 'proven',
        packets: [20, 30, 31, 32, 34],
      },
    ],
  },
  {
    name: 'takes the worst of several for all of them',
    index: indexOf(
      collision({ synAck: at(34) }),
      collision({
        connection: 0,
        stream: 5,
        challenge: { ...at(61), from: 'server', reset: undefined },
        synAck: undefined,
      }),
    ),
    want: [
      {
        message: 'timeWait',
        severity: 'error',
        confidence: 'proven',
        packets: [20, 30, 31, 32, 34, 61],
        connections: [2],
      },
    ],
  },
  {
    name: 'names the open connection that was lost by it',
    index: fakeIndex([
      fakeServer({
        connections: [fakeSummary({ id: 1, stream: 0 }), fakeSummary({ id: 2, stream: 1 })],
        openings: [collision({ synAck: at(34), former: fakeFormer(20, { end: 'open' }) })],
      }),
    ]),
    want: [
      {
        message: 'halfOpen',
        severity: 'warning',
        confidence: 'proven',
        packets: [20, 30, 31, 32, 34],
        connections: [2, 1],
      },
    ],
  },
  {
    name: 'is less sure where the connection before was not captured',
    index: indexOf(collision({ former: undefined })),
    want: [
      { message: 'unseen', severity: 'warning', confidence: 'likely', packets: [30, 31, 32, 34] },
    ],
  },
  {
    name: 'is silent where the client did not mind',
    index: indexOf(
      collision({ transmissions: 1, challenge: { ...at(31), from: 'server', reset: undefined } }),
    ),
    want: [],
  },
  {
    name: 'is silent where the capture ends too soon',
    index: fakeIndex([fakeServer({ openings: [collision({ synAck: undefined })] })], {
      lastNanos: 2000 * MILLISECOND,
    }),
    want: [],
  },
  { name: 'is silent where a SYN-ACK came at once', index: indexOf(fakeOpening(30)), want: [] },
  {
    name: 'is silent about other ports',
    index: fakeIndex([
      fakeServer({
        speaksTls: false,
        endpoint: { address: '192.0.2.2', port: 5432 },
        openings: [collision()],
      }),
    ]),
    want: [],
  },
]);
