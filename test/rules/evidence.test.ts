/**
 * What stands behind each rule: a test or sample in which it speaks, one in which it stays silent, a page, and clauses that
 * exist. No row of that table may have a hole.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/rules/catalogue.ts';
import { isKnownClause } from '../../src/rules/references.ts';
import { RULE_SAMPLES } from '../../src/rules/rule-samples.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const tests = ['misdelivery', 'hmac', 'handshake', 'transport']
  .flatMap((group) =>
    readdirSync(`${project}test/rules/${group}`).map((file) => `${group}/${file}`),
  )
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => readFileSync(`${project}test/rules/${file}`, 'utf8'));

/** `finished-mismatch` is tested as `finishedMismatch`, where not through the whole pipeline by its id. */
const importOf = (id: string): RegExp => new RegExp(`\\b${id.replaceAll('-', '')}\\b|'${id}'`, 'i');

const SPEAKS = /message: '|rule: '|want: found|toMatchObject|toEqual\(\['/;
const IS_SILENT = /'pass'|'not-applicable'|want: \[\]|toEqual\(\[\]\)|not\.toContain/;

describe.each(CATALOGUE.map(({ meta }) => [meta.id, meta] as const))('%s', (id, meta) => {
  const own = tests.filter((text) => importOf(id).test(text));

  it('speaks in a test or sample, and is silent in one', () => {
    expect(own.some((text) => SPEAKS.test(text)) || RULE_SAMPLES[id] !== undefined).toBe(true);
    expect(own.some((text) => IS_SILENT.test(text))).toBe(true);
  });

  it('has a page and a clause', () => {
    expect(existsSync(`${project}docs/rules/${id}.md`)).toBe(true);
    expect(meta.sources.length).toBeGreaterThan(0);
  });

  it('cites clauses that exist, in its sources and in all that it says', () => {
    const { messages, reports, matters, decides, silent } = meta;
    const said = JSON.stringify([messages, reports, matters, decides, silent]);
    const cited = [...said.matchAll(/RFC \d+(?: §[\dA-Z](?:\.?\d+)*)?/g)].map(([clause]) => clause);
    expect([...meta.sources, ...cited].filter((clause) => !isKnownClause(clause))).toEqual([]);
  });
});

it('knows no section, and no document, that was not looked up', () => {
  for (const clause of ['RFC 6347 §4.2.9', 'RFC 8446 §44.1', 'RFC 5246 §D', 'RFC 1', 'RFC 99999'])
    expect(isKnownClause(clause), clause).toBe(false);
  for (const clause of ['RFC 6347 §4.2.8', 'RFC 8446 §D.4', 'RFC 9846'])
    expect(isKnownClause(clause), clause).toBe(true);
});
