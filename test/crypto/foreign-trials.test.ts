import { describe, expect, it } from 'vitest';
import type { StreamPosition } from '../../src/crypto/construction.ts';
import { type ForeignCandidate, findOwner } from '../../src/crypto/foreign-trials.ts';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { reaches } from '../support/reaches.ts';
import { Sealer, type SealerKeys, type Slip } from '../support/sealer.ts';
import { type Agreement, agreementName, keysFor, protectionOf, randomOctets } from './setups.ts';

/** Connections with keys of their own, all with that many records behind them in each direction. */
function crowd(agreement: Agreement, count: number, next: number) {
  const keys: SealerKeys[][] = [];
  const candidates: ForeignCandidate<number>[] = [];
  for (let id = 0; id < count; id++) {
    const pair = [keysFor(agreement.suite), keysFor(agreement.suite)];
    keys.push(pair);
    const protection = protectionOf(agreement);
    candidates.push({
      id,
      directions: pair.map((one) => ({ protection, keys: one, sequence: next })),
    });
  }
  const seal = (id: number, direction: number, sequence: number, epoch = 0, slip: Slip = {}) =>
    new Sealer({ ...agreement, keys: keys[id]?.[direction] ?? keysFor(agreement.suite) }).seal(
      23,
      randomOctets(200),
      sequence,
      { epoch, slip },
    );
  return { candidates, seal };
}

const AGREED: readonly Agreement[] = [
  { suite: 0x002f, version: 0x0303 },
  { suite: 0x002f, version: 0x0302, truncatedHmac: true },
  { suite: 0x003c, version: 0x0303, encryptThenMac: true },
  { suite: 0x009c, version: 0x0303 },
  { suite: 0xc07b, version: 0x0303 },
  { suite: 0xc0a8, version: 0x0303 },
  { suite: 0xcca8, version: 0x0303 },
  { suite: 0x1301, version: 0x0304 },
  { suite: 0x1302, version: 0x0304 },
  { suite: 0x1303, version: 0x0304 },
  { suite: 0x1304, version: 0x0304 },
  { suite: 0x1305, version: 0x0304 },
  { suite: 0x0002, version: 0x0303 },
];

describe.each(AGREED.map((agreement) => [agreementName(agreement), agreement] as const))(
  '%s',
  (_name, agreement) => {
    const { candidates, seal } = crowd(agreement, 12, 100);

    it.each([100, 99, 98, 3, 0, 101, 164])('finds owner, direction and number %i', (sequence) => {
      for (const [id, direction] of [
        [0, 0],
        [7, 1],
        [11, 0],
      ] as const) {
        const { owner, exhausted } = findOwner(
          { record: seal(id, direction, sequence) },
          candidates,
        );
        expect(owner).toMatchObject({
          id,
          direction,
          sequence,
          opening: { kind: 'opened', type: 23 },
        });
        expect(owner?.oddsLog2).toBeLessThan(LIMITS.falseMatchLog2);
        expect(exhausted).toBe(false);
      }
    });

    it('finds none for a record of nobody', () => {
      const { owner, exhausted } = findOwner({ record: seal(99, 0, 100) }, candidates);
      expect(owner).toBeUndefined();
      expect(exhausted).toBe(false);
    });

    it('says when the budget did not suffice', () => {
      const record = seal(11, 1, 100);
      const { owner, exhausted, trials } = findOwner({ record }, candidates, 3);
      expect(trials).toBeLessThanOrEqual(3);
      // CBC padding excludes most keys without a trial, so that three are enough more often than not.
      if (owner === undefined) expect(exhausted).toBe(true);
      else expect(owner.id).toBe(11);
    });
  },
);

describe('DTLS', () => {
  it.each([0x002f, 0x009c, 0xcca8])('%i: the numbers of the header alone are tried', (suite) => {
    const agreement = { suite, version: 0xfefd };
    const { candidates, seal } = crowd(agreement, 9, 0);
    const record = seal(4, 1, 70_000, 2);
    const { owner, trials } = findOwner({ record, epoch: 2, sequence: 70_000 }, candidates);
    expect(owner).toMatchObject({ id: 4, direction: 1, sequence: 70_000, epoch: 2 });
    expect(trials).toBeLessThanOrEqual(18);
    expect(findOwner({ record, epoch: 2, sequence: 70_001 }, candidates).owner).toBeUndefined();
  });
});

describe('an explicit nonce', () => {
  const agreement = { suite: 0xc0a8, version: 0x0303 };

  it('that equals the sequence number leads to it, however far it is', () => {
    const { candidates, seal } = crowd(agreement, 3, 100);
    const { owner, trials } = findOwner({ record: seal(2, 1, 12_345_678) }, candidates);
    expect(owner).toMatchObject({ id: 2, direction: 1, sequence: 12_345_678 });
    expect(trials).toBeLessThan(20);
  });

  it('that goes on from a random beginning leads to it as well', () => {
    const { candidates, seal } = crowd(agreement, 3, 100);
    const random = 0x7777_0000_0000;
    // The sender's 300th record, with the random number and 300 in front of it instead of 300.
    const number = () => Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 44);
    const record = seal(1, 0, random + 300, 0, { number });
    const directions = candidates[1]?.directions ?? [];
    const find = (lastNonce?: Uint8Array) =>
      findOwner({ record }, [
        { id: 1, directions: directions.map((one) => ({ ...one, lastNonce })) },
      ]);
    expect(find(nonce(random + 99)).owner).toMatchObject({ id: 1, sequence: 300 });
    expect(find().owner).toBeUndefined();
  });
});

function nonce(value: number): Uint8Array {
  const octets = Buffer.alloc(8);
  octets.writeUIntBE(value, 2, 6);
  return octets;
}

describe('what depends on the records before', () => {
  it.each([
    { suite: 0x002f, version: 0x0301 },
    { suite: 0x0005, version: 0x0302 },
  ])('is recognised as the next record where the position is known', (agreement) => {
    const keys = keysFor(agreement.suite);
    const sealer = new Sealer({ ...agreement, keys });
    const protection = protectionOf(agreement);
    const opener = new RecordOpener(protection, keys);
    for (let i = 0; i < 5; i++) opener.open(sealer.seal(23, randomOctets(30 + i), i), i);
    const record = sealer.seal(23, randomOctets(99), 5);
    const direction = { protection, keys, sequence: 5 };
    const find = (position?: StreamPosition) =>
      findOwner({ record }, [{ id: 'x', directions: [{ ...direction, position }] }]).owner;
    expect(find(opener.position)).toMatchObject({ id: 'x', sequence: 5 });
    expect(find()).toBeUndefined();
  });
});

it('candidates of another protocol or version cost nothing', () => {
  const { seal } = crowd({ suite: 0x009c, version: 0x0303 }, 1, 5);
  const others = [
    { suite: 0x1301, version: 0x0304 },
    { suite: 0x009c, version: 0xfefd },
    { suite: 0x002f, version: 0x0302 },
  ].flatMap((agreement) => crowd(agreement, 5, 5).candidates);
  const record = { ...seal(0, 0, 5), type: 22 };
  expect(findOwner({ record }, others)).toEqual({ owner: undefined, trials: 0, exhausted: false });
});

/** What a search costs: without these short cuts each of them would take 332,000 attempts. */
describe('a thousand connections of a hundred records', () => {
  it.each([
    ['padding excludes most keys', 0x002f, 0x0303, 8_000],
    ['an equation settles all numbers of a key', 0x009c, 0x0303, 8_000],
    ['inner types exclude most numbers', 0x1301, 0x0304, 332_000],
  ])('%s', (_name, suite, version, most) => {
    const { candidates, seal } = crowd({ suite, version }, 1000, 100);
    const search = findOwner({ record: seal(99_999, 0, 50) }, candidates);
    expect(search).toMatchObject({ owner: undefined, exhausted: false });
    expect(search.trials).toBeLessThanOrEqual(most);
  });
});

describe('bounds', () => {
  const TLS13 = { suite: 0x1301, version: 0x0304 };
  const ownerAt = (next: number, sequence: number, agreement: Agreement = TLS13) => {
    const { candidates, seal } = crowd(agreement, 3, next);
    return findOwner({ record: seal(1, 0, sequence) }, candidates);
  };
  const isFound = (next: number, sequence: number) =>
    ownerAt(next, sequence).owner?.sequence === sequence;

  reaches('foreignAhead', 5, 'numbers ahead of the last record', (bound) => {
    expect([bound, bound + 1].map((ahead) => isFound(100, 100 + ahead))).toEqual([true, false]);
  });

  reaches('foreignBack', 10, 'numbers back from it', (bound) => {
    expect([bound, bound + 1].map((back) => isFound(100, 98 - back))).toEqual([true, false]);
  });

  reaches('foreignFirst', 5, 'numbers from the beginning', (bound) => {
    expect([bound - 1, bound].map((number) => isFound(10_000, number))).toEqual([true, false]);
  });

  reaches('foreignTrials', 3, 'all trials of one record: then its owner stays unknown', () => {
    const { candidates, seal } = crowd({ suite: 0x009c, version: 0x0303 }, 12, 100);
    const { owner, exhausted, trials } = findOwner({ record: seal(11, 1, 100) }, candidates);
    expect([owner, exhausted, trials <= 3]).toEqual([undefined, true, true]);
  });

  reaches('falseMatchLog2', -100, 'a match that chance may give is none', () => {
    const short = { suite: 0xc0a8, version: 0x0303 };
    expect(ownerAt(100, 100).owner?.oddsLog2).toBeLessThan(-100);
    expect(ownerAt(100, 100, short).owner).toBeUndefined();
  });
});
