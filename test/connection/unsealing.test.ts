/** Secrets open every record, however TCP cut it; and one that was changed, and only that one, does not open. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Octets } from '../support/hello-builder.ts';
import { conversationsOf, type Turn, unseal } from '../support/streams.ts';

const SAMPLES = join(import.meta.dirname, '../../samples');
const SEED = 20_261_122;

/** Samples in which every record of every connection is as it should be. */
const HONEST = [
  'tls-mixed-suites-healthy',
  'tls-resumption',
  'tls12-cbc-etm-healthy',
  'tls12-renegotiation',
  'tls13-early-data',
  'tls13-early-data-rejected',
  'tls13-hrr',
  'tls13-keyupdate',
  'tls-client-certificate',
];

interface Case {
  readonly name: string;
  readonly turns: readonly Turn[];
  readonly keyLog: Octets;
}

const cases = HONEST.flatMap((sample): Case[] => {
  const folder = join(SAMPLES, sample);
  const capture = readdirSync(folder).find((name) => name.startsWith('capture.')) ?? '';
  const keyLog = readFileSync(join(folder, 'keys.log'));
  return conversationsOf(readFileSync(join(folder, capture))).map((turns, index) => ({
    name: `${sample} ${index + 1}`,
    turns,
    keyLog,
  }));
});

/** The conversation in pieces that end at the given places of its octets. */
function cutAt(turns: readonly Turn[], places: readonly number[]): Turn[] {
  const pieces: Turn[] = [];
  let from = 0;
  for (const { side, octets } of turns) {
    const inside = places.map((place) => place - from).filter((at) => at > 0 && at < octets.length);
    const bounds = [...new Set(inside)].sort((a, b) => a - b);
    let at = 0;
    for (const next of [...bounds, octets.length]) {
      pieces.push({ side, octets: octets.slice(at, next) });
      at = next;
    }
    from += octets.length;
  }
  return pieces;
}

const lengthOf = (turns: readonly Turn[]) =>
  turns.reduce((sum, { octets }) => sum + octets.length, 0);

/** Records of application data: the turn, and where their fragments lie in it. */
function dataRecords(turns: readonly Turn[]): { turn: number; start: number; end: number }[] {
  const records: { turn: number; start: number; end: number }[] = [];
  turns.forEach(({ octets }, turn) => {
    for (let at = 0; at + 5 <= octets.length; ) {
      const end = at + 5 + (((octets[at + 3] as number) << 8) | (octets[at + 4] as number));
      if (octets[at] === 23 && end <= octets.length) records.push({ turn, start: at + 5, end });
      at = end;
    }
  });
  return records;
}

describe.each(cases)('$name', ({ turns, keyLog }) => {
  const whole = unseal(turns, keyLog);

  test('every record opens, and the Finished are right', () => {
    expect(whole).toMatchObject({ source: 'key-log', failed: 0, skipped: 0, obstacle: undefined });
    expect(whole?.authenticated).toBeGreaterThan(1);
    expect(whole?.finished.client).toMatchObject({ verified: true, isTranscriptWhole: true });
    expect(whole?.finished.server).toMatchObject({ verified: true, isTranscriptWhole: true });
  });

  test('however it is cut into segments', () => {
    const places = fc.array(fc.nat(lengthOf(turns)), { maxLength: 60 });
    fc.assert(
      fc.property(places, (cuts) => {
        const { authenticated, failed, skipped } = unseal(cutAt(turns, cuts), keyLog) ?? {};
        expect([authenticated, failed, skipped]).toEqual([whole?.authenticated, 0, 0]);
      }),
      { seed: SEED, numRuns: 15 },
    );
  });

  test('octet by octet', () => {
    const pieces = cutAt(
      turns,
      Array.from({ length: lengthOf(turns) }, (_, i) => i),
    );
    const { authenticated, failed, skipped } = unseal(pieces, keyLog) ?? {};
    expect([authenticated, failed, skipped]).toEqual([whole?.authenticated, 0, 0]);
  });

  test('wherever octets are missing, nothing is accused', () => {
    const length = lengthOf(turns);
    const hole = fc.tuple(fc.nat(length - 1), fc.integer({ min: 1, max: 400 }));
    fc.assert(
      fc.property(hole, ([start, octets]) => {
        let from = 0;
        const pieces = cutAt(turns, [start, start + octets]).map((piece) => {
          const isLost = from >= start && from < start + octets;
          from += piece.octets.length;
          return { ...piece, isLost };
        });
        const facts = unseal(pieces, keyLog);
        expect(facts?.failed ?? 0).toBe(0);
        for (const check of [facts?.finished.client, facts?.finished.server])
          expect(check === undefined || check.verified || !check.isTranscriptWhole).toBe(true);
      }),
      { seed: SEED, numRuns: 12 },
    );
  });

  test('without its secret nothing opens, and nothing is accused', () => {
    const other = new TextEncoder().encode(
      Buffer.from(keyLog)
        .toString()
        .replace(/^(\S+ )([0-9a-f]{64})/gim, (_, label) => `${label}${'5a'.repeat(32)}`),
    );
    const facts = unseal(turns, other);
    expect(facts).toMatchObject({ source: undefined, authenticated: 0, failed: 0 });
    expect(facts?.obstacle).toBeDefined();
  });

  test('with a wrong secret nothing is accused', () => {
    const wrong = new TextEncoder().encode(
      Buffer.from(keyLog)
        .toString()
        .replace(/[0-9a-f]{16}$/gim, '0123456789abcdef'),
    );
    const facts = unseal(turns, wrong);
    expect(facts).toMatchObject({ authenticated: 0, obstacle: 'secret-does-not-fit' });
  });
});

/** Early data comes before it is known whether it is taken, and what follows it with it. */
const withoutEarlyData = cases.filter(
  ({ keyLog }) => !/^CLIENT_EARLY/m.test(Buffer.from(keyLog).toString()),
);

describe.each(withoutEarlyData)('$name with a gap in the key log', ({ turns, keyLog }) => {
  test('whichever line is missing, what stays shut has its reason', () => {
    const lines = Buffer.from(keyLog).toString().split('\n');
    for (const at of lines.keys()) {
      const rest = new TextEncoder().encode(lines.toSpliced(at, 1).join('\n'));
      const { failed, skipped, obstacle } = unseal(turns, rest) ?? {};
      expect([at, failed, skipped === 0 || obstacle !== undefined]).toEqual([at, 0, true]);
    }
  });
});

/** Key updates and renegotiations hide in handshake records; data of TLS 1.3 is told from them by coming last. */
const flippable = cases.filter(({ name }) => /mixed|etm|resumption/.test(name));

describe.each(flippable)('$name with one record lost', ({ turns, keyLog }) => {
  const whole = unseal(turns, keyLog);

  test.each(dataRecords(turns).slice(-4))('$turn: $start', ({ turn, start, end }) => {
    const cut = turns.flatMap(({ side, octets }, index): Turn[] => {
      if (index !== turn) return [{ side, octets }];
      return [
        { side, octets: octets.slice(0, start - 5) },
        { side, octets: octets.slice(start - 5, end), isLost: true },
        { side, octets: octets.slice(end) },
      ].filter((piece) => piece.octets.length > 0);
    });
    const { authenticated, failed, skipped } = unseal(cut, keyLog) ?? {};
    expect([authenticated, failed, skipped]).toEqual([(whole?.authenticated ?? 0) - 1, 0, 0]);
  });
});

describe.each(flippable)('$name with one bit flipped', ({ turns, keyLog }) => {
  const whole = unseal(turns, keyLog);
  const records = dataRecords(turns).slice(-4);

  test('that record fails, and no other', () => {
    expect(records.length).toBeGreaterThan(0);
    const choice = fc.tuple(
      fc.nat(records.length - 1),
      fc.double({ min: 0, max: 0.999999 }),
      fc.nat(7),
    );
    fc.assert(
      fc.property(choice, ([index, part, bit]) => {
        const record = records[index] as (typeof records)[number];
        const at = record.start + Math.floor(part * (record.end - record.start));
        const damaged = turns.map(({ side, octets }, turn) => {
          if (turn !== record.turn) return { side, octets };
          const copy = octets.slice();
          copy[at] = (copy[at] as number) ^ (1 << bit);
          return { side, octets: copy };
        });
        const { authenticated, failed, skipped } = unseal(damaged, keyLog) ?? {};
        expect([authenticated, failed, skipped]).toEqual([(whole?.authenticated ?? 0) - 1, 1, 0]);
      }),
      { seed: SEED, numRuns: 15 },
    );
  });
});

/** Two records of application data of one side, one behind the other among its records. */
const pairs = cases.flatMap(({ name, turns, keyLog }) => {
  const records = dataRecords(turns).slice(-4);
  const [first, second] = records.filter(
    ({ turn }) => turns[turn]?.side === turns[records[0]?.turn ?? 0]?.side,
  );
  return first && second && /mixed|resumption/.test(name)
    ? [{ name, turns, keyLog, first, second }]
    : [];
});

test.each(pairs)('$name: records that changed places are told by their numbers', (one) => {
  const { turns, keyLog, first, second } = one;
  const fragment = ({ turn, start, end }: typeof first) =>
    (turns[turn] as Turn).octets.slice(start - 5, end);
  const swapped = [
    { ...first, octets: fragment(second) },
    { ...second, octets: fragment(first) },
  ];
  const changed = turns.map(({ side, octets }, index): Turn => {
    const parts: number[] = [];
    let at = 0;
    for (const { start, end, octets: other } of swapped.filter(({ turn }) => turn === index)) {
      parts.push(...octets.slice(at, start - 5), ...other);
      at = end;
    }
    return { side, octets: Uint8Array.from([...parts, ...octets.slice(at)]) };
  });
  const whole = unseal(turns, keyLog);
  const facts = unseal(changed, keyLog);
  expect([facts?.authenticated, facts?.failed]).toEqual([(whole?.authenticated ?? 0) - 2, 2]);
  const [early, late] = facts?.failures ?? [];
  expect(early?.explanation?.details).toMatchObject({ offset: 1 });
  expect(late?.explanation?.details['sequence']).toBe(early?.expected);
});
