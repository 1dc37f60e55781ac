import { handshakeAborted } from '../../../src/rules/handshake/handshake-aborted.ts';
import { at, fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { PASSES_CLIENT_THAT_WENT_ON } from '../support/gone-on.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const hello = fakeMessage(1, 'client', 4);
const rst = (packet: number) => ({ ...at(packet), withAck: true, window: 1 });
const aborted = { outcome: 'aborted', stage: 'server-hello', messages: [hello] } as const;
const byClient = { fin: { client: at(8), server: undefined } };
const serverMissing = { synAck: undefined, octets: { client: 300, server: 0 } };
const found = (message: string, severity: 'error' | 'info', packets: readonly number[]) => [
  { message, severity, confidence: 'proven', packets } as const,
];

testConnectionRule(handshakeAborted, [
  {
    name: 'reports a server that resets after its own flight (TLS 1.3)',
    history: fakeHistory({
      outcome: 'aborted',
      stage: 'client-flight',
      version: 0x0304,
      messages: [hello, fakeMessage(2, 'server', 6)],
      tcp: { rst: { client: undefined, server: rst(9) } },
    }),
    want: found('aborted', 'error', [6, 9]),
  },
  {
    name: 'tells a client that waited for the ServerHello until it gave up',
    history: fakeHistory({ ...aborted, tcp: { fin: { client: at(10_004), server: undefined } } }),
    want: found('waited', 'error', [4, 10_004]),
  },
  {
    name: 'only notes a client that leaves by its own choice',
    history: fakeHistory({ ...aborted, tcp: byClient }),
    want: found('left', 'info', [4, 8]),
  },
  {
    name: 'reports a client that leaves after a ChangeCipherSpec without what should go before it',
    history: fakeHistory({
      ...aborted,
      changeCipherSpec: { client: undefined, server: at(7) },
      tcp: byClient,
    }),
    want: found('aborted', 'error', [4, 8]),
  },
  {
    name: 'reports a client that leaves on the beginning of a record of the server',
    history: fakeHistory({
      ...aborted,
      tcp: { ...byClient, lastData: { client: at(4), server: at(7) } },
    }),
    want: found('aborted', 'error', [4, 8]),
  },
  {
    name: 'goes by what the client had seen, not by an answer that came after it had left',
    history: fakeHistory({
      ...aborted,
      stage: 'client-finished',
      messages: [hello, fakeMessage(2, 'server', 9), fakeMessage(-1, 'server', 9)],
      tcp: byClient,
    }),
    want: found('left', 'info', [4, 8]),
  },
  {
    name: 'only notes a client that is through with its part and drops the connection',
    history: fakeHistory({
      ...aborted,
      stage: 'server-finished',
      messages: [hello, fakeMessage(14, 'server', 6), fakeMessage(-1, 'client', 7)],
      tcp: byClient,
    }),
    want: found('left', 'info', [7, 8]),
  },
  {
    name: 'reports a client that leaves after what the server said',
    history: fakeHistory({
      ...aborted,
      stage: 'server-flight',
      messages: [hello, fakeMessage(2, 'server', 6)],
      tcp: byClient,
    }),
    want: found('aborted', 'error', [6, 8]),
  },
  {
    name: 'reports a refusal by close_notify',
    history: fakeHistory({ ...aborted, alerts: [fakeAlert(0, 'server', 6, { level: 1 })] }),
    want: found('aborted', 'error', [4, 6]),
  },
  {
    name: 'names the server, not the client whose alert answers the close',
    history: fakeHistory({
      ...aborted,
      outcome: 'failed',
      alerts: [fakeAlert(50, 'client', 8)],
      tcp: { fin: { client: undefined, server: at(6) } },
    }),
    want: found('aborted', 'error', [4, 6]),
  },
  {
    name: 'tells a DTLS server whose port was closed',
    history: fakeHistory({
      ...aborted,
      protocol: 'DTLS',
      dtls: { portUnreachable: [{ ...at(5), role: 'server' }] },
    }),
    want: [{ message: 'aborted', severity: 'error', confidence: 'likely', packets: [4, 5] }],
  },
  {
    name: 'tells a port where nobody listens: nothing of a server was heard',
    history: fakeHistory({
      ...aborted,
      protocol: 'DTLS',
      bothDirections: false,
      dtls: { portUnreachable: [{ ...at(5), role: 'server' }] },
    }),
    want: [{ message: 'unheard', severity: 'error', confidence: 'likely', packets: [4, 5] }],
  },
  {
    name: 'names the client, where its port is the one that is closed',
    history: fakeHistory({
      ...aborted,
      stage: 'client-flight',
      protocol: 'DTLS',
      messages: [hello, fakeMessage(14, 'server', 5)],
      dtls: { portUnreachable: [{ ...at(6), role: 'client' }] },
    }),
    want: [{ message: 'aborted', severity: 'error', confidence: 'likely', packets: [5, 6] }],
  },
  {
    name: 'leaves alerts to handshake-alert',
    history: fakeHistory({ ...aborted, outcome: 'failed', alerts: [fakeAlert(40, 'server', 6)] }),
    want: 'not-applicable',
  },
  {
    name: 'leaves a handshake alone that the capture shows in part',
    history: fakeHistory({ ...aborted, outcome: 'incomplete', tcp: byClient }),
    want: 'not-applicable',
  },
  {
    name: 'does not judge where octets are missing: an alert may be among them',
    history: fakeHistory({
      ...aborted,
      tcp: { ...byClient, lostOctets: { client: 7, server: 0 } },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does not judge who closed first where one direction was captured late',
    history: fakeHistory({
      ...aborted,
      blindSpots: ['order-unknown'],
      tcp: { ...byClient, isBehindAnswer: true },
    }),
    want: { missing: 'order-unknown' },
  },
  {
    name: 'does not judge where the number of a RST shows that octets are missing',
    history: fakeHistory({
      ...aborted,
      tcp: { rst: { client: undefined, server: { ...rst(9), missingOctets: 7 } } },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does judge where they were captured after the RST',
    history: fakeHistory({
      ...aborted,
      tcp: {
        rst: { client: undefined, server: { ...rst(9), missingOctets: 7 } },
        lastData: { client: at(4), server: at(10) },
      },
    }),
    want: found('aborted', 'error', [4, 9]),
  },
  {
    name: 'names who sent the only RST, also where one direction was captured late',
    history: fakeHistory({
      ...aborted,
      tcp: { rst: { client: undefined, server: rst(9) }, isBehindAnswer: true },
      blindSpots: ['order-unknown'],
    }),
    want: found('aborted', 'error', [4, 9]),
  },
  {
    name: 'does not judge there who left first of two',
    history: fakeHistory({
      ...aborted,
      tcp: { rst: { client: undefined, server: rst(9) }, ...byClient, isBehindAnswer: true },
      blindSpots: ['order-unknown'],
    }),
    want: { missing: 'order-unknown' },
  },
  {
    name: 'does not judge half a conversation',
    history: fakeHistory({ ...aborted, tcp: { ...byClient, ...serverMissing } }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'does not judge a connection that began before the capture',
    history: fakeHistory({ ...aborted, tcp: byClient, blindSpots: ['start-not-captured'] }),
    want: { missing: 'start-not-captured' },
  },
  PASSES_CLIENT_THAT_WENT_ON,
  {
    name: 'passes a connection without a handshake',
    history: fakeHistory({ outcome: 'aborted', stage: 'none', tcp: byClient }),
    want: 'pass',
  },
]);
