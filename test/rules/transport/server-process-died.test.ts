import { describe, expect, it } from 'vitest';
import type { ServerCloseFact, ServerFacts } from '../../../src/model/capture-index.ts';
import { serverProcessDied } from '../../../src/rules/transport/server-process-died.ts';
import { at } from '../../support/fake-history.ts';
import {
  fakeClose,
  fakeIndex,
  fakeRefusal,
  fakeServer,
  fakeSummary,
} from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

/** The server was working on the handshake of connection 5: its client's flight is packet 997, the close packet 1000. */
const trigger = fakeClose(5, 1000, {
  stage: 'server-finished',
  lastFromClient: at(997),
  answeredSince: false,
});
const siblings = [1, 2, 3].map((id) => fakeClose(id, 1000 + id));
const rows = [1, 2, 3, 4].map((id) => fakeSummary({ id }));
const refused = fakeRefusal(2000);

const dead = (given: Partial<ServerFacts>) =>
  fakeIndex([fakeServer({ connections: rows, accepted: [at(11)], ...given })]);

const found = (confidence: 'proven' | 'likely' | 'possible', packets: readonly number[]) => [
  { message: 'died', severity: 'critical', confidence, packets } as const,
];

const LATER = 1e15;
const sameTime = (packet: number) => ({ packet, nanos: at(1000).nanos });

testCaptureRule(serverProcessDied, [
  {
    name: 'proves a death with three siblings and a refused SYN',
    index: dead({ closes: [trigger, ...siblings], refusals: [refused] }),
    want: found('proven', [997, 1000, 1001, 1002, 1003, 2000, 2001]),
  },
  {
    name: 'needs no handshake under way for that',
    index: dead({ closes: [fakeClose(4, 1000), ...siblings], refusals: [refused] }),
    want: found('proven', [1000, 1001, 1002, 1003, 2000, 2001]),
  },
  {
    name: 'tells two deaths in one finding, with the restart between',
    index: dead({
      closes: [
        trigger,
        ...siblings,
        ...[6, 7, 8, 9].map((id, order) => fakeClose(id, 5000 + order)),
      ],
      refusals: [refused, fakeRefusal(6000)],
      accepted: [at(3000)],
    }),
    want: found(
      'proven',
      [997, 1000, 1001, 1002, 1003, 2000, 2001, 3000, 5000, 5001, 5002, 5003, 6000, 6001],
    ),
  },
  {
    name: 'is silent where connections that were open then may be forgotten',
    index: dead({ closes: [trigger, ...siblings], refusals: [refused], completeFrom: LATER }),
    want: [],
  },
  {
    name: 'is silent where closes are missing',
    index: dead({ closes: [trigger, ...siblings], refusals: [refused], completeUntil: 0 }),
    want: [],
  },
  {
    name: 'is only likely with one sibling and a refused SYN',
    index: dead({ closes: [trigger, fakeClose(1, 1001)], refusals: [refused] }),
    want: found('likely', [997, 1000, 1001, 2000, 2001]),
  },
  {
    name: 'is likely for a single connection whose handshake met a refused SYN',
    index: dead({ closes: [trigger], refusals: [refused] }),
    want: found('likely', [997, 1000, 2000, 2001]),
  },
  {
    name: 'takes a close that was captured twice for one',
    index: fakeIndex(
      [
        fakeServer({
          connections: rows,
          accepted: [at(11)],
          closes: [trigger, { ...trigger, connection: 6, packet: 1001 }],
        }),
      ],
      {
        sharedRandoms: [
          { role: 'server', connections: [5, 6], packets: [995, 996], keyShares: [0, 0] },
        ],
      },
    ),
    want: [],
  },
  {
    name: 'is likely with three siblings and a handshake, when nobody tried again',
    index: dead({ closes: [trigger, ...siblings] }),
    want: found('likely', [997, 1000, 1001, 1002, 1003]),
  },
  {
    name: 'is possible with one sibling and a handshake',
    index: dead({ closes: [trigger, fakeClose(1, 1001)] }),
    want: found('possible', [997, 1000, 1001]),
  },
  {
    name: 'is silent where each had an unanswered ClientHello: a browser repeats what the server dislikes',
    index: dead({
      closes: [5, 6, 7, 8].map((id, order) =>
        fakeClose(id, 1000 + order, {
          stage: 'server-hello',
          lastFromClient: at(990 + order),
          answeredSince: false,
        }),
      ),
    }),
    want: [],
  },
  {
    name: 'is silent where each had, and one direction was captured late: flights seem to follow the closes',
    index: dead({
      closes: [5, 6, 7, 8].map((id, order) =>
        fakeClose(id, 1000 + order, {
          kind: 'rst',
          acknowledged: id === 5,
          stage: 'server-hello',
          lastFromClient: at(id === 5 ? 999 : 1010),
          answeredSince: false,
        }),
      ),
    }),
    want: [],
  },
  {
    name: 'is silent where closes far from each other have one time: the clock is coarse',
    index: dead({
      closes: [trigger, ...siblings].map((close, n) => ({ ...close, ...sameTime(1000 + 9 * n) })),
      refusals: [],
    }),
    want: [],
  },
  {
    name: 'is not where they follow each other at one time',
    index: dead({
      closes: [trigger, ...siblings].map((close, n) => ({ ...close, ...sameTime(1000 + 2 * n) })),
    }),
    want: found('likely', [997, 1000, 1002, 1004, 1006]),
  },
  {
    name: 'lowers its confidence if a connection shows no end',
    index: dead({ closes: [trigger, ...siblings], refusals: [refused], openAt: () => 1 }),
    want: found('likely', [997, 1000, 1001, 1002, 1003, 2000, 2001]),
  },
  {
    name: 'lowers its confidence if a new connection is accepted at once (prefork)',
    index: dead({ closes: [trigger, ...siblings], accepted: [at(1010)] }),
    want: found('possible', [997, 1000, 1001, 1002, 1003, 1010]),
  },
  {
    name: 'is silent when an older connection hears from the server afterwards',
    index: dead({
      connections: [...rows, fakeSummary({ id: 9, lastFromServer: at(1500) })],
      closes: [trigger, ...siblings],
      refusals: [refused],
    }),
    want: [],
  },
  {
    name: 'is silent about a single close in mid-handshake while nothing else is known',
    index: dead({ closes: [trigger] }),
    want: [],
  },
  {
    name: 'is silent about idle connections swept in one burst (load balancer, keep-alive timeout)',
    index: dead({ closes: [fakeClose(4, 1000), ...siblings] }),
    want: [],
  },
  {
    name: 'is silent about a server that stops listening first and closes then (drain)',
    index: dead({
      closes: [fakeClose(4, 1000), ...siblings],
      refusals: [fakeRefusal(900), refused],
    }),
    want: [],
  },
  {
    name: 'is silent when the last connection ends before the listener goes (one-shot server)',
    index: dead({ closes: [fakeClose(1, 1000)], refusals: [refused] }),
    want: [],
  },
  {
    name: 'is silent about closes spread over seconds (graceful restart)',
    index: dead({ closes: [1, 2, 3, 4].map((id) => fakeClose(id, 1000 * id)) }),
    want: [],
  },
  {
    name: 'does not count a refusal long after',
    index: dead({
      closes: [fakeClose(1, 1000), fakeClose(2, 1001)],
      refusals: [fakeRefusal(70_000)],
    }),
    want: [],
  },
  { name: 'is silent about a server without closes', index: dead({}), want: [] },
]);

describe('what a death is explained by', () => {
  const explained = (given: Partial<ServerFacts>) => {
    const [verdict] = serverProcessDied.check(dead(given));
    return [verdict?.confidence, verdict?.explanations?.map(({ likelihood }) => likelihood)];
  };

  it('is one thing where it is proven, and leaves another reading where it is not', () => {
    const closes = [trigger, ...siblings];
    expect(explained({ closes, refusals: [refused] })).toEqual(['proven', ['high']]);
    expect(explained({ closes })).toEqual(['likely', ['high', 'low']]);
  });
});

it('leaves how far a handshake got to the finding that leads, and names whose it was', () => {
  const causesWith = (...closes: readonly ServerCloseFact[]) => {
    const index = dead({ closes: [...closes, ...siblings], refusals: [refused] });
    return [...serverProcessDied.check(index)].flatMap(({ causes }) => causes ?? []);
  };
  expect(causesWith(trigger)).toEqual([
    expect.stringMatching(/^the handshake of connection 5.*handshake-kills-server/),
  ]);
  expect(causesWith(fakeClose(4, 1000))).toEqual([]);
});
