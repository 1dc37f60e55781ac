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
});

test('the rows of the newest connections are kept', () => {
  const index = new ServerIndex(new RandomIndex(), new SessionIndex(), { tcp: flows, udp: flows });
  const history = fakeHistory();
  const numbers = hello(443);
  const count = LIMITS.connectionsKept + 2000;
  // The second connection stays open until all others are over.
  for (let id = 1; id <= count; id++) if (id !== 2) index.add({ ...history, id }, numbers);
  index.add({ ...history, id: 2 }, numbers);
  expect(index.connectionCount).toBe(count);
  expect(index.forgotten).toBeGreaterThan(1000);
  expect(index.forgotten).toBeLessThanOrEqual(2000);
  expect([1, 2, index.forgotten].map((id) => index.summary(id))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(index.summary(index.forgotten + 1)?.id).toBe(index.forgotten + 1);
  const [server] = index.servers();
  expect(server?.connections).toHaveLength(count - index.forgotten);
  expect(server?.connections.at(-1)?.id).toBe(count);
}, 30_000);

test('servers beyond the limit share one entry that no rule sees', () => {
  const index = new ServerIndex(new RandomIndex(), new SessionIndex(), { tcp: flows, udp: flows });
  const history = fakeHistory();
  const count = LIMITS.serverEndpoints + 3;
  for (let id = 1; id <= count; id++) index.add({ ...history, id }, hello(id));
  let seen = 0;
  for (const { connections } of index.servers()) seen += connections.length;
  expect(seen).toBe(LIMITS.serverEndpoints);
  expect(index.summary(count)?.server).toEqual({ address: '192.0.2.1', port: count });
}, 30_000);

test('hellos are kept in short of failures, and of the successes behind the first failure up to a limit', () => {
  const index = new ServerIndex(new RandomIndex(), new SessionIndex(), { tcp: flows, udp: flows });
  const history = fakeHistory({
    clientHello: fakeClientHello({ extensions: [{ type: 35, data: new Uint8Array(8) }] }),
    serverHello: { ...fakeServerHello(), keyShareGroup: 29 },
    fingerprints: { ja3: 'three', ja3s: undefined, ja4: 'four' },
  });
  index.add({ ...history, id: 1 }, hello(1));
  index.add({ ...history, id: 2, outcome: 'failed' }, hello(1));
  for (let n = 0; n <= LIMITS.hellosCompared; n++) index.add({ ...history, id: 3 + n }, hello(1));
  index.add({ ...history, id: 4 + LIMITS.hellosCompared, outcome: 'failed' }, hello(1));
  const shown = (id: number) => {
    const row = index.summary(id);
    return [row?.ja3, row?.ja4, row?.group, row?.resumptionOffered];
  };
  const nothing = [undefined, undefined, undefined, undefined];
  const all = ['three', 'four', 29, true];
  expect([1, 2, 3].map(shown)).toEqual([nothing, all, all]);
  const last = 3 + LIMITS.hellosCompared;
  expect([last - 1, last, last + 1].map(shown)).toEqual([all, nothing, all]);
});
