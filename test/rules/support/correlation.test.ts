import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConnectionSummary } from '../../../src/model/capture-index.ts';
import { SECOND } from '../../../src/model/time.ts';
import { CLAIM, Correlation, type Standout } from '../../../src/rules/support/correlation.ts';
import { FURTHER_PROPERTIES, PROPERTIES } from '../../../src/rules/support/properties.ts';
import { fakeSummary } from '../../support/fake-index.ts';
import { reaches } from '../../support/reaches.ts';

const ALL = [...PROPERTIES, ...FURTHER_PROPERTIES];
/** A handshake of client `id % 50`, ten seconds after the one before. */
const row = (id: number, given: Partial<ConnectionSummary> = {}): ConnectionSummary => ({
  ...fakeSummary({ id, client: { address: `192.0.2.${id % 50}`, port: id } }),
  start: { packet: id, nanos: 10 * id * SECOND },
  end: { packet: id, nanos: (10 * id + 1) * SECOND },
  ...given,
});

function foundIn(
  rows: readonly ConnectionSummary[],
  fails: (row: ConnectionSummary, at: number) => boolean,
): readonly Standout[] {
  const correlation = new Correlation(ALL);
  rows.forEach((one, at) => {
    correlation.add(one, fails(one, at) ? 'failed' : undefined);
  });
  return [...correlation.standouts()].flatMap(({ found }) => found);
}
const claims = (found: readonly Standout[]) =>
  found.filter(({ chanceOfAny }) => chanceOfAny <= CLAIM);
const named = (found: readonly Standout[]) =>
  claims(found).map(({ property, value }) => `${property}: ${value}`);

/** Numbers that only look random, the same in every run. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** Handshakes that differ in everything, one property independent of the other. */
function variety(count: number, random: () => number): ConnectionSummary[] {
  const pick = <Value>(...values: Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value;
  return Array.from({ length: count }, (_, n) => {
    const tls13 = random() < 0.3;
    return row(n + 1, {
      client: { address: `10.0.${pick(1, 2, 3)}.${pick(1, 2, 3, 4, 5, 6)}`, port: n },
      version: tls13 ? 0x0304 : 0x0303,
      cipherSuite: tls13 ? 0x1301 : pick(0xc02f, 0xc013, 0xc027, 0xc030),
      group: pick(23, 29, undefined),
      serverName: pick('a.test', 'b.test', undefined),
      alpn: pick('h2', undefined),
      resumptionOffered: pick(true, false),
      helloOctets: pick(200, 517, 1800),
      helloTransmissions: pick(1, 1, 1, 2),
      ja4: pick('t13d1516h2_a', 't13d1516h2_b', 't12d0909h1_c'),
    });
  });
}

describe('random failures', () => {
  it('are given a common property no more often than the claim allows', () => {
    const random = numbers(20_261_122);
    let wrong = 0;
    const rounds = 400;
    for (let round = 0; round < rounds; round++) {
      const share = 0.1 + 0.8 * random();
      const rows = variety(20 + Math.floor(random() * 150), random);
      if (claims(foundIn(rows, () => random() < share)).length > 0) wrong++;
    }
    expect(wrong / rounds).toBeLessThanOrEqual(CLAIM);
  });

  it('nor where their handshakes are few', () => {
    const random = numbers(7);
    let wrong = 0;
    for (let round = 0; round < 1000; round++) {
      if (claims(foundIn(variety(10, random), () => random() < 0.4)).length > 0) wrong++;
    }
    expect(wrong).toBeLessThanOrEqual(10);
  });
});

describe('a planted cause', () => {
  const plants: readonly [string, Partial<ConnectionSummary>][] = [
    ['record MAC', { cipherSuite: 0xc027, version: 0x0303 }],
    ['server name', { serverName: 'old.test' }],
    ['ALPN', { version: 0x0303, cipherSuite: 0xc02f, alpn: 'spdy/3' }],
    ['group', { group: 30 }],
    ['JA4 fingerprint', { ja4: 't13d0000h2_x' }],
    ['client', { client: { address: '198.51.100.9', port: 1 } }],
  ];

  it.each(plants)('is found: %s', (property, plant) => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 8, max: 40 }), (seed, count) => {
        const rows = variety(200, numbers(seed)).map((one) => ({
          ...one,
          // Nobody else has it by chance.
          ...(one.cipherSuite === 0xc027 ? { cipherSuite: 0xc02f } : {}),
        }));
        for (let n = 0; n < count; n++) {
          const at = Math.floor((n * 200) / count);
          const one = rows[at];
          if (one !== undefined) rows[at] = { ...one, ...plant };
        }
        const planted = new Set(rows.filter((_, at) => isPlanted(at, count)));
        const found = claims(foundIn(rows, (one) => planted.has(one)));
        expect(found[0]).toMatchObject({ isPerfect: true });
        expect(found.filter(({ isPerfect }) => isPerfect).map((one) => one.property)).toContain(
          property,
        );
      }),
      { numRuns: 10 },
    );
  });

  const isPlanted = (at: number, count: number): boolean =>
    Array.from({ length: count }, (_, n) => Math.floor((n * 200) / count)).includes(at);

  it('is found with exceptions, and told with them', () => {
    const rows = variety(300, numbers(3)).map((one, at) => ({
      ...one,
      alpn: undefined,
      serverName: at % 4 === 0 ? 'old.test' : 'new.test',
    }));
    // One of the 75 with the old name succeeds, two of the others fail.
    const found = foundIn(rows, (_, at) => (at % 4 === 0 && at !== 40) || at === 41 || at === 42);
    expect(claims(found)[0]).toMatchObject({
      property: 'server name',
      value: 'old.test',
      failures: 74,
      ofFailures: 76,
      successes: 1,
      ofSuccesses: 224,
      isPerfect: false,
    });
  });

  it('is found in time: a burst, from a moment on, until a moment', () => {
    const rows = variety(200, numbers(5));
    expect(named(foundIn(rows, (_, at) => at >= 100 && at < 120))).toEqual([
      'time: from 1010.000 s to 1200.000 s into the capture',
    ]);
    expect(named(foundIn(rows, (_, at) => at >= 100))).toEqual([
      'time: from 1010.000 s into the capture on',
    ]);
    expect(named(foundIn(rows, (_, at) => at < 50))).toEqual([
      'time: until 500.000 s into the capture',
    ]);
  });

  it('is found in the size of the ClientHello', () => {
    const rows = Array.from({ length: 80 }, (_, n) =>
      row(n, { helloOctets: 200 + ((n * 37) % 80) }),
    );
    expect(named(foundIn(rows, ({ helloOctets }) => helloOctets >= 260))).toContain(
      'size of the ClientHello: 260 octets or more',
    );
    expect(named(foundIn(rows, ({ helloOctets }) => helloOctets < 215))).toContain(
      'size of the ClientHello: 214 octets or fewer',
    );
  });

  it('is found in repeated hellos and in the turn of the client', () => {
    const rows = Array.from({ length: 120 }, (_, n) =>
      row(n + 1, { helloTransmissions: n % 3 === 0 ? 2 : 1 }),
    );
    expect(named(foundIn(rows, ({ helloTransmissions }) => helloTransmissions > 1))).toEqual([
      'ClientHello transmissions: several transmissions',
    ]);
    const seen = new Set<string>();
    const isFirst = ({ client: { address } }: ConnectionSummary) =>
      !seen.has(address) && seen.add(address) !== undefined;
    const found = foundIn(
      Array.from({ length: 200 }, (_, n) => row((n * n) % 97)),
      isFirst,
    );
    expect(named(found)).toContain('turn of the client: the first');
  });
});

describe('what does not count', () => {
  const healthy = (count: number) => Array.from({ length: count }, (_, n) => row(100 + n));

  it('is a retry: it failed for the same reason', () => {
    const retries = Array.from({ length: 30 }, (_, n) => ({
      ...row(1, { serverName: 'old.test', id: n }),
      start: { packet: n, nanos: n * 0.2 * SECOND },
      end: { packet: n, nanos: (n * 0.2 + 0.1) * SECOND },
    }));
    const rows = [...retries, ...healthy(20)];
    const isOld = ({ serverName }: ConnectionSummary) => serverName === 'old.test';
    expect(claims(foundIn(rows, isOld))).toEqual([]);
    const spread = retries.map((one, n) => ({
      ...one,
      ...row(n % 50, { serverName: 'old.test' }),
    }));
    expect(named(foundIn([...spread, ...healthy(20)], isOld))).toContain('server name: old.test');
  });

  it('is a value that nothing else is known of', () => {
    const rows = [1, 2, 3, 4, 5, 6].map((id) => row(id, { ja4: 'x' })).concat(healthy(30));
    expect(foundIn(rows, ({ ja4 }) => ja4 === 'x').map(({ property }) => property)).not.toContain(
      'JA4 fingerprint',
    );
  });

  it('is fewer than two failures or five successes', () => {
    const isOld = ({ serverName }: ConnectionSummary) => serverName === 'old.test';
    expect(foundIn([row(1, { serverName: 'old.test' }), ...healthy(90)], isOld)).toEqual([]);
    const many = Array.from({ length: 50 }, (_, n) => row(n, { serverName: 'old.test' }));
    expect(foundIn([...many, ...healthy(4)], isOld)).toEqual([]);
  });

  reaches('correlatedValues', 200, 'is a property with more values than the limit', (bound) => {
    const rows = Array.from({ length: bound + 200 }, (_, n) =>
      row(n, { serverName: n < 100 ? 'old.test' : `n${n}.test` }),
    );
    const found = foundIn(rows, ({ serverName }) => serverName === 'old.test');
    expect(found.map(({ property }) => property)).not.toContain('server name');
  });
});

it('a fine property is not told beside the coarse one that says it', () => {
  const rows = Array.from({ length: 100 }, (_, n) =>
    row(n, n % 5 === 0 ? { cipherSuite: 0xc013 } : {}),
  );
  expect(named(foundIn(rows, ({ cipherSuite }) => cipherSuite === 0xc013))).toEqual([
    'record MAC: HMAC-SHA1',
  ]);
});

reaches(
  'correlatedKinds',
  8,
  'failures of too many kinds are not compared, and nothing else suffers',
  (bound) => {
    const correlation = new Correlation(ALL);
    for (let n = 0; n < 100 + bound; n++)
      for (const id of [2 * n, 2 * n + 1]) correlation.add(row(id), `kind ${n}`);
    for (let n = 0; n < 10; n++) correlation.add(row(n), undefined);
    expect([...correlation.standouts()]).toHaveLength(bound);
  },
);

reaches(
  'correlatedClients',
  60,
  'clients beyond the limit are compared, and their failures count as retries',
  (bound) => {
    const correlation = new Correlation(ALL);
    for (let n = 0; n < bound; n++)
      correlation.add(row(n, { client: { address: `c${n}`, port: 1 } }), undefined);
    for (let n = 0; n < 50; n++)
      correlation.add(
        row(n, { client: { address: `d${n}`, port: 1 }, serverName: 'old.test' }),
        'late',
      );
    const [told] = [...correlation.standouts()];
    expect(told?.kind.ids).toHaveLength(50);
    expect(told && claims(told.found)).toEqual([]);
  },
);
