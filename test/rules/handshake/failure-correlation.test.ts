import { expect, test } from 'vitest';
import type { ConnectionSummary } from '../../../src/model/capture-index.ts';
import { SECOND } from '../../../src/model/time.ts';
import { failureCorrelation } from '../../../src/rules/handshake/failure-correlation.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { reaches } from '../../support/reaches.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

const CBC_SHA = 0xc013;
const alert20 = { description: 20, from: 'server', packet: 1 } as const;
/** A handshake, five seconds after the one with the number before. */
const fine = (id: number, given: Partial<ConnectionSummary> = {}) =>
  fakeSummary({
    id,
    start: { packet: 10 * id, nanos: 5 * id * SECOND },
    end: { packet: 10 * id + 9, nanos: (5 * id + 1) * SECOND },
    client: { address: `192.0.2.${id % 4}`, port: 40_000 + id },
    ...given,
  });
const bad = (id: number, given: Partial<ConnectionSummary> = {}) =>
  fine(id, {
    outcome: 'failed',
    stage: 'server-finished',
    cipherSuite: CBC_SHA,
    fatalAlert: alert20,
    ...given,
  });
/** Every fourth of 40 handshakes fails. */
const FAILED = [4, 9, 14, 17, 22, 27, 32, 35, 38, 40];
const mixed = (given: (id: number) => Partial<ConnectionSummary> = () => ({})) =>
  Array.from({ length: 41 }, (_, n) => n + 1).map((id) =>
    FAILED.includes(id) ? bad(id, given(id)) : fine(id),
  );
const few = [bad(1), bad(3), ...[2, 4, 5, 6, 7, 8].map((id) => fine(id))];
const server = (connections: readonly ConnectionSummary[]) =>
  fakeIndex([fakeServer({ connections })]);
const packets = [49, 99, 149, 409];
const found = (confidence: 'likely' | 'possible', message = 'separated') =>
  [{ message, severity: 'error', confidence, packets, connections: FAILED }] as const;
const retried = (connections: ConnectionSummary[]) =>
  connections.map((row, n) => ({
    ...row,
    client: { address: '192.0.2.1', port: n },
    start: { packet: row.start.packet, nanos: n * 0.1 * SECOND },
    end: { packet: row.end.packet, nanos: (n * 0.1 + 0.05) * SECOND },
  }));

testCaptureRule(failureCorrelation, [
  {
    name: 'names the record MAC that all failures and no success had',
    index: server(mixed()),
    want: found('likely'),
  },
  {
    name: 'leaves it open where two properties part them alike',
    index: server(mixed(() => ({ serverName: 'old.test' }))),
    want: found('possible'),
  },
  {
    name: 'does not make much of a client that fails again and again',
    index: server(
      mixed((id) => ({ cipherSuite: 0xc02f, client: { address: '192.0.2.77', port: 4000 + id } })),
    ),
    want: found('possible'),
  },
  {
    name: 'tells a split with an exception as that',
    index: server([...mixed().filter(({ id }) => id !== 41), fine(41, { cipherSuite: CBC_SHA })]),
    want: found('possible', 'leaning'),
  },
  {
    name: 'only notes what few handshakes have in common',
    index: server(few),
    want: [
      {
        message: 'hint',
        severity: 'info',
        confidence: 'possible',
        packets: [19, 39],
        connections: [1, 3],
      },
    ],
  },
  {
    name: 'compares failures of one kind only',
    index: server([
      ...mixed(),
      bad(50, { cipherSuite: 0xc02f, fatalAlert: { ...alert20, description: 48 } }),
    ]),
    want: found('likely'),
  },
  {
    name: 'counts a failure once that was captured twice',
    index: fakeIndex([fakeServer({ connections: few })], {
      sharedRandoms: [
        { role: 'client', connections: [3, 1], packets: [30, 10], keyShares: [0, 0] },
      ],
    }),
    want: [],
  },
  {
    name: 'counts a failure once that a client repeats at once',
    index: server([
      ...retried([1, 2, 3, 4].map((id) => bad(id))),
      ...[11, 12, 13, 14, 15].map((id) => fine(id)),
    ]),
    want: [],
  },
  {
    name: 'says nothing of failures that have nothing in common',
    index: server(mixed((id) => ({ cipherSuite: id % 2 === 0 ? CBC_SHA : 0xc02f }))),
    want: [],
  },
  {
    name: 'needs two failures',
    index: server([bad(1), ...mixed().filter(({ outcome }) => outcome !== 'failed')]),
    want: [],
  },
  {
    name: 'needs five successes',
    index: server([...FAILED.map((id) => bad(id)), ...[1, 2, 3, 5].map((id) => fine(id))]),
    want: [],
  },
  {
    name: 'does not count handshakes that the capture shows in part',
    index: server(mixed(() => ({ outcome: 'incomplete' }))),
    want: [],
  },
]);

function serversOfOneName() {
  const servers = [1, 2, 3].map((host) => ({ address: `198.51.100.${host}`, port: 443 }));
  const rows = Array.from({ length: 60 }, (_, n) => {
    const endpoint = servers[n % 3] ?? { address: '', port: 0 };
    return n % 3 === 1
      ? bad(n + 1, { server: endpoint, cipherSuite: 0xc02f })
      : fine(n + 1, { server: endpoint });
  });
  const index = fakeIndex(
    servers.map((endpoint) =>
      fakeServer({ endpoint, connections: rows.filter((row) => row.server === endpoint) }),
    ),
  );
  return index;
}

test('of servers with one name it names the one that fails', () => {
  expect([...failureCorrelation.check(serversOfOneName())]).toMatchObject([
    {
      message: 'separated',
      confidence: 'likely',
      data: {
        server: 'example.org',
        says: 'had the server 198.51.100.2:443',
        failures: 20,
        successes: 40,
      },
    },
  ]);
});

reaches('correlatedNames', 0, 'servers of names beyond the limit are not compared', () => {
  expect([...failureCorrelation.check(serversOfOneName())]).toEqual([]);
});

test('what parts the same connections is one row of the table', () => {
  const [finding] = failureCorrelation.check(server(mixed(() => ({ serverName: 'old.test' }))));
  expect(finding?.table).toEqual([
    ['had', 'failures', 'successes', 'by chance in'],
    ['record MAC HMAC-SHA1 = server name old.test', '10 of 10', '0 of 31', 'under 1 of 70 million'],
  ]);
});
