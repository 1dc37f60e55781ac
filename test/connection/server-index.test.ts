/** What is kept of connections and servers to the end of a run is bounded. */
import { expect, test } from 'vitest';
import { RandomIndex } from '../../src/connection/random-index.ts';
import { ServerIndex } from '../../src/connection/server-index.ts';
import { SessionIndex } from '../../src/connection/session-index.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { FlowDirectory } from '../../src/model/stream.ts';
import { fakeClientHello, fakeServerHello } from '../support/fake-hello.ts';
import { fakeHistory } from '../support/fake-history.ts';

/** Flow n goes to port n of one server. */
const flows: FlowDirectory = {
  endpoint: (flow) => ({ address: '192.0.2.1', port: flow }),
  endpointKey: (flow) => flow,
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
  expect(one.forgotten).toBe(200);
  expect([1, 3, 201].map((id) => one.summary(id))).toEqual([undefined, undefined, undefined]);
  expect([202, 300, 2].map((id) => one.summary(id)?.id)).toEqual([202, 300, 2]);
});

test('what went wrong or is named by a finding is kept longer, and some of what went well with the same server', () => {
  const one = index({ recent: 100, elders: LIMITS.successesKept + 10 });
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
  more(LIMITS.successesKept + 200, 1);
  const [server] = one.servers();
  expect(server?.connections).toHaveLength(1 + LIMITS.successesKept + 100);
});

test('even those are kept up to a limit', () => {
  const one = index({ recent: 10, elders: 20 });
  const history = fakeHistory({ outcome: 'failed' });
  for (let id = 1; id <= 100; id++) one.add({ ...history, id }, quiet(1));
  expect([70, 71, 100].map((id) => one.summary(id)?.id)).toEqual([undefined, 71, 100]);
});

test('servers beyond the limit share one entry that no rule sees', () => {
  const one = index();
  const history = fakeHistory();
  const count = LIMITS.serverEndpoints + 3;
  for (let id = 1; id <= count; id++) one.add({ ...history, id }, hello(id));
  let last: readonly { id: number }[] = [];
  let seen = 0;
  for (const { connections } of one.servers()) {
    seen++;
    last = connections;
  }
  expect(seen).toBe(LIMITS.serverEndpoints);
  expect(last.map(({ id }) => id)).toEqual([LIMITS.serverEndpoints]);
  expect(one.summary(count)?.server).toEqual({ address: '192.0.2.1', port: count });
}, 30_000);

test('hellos are kept in short of failures, and of the successes behind the first failure up to a limit', () => {
  const one = index();
  const history = fakeHistory({
    clientHello: fakeClientHello({ extensions: [{ type: 35, data: new Uint8Array(8) }] }),
    serverHello: { ...fakeServerHello(), keyShareGroup: 29 },
    fingerprints: { ja3: 'three', ja3s: undefined, ja4: 'four' },
  });
  one.add({ ...history, id: 1 }, hello(1));
  one.add({ ...history, id: 2, outcome: 'failed' }, hello(1));
  for (let n = 0; n <= LIMITS.hellosCompared; n++) one.add({ ...history, id: 3 + n }, hello(1));
  one.add({ ...history, id: 4 + LIMITS.hellosCompared, outcome: 'failed' }, hello(1));
  const shown = (id: number) => {
    const row = one.summary(id);
    return [row?.ja3, row?.ja4, row?.group, row?.resumptionOffered];
  };
  const nothing = [undefined, undefined, undefined, undefined];
  const all = ['three', 'four', 29, true];
  expect([1, 2, 3].map(shown)).toEqual([nothing, all, all]);
  const last = 3 + LIMITS.hellosCompared;
  expect([last - 1, last, last + 1].map(shown)).toEqual([all, nothing, all]);
});
