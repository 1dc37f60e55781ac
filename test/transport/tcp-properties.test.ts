import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CLIENT, c, end, type Node, SERVER, type Segment, stream, told, Wire } from './wire.ts';

const SEED = { seed: 93 };
const FIRST = fc.constantFrom(1, 1000, 0x7fff_fff0, 0xffff_ff00, 0xffff_fff0);

/** Octets that differ from their neighbours, so that a shift by one is seen. */
const textOf = (length: number) =>
  Array.from({ length }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');

interface Pieces {
  readonly first: number;
  readonly text: string;
  /** Beginning and end of each segment, in the order in which they are captured. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** A cut of the text into segments, and some of any other boundaries. */
const pieces = fc
  .record({
    first: FIRST,
    length: fc.integer({ min: 1, max: 300 }),
    cuts: fc.array(fc.nat(300), { maxLength: 20 }),
    others: fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 80 })), { maxLength: 10 }),
  })
  .map(({ first, length, cuts, others }) => {
    const bounds = [...new Set([0, length, ...cuts.map((cut) => cut % length)])];
    bounds.sort((a, b) => a - b);
    const whole = bounds.slice(0, -1).map((from, i) => [from, bounds[i + 1] as number] as const);
    const more = others.map(([from, size]) => {
      const start = from % length;
      return [start, Math.min(length, start + size)] as const;
    });
    return { first, text: textOf(length), whole, more };
  });

const anyOrder = pieces.chain(({ first, text, whole, more }) => {
  const all = [...whole, ...more];
  return fc
    .shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
    .map((ranges): Pieces => ({ first, text, ranges }));
});

const segmentsOf = ({ first, text, ranges }: Pieces, client = c): Segment[] => [
  client.syn(first - 1),
  ...ranges.map(([from, to]) => client.data(first + from, text.slice(from, to))),
];

test('any segmentation, order and repetition of a stream gives the stream', () => {
  fc.assert(
    fc.property(anyOrder, (all) => {
      const events = told(segmentsOf(all));
      expect(stream(events, 'c')).toBe(all.text);
      expect(events.filter((event) => event.startsWith('!'))).toEqual([]);
    }),
    { ...SEED, numRuns: 600 },
  );
});

test('octets and gaps account for every octet, whatever is lost or cut', () => {
  const lossy = anyOrder.chain((all) =>
    fc.record({
      all: fc.constant(all),
      lost: fc.array(fc.nat(40), { maxLength: 8 }),
      cut: fc.array(fc.tuple(fc.nat(40), fc.nat(30)), { maxLength: 6 }),
      acknowledged: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(lossy, ({ all, lost, cut, acknowledged }) => {
      const { first, text } = all;
      const known = new Set<number>();
      let sent = 0;
      const segments = segmentsOf(all).flatMap((segment, i) => {
        if (i === 0) return [segment];
        if (lost.includes(i)) return [];
        const [from, to] = all.ranges[i - 1] as [number, number];
        const keep = cut.find(([index]) => index === i)?.[1] ?? to - from;
        const captured = Math.min(keep, to - from);
        for (let at = from; at < from + captured; at++) known.add(at);
        sent = Math.max(sent, to);
        const payload = text.slice(from, from + captured);
        const part = { ...segment, payload, wire: to - from };
        return acknowledged ? [part, end(SERVER, CLIENT).ack(1, first + to)] : [part];
      });
      const [final] = new Wire().send(...segments).end().finals;
      const found = stream(told(segments, true), 'c');
      // Everything up to the last octet that was on the wire, each octet the right one or missing.
      expect(found.length).toBe(sent);
      expect([...found].filter((octet, at) => octet !== '.' && octet !== text[at])).toEqual([]);
      const missing = [...found].filter((octet, at) => octet === '.' && text[at] !== '.').length;
      const facts = final?.facts;
      if (facts === undefined) throw new Error('not final');
      expect(facts.octets.client + facts.lostOctets.client).toBe(sent);
      expect(facts.lostOctets.client).toBeGreaterThanOrEqual(missing);
      // What was neither lost nor cut is there.
      if (cut.length === 0) expect(facts.octets.client).toBe(known.size);
    }),
    { ...SEED, numRuns: 600 },
  );
});

test('contradicting copies never do harm, and each octet is one of those sent', () => {
  const mess = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 60 }), fc.stringMatching(/^[a-z]{1,20}$/)),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(FIRST, mess, (first, ranges) => {
      const segments = ranges.map(([at, text]) => c.data(first + at, text));
      const found = stream(told([c.syn(first), ...segments], true), 'c');
      const wrong = [...found].filter((octet, i) => {
        const sent = ranges.map(([at, text]) => text[i + 1 - at]).join('');
        return sent === '' ? octet !== '.' : !sent.includes(octet);
      });
      expect(wrong).toEqual([]);
    }),
    { ...SEED, numRuns: 600 },
  );
});

test('connections do not affect each other, however their segments interleave', () => {
  const several = fc.array(anyOrder, { minLength: 2, maxLength: 4 }).chain((all) =>
    fc.record({
      all: fc.constant(all),
      turns: fc.array(fc.nat(3), { minLength: 200, maxLength: 200 }),
    }),
  );
  fc.assert(
    fc.property(several, ({ all, turns }) => {
      const names = all.map((_, i): Node => ({ ...CLIENT, port: 2000 + i }));
      const queues = all.map((one, i) => segmentsOf(one, end(names[i] as Node, SERVER)));
      const wire = new Wire(names);
      let turn = 0;
      while (queues.some((queue) => queue.length > 0)) {
        const queue = queues[(turns[turn++ % turns.length] as number) % queues.length];
        const next = queue?.shift() ?? queues.find((other) => other.length > 0)?.shift();
        if (next !== undefined) wire.send(next);
      }
      wire.end();
      all.forEach((one, i) => {
        expect(stream(wire.events, i === 0 ? 'c' : `c${i}`)).toBe(one.text);
      });
    }),
    { ...SEED, numRuns: 150 },
  );
});

test('sides and numbers do not depend on who speaks first', () => {
  const nodes = fc.array(
    fc.record({ last: fc.nat(3), port: fc.integer({ min: 1, max: 4 }), six: fc.boolean() }),
    { minLength: 2, maxLength: 8 },
  );
  fc.assert(
    fc.property(nodes, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (list, turned) => {
      const node = ({ last, port, six }: (typeof list)[number]): Node => ({
        address: six ? [...Array(15).fill(0), last] : [192, 168, 0, last],
        port,
      });
      const pairs = list.slice(1).flatMap((to, i) => {
        const from = list[i];
        return from === undefined || from.six !== to.six ? [] : [[node(from), node(to)] as const];
      });
      const summary = (turn: readonly boolean[]) =>
        new Wire()
          .send(
            ...pairs.map(([from, to], i) =>
              turn[i] === true ? end(to, from).data(1, 'a') : end(from, to).data(1, 'a'),
            ),
          )
          .end()
          .finals.map(({ stream: number, endpoints }) => [number, endpoints]);
      expect(summary(turned)).toEqual(summary([]));
    }),
    { ...SEED, numRuns: 500 },
  );
});

test('no segments whatsoever throw', () => {
  const anything = fc.array(
    fc.record({
      back: fc.boolean(),
      flags: fc.nat(63),
      sequence: fc.oneof(fc.integer(), fc.nat(50), fc.constant(0x7fff_fff0)),
      acknowledgement: fc.oneof(fc.integer(), fc.nat(50)),
      payload: fc.stringMatching(/^[a-z]{0,30}$/),
      more: fc.nat(20),
      at: fc.oneof(fc.nat(10), fc.nat(10_000)),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(anything, (list) => {
      const wire = new Wire();
      for (const { back, more, ...rest } of list) {
        const [from, to] = back ? [SERVER, CLIENT] : [CLIENT, SERVER];
        wire.send({ from, to, ...rest, wire: rest.payload.length + more });
      }
      wire.end();
      expect(wire.tcp.table.size).toBe(0);
      for (const { facts } of wire.finals) {
        expect(facts.octets.client + facts.octets.server).toBeGreaterThanOrEqual(0);
        expect(facts.lostOctets.client + facts.lostOctets.server).toBeGreaterThanOrEqual(0);
      }
    }),
    { ...SEED, numRuns: 600 },
  );
});
