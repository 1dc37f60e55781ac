/** Beyond the bound flows are forgotten: those of which nothing is kept, and of those that were silent long. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOLD } from '../../src/transport/flow-holder.ts';
import { FlowTable } from '../../src/transport/flow-table.ts';
import { reaches, withBounds } from '../support/reaches.ts';
import { CLIENT, cursorOf, end, FLAG, type Node, SERVER, Wire } from './wire.ts';

const cursor = (from: Node, to: Node) => cursorOf({ from, to, sequence: 0, flags: FLAG.ack }, 1);
const name = ({ address, port }: Node) => `${address.join('.')}:${port}`;
const node4 = (n: number): Node => ({ address: [10, 0, n >> 8, n & 255], port: 2000 + n });
const node6 = (n: number): Node => ({
  address: [0x20, 1, 0xd, 0xb8, ...Array<number>(10).fill(0), n >> 8, n & 255],
  port: 2000 + n,
});
const SERVER6 = node6(0);

describe('FlowTable', () => {
  test('gives numbers anew, and never one that is in use', async () => {
    const step = fc.record({
      node: fc.nat(40),
      six: fc.boolean(),
      back: fc.boolean(),
      inner: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
    });
    const holds = fc.array(fc.constantFrom(0, 0, 1, 1, 2), { minLength: 64, maxLength: 64 });
    const bound = fc.integer({ min: 1, max: 12 });
    let forgotten = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 120, size: 'max' }),
        holds,
        bound,
        (steps, held, flows) =>
          withBounds({ flows }, () => {
            const table = new FlowTable();
            const notices: string[] = [];
            const inUse = new Map<number, string>();
            const numbers = new Map<string, number>();
            const inner = new Map<number, string>();
            const holder = {
              holds: (flow: number) => held[flow % held.length] as number,
              forget: (flow: number) => {
                expect(holder.holds(flow)).not.toBe(HOLD.tooMuch);
                expect(inner.has(flow)).toBe(false);
                numbers.delete(inUse.get(flow) ?? 'none');
                inUse.delete(flow);
                forgotten++;
              },
            };
            table.heldBy(holder, 'UDP', { notice: ({ detail }) => notices.push(detail ?? '') });
            let streams = 0;
            for (const { node, six, back, inner: isInner } of steps) {
              const ends = six ? [node6(node + 1), SERVER6] : [node4(node + 1), SERVER];
              const [from, to] = (back ? ends.reverse() : ends) as [Node, Node];
              const key = [name(from), name(to)].sort().join(' ');
              const known = numbers.get(key);
              const found = table.find(cursor(from, to));
              const flow = found >> 1;
              if (known === undefined) {
                expect(inUse.has(flow) || inner.has(flow)).toBe(false);
                expect(table.streamOf(flow)).toBe(streams++);
                inUse.set(flow, key);
                numbers.set(key, flow);
              } else expect(flow).toBe(known);
              expect(table.endpoint(flow, (found & 1) as 0 | 1).port).toBe(from.port);
              // Of those that may be forgotten there are never more than the bound.
              const mayGo = [...inUse.keys()].filter((one) => holder.holds(one) !== HOLD.tooMuch);
              expect(mayGo.length).toBeLessThanOrEqual(flows);
              if (isInner && holder.holds(flow) === HOLD.tooMuch)
                inner.set(table.addInner(flow), key);
            }
            for (const [flow, key] of [...inUse, ...inner])
              for (const side of [0, 1] as const)
                expect(key).toContain(`:${table.endpoint(flow, side).port}`);
            expect(table.streams).toBe(streams);
            expect(notices).toHaveLength(table.hasForgotten ? 1 : 0);
          }),
      ),
      { seed: 11, numRuns: 150 },
    );
    expect(forgotten).toBeGreaterThan(2000);
  });
});

reaches('flows', 8, 'where nothing was said is forgotten before what has data', (bound) => {
  const clients = Array.from({ length: 3 * bound }, (_, n) => ({ ...CLIENT, port: 2000 + n }));
  const wire = new Wire(clients);
  const [talker, ...others] = clients.map((client) => end(client, SERVER));
  const server = end(SERVER, { ...CLIENT, port: 2000 });
  if (talker === undefined) throw new Error('nobody');
  wire.send(talker.syn(999), server.synAck(4999, 1000), talker.data(1000, 'abc', { ack: 5000 }));
  for (const other of others.slice(0, bound - 1)) wire.send(other.syn(999));
  expect(wire.finals).toHaveLength(0);
  for (const other of others.slice(bound - 1)) wire.send(other.syn(999));
  // What was forgotten is final.
  expect(wire.finals).toHaveLength(2 * bound);
  wire.send(talker.data(1003, 'def', { ack: 5000 })).end();
  expect(wire.texts.get(0)).toEqual(['abcdef', '']);
  expect(wire.finals.findIndex(({ stream }) => stream === 0)).toBeGreaterThan(2 * bound - 1);
  expect(wire.finals.map(({ stream }) => stream).sort((a, b) => a - b)).toEqual(
    clients.map((_, n) => n),
  );
  expect(wire.notices.map(({ code }) => code)).toEqual(['limit-reached']);
  expect(wire.tcp.table.size).toBe(0);
});
