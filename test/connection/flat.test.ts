/** Memory that does not follow the number of connections: counted in rows, slots and entries, not in octets of a process. */
import { expect, test } from 'vitest';
import { RandomIndex } from '../../src/connection/random-index.ts';
import { ServerIndex } from '../../src/connection/server-index.ts';
import { SessionIndex } from '../../src/connection/session-index.ts';
import type { FlowDirectory } from '../../src/model/stream.ts';
import { fakeHistory } from '../support/fake-history.ts';

const SERVERS = 40;
const LIMITS = { recent: 700, elders: 900 };

const flows: FlowDirectory = {
  endpoint: (flow) => ({ address: '192.0.2.1', port: flow }),
  endpointKey: (flow) => flow,
  address: () => '192.0.2.1',
  port: (flow) => flow,
  streamOf: (flow) => flow,
  isOverTcp: () => false,
};

/** Entries of all arrays, maps and sets that can be reached. */
function entriesIn(root: object): number {
  const seen = new Set<object>();
  const count = (value: unknown): number => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return 0;
    seen.add(value);
    if (ArrayBuffer.isView(value)) return value.byteLength;
    const inner =
      value instanceof Map || value instanceof Set ? [...value.values()] : Object.values(value);
    return inner.length + inner.reduce((sum: number, one) => sum + count(one), 0);
  };
  return count(root);
}

test('twice as many connections leave no more behind', () => {
  const randoms = new RandomIndex(2 * LIMITS.recent);
  const index = new ServerIndex(
    randoms,
    new SessionIndex(),
    { tcp: flows, udp: flows },
    undefined,
    LIMITS,
  );
  const random = new Uint8Array(33);
  let id = 0;
  const more = (count: number) => {
    for (let n = 0; n < count; n++) {
      id++;
      new DataView(random.buffer).setInt32(5, Math.imul(id, 0x9e3779b1));
      randoms.add(0, random, 1, id, id);
      const history = fakeHistory({ serverName: `${id}.example`, alpn: 'h2' });
      index.add(
        { ...history, id, outcome: id % 7 === 0 ? 'failed' : 'established' },
        {
          flow: id % SERVERS,
          clientSide: 0,
          packet: id,
          nanos: id,
          transmissions: 1,
          answerPacket: id,
          answerNanos: id,
          octets: 100,
          offer: 0,
          lastFromClient: { packet: id, nanos: id },
          lastFromServer: { packet: id, nanos: id },
          answeredClose: undefined,
          segmentSize: 0,
        },
      );
    }
  };
  // Names that nobody has any more go when there are four pages of them, every 21,000 connections of such names.
  const most = () => {
    const moments = Array.from({ length: 24 }, () => {
      more(1000);
      return entriesIn(index);
    });
    return Math.max(...moments);
  };
  more(10_000);
  const once = most();
  expect(most()).toBe(once);
  expect(index.connectionsForgotten).toBe(58_000 - LIMITS.recent - LIMITS.elders);
});
