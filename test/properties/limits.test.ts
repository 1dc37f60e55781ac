/**
 * Every bound of the analysis is reached, one after the other, over samples: what is beyond it is not told, and nothing is
 * told in its place. A bound may cost findings; it must not make an accusation.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { CATALOGUE } from '../../src/rules/catalogue.ts';
import { analyse } from '../support/analyse.ts';

/** `SAMPLES` in the environment: of how many samples each bound is tried on one more; 1 for all. */
const ONE_OF = Number(process.env['SAMPLES'] ?? '14');

const inputs = readdirSync('samples')
  .filter((name) => existsSync(`samples/${name}/expected.json`))
  .map((name) => ({
    name,
    file: Uint8Array.from(readFileSync(`samples/${name}/capture.pcap`)),
    keys: existsSync(`samples/${name}/keys.log`)
      ? Uint8Array.from(readFileSync(`samples/${name}/keys.log`))
      : undefined,
  }));
type Input = (typeof inputs)[number];

/** Bounds by name, to be set for a while. */
const limits: Record<string, number> = LIMITS;
const given: Readonly<Record<string, number>> = { ...LIMITS };
afterEach(() => {
  Object.assign(limits, given);
});

/** Spans of time and distances decide what something is, not how much of it is kept. */
const isBound = (name: string): boolean =>
  !/Nanos$|^sequence|^foreign(Ahead|Back|First)$|FarAhead$/.test(name);

/** What is said against somebody, with and without secrets: the rule and the connection. */
function accusations({ file, keys }: Input): Set<string> {
  const secrets = keys && { keyLogs: [keys], rsaKeys: [], psks: [] };
  const told = [analyse(file), ...(secrets === undefined ? [] : [analyse(file, { secrets })])];
  expect(told.map(({ result }) => result.internalErrors)).toEqual(told.map(() => 0));
  return new Set(
    told
      .flatMap(({ findings }) => findings)
      .filter(({ severity }) => severity !== 'info')
      .flatMap(({ rule, connections }) => connections.map((id) => `${rule} ${id}`)),
  );
}

const yieldsTo = new Map(CATALOGUE.map(({ meta }) => [meta.id, meta.yieldsTo ?? []]));

/** Is it said of the connection already, or by a rule that this one yields to: the same cause in more general words? */
function isKnown(one: string, before: ReadonlySet<string>): boolean {
  const [rule = '', id] = one.split(' ');
  // What is left to say of a record where its mistake was not looked for.
  if (rule === 'record-mac-mismatch') return [...before].some((other) => other.endsWith(` ${id}`));
  return (
    before.has(one) || (yieldsTo.get(rule) ?? []).some((other) => isKnown(`${other} ${id}`, before))
  );
}

const ordinary = new Map<Input, Set<string>>();
function ordinarily(input: Input): Set<string> {
  const known = ordinary.get(input) ?? accusations(input);
  ordinary.set(input, known);
  return known;
}

describe('a bound that is reached accuses nobody', () => {
  it.each(
    Object.keys(given)
      .filter(isBound)
      .map((name, n) => [name, n] as const),
  )('%s', (name, n) => {
    for (const input of inputs.filter((_, i) => (i + n) % ONE_OF === 0)) {
      Object.assign(limits, given);
      const before = ordinarily(input);
      limits[name] = Math.min(1, given[name] as number);
      const news = [...accusations(input)].filter((one) => !isKnown(one, before));
      expect(news, input.name).toEqual([]);
    }
  });
});

describe('what bounds are for', () => {
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(`test/${file}`, 'utf8'));

  it('each is reached by a test of its own, which fails without it', () => {
    // `reaches` tells the story of the test a second time without the bound, and fails if it still holds.
    const calls = tests.flatMap((text) => [...text.matchAll(/^ *reaches\(\s*'(\w+)'/gm)]);
    const reached = new Set(calls.map(([, name]) => name));
    expect(Object.keys(given).filter((name) => !reached.has(name))).toEqual([]);
  });

  it('stands in a page, which npm run pages writes', async () => {
    const script = new URL('../../scripts/limits-page.mjs', import.meta.url).href;
    const { limitsPage } = await import(/* @vite-ignore */ script);
    expect(readFileSync('docs/design/limits.md', 'utf8')).toBe(limitsPage());
  });
});
