import type { RepeatFact, UnfilledFact } from '../../../src/model/tcp-facts.ts';
import { pmtuBlackholeServerFlight } from '../../../src/rules/handshake/pmtu-blackhole-server-flight.ts';
import { at, type FakeHistory, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const again = (given: Partial<RepeatFact> = {}): RepeatFact => ({
  offset: 0,
  length: 1448,
  times: 4,
  first: at(210),
  last: at(3100),
  ...given,
});
const gap = (given: Partial<UnfilledFact> = {}): UnfilledFact => ({
  ...at(8),
  offset: 0,
  length: 2896,
  beyond: 300,
  ...given,
});

/** The server's flight of 3,196 octets begins in packet 6; the client gives up in packet 5000. */
const stuck = (given: FakeHistory = {}) =>
  fakeHistory({
    outcome: 'aborted',
    stage: 'client-flight',
    messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 6)],
    ...given,
    tcp: {
      octets: { client: 325, server: 3196 },
      fin: { client: at(5000), server: undefined },
      lastSeen: { client: at(5000), server: at(3100) },
      ...given.tcp,
    },
  });
const near = (server: RepeatFact, given: FakeHistory = {}) =>
  stuck({ ...given, tcp: { repeated: { client: undefined, server }, ...given.tcp } });
const far = (server: UnfilledFact, given: FakeHistory = {}) =>
  stuck({
    outcome: 'incomplete',
    stage: 'server-hello',
    blindSpots: ['lost-bytes'],
    ...given,
    tcp: {
      octets: { client: 325, server: 300 },
      lostOctets: { client: 0, server: 2896 },
      unfilled: { client: undefined, server },
      ...given.tcp,
    },
  });

const client = { address: '192.0.2.1', port: 40_000 };
const own = fakeSummary({ id: 1, outcome: 'aborted' });
const index = (...others: ReturnType<typeof fakeSummary>[]) =>
  fakeIndex([fakeServer({ connections: [own, ...others] })]);
const resumed = fakeSummary({ id: 2, client, resumed: true });
const full = fakeSummary({ id: 3, client });

const found = (
  message: string,
  packets: readonly number[],
  confidence: 'likely' | 'possible' = 'likely',
) => [{ message, severity: 'error', confidence, packets } as const];

testConnectionRule(pmtuBlackholeServerFlight, [
  {
    name: 'suspects it where a full segment is repeated to a client that is alive',
    history: near(again()),
    index: index(),
    want: found('repeated', [210, 3100, 5000], 'possible'),
  },
  {
    name: 'thinks it likely where resumed sessions with their small flights succeed',
    history: near(again()),
    index: index(resumed),
    want: found('repeated', [210, 3100, 5000]),
  },
  {
    name: 'reports a gap of full segments that nothing fills, at the client',
    history: far(gap()),
    index: index(),
    want: found('missing', [8, 5000]),
  },
  {
    name: 'says nothing where another full handshake between the same hosts succeeds',
    history: far(gap()),
    index: index(resumed, full),
    want: [],
  },
  {
    name: 'thinks it likely where a full handshake in smaller segments succeeds',
    history: near(again()),
    index: fakeIndex([
      fakeServer({
        connections: [
          { ...own, segmentSize: 1460 },
          { ...full, segmentSize: 1360 },
        ],
      }),
    ]),
    want: found('repeated', [210, 3100, 5000]),
  },
  {
    name: 'says nothing where a full handshake in segments of one size with it succeeds, among smaller ones',
    history: near(again()),
    index: fakeIndex([
      fakeServer({
        connections: [
          { ...own, segmentSize: 1460 },
          { ...full, segmentSize: 1360 },
          { ...full, id: 4, segmentSize: 1460 },
        ],
      }),
    ]),
    want: [],
  },
  {
    name: 'says nothing where the segments of the full handshake that succeeds are not known',
    history: near(again()),
    index: fakeIndex([fakeServer({ connections: [{ ...own, segmentSize: 1460 }, full] })]),
    want: [],
  },
  {
    name: 'passes a small segment that is repeated: its size is not what matters',
    history: near(again({ length: 300, offset: 100 })),
    want: 'pass',
  },
  {
    name: 'passes where a full segment was acknowledged before',
    history: near(again({ offset: 1448 })),
    want: 'pass',
  },
  {
    name: 'passes where the client is not heard from any more: the path may be dead',
    history: near(again(), {
      outcome: 'incomplete',
      tcp: {
        lastSeen: { client: at(4), server: at(3100) },
        fin: { client: undefined, server: undefined },
      },
    }),
    want: 'pass',
  },
  {
    name: 'passes a flight that is all in the segment repeated: nothing smaller shows the difference',
    history: near(again({ length: 3196 })),
    want: 'pass',
  },
  {
    name: 'passes two repetitions: packets get lost',
    history: near(again({ times: 2 })),
    want: 'pass',
  },
  {
    name: 'passes a gap that is as short as a capture may just have ended in',
    history: far(gap(), { tcp: { lastSeen: { client: at(500), server: at(8) } } }),
    want: 'pass',
  },
  {
    name: 'passes a gap with full segments behind it',
    history: far(gap({ beyond: 1448 })),
    want: 'pass',
  },
  { name: 'passes a small gap', history: far(gap({ length: 400 })), want: 'pass' },
  {
    name: 'passes TLS 1.3 where the client sent more than an alert: it may be complete',
    history: near(again(), { version: 0x0304, protectedRecords: { client: { count: 2 } } }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing besides',
    history: near(again(), { blindSpots: ['lost-bytes'] }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does not judge without the beginning',
    history: far(gap(), { blindSpots: ['start-not-captured', 'lost-bytes'] }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'leaves later stages alone',
    history: near(again(), { stage: 'server-finished' }),
    want: 'not-applicable',
  },
  {
    name: 'leaves a slow handshake alone that succeeds',
    history: fakeHistory({ tcp: { repeated: { client: undefined, server: again() } } }),
    want: 'not-applicable',
  },
]);
