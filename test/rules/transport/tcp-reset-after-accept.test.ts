import type { OpeningFact, ResetFact } from '../../../src/model/incarnation.ts';
import { tcpResetAfterAccept } from '../../../src/rules/transport/tcp-reset-after-accept.ts';
import { at } from '../../support/fake-history.ts';
import {
  fakeClose,
  fakeIndex,
  fakeOpening,
  fakeRefusal,
  fakeServer,
} from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

const reset = (packet: number, withAck: boolean): ResetFact => ({
  ...at(packet),
  withAck,
  window: 0,
  missingOctets: 0,
});
const away = (packet: number, given: Partial<OpeningFact> = {}) =>
  fakeOpening(packet, {
    connection: 0,
    stream: packet,
    former: undefined,
    turnedAway: reset(packet + 3, false),
    ...given,
  });
const indexOf = (...openings: OpeningFact[]) => fakeIndex([fakeServer({ openings })]);

testCaptureRule(tcpResetAfterAccept, [
  {
    name: 'reports connections that were reset before the client said anything',
    index: indexOf(away(30), away(60)),
    want: [
      {
        message: 'turnedAway',
        severity: 'error',
        confidence: 'proven',
        packets: [31, 33, 63],
        connections: [],
      },
    ],
  },
  {
    name: 'reports one whose ClientHello met no socket',
    index: indexOf(away(30, { connection: 4, lastFromClient: at(32) })),
    want: [
      {
        message: 'turnedAway',
        severity: 'error',
        confidence: 'proven',
        packets: [31, 32, 33],
        connections: [4],
      },
    ],
  },
  {
    name: 'reports a socket that was closed on purpose before the client said anything',
    index: indexOf(away(30, { turnedAway: reset(33, true) })),
    want: [{ message: 'turnedAway', severity: 'error', confidence: 'proven', packets: [31, 33] }],
  },
  {
    name: 'only notes it where the port alone speaks for TLS',
    index: fakeIndex([fakeServer({ speaksTls: false, openings: [away(30)] })]),
    want: [{ message: 'turnedAway', severity: 'info', confidence: 'proven', packets: [31, 33] }],
  },
  {
    name: 'leaves an answer to the ClientHello to others: RST with ACK',
    index: indexOf(away(30, { turnedAway: reset(33, true), lastFromClient: at(32) })),
    want: [],
  },
  {
    name: 'leaves an answer to the ClientHello to others: it was acknowledged',
    index: indexOf(away(30, { lastFromClient: at(32), acknowledged: true })),
    want: [],
  },
  {
    name: 'is silent about a connection that was idle for long',
    index: indexOf(away(30, { turnedAway: reset(6000, false) })),
    want: [],
  },
  {
    name: 'is silent while a process dies',
    index: fakeIndex([
      fakeServer({
        closes: [1, 2, 3, 4].map((id) => fakeClose(id, 1000 + id)),
        refusals: [fakeRefusal(2000)],
        openings: [away(1000, { stream: 2 })],
      }),
    ]),
    want: [],
  },
  {
    name: 'is silent about other ports',
    index: fakeIndex([
      fakeServer({
        speaksTls: false,
        endpoint: { address: '192.0.2.2', port: 25 },
        openings: [away(30)],
      }),
    ]),
    want: [],
  },
  { name: 'is silent where nothing was reset', index: indexOf(fakeOpening(30)), want: [] },
]);
