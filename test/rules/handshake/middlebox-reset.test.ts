import type { ResetFact } from '../../../src/model/incarnation.ts';
import { MILLISECOND } from '../../../src/model/time.ts';
import { middleboxReset } from '../../../src/rules/handshake/middlebox-reset.ts';
import { at, type FakeHistory, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const rst = (packet: number, given: Partial<ResetFact> = {}): ResetFact => ({
  ...at(packet),
  withAck: true,
  window: 0,
  hopLimit: 52,
  missingOctets: 0,
  ...given,
});

/** SYN and SYN-ACK in packets 1 and 2, the ClientHello in packet 4, answered by a reset. */
const reset = (server: ResetFact, given: FakeHistory = {}) =>
  fakeHistory({
    outcome: 'aborted',
    stage: 'server-hello',
    version: undefined,
    messages: [fakeMessage(1, 'client', 4)],
    ...given,
    tcp: {
      octets: { client: 325, server: 0 },
      rst: { client: undefined, server },
      synHopLimit: { client: 64, server: 52 },
      lastDataAcknowledged: { client: at(server.packet), server: undefined },
      ...given.tcp,
    },
  });
/** A round trip of 337 ms, and a reset 10 ms after the ClientHello. */
const tooSoon = { smallestRoundTrip: 337 * MILLISECOND };

const client = { address: '192.0.2.1', port: 40_000 };
const own = fakeSummary({ id: 1, outcome: 'aborted', answered: undefined });
const answeredAfter = (ms: number) =>
  fakeIndex([
    fakeServer({
      connections: [own, fakeSummary({ id: 2, client, hello: at(50), answered: at(50 + ms) })],
    }),
  ]);
const alone = fakeIndex([fakeServer({ connections: [own] })]);

const found = (packets: readonly number[], confidence: 'proven' | 'likely' | 'possible') => [
  { message: 'foreign', severity: 'error', confidence, packets } as const,
];

testConnectionRule(middleboxReset, [
  {
    name: 'reports a reset from a host that is nearer than the server',
    history: reset(rst(14, { hopLimit: 61 })),
    index: alone,
    want: found([2, 4, 14], 'likely'),
  },
  {
    name: 'reports one in the name of the client, at the server',
    history: fakeHistory({
      outcome: 'aborted',
      stage: 'client-flight',
      messages: [fakeMessage(1, 'client', 4), fakeMessage(14, 'server', 6)],
      tcp: {
        rst: { client: rst(16, { hopLimit: 120 }), server: undefined },
        synHopLimit: { client: 48, server: 64 },
      },
    }),
    index: alone,
    want: found([1, 6, 16], 'likely'),
  },
  {
    name: 'takes an answer sooner than a round trip for possible: the SYN may have been slow',
    history: reset(rst(14), { tcp: tooSoon }),
    index: alone,
    want: found([2, 4, 14], 'possible'),
  },
  {
    name: 'takes it for likely where other answers of the server took as long',
    history: reset(rst(14), { tcp: tooSoon }),
    index: answeredAfter(340),
    want: found([2, 4, 14], 'likely'),
  },
  {
    name: 'drops it where the server has answered others as fast',
    history: reset(rst(14), { tcp: tooSoon }),
    index: answeredAfter(12),
    want: [],
  },
  {
    name: 'is certain with both signs',
    history: reset(rst(14, { hopLimit: 61 }), { tcp: tooSoon }),
    index: alone,
    want: found([2, 4, 14], 'proven'),
  },
  {
    name: 'reports a server that goes on with its handshake after its reset',
    history: reset(rst(14), {
      stage: 'server-flight',
      messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 40)],
      tcp: { octets: { client: 325, server: 3000 } },
    }),
    index: alone,
    want: found([2, 4, 14, 40], 'likely'),
  },
  {
    name: 'says nothing where packets were captured at several points',
    history: reset(rst(14, { hopLimit: 61 })),
    index: fakeIndex([fakeServer({ connections: [own] })], { severalPoints: true }),
    want: [],
  },
  {
    name: 'passes a reset that overtakes data which its number counts',
    history: reset(rst(14, { missingOctets: 1448 }), {
      messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 15)],
    }),
    want: 'pass',
  },
  ...[
    ['of the server itself', 52],
    ['on another route', 49],
    ['of a host that begins resets at 255', 243],
    ['of a host that begins resets at 128', 117],
    ['whose TTL is not known', 0],
  ].map(([what, hopLimit]) => ({
    name: `passes a reset ${what}`,
    history: reset(rst(14, { hopLimit: hopLimit as number })),
    want: 'pass' as const,
  })),
  {
    name: 'passes where the hop limit of the SYN-ACK is not known',
    history: reset(rst(14, { hopLimit: 61 }), {
      tcp: { synHopLimit: { client: 64, server: undefined } },
    }),
    want: 'pass',
  },
  {
    name: 'passes the idle timeout of a load balancer',
    history: reset(rst(6000, { hopLimit: 61 })),
    want: 'pass',
  },
  {
    name: 'passes a reset too soon that does not acknowledge the ClientHello: it was under way before',
    history: reset(rst(14), {
      tcp: { ...tooSoon, lastDataAcknowledged: { client: undefined, server: undefined } },
    }),
    want: 'pass',
  },
  {
    name: 'passes a reset close to the server, where SYN-ACK and answers are fast',
    history: reset(rst(5), { tcp: { smallestRoundTrip: 4 * MILLISECOND } }),
    want: 'pass',
  },
  {
    name: 'passes where the server closed before',
    history: reset(rst(14, { hopLimit: 61 }), {
      tcp: { fin: { client: undefined, server: at(13) } },
    }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: reset(rst(14, { hopLimit: 61 }), { tcp: { lostOctets: { client: 0, server: 9 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves established connections alone, whoever resets them',
    history: fakeHistory({
      tcp: {
        rst: { client: undefined, server: rst(14, { hopLimit: 61 }) },
        synHopLimit: { client: 64, server: 52 },
      },
    }),
    want: 'not-applicable',
  },
  {
    name: 'leaves connections alone of whose handshake nothing is there',
    history: reset(rst(14, { hopLimit: 61 }), { stage: 'none' }),
    want: 'not-applicable',
  },
]);
