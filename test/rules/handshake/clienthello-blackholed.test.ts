import type { RepeatFact } from '../../../src/model/tcp-facts.ts';
import { clientHelloBlackholed } from '../../../src/rules/handshake/clienthello-blackholed.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeMessage,
} from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const again = (offset: number, length: number, given: Partial<RepeatFact> = {}): RepeatFact => ({
  offset,
  length,
  times: 4,
  first: at(210),
  last: at(3100),
  ...given,
});

/** A ClientHello of 1,700 octets in packets 4 and 5; the server acknowledges the first in packet 6. */
const swallowed = (client: RepeatFact | undefined, given: FakeHistory = {}) =>
  fakeHistory({
    outcome: 'incomplete',
    stage: 'server-hello',
    version: undefined,
    messages: [fakeMessage(1, 'client', 5, { length: 1691 })],
    ...given,
    tcp: {
      octets: { client: 1700, server: 0 },
      repeated: { client, server: undefined },
      lastSeen: { client: at(3100), server: at(6) },
      ...given.tcp,
    },
  });
const silentAfter = { lastSeen: { client: at(3100), server: at(2) } };

const client = { address: '192.0.2.1', port: 40_000 };
const own = fakeSummary({ id: 1, outcome: 'incomplete', answered: undefined, helloOctets: 1691 });
const other = (helloOctets: number, given = {}) =>
  fakeSummary({ id: 2, client, helloOctets, ...given });
const index = (...others: ReturnType<typeof fakeSummary>[]) =>
  fakeIndex([fakeServer({ connections: [own, ...others] })]);

const found = (message: string, packets: readonly number[]) => [
  { message, severity: 'error', confidence: 'likely', packets } as const,
];

testConnectionRule(clientHelloBlackholed, [
  {
    name: 'reports a second segment that is never acknowledged though the first was',
    history: swallowed(again(1448, 252)),
    index: index(),
    want: found('rest', [5, 6, 210, 3100]),
  },
  {
    name: 'reports a full first segment that is swallowed, by a path on which small ClientHellos pass',
    history: swallowed(again(0, 1448), { tcp: silentAfter }),
    index: index(other(517)),
    want: found('whole', [5, 210, 3100]),
  },
  {
    name: 'reports it where the host was heard from after the ClientHello',
    history: swallowed(again(0, 1448)),
    index: index(),
    want: found('whole', [5, 6, 210, 3100]),
  },
  {
    name: 'leaves a path that may be dead to the rule about timeouts',
    history: swallowed(again(0, 1448), { tcp: silentAfter }),
    index: index(),
    want: [],
  },
  {
    name: 'takes no comfort from small ClientHellos that were not answered, or of other clients',
    history: swallowed(again(0, 1448), { tcp: silentAfter }),
    index: index(
      other(517, { answered: undefined }),
      fakeSummary({ id: 3, helloOctets: 517, client: { address: '192.0.2.9', port: 1 } }),
    ),
    want: [],
  },
  {
    name: 'says nothing about size where a ClientHello as large was answered: the server was busy',
    history: swallowed(again(1448, 252)),
    index: index(other(1700), other(517, { id: 3 })),
    want: [],
  },
  {
    name: 'passes two repetitions: packets get lost',
    history: swallowed(again(1448, 252, { times: 2 })),
    want: 'pass',
  },
  {
    name: 'passes repetitions in a burst',
    history: swallowed(again(1448, 252, { last: at(400) })),
    want: 'pass',
  },
  {
    name: 'passes a ClientHello in one segment: its size is not what matters',
    history: swallowed(again(0, 325), { tcp: { octets: { client: 325, server: 0 } } }),
    want: 'pass',
  },
  {
    name: 'passes where the server answered something',
    history: swallowed(again(1448, 252), { tcp: { octets: { client: 1700, server: 7 } } }),
    want: 'pass',
  },
  {
    name: 'passes where an alert ended it',
    history: swallowed(again(1448, 252), { alerts: [fakeAlert(80, 'client', 4000)] }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: swallowed(again(1448, 252), { tcp: { lostOctets: { client: 0, server: 9 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves later stages alone',
    history: swallowed(again(1448, 252), { stage: 'client-flight' }),
    want: 'not-applicable',
  },
  {
    name: 'leaves a slow handshake alone that succeeds',
    history: fakeHistory({ tcp: { repeated: { client: again(0, 1448), server: undefined } } }),
    want: 'not-applicable',
  },
]);
