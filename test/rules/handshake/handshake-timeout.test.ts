import type { AckFact, DtlsHelloFact, EpochFact } from '../../../src/model/dtls-facts.ts';
import type { FlightFacts } from '../../../src/model/flights.ts';
import type { Stage } from '../../../src/model/history.ts';
import { SECOND } from '../../../src/model/time.ts';
import { handshakeTimeout } from '../../../src/rules/handshake/handshake-timeout.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeMessage,
  fakeRecord,
} from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { type ConnectionCase, testConnectionRule } from '../support/rule-tester.ts';

const nobody = { client: undefined, server: undefined };
const byServer = { client: at(5), server: undefined };
const byClient = { client: undefined, server: at(7) };

/** Packets are a millisecond apart: packet 4 has the ClientHello, packet 8004 comes 8 s later. */
const stalled = (stage: Stage, given: FakeHistory = {}) =>
  fakeHistory({
    outcome: 'aborted',
    stage,
    version: stage === 'server-hello' ? undefined : 0x0303,
    messages: [fakeMessage(1, 'client', 4)],
    ...given,
    tcp: {
      octets: { client: 325, server: 0 },
      lastData: { client: at(4), server: undefined },
      lastDataAcknowledged: byServer,
      fin: { client: at(8004), server: undefined },
      ...given.tcp,
    },
  });

const flight = [
  fakeMessage(1, 'client', 4),
  fakeMessage(2, 'server', 6),
  fakeMessage(14, 'server', 6),
];
const flightSent = {
  lastData: { client: at(4), server: at(6) },
  octets: { client: 325, server: 3000 },
};

const found = (message: string, packets: readonly number[], confidence = 'proven' as const) => [
  { message, severity: 'error', confidence, packets } as const,
];
const maybe = (message: string, packets: readonly number[], confidence: 'likely' | 'possible') => [
  { message, severity: 'error', confidence, packets } as const,
];

const until = (seconds: number) => fakeIndex([], { lastNanos: seconds * SECOND });

const hello = (packet: number, number: number, messageSequence = 0): DtlsHelloFact => ({
  ...at(packet),
  messageSequence,
  recordSequence: number,
  cookieLength: 0,
  retransmission: number > 0,
});
const epoch = (last: number, count: number): EpochFact => ({
  epoch: 0,
  firstSequence: 0,
  highestSequence: count - 1,
  count,
  first: at(1),
  last: at(last),
});
const repeated = [hello(1, 0), hello(1001, 1), hello(3001, 2)];
const unanswered = (given: FakeHistory = {}) =>
  fakeHistory({
    protocol: 'DTLS',
    outcome: 'incomplete',
    stage: 'server-hello',
    version: undefined,
    bothDirections: false,
    messages: [fakeMessage(1, 'client', 1)],
    ...given,
    dtls: {
      clientHellos: repeated,
      epochs: { client: [epoch(3001, 3)], server: [] },
      ...given.dtls,
    },
  });
const ack = (
  from: 'client' | 'server',
  packet: number,
  received: readonly (readonly [number, number])[],
  ofEpoch = 0,
): AckFact => ({
  ...at(packet),
  from,
  epoch: ofEpoch,
  sequence: 1,
  received: received.map(([epochOf, sequence]) => ({ epoch: epochOf, sequence })),
  omitted: 0,
});
/** DTLS 1.3: an ACK of the server in packet 9, and nothing more. */
const acknowledgedHello = (
  received: readonly (readonly [number, number])[],
  given: FakeHistory = {},
) =>
  unanswered({
    bothDirections: true,
    endNanos: at(9).nanos,
    ...given,
    dtls: {
      clientHellos: [hello(1, 0)],
      epochs: { client: [epoch(1, 1)], server: [epoch(9, 1)] },
      acks: [ack('server', 9, received)],
      ...given.dtls,
    },
  });
const inFragments: FlightFacts = {
  repeats: [],
  repeated: { client: 0, server: 0 },
  lastRepeat: nobody,
  fragmented: [
    {
      from: 'client',
      type: 1,
      messageSequence: 0,
      length: 1500,
      fragments: 2,
      largest: 1200,
      first: at(1),
      last: at(2),
      transmissions: 1,
      passedOver: 0,
      missing: [],
      completed: at(2),
      wholeAtOnce: true,
      recut: false,
    },
  ],
};
const dtlsRow = (id: number, answered: number | undefined) =>
  fakeSummary({
    id,
    protocol: 'DTLS',
    server: { address: '192.0.2.2', port: 5684 },
    answered: answered === undefined ? undefined : at(answered),
  });
const dtlsServer = (answered: number | undefined) =>
  fakeServer({
    transport: 'udp',
    endpoint: { address: '192.0.2.2', port: 5684 },
    connections: [dtlsRow(1, undefined), dtlsRow(2, answered)],
  });

const byStage: ConnectionCase[] = (
  [
    ['server-flight', 'client', [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 6)]],
    ['client-flight', 'server', flight],
    ['client-finished', 'server', [...flight, fakeMessage(16, 'client', 7)]],
    ['server-finished', 'client', [...flight, fakeMessage(16, 'client', 7)]],
  ] as const
).map(([stage, waiter, messages]) => ({
  name: `tells who owed the next message: ${stage}`,
  history: stalled(stage, {
    messages,
    tcp: {
      ...flightSent,
      lastDataAcknowledged: waiter === 'client' ? { client: at(8), server: undefined } : byClient,
      fin: { ...nobody, [waiter]: at(8004) },
    },
  }),
  want: found(
    'stuck',
    [messages.at(-1)?.packet ?? 0, waiter === 'client' ? 8 : 7, 8004]
      .sort((a, b) => a - b)
      .filter((packet, i, all) => packet !== all[i - 1]),
  ),
}));

testConnectionRule(handshakeTimeout, [
  {
    name: 'reports a client that gave up on a server whose host had acknowledged its ClientHello',
    history: stalled('server-hello'),
    want: found('stuck', [4, 5, 8004]),
  },
  ...byStage,
  {
    name: 'reports a ClientHello that was repeated and never acknowledged',
    history: stalled('server-hello', {
      tcp: { lastDataAcknowledged: nobody, retransmissions: { client: 5, server: 0 } },
    }),
    want: found('unreached', [4, 8004]),
  },
  {
    name: 'reports a flight that its sender repeats and the waiting host never acknowledges',
    history: stalled('server-flight', {
      messages: flight.slice(0, 2),
      tcp: {
        ...flightSent,
        lastDataAcknowledged: byServer,
        retransmissions: { client: 0, server: 4 },
      },
    }),
    want: found('undelivered', [6, 8004]),
  },
  {
    name: 'does not say whose turn it is within the encrypted flight of TLS 1.3',
    history: stalled('client-flight', {
      version: 0x0304,
      messages: [...flight.slice(0, 2), fakeMessage(-1, 'server', 6)],
      tcp: {
        ...flightSent,
        lastDataAcknowledged: byClient,
        fin: { client: undefined, server: at(9000) },
      },
    }),
    want: maybe('stuck', [6, 7, 9000], 'likely'),
  },
  {
    name: 'says so where secrets show the Finished of the server',
    history: stalled('client-flight', {
      version: 0x0304,
      messages: [...flight.slice(0, 2), fakeMessage(20, 'server', 6)],
      tcp: {
        ...flightSent,
        lastDataAcknowledged: byClient,
        fin: { client: undefined, server: at(9000) },
      },
    }),
    want: found('stuck', [6, 7, 9000]),
  },
  {
    name: 'reports a handshake that is still open and silent but for keep-alives',
    history: stalled('server-hello', {
      outcome: 'incomplete',
      lastPacket: 12_000,
      tcp: { fin: nobody },
    }),
    index: until(15),
    want: maybe('stuck', [4, 5], 'likely'),
  },
  {
    name: 'only notes one of which the capture shows nothing more: it may have lost sight of it',
    history: stalled('server-hello', { outcome: 'incomplete', tcp: { fin: nobody } }),
    index: until(15),
    want: [{ message: 'stuck', severity: 'info', confidence: 'possible', packets: [4, 5] }],
  },
  {
    name: 'says nothing of one whose capture goes on for days: its end was cut out',
    history: stalled('server-hello', { outcome: 'incomplete', tcp: { fin: nobody } }),
    index: until(86_400),
    want: [],
  },
  {
    name: 'says nothing where the capture ends too soon for a timeout',
    history: stalled('server-hello', { outcome: 'incomplete', tcp: { fin: nobody } }),
    index: until(9),
    want: [],
  },
  {
    name: 'keeps what a close has settled, wherever the capture ends',
    history: stalled('server-hello'),
    index: until(8.1),
    want: found('stuck', [4, 5, 8004]),
  },
  {
    name: 'leaves a short wait to the rule about aborted handshakes',
    history: stalled('server-hello', { tcp: { fin: { client: at(2500), server: undefined } } }),
    want: 'pass',
  },
  {
    name: 'passes where the side that owed the message closed: that is no timeout of the other',
    history: stalled('server-hello', { tcp: { fin: { client: undefined, server: at(8004) } } }),
    want: 'pass',
  },
  {
    name: 'counts the silence from the last octets of the debtor, not from the last whole message',
    history: stalled('server-flight', {
      messages: flight.slice(0, 2),
      tcp: {
        lastData: { client: at(4), server: at(6000) },
        lastDataAcknowledged: byServer,
        octets: { client: 325, server: 3000 },
      },
    }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing: the answer may be among them',
    history: stalled('server-hello', { tcp: { lostOctets: { client: 0, server: 1448 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does not judge where neither acknowledgements nor repetitions were captured',
    history: stalled('server-hello', { tcp: { lastDataAcknowledged: nobody } }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'has nothing to miss where the capture ends before either could come',
    history: stalled('server-hello', {
      outcome: 'incomplete',
      tcp: { lastDataAcknowledged: nobody, fin: nobody },
    }),
    want: 'pass',
  },
  {
    name: 'leaves alerts alone',
    history: stalled('server-hello', {
      outcome: 'failed',
      alerts: [fakeAlert(80, 'server', 8000)],
    }),
    want: 'not-applicable',
  },
  {
    name: 'leaves a slow handshake alone that succeeds after all',
    history: fakeHistory({
      messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 29_000)],
    }),
    want: 'not-applicable',
  },
  {
    name: 'passes TLS 1.3 where the client sent more than an alert: it may be complete',
    history: stalled('client-flight', {
      version: 0x0304,
      protectedRecords: { client: { count: 2 } },
      tcp: { fin: nobody },
      outcome: 'incomplete',
    }),
    want: 'pass',
  },
  {
    name: 'reports a DTLS server that answers others, but not this ClientHello',
    history: unanswered(),
    index: fakeIndex([dtlsServer(20)]),
    want: maybe('unheard', [1, 3001], 'likely'),
  },
  {
    name: 'doubts it where no answer of that server was captured at all',
    history: unanswered(),
    index: fakeIndex([dtlsServer(undefined)]),
    want: maybe('unheard', [1, 3001], 'possible'),
  },
  {
    name: 'drops it where the client went on with the same ClientHello on other ports',
    history: unanswered(),
    index: fakeIndex([dtlsServer(20)], {
      sharedRandoms: [{ role: 'client', connections: [1, 7], packets: [1, 9], keyShares: [0, 0] }],
    }),
    want: [],
  },
  {
    name: 'reports a Finished over DTLS that goes unanswered, once nothing more is heard',
    history: unanswered({
      stage: 'server-finished',
      version: 0xfefd,
      bothDirections: true,
      dtls: {
        finishedTransmissions: {
          client: [10, 1010, 3010].map((packet, sequence) =>
            fakeRecord(22, 'client', packet, { epoch: 1, sequence }),
          ),
          server: [],
        },
        epochs: { client: [epoch(3010, 3)], server: [epoch(9, 3)] },
      },
    }),
    index: fakeIndex([dtlsServer(20)]),
    want: maybe('unheard', [10, 3010], 'likely'),
  },
  {
    name: 'notes a ClientHello that the server acknowledged and never answered',
    history: acknowledgedHello([[0, 0]]),
    index: until(40),
    want: [{ message: 'acknowledged', severity: 'info', confidence: 'possible', packets: [9] }],
  },
  {
    name: 'reports it where the client shows that it still waits',
    history: acknowledgedHello([[0, 0]], { endNanos: at(20_000).nanos }),
    index: until(40),
    want: maybe('acknowledged', [9], 'likely'),
  },
  {
    name: 'and where it repeats what was acknowledged',
    history: acknowledgedHello([[0, 0]], {
      dtls: { clientHellos: [hello(1, 0), hello(1001, 1), hello(3001, 2), hello(7001, 3)] },
    }),
    index: until(8),
    want: maybe('acknowledged', [9, 1001, 7001], 'likely'),
  },
  {
    name: 'says nothing of an ACK where the capture ends too soon',
    history: acknowledgedHello([[0, 0]]),
    index: until(9),
    want: [],
  },
  {
    name: 'nor where the client went on with its ClientHello on another port',
    history: acknowledgedHello([[0, 0]]),
    index: fakeIndex([], {
      lastNanos: 40 * SECOND,
      sharedRandoms: [{ role: 'client', connections: [1, 7], packets: [1, 9], keyShares: [0, 0] }],
    }),
    want: [],
  },
  {
    name: 'passes an ACK for another record, and one that asks for the flight again',
    history: acknowledgedHello([
      [0, 7],
      [2, 0],
    ]),
    want: 'pass',
  },
  {
    name: 'passes an ACK of the side that waits',
    history: acknowledgedHello([[0, 0]], { dtls: { acks: [ack('client', 9, [[0, 0]])] } }),
    want: 'pass',
  },
  {
    name: 'passes an ACK for a fragment of the ClientHello',
    history: acknowledgedHello([[0, 0]], { dtls: { flights: inFragments } }),
    want: 'pass',
  },
  {
    name: 'does not judge an ACK where numbers are missing',
    history: acknowledgedHello([[0, 0]], {
      dtls: { epochs: { client: [{ ...epoch(1, 1), highestSequence: 5 }], server: [epoch(9, 1)] } },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'tells a client that acknowledged the Finished of the server and sends none',
    history: unanswered({
      stage: 'client-flight',
      version: 0xfefc,
      endNanos: at(30_000).nanos,
      dtls: {
        finishedTransmissions: {
          client: [],
          server: [fakeRecord(22, 'server', 10, { epoch: 2, sequence: 3 })],
        },
        epochs: { client: [epoch(11, 3)], server: [epoch(30_000, 9)] },
        acks: [ack('client', 11, [[2, 3]], 2)],
      },
    }),
    index: until(40),
    want: maybe('acknowledged', [11], 'likely'),
  },
  {
    name: 'passes a DTLS client that tried only twice',
    history: unanswered({ dtls: { clientHellos: repeated.slice(0, 2) } }),
    want: 'pass',
  },
  {
    name: 'passes copies of one datagram: nobody repeated anything',
    history: unanswered({ dtls: { clientHellos: [hello(1, 0), hello(2, 0), hello(3001, 0)] } }),
    want: 'pass',
  },
  {
    name: 'passes a DTLS client that goes away after the cookie was asked of it',
    history: unanswered({
      dtls: { epochs: { client: [epoch(3001, 3)], server: [epoch(3500, 1)] } },
    }),
    want: 'pass',
  },
  {
    name: 'passes a flight over DTLS that nobody repeats',
    history: unanswered({ stage: 'client-flight', version: 0xfefd }),
    want: 'pass',
  },
  {
    name: 'does not judge DTLS where numbers are missing',
    history: unanswered({
      dtls: { epochs: { client: [{ ...epoch(3001, 3), highestSequence: 5 }], server: [] } },
    }),
    want: { missing: 'lost-bytes' },
  },
]);
