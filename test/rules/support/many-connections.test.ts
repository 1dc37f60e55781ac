/** What rules ask about the other connections of a server: as if each was looked at every time, which takes too long. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  CaptureIndex,
  ConnectionSummary,
  OfferFacts,
} from '../../../src/model/capture-index.ts';
import type { FindingVerdict } from '../../../src/model/rule.ts';
import { SECOND } from '../../../src/model/time.ts';
import { retriesOf } from '../../../src/rules/support/retries.ts';
import { samePair } from '../../../src/rules/support/same-pair.ts';
import { deathsOf } from '../../../src/rules/support/server-deaths.ts';
import {
  connectionOn,
  connectionsAnsweredIn,
  connectionsBegunIn,
  hasAnswered,
} from '../../../src/rules/support/servers.ts';
import { at } from '../../support/fake-history.ts';
import {
  fakeClose,
  fakeIndex,
  fakeRefusal,
  fakeServer,
  fakeSummary,
} from '../../support/fake-index.ts';
import { reaches } from '../../support/reaches.ts';

const OFFERS: readonly OfferFacts[] = [0x0303, 0x0304].map((highestVersion) => ({
  highestVersion,
  extensions: [0, 10],
  postQuantum: false,
}));
const small = (max: number) => fc.integer({ min: 0, max });
/** A packet is a millisecond: some begin within the seconds that retries are looked for in, some far from them. */
const packet = fc.oneof(small(40), fc.constantFrom(30_000, 59_990, 60_010, 90_000));

const row = fc.record({
  begins: packet,
  lasts: small(50),
  client: small(1),
  name: fc.constantFrom('a.example', 'b.example', undefined),
  answerAfter: fc.option(small(8), { nil: undefined }),
  outcome: fc.constantFrom('established', 'aborted' as const),
  stage: fc.constantFrom('server-hello', 'done' as const),
  octets: fc.constantFrom(0, 100, 200, 200, 300),
  resumed: fc.boolean(),
  offer: fc.constantFrom(...OFFERS, undefined),
  hasHello: fc.boolean(),
  lastHeard: fc.option(small(80), { nil: undefined }),
});

const rows = fc.array(row, { minLength: 1, maxLength: 14 }).map((given) =>
  given
    .map((one, place): ConnectionSummary => {
      const start = at(1 + one.begins);
      const hello = one.hasHello || one.answerAfter !== undefined ? start : undefined;
      return fakeSummary({
        id: place + 1,
        stream: place % 5,
        client: { address: `192.0.2.${one.client}`, port: place },
        serverName: one.name,
        outcome: one.outcome as ConnectionSummary['outcome'],
        stage: one.stage as ConnectionSummary['stage'],
        start,
        end: at(start.packet + one.lasts),
        hello,
        answered: one.answerAfter === undefined ? undefined : at(start.packet + one.answerAfter),
        helloOctets: one.octets,
        resumed: one.resumed,
        offer: one.offer,
        lastFromServer: one.lastHeard === undefined ? undefined : at(start.packet + one.lastHeard),
      });
    })
    .sort((a, b) => a.start.nanos - b.start.nanos || a.id - b.id),
);

const verdictOn = (id: number) => ({ connections: [id] }) as unknown as FindingVerdict;

describe('the other connections between two addresses', () => {
  it('are told of as if each was looked at', () => {
    fc.assert(
      fc.property(rows, small(400), (all, octets) => {
        const index = fakeIndex([fakeServer({ connections: all })]);
        for (const own of all) {
          const others = all.filter(
            ({ id, client }) => id !== own.id && client.address === own.client.address,
          );
          const pair = samePair(verdictOn(own.id), index);
          const answered = others.filter((one) => one.answered !== undefined);
          const sizes = answered.map(({ helloOctets }) => helloOctets).filter((size) => size > 0);
          const upTo = sizes.filter((size) => size <= octets);
          expect(pair?.answeredUpTo(octets)).toEqual({
            count: upTo.length,
            largest: Math.max(0, ...upTo),
          });
          expect(pair?.largestAnswered).toBe(Math.max(0, ...sizes));
          const done = others.filter(({ outcome }) => outcome === 'established');
          const resumed = done.filter((one) => one.resumed === true).length;
          expect(pair?.succeeded).toEqual({ full: done.length - resumed, resumed });
          const delays = answered.map(
            (one) => (one.answered?.nanos ?? 0) - (one.hello?.nanos ?? 0),
          );
          expect(pair?.quickestAnswer ?? Number.POSITIVE_INFINITY).toBe(Math.min(...delays));
          const broken = others.filter(
            (one) =>
              one.answered === undefined &&
              one.stage === 'server-hello' &&
              one.serverName === own.serverName &&
              one.start.nanos < own.start.nanos,
          );
          expect([...(pair?.brokenBefore() ?? [])]).toEqual(broken.reverse());
          expect(foundRetries(own, index)).toEqual(plainRetries(own, others));
        }
      }),
    );
  });

  reaches('attemptsBefore', 5, 'that were not answered before are looked at so far', (bound) => {
    const all = Array.from({ length: bound + 9 }, (_, place) =>
      fakeSummary({
        id: place + 1,
        client: { address: '192.0.2.1', port: place },
        answered: undefined,
        stage: 'server-hello',
      }),
    );
    const index = fakeIndex([fakeServer({ connections: all })]);
    const pair = samePair(verdictOn(all.length), index);
    const ids = [...(pair?.brokenBefore() ?? [])].map(({ id }) => id);
    expect(ids).toHaveLength(bound);
    expect([ids[0], ids.at(-1)]).toEqual([all.length - 1, all.length - bound]);
  });
});

function foundRetries(own: ConnectionSummary, index: CaptureIndex) {
  const found = retriesOf(verdictOn(own.id), index);
  return (
    found && {
      failures: found.failures,
      answered: new Set(found.answered.map(({ offer }) => offer)),
      succeeded: found.succeeded.map(({ id }) => id),
    }
  );
}

function plainRetries(own: ConnectionSummary, others: readonly ConnectionSummary[]) {
  const { offer } = own;
  if (offer === undefined) return undefined;
  const known = others.filter(
    (one) => one.offer !== undefined && one.serverName === own.serverName,
  );
  const same = known.filter((one) => one.offer === offer);
  if (same.some(({ answered }) => answered !== undefined)) return undefined;
  const answered = known.filter((one) => one.answered !== undefined);
  const succeeded = answered.filter(
    ({ outcome, start }) =>
      outcome === 'established' &&
      start.nanos > own.start.nanos &&
      start.nanos - own.end.nanos <= 60 * SECOND,
  );
  return {
    failures: 1 + same.filter(({ stage }) => stage === 'server-hello').length,
    answered: new Set(answered.map((one) => one.offer)),
    // The first of each offer.
    succeeded: succeeded
      .filter((one, place) => succeeded.findIndex((other) => other.offer === one.offer) === place)
      .map(({ id }) => id),
  };
}

describe('the connections of a server', () => {
  it('in a span of time, and on a stream', () => {
    fc.assert(
      fc.property(rows, small(60), small(60), (all, from, length) => {
        const server = fakeServer({ connections: all });
        const index = fakeIndex([server]);
        const [low, high] = [at(from).nanos, at(from + length).nanos];
        const isIn = (moment: { nanos: number } | undefined) =>
          moment !== undefined && moment.nanos >= low && moment.nanos <= high;
        expect([...connectionsBegunIn(server, index, low, high)]).toEqual(
          all.filter(({ hello, start }) => hello !== undefined && isIn(start)),
        );
        expect([...connectionsAnsweredIn(server, index, low, high)]).toEqual(
          all
            .filter(({ answered }) => isIn(answered))
            .sort((a, b) => (a.answered?.nanos ?? 0) - (b.answered?.nanos ?? 0) || a.id - b.id),
        );
        expect(hasAnswered(server)).toBe(all.some(({ answered }) => answered !== undefined));
        for (let stream = 0; stream < 6; stream++)
          expect(connectionOn(server, stream)).toBe(all.find((one) => one.stream === stream)?.id);
      }),
    );
  });

  it('are built only as far as they are asked for', () => {
    const all = Array.from({ length: 1000 }, (_, place) => fakeSummary({ id: place + 1 }));
    const server = fakeServer({ connections: all });
    let built = 0;
    const index = fakeIndex([server], {
      summary: (id) => {
        built++;
        return all[id - 1];
      },
    });
    for (const { id, start } of all) {
      const [first] = connectionsBegunIn(server, index, start.nanos, Number.POSITIVE_INFINITY);
      expect(first?.id).toBe(id);
    }
    expect(built).toBe(1000);
  });
});

describe('a server whose process seems to have died', () => {
  it('survives in an older connection that hears from it after the burst, whichever', () => {
    const burst = [51, 52, 53, 54].map((id) => fakeClose(id, 5000));
    fc.assert(
      fc.property(fc.array(fc.tuple(small(9000), small(9000)), { maxLength: 12 }), (others) => {
        const connections = [
          ...burst.map(({ connection: id }) =>
            // One of those that were closed hears a late repetition.
            fakeSummary({ id, start: at(10), lastFromServer: at(id === 51 ? 8000 : 4000) }),
          ),
          ...others.map(([start, heard], place) =>
            fakeSummary({ id: place + 1, start: at(start), lastFromServer: at(heard) }),
          ),
        ].sort((a, b) => a.start.nanos - b.start.nanos || a.id - b.id);
        const server = fakeServer({ connections, closes: burst, refusals: [fakeRefusal(5100)] });
        const survives = others.some(([start, heard]) => start < 5000 && heard > 5001);
        expect(deathsOf(server, fakeIndex([server]))).toHaveLength(survives ? 0 : 1);
      }),
    );
  });
});
