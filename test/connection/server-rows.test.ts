/** Servers and what happened to them, as numbers and octets. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServerEvents } from '../../src/connection/server-events.ts';
import { type Server, ServerRows } from '../../src/connection/server-rows.ts';
import type { RefusalFact, ServerCloseFact } from '../../src/model/capture-index.ts';
import type { OpeningFact } from '../../src/model/incarnation.ts';
import type { FlowDirectory, Side } from '../../src/model/stream.ts';
import { reaches } from '../support/reaches.ts';

/** Ends of flow n: ports n and n + 1, those of every third flow over IPv6. */
const flows: FlowDirectory = {
  address: (flow) => (flow % 3 === 0 ? '2001:db8::1' : '192.0.2.1'),
  port: (flow, side) => flow + side,
  endpoint: (flow, side) => ({ address: flows.address(flow, side), port: flows.port(flow, side) }),
  endpointKey: (flow, side) =>
    flow % 3 === 0 ? `2001:db8::1 ${flow + side}` : 0xc0000201 * 0x10000 + flow + side,
  streamOf: (flow) => flow,
  isOverTcp: () => false,
};

const rows = () => new ServerRows({ tcp: flows, udp: flows });

test('a server is known again by its endpoint, and keeps its numbers', () => {
  const end = fc.record({
    transport: fc.constantFrom('tcp' as const, 'udp' as const),
    flow: fc.nat(400),
    side: fc.constantFrom<Side>(0, 1),
  });
  fc.assert(
    fc.property(fc.array(end, { maxLength: 3000, size: 'max' }), (ends) => {
      const all = rows();
      const seen = new Map<string, number>();
      for (const { transport, flow, side } of ends) {
        const key = `${transport} ${flows.endpointKey(flow, side)}`;
        const server = all.of(transport, flow, side);
        server.failures++;
        const count = (seen.get(key) ?? 0) + 1;
        seen.set(key, count);
        expect([server.transport, server.failures, server.forgottenUntil]).toEqual([
          transport,
          count,
          -1,
        ]);
        server.remarkable = count > 1;
        expect(all.endpoint(server)).toEqual(flows.endpoint(flow, side));
        const found = all.find(transport, flows.endpoint(flow, side));
        expect(found?.number).toBe(count > 1 ? server.number : undefined);
      }
      const often = [...seen].filter(([, count]) => count > 1).map(([key]) => key);
      const tcpFirst = often.sort((a, b) => rank(a) - rank(b));
      expect([...all.remarkable()].map((server) => nameOf(all, server))).toEqual(tcpFirst);
    }),
    { numRuns: 20 },
  );
});

function nameOf(all: ServerRows, server: Server): string {
  const { address, port } = all.endpoint(server);
  const key = address.includes(':') ? `${address} ${port}` : 0xc0000201 * 0x10000 + port;
  return `${server.transport} ${key}`;
}

const rank = (key: string) => (key.startsWith('tcp') ? 0 : 1);

reaches('serverEndpoints', 3, 'one stands for all beyond, and no rule sees it', (bound) => {
  const all = rows();
  for (let n = 0; n < 2 * bound; n++) all.of('tcp', 2 * n, 0).remarkable = true;
  expect([...all.remarkable()].map((server) => all.endpoint(server).port)).toEqual([0, 2, 4]);
  expect(all.of('tcp', 100, 0).isOthers).toBe(true);
  expect(all.of('tcp', 100, 0).number).toBe(all.of('tcp', 102, 0).number);
  expect(all.of('udp', 100, 0).number).not.toBe(all.of('tcp', 102, 0).number);
  expect(all.find('tcp', flows.endpoint(6, 0))).toBeUndefined();
});

const at = fc.record({ packet: fc.nat(), nanos: fc.double({ min: 0, max: 1e15, noNaN: true }) });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const endpoint = fc.record({
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.nat(65_535),
});
const close: fc.Arbitrary<ServerCloseFact> = fc
  .tuple(
    at,
    fc.record({
      kind: fc.constantFrom('fin' as const, 'rst' as const),
      connection: fc.nat(),
      stream: fc.nat(),
      stage: fc.constantFrom('none' as const, 'done' as const),
      lastFromClient: maybe(at),
      acknowledged: fc.boolean(),
      answeredSince: fc.boolean(),
    }),
  )
  .map(([when, rest]) => ({ ...when, ...rest }));
const refusal: fc.Arbitrary<RefusalFact> = fc.record({
  client: endpoint,
  stream: fc.nat(),
  syn: at,
  transmissions: fc.nat(),
  reset: maybe(at),
  last: at,
});
const opening: fc.Arbitrary<OpeningFact> = fc.record({
  client: endpoint,
  connection: fc.nat(),
  stream: fc.nat(),
  syn: at,
  transmissions: fc.nat(),
  synAck: maybe(at),
  former: maybe(
    fc.record({
      stream: fc.nat(),
      last: at,
      end: fc.constantFrom('closed' as const, 'open' as const),
      closedFirst: maybe(fc.constantFrom('client' as const, 'server' as const)),
      ahead: maybe(fc.integer()),
    }),
  ),
  challenge: fc.constant(undefined),
  turnedAway: fc.constant(undefined),
  lastFromClient: maybe(at),
  acknowledged: fc.boolean(),
});

test('what happened to servers comes back as it was, in its order', () => {
  const step = fc.record({ server: fc.nat(3), close, refusal, opening, which: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const events = new ServerEvents();
      const places = [0, 1, 2, 3].map(() => events.begin());
      const told = places.map(() => ({
        closes: [] as ServerCloseFact[],
        refusals: [] as RefusalFact[],
        openings: [] as OpeningFact[],
      }));
      for (const { server, which, ...one } of steps) {
        const place = places[server] ?? 0;
        if (which === 0) told[server]?.closes.push(one.close);
        if (which === 1) told[server]?.refusals.push(one.refusal);
        if (which === 2) told[server]?.openings.push(one.opening);
        if (which === 0) events.add(place, 'closes', one.close);
        if (which === 1) events.add(place, 'refusals', one.refusal);
        if (which === 2) events.add(place, 'openings', one.opening);
      }
      places.forEach((place, server) => {
        expect(events.list(place, 'closes')).toEqual(told[server]?.closes);
        expect(events.list(place, 'refusals')).toEqual(told[server]?.refusals);
        expect(events.list(place, 'openings')).toEqual(told[server]?.openings);
        expect(events.list(place, 'accepted')).toEqual([]);
      });
    }),
  );
});

reaches('eventsPerServer', 2, 'of more events of one kind the first are kept', (bound) => {
  const events = new ServerEvents();
  const place = events.begin();
  const item = (n: number) => ({ server: 1, packet: n, nanos: n, endNanos: n });
  const kept = [1, 2, 3, 4, 5].map((n) => events.add(place, 'accepted', item(n)));
  expect(kept).toEqual([true, true, false, false, false]);
  expect(events.list(place, 'accepted')).toEqual([item(1), item(2)]);
  expect(events.omitted(place, 'accepted')).toBe(5 - bound);
  expect(events.omitted(place, 'closes')).toBe(0);
});

reaches('serverEvents', 3, 'of more events over all servers the first are kept', (bound) => {
  const events = new ServerEvents();
  const [one, other] = [events.begin(), events.begin()];
  const item = (n: number) => ({ server: 1, packet: n, nanos: n, endNanos: n });
  const kept = [1, 2, 3, 4, 5].map((n) => events.add(n % 2 ? one : other, 'accepted', item(n)));
  expect(kept).toEqual([true, true, true, false, false]);
  expect(events.list(one, 'accepted')).toEqual([item(1), item(bound)]);
  expect([events.omitted(one, 'accepted'), events.omitted(other, 'accepted')]).toEqual([1, 1]);
});
