import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowTable } from '../../src/transport/flow-table.ts';
import { cursorOf, FLAG, type Node } from './wire.ts';

const cursor = (from: Node, to: Node) => cursorOf({ from, to, sequence: 0, flags: FLAG.ack }, 1);
const v4 = (text: string, port: number): Node => ({ address: text.split('.').map(Number), port });
const v6 = (words: readonly number[], port: number): Node => ({
  address: words.flatMap((word) => [word >> 8, word & 255]),
  port,
});

/** A number below `below` for each `n`, always the same. */
const scattered = (n: number, below: number) => ((Math.imul(n, 0x9e37_79b1) >>> 7) % below) | 0;

const name = ({ address, port }: Node) => `${address.join('.')}:${port}`;

/** The same with a `Map` and sorted names. */
class Model {
  private readonly flows = new Map<string, number>();

  find(from: Node, to: Node): number {
    const key = [name(from), name(to)].sort().join(' ');
    const flow = this.flows.get(key) ?? this.flows.size;
    this.flows.set(key, flow);
    return flow;
  }

  get size(): number {
    return this.flows.size;
  }
}

function agree(pairs: Iterable<readonly [Node, Node]>): void {
  const table = new FlowTable();
  const model = new Model();
  const sides = new Map<string, number>();
  for (const [from, to] of pairs) {
    const found = table.find(cursor(from, to));
    const flow = found >> 1;
    expect(flow).toBe(model.find(from, to));
    // The side belongs to the endpoint, whoever sends.
    const end = `${flow} ${name(from)}`;
    if (name(from) !== name(to)) expect(sides.get(end) ?? found & 1).toBe(found & 1);
    sides.set(end, found & 1);
    const { address, port } = table.endpoint(flow, (found & 1) as 0 | 1);
    expect(port).toBe(from.port);
    if (from.address.length === 4) expect(address).toBe(from.address.join('.'));
  }
  expect(table.size).toBe(model.size);
}

describe('FlowTable', () => {
  test('agrees with a map for any endpoints', () => {
    const octet = fc.oneof(fc.constantFrom(0, 1, 127, 128, 255), fc.nat(255));
    const port = fc.oneof(fc.constantFrom(0, 1, 443, 0x7fff, 0x8000, 0xffff), fc.nat(0xffff));
    const node = (octets: number) =>
      fc.record({ address: fc.array(octet, { minLength: octets, maxLength: octets }), port });
    const pair = fc.oneof(fc.tuple(node(4), node(4)), fc.tuple(node(16), node(16)));
    const withReturns = fc
      .array(fc.tuple(pair, fc.boolean()), { maxLength: 60 })
      .map((list) =>
        list.flatMap(([[from, to], again]) =>
          again ? [[from, to] as const, [to, from] as const] : [[from, to] as const],
        ),
      );
    fc.assert(fc.property(withReturns, agree), { seed: 4, numRuns: 300 });
  });

  test('agrees with a map while it grows, over both families at once', () => {
    function* many() {
      for (let n = 0; n < 9000; n++) {
        const server = v4(`10.${n % 3}.0.1`, 443);
        const client = v4(`10.9.${(n >> 8) & 255}.${n & 255}`, 1024 + (n % 7));
        yield [client, server] as const;
        const six = v6([0x2001, 0xdb8, 0, 0, 0, n >> 8, n & 255, n & 15], n);
        yield [v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 443), six] as const;
        // One seen before, the other way round.
        const k = scattered(n, n + 1);
        const old = v4(`10.9.${(k >> 8) & 255}.${k & 255}`, 1024 + (k % 7));
        yield [v4(`10.${k % 3}.0.1`, 443), old] as const;
      }
    }
    agree(many());
  });

  test('finds what is known without adding what is not', () => {
    const table = new FlowTable();
    for (const make of [
      (n: number) => v4(`192.0.2.${n}`, 5684),
      (n: number) => v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, n], 5684),
    ]) {
      const before = table.size;
      const [a, b, c] = [make(1), make(2), make(3)] as const;
      expect(table.known(cursor(a, b))).toBeLessThan(0);
      expect(table.known(cursor(a, b))).toBeLessThan(0);
      expect(table.size).toBe(before);
      const found = table.find(cursor(a, b));
      expect(found >> 1).toBe(before);
      expect(table.known(cursor(a, b))).toBe(found);
      expect(table.known(cursor(b, a))).toBe(found ^ 1);
      expect(table.known(cursor(a, c))).toBeLessThan(0);
      expect(table.find(cursor(a, c)) >> 1).toBe(before + 1);
    }
  });

  test('an endpoint that talks to itself', () => {
    const self = v4('127.0.0.1', 443);
    const table = new FlowTable();
    expect(table.find(cursor(self, self))).toBe(table.find(cursor(self, self)));
    const [low, high] = [v4('127.0.0.1', 1), v4('127.0.0.1', 2)];
    expect(table.find(cursor(low, high))).toBe(table.find(cursor(high, low)) ^ 1);
  });

  test('IPv4 and IPv6 flows with the same octets are different flows', () => {
    const table = new FlowTable();
    table.find(cursor(v4('0.0.0.1', 5), v4('0.0.0.2', 6)));
    table.find(cursor(v6([0, 0, 0, 0, 0, 0, 0, 1], 5), v6([0, 0, 0, 0, 0, 0, 0, 2], 6)));
    expect(table.size).toBe(2);
  });

  test.each([
    [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], '2001:db8::1'],
    [[0, 0, 0, 0, 0, 0, 0, 0], '::'],
    [[0, 0, 0, 0, 0, 0, 0, 1], '::1'],
    [[1, 0, 0, 0, 0, 0, 0, 0], '1::'],
    [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], '2001:db8:0:1:1:1:1:1'],
    [[0x2001, 0, 0, 1, 0, 0, 0, 1], '2001:0:0:1::1'],
    [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], '2001:db8::1:0:0:1'],
    [[0xfe80, 0xabcd, 0xef01, 0x2345, 0x6789, 0xa, 0xb, 0xc], 'fe80:abcd:ef01:2345:6789:a:b:c'],
    [[0, 0, 0, 0, 0, 0xffff, 0x0a00, 1], '::ffff:a00:1'],
  ])('writes %j as RFC 5952 asks', (words, text) => {
    const table = new FlowTable();
    const found = table.find(cursor(v6(words, 1), v6([9, 9, 9, 9, 9, 9, 9, 9], 2)));
    expect(table.endpoint(found >> 1, (found & 1) as 0 | 1)).toEqual({ address: text, port: 1 });
  });

  test('writes addresses and ports at the ends of their ranges', () => {
    const table = new FlowTable();
    const found = table.find(cursor(v4('255.255.255.255', 65_535), v4('0.0.0.0', 0)));
    const side = (found & 1) as 0 | 1;
    expect(table.endpoint(0, side)).toEqual({ address: '255.255.255.255', port: 65_535 });
    expect(table.endpoint(0, side === 0 ? 1 : 0)).toEqual({ address: '0.0.0.0', port: 0 });
  });

  test('inner flows have the endpoints and the number of the one that carries them, and shift no other', () => {
    const table = new FlowTable();
    const [a, b] = [v4('10.0.0.1', 5), v4('10.0.0.2', 3478)];
    const others = Array.from({ length: 40 }, (_, n) => v4('10.0.1.1', 1000 + n));
    const relay = table.find(cursor(a, b)) >> 1;
    const inner: number[] = [];
    others.forEach((other, n) => {
      const flow = table.find(cursor(other, b)) >> 1;
      expect(table.streamOf(flow)).toBe(n + 1);
      inner.push(table.addInner(n % 2 === 0 ? relay : flow));
    });
    expect(table.streams).toBe(41);
    inner.forEach((flow, n) => {
      const outer = n % 2 === 0 ? relay : table.find(cursor(others[n] as Node, b)) >> 1;
      expect(table.streamOf(flow)).toBe(n % 2 === 0 ? 0 : n + 1);
      for (const side of [0, 1] as const) {
        expect(table.endpoint(flow, side)).toEqual(table.endpoint(outer, side));
        // Many peers behind one relay are not one server.
        expect(table.endpointKey(flow, side)).not.toBe(table.endpointKey(outer, side));
      }
    });
    const twice = table.addInner(inner[3] as number);
    expect(table.streamOf(twice)).toBe(table.streamOf(inner[3] as number));
    expect(table.find(cursor(b, a)) >> 1).toBe(relay);
  });

  test('what TCP carries has the endpoints and the number of its stream, and no packets of its own', () => {
    const [tcp, table] = [new FlowTable(), new FlowTable()];
    const pairs: readonly (readonly [Node, Node])[] = Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0
        ? [v4(`10.0.0.${n}`, 5000 + n), v4('10.0.1.1', 3478)]
        : [
            v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, n], 5000 + n),
            v6([0x2001, 0xdb8, 0, 0, 0, 0, 1, 1], 3478),
          ],
    );
    const carried = pairs.map(([from, to], n) => {
      const outer = tcp.find(cursor(from, to)) >> 1;
      return { outer, stream: 100 + n, flow: table.addCarried(tcp, outer, 100 + n) };
    });
    const udp = pairs.map(([from, to]) => table.find(cursor(from, to)) >> 1);
    expect(udp.map((flow) => table.streamOf(flow))).toEqual(udp.map((_, n) => n));
    expect(table.streams).toBe(40);
    for (const { outer, stream, flow } of carried) {
      const peer = table.addInner(flow);
      for (const one of [flow, peer]) {
        expect([table.streamOf(one), table.isOverTcp(one)]).toEqual([stream, true]);
        for (const side of [0, 1] as const) {
          expect(table.endpoint(one, side)).toEqual(tcp.endpoint(outer, side));
          expect(table.endpointKey(one, side)).toMatch(/^inner /);
        }
      }
    }
    expect(udp.some((flow) => table.isOverTcp(flow) || table.isOverTcp(table.addInner(flow)))).toBe(
      false,
    );
    expect(pairs.map(([from, to]) => table.find(cursor(to, from)) >> 1)).toEqual(udp);
  });

  test('keys of endpoints are equal for equal endpoints only', () => {
    const table = new FlowTable();
    const server = v4('10.0.0.2', 443);
    const one = table.find(cursor(v4('10.0.0.1', 5), server));
    const two = table.find(cursor(server, v4('10.0.0.9', 5)));
    const other = table.find(cursor(v4('10.0.0.1', 6), v4('10.0.0.2', 444)));
    const key = (found: number, turn: number) =>
      table.endpointKey(found >> 1, ((found & 1) ^ turn) as 0 | 1);
    expect(key(one, 1)).toBe(key(two, 0));
    expect(key(one, 1)).not.toBe(key(other, 1));
    expect(key(one, 0)).not.toBe(key(other, 0));
  });
});
