/** What is kept of connections and servers to the end of a run is bounded. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RandomIndex } from '../../src/connection/random-index.ts';
import { ServerIndex } from '../../src/connection/server-index.ts';
import { SessionIndex } from '../../src/connection/session-index.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { FlowDirectory, TcpConnectionView } from '../../src/model/stream.ts';
import { analyse } from '../support/analyse.ts';
import { fakeClientHello, fakeServerHello } from '../support/fake-hello.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { filled } from '../support/hello-builder.ts';
import { reaches, withBounds } from '../support/reaches.ts';

/** Flow n goes to port n of one server. */
const flows: FlowDirectory = {
  endpoint: (flow) => ({ address: '192.0.2.1', port: flow }),
  endpointKey: (flow) => 0xc0000201 * 0x10000 + flow,
  address: () => '192.0.2.1',
  port: (flow) => flow,
  streamOf: (flow) => flow,
  isOverTcp: () => false,
};

const NEVER = { packet: 0, nanos: 0 };
const hello = (flow: number) => ({
  flow,
  clientSide: 0 as const,
  packet: 1,
  nanos: 1,
  transmissions: 2,
  answerPacket: 2,
  answerNanos: 2,
  octets: 100,
  offer: 0,
  lastFromClient: NEVER,
  lastFromServer: NEVER,
  answeredClose: undefined,
  segmentSize: 0,
});

const index = (limits?: { recent: number; elders: number }) =>
  new ServerIndex(
    new RandomIndex(),
    new SessionIndex(),
    { tcp: flows, udp: flows },
    undefined,
    limits,
  );
/** Nothing about it is worth a second look. */
const quiet = (flow: number) => ({ ...hello(flow), transmissions: 1 });

test('rows of connections that went well make room for those that became final later', () => {
  const one = index({ recent: 100, elders: 100 });
  const history = fakeHistory();
  // The second connection stays open until all others are over.
  for (let id = 1; id <= 300; id++) if (id !== 2) one.add({ ...history, id }, quiet(443));
  one.add({ ...history, id: 2 }, quiet(443));
  expect(one.connectionCount).toBe(300);
  expect(one.connectionsForgotten).toBe(200);
  expect([1, 3, 201].map((id) => one.summary(id))).toEqual([undefined, undefined, undefined]);
  expect([202, 300, 2].map((id) => one.summary(id)?.id)).toEqual([202, 300, 2]);
});

reaches(
  'successesKept',
  20,
  'what went wrong or is named by a finding is kept longer, and some of what went well with the same server',
  (bound) => {
    const one = index({ recent: 100, elders: bound + 10 });
    const history = fakeHistory({ serverName: 'one.example' });
    one.add({ ...history, id: 1, outcome: 'failed' }, quiet(1));
    one.add({ ...history, id: 2 }, quiet(1));
    one.add({ ...history, id: 3 }, quiet(2));
    one.keep(3);
    one.keep(5);
    one.add({ ...history, id: 4 }, quiet(3));
    one.add({ ...history, id: 5 }, quiet(3));
    one.add({ ...history, id: 6 }, quiet(4));
    let next = 7;
    const more = (count: number, flow: number) => {
      for (let n = 0; n < count; n++) one.add({ ...history, id: next++ }, quiet(flow));
    };
    more(200, 9);
    // The only one of its server stays, so that it is known to have been reached; the fourth is not the last of its server.
    expect([1, 2, 3, 4, 5, 6, 7].map((id) => one.summary(id)?.serverName !== undefined)).toEqual([
      ...[true, true, true, false, true, true, false],
    ]);
    expect([...one.servers()].map(({ connections }) => connections.map(({ id }) => id))).toEqual([
      [1, 2],
    ]);
    more(bound + 200, 1);
    const [server] = one.servers();
    expect(server?.connections).toHaveLength(1 + bound + 100);
  },
);

test('even those are kept up to a limit', () => {
  const one = index({ recent: 10, elders: 20 });
  const history = fakeHistory({ outcome: 'failed' });
  for (let id = 1; id <= 100; id++) one.add({ ...history, id }, quiet(1));
  expect([70, 71, 100].map((id) => one.summary(id)?.id)).toEqual([undefined, 71, 100]);
});

reaches(
  'serverEndpoints',
  8,
  'servers beyond the limit share one entry that no rule sees',
  (bound) => {
    const one = index();
    const history = fakeHistory();
    const count = bound + 3;
    for (let id = 1; id <= count; id++) one.add({ ...history, id }, hello(id));
    let last: readonly { id: number }[] = [];
    let seen = 0;
    for (const { connections } of one.servers()) {
      seen++;
      last = [...connections];
    }
    expect(seen).toBe(bound);
    expect(last.map(({ id }) => id)).toEqual([bound]);
    expect(one.summary(count)?.server).toEqual({ address: '192.0.2.1', port: count });
  },
);

reaches(
  'hellosCompared',
  8,
  'hellos are kept in short of failures, and of the successes behind the first failure up to a limit',
  (bound) => {
    const one = index();
    const history = fakeHistory({
      clientHello: fakeClientHello({ extensions: [{ type: 35, data: new Uint8Array(8) }] }),
      serverHello: { ...fakeServerHello(), keyShareGroup: 29 },
      fingerprints: { ja3: 'three', ja3s: undefined, ja4: 'four' },
    });
    one.add({ ...history, id: 1 }, hello(1));
    one.add({ ...history, id: 2, outcome: 'failed' }, hello(1));
    for (let n = 0; n <= bound; n++) one.add({ ...history, id: 3 + n }, hello(1));
    one.add({ ...history, id: 4 + bound, outcome: 'failed' }, hello(1));
    const shown = (id: number) => {
      const row = one.summary(id);
      return [row?.ja3, row?.ja4, row?.group, row?.resumptionOffered];
    };
    const nothing = [undefined, undefined, undefined, undefined];
    const all = ['three', 'four', 29, true];
    expect([1, 2, 3].map(shown)).toEqual([nothing, all, all]);
    const last = 3 + bound;
    expect([last - 1, last, last + 1].map(shown)).toEqual([all, nothing, all]);
  },
);

reaches('summariesKept', 3, 'summaries are built again where there are too many', () => {
  const kept = index();
  for (let id = 1; id <= 4; id++)
    kept.add({ ...fakeHistory({ outcome: 'failed' }), id }, hello(id % 2));
  const [one, two] = [...kept.servers()];
  const before = one?.connections;
  expect(one?.connections).toBe(before);
  expect(two?.connections).toHaveLength(2);
  expect(one?.connections).toEqual(before);
  expect(one?.connections).not.toBe(before);
});

const told = (sample: string) => {
  const file = Uint8Array.from(readFileSync(`samples/${sample}/capture.pcap`));
  const { findings, result } = analyse(file);
  return {
    summaries: findings.map(({ summary }) => summary).join('\n'),
    rules: findings.map(({ rule }) => rule),
    notices: result.notices.flat().map(({ detail }) => detail),
  };
};

reaches('eventsPerServer', 1, 'of a server with more events than are kept, at least those', () => {
  expect(told('tls-connect-refused').summaries).toContain('refused at least a TCP connection');
  expect(told('tls-port-reuse').summaries).toContain('At least a connection to');
  expect(told('tls-upgrades-refused').summaries).toContain('at least once');
  const { rules, notices } = told('go-panic-process-death');
  expect(rules).not.toContain('server-process-died');
  expect(notices).toContainEqual(expect.stringMatching(/^of each server the first \d+ closes/));
});

reaches('acceptedConnections', 2, 'it is known until when accepted ones are forgotten', (bound) => {
  const kept = index();
  kept.add({ ...fakeHistory({ outcome: 'failed' }), id: 1 }, hello(1));
  for (let n = 1; n <= 3; n++) kept.addTcp(accepted(n), undefined);
  const [server] = kept.servers();
  expect(server?.accepted.map(({ packet }) => packet)).toEqual([2, 3].slice(-bound));
  expect(server?.completeFrom).toBe(15);
});

/** A connection that the server on flow 1 accepted and nothing more is to be said about. */
const accepted = (n: number) =>
  ({
    flow: 1,
    initiator: 0,
    synAck: { packet: n, nanos: 10 * n },
    endNanos: 10 * n + 5,
    isRemarkable: false,
    isReset: false,
    isEnded: false,
  }) as unknown as TcpConnectionView;

reaches('connectionsKept', 100, 'rows of connections that went well make room', (bound) => {
  const kept = index();
  for (let id = 1; id <= 3 * bound; id++) kept.add({ ...fakeHistory(), id }, quiet(443));
  expect(kept.connectionsForgotten).toBe(2 * bound);
});

reaches(
  'remarkableConnectionsKept',
  20,
  'of failures so many rows are kept as well',
  async (bound) => {
    await withBounds({ connectionsKept: 10 }, () => {
      const kept = index();
      const history = fakeHistory({ outcome: 'failed' });
      for (let id = 1; id <= 100; id++) kept.add({ ...history, id }, quiet(1));
      expect([90 - bound, 91 - bound, 100].map((id) => kept.summary(id)?.id)).toEqual([
        undefined,
        91 - bound,
        100,
      ]);
    });
  },
);

reaches('helloRandoms', 4, 'randoms are compared with those seen last', (bound) => {
  const randoms = new RandomIndex();
  const add = (random: number, id: number) => randoms.add(0, filled(40, random), 4, id, id);
  for (let id = 1; id <= bound + 1; id++) add(id, id);
  add(3, 9);
  expect(randoms.facts().map(({ connections }) => connections)).toEqual([[3, 9]]);
  add(1, 10);
  expect(randoms.facts()).toHaveLength(1);
});

test('what randoms share is known of all connections, or until when', () => {
  const randoms = new RandomIndex();
  for (let id = 1; id <= LIMITS.anomaliesPerConnection; id++)
    randoms.add(0, filled(40, 7), 4, id, id);
  expect(randoms.comparedUntil).toBe(Number.POSITIVE_INFINITY);
  randoms.add(0, filled(40, 7), 4, 100, 100);
  expect(randoms.comparedUntil).toBe(100);
});

reaches('serversLookedAt', 4, 'what rules worked out of a server is kept for a while', (bound) => {
  const one = index();
  const history = fakeHistory();
  for (let n = 1; n <= bound + 2; n++) one.add({ ...history, id: n, outcome: 'failed' }, quiet(n));
  const [first] = one.servers();
  expect([...one.servers()][0]).toBe(first);
  const [again] = one.servers();
  expect(again).not.toBe(first);
  expect(again).toMatchObject({ failures: 1, closes: [], completeFrom: -1 });
});

test('a server that something happened to since is looked at anew', () => {
  const one = index();
  const history = fakeHistory();
  const facts = () => [...one.servers()][0];
  one.add({ ...history, id: 1, outcome: 'failed' }, quiet(443));
  expect(facts()?.failures).toBe(1);
  one.add({ ...history, id: 2, outcome: 'failed' }, quiet(443));
  expect(facts()).toMatchObject({ failures: 2, connections: [{ id: 1 }, { id: 2 }] });
});

reaches(
  'offersListed',
  1,
  'offered suites are kept of so many connections without an answer',
  () => {
    const one = index();
    const history = fakeHistory({
      outcome: 'failed',
      clientHello: fakeClientHello({ cipherSuites: [0xc02f] }),
    });
    for (const id of [1, 2]) one.add({ ...history, cipherSuite: undefined, id }, hello(id));
    expect([1, 2].map((id) => one.summary(id)?.offeredSuites)).toEqual([[0xc02f], undefined]);
  },
);

test('rows of a server that has very many are the same, one by one', async () => {
  const one = index();
  const history = fakeHistory({ outcome: 'failed' });
  for (const [n, nanos] of [40, 10, 30, 20, 20].entries())
    one.add({ ...history, id: n + 1, startNanos: nanos, firstPacket: n + 1 }, quiet(1));
  const told = () => {
    const [server] = one.servers();
    const rows = server?.connections;
    return {
      rows: [...(rows ?? [])],
      length: rows?.length,
      ids: rows?.map(({ id }) => id),
      twice: rows?.flatMap(({ id }) => [id, id]),
      once: rows?.flatMap(({ id }) => id),
      odd: rows?.filter(({ id }) => id % 2 === 1).map(({ id }) => id),
    };
  };
  const many = await withBounds({ summariesKept: 2 }, told);
  one.add({ ...history, id: 9 }, quiet(2));
  expect(many).toEqual(told());
  expect(many.ids).toEqual([2, 4, 5, 3, 1]);
});
