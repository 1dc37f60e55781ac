import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/rules/catalogue.ts';
import { isKnownClause } from '../../src/rules/references.ts';

const ids = CATALOGUE.map(({ meta }) => meta.id);
const folder = new URL('../../src/rules/', import.meta.url);

describe('the catalogue', () => {
  it('is sorted and names each rule once', () => {
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  it('has every rule, from the folder of its group and the file of its name', () => {
    const files = ['misdelivery', 'hmac', 'handshake', 'transport'].flatMap((group) =>
      readdirSync(new URL(`${group}/`, folder)).map((file) => `${group}/${file}`),
    );
    const rules = files.filter((file) =>
      /= define(Connection|Capture)Rule\(/.test(readFileSync(new URL(file, folder), 'utf8')),
    );
    expect(CATALOGUE.map(({ meta }) => `${meta.group}/${meta.id}.ts`).sort()).toEqual(rules.sort());
  });

  it('lets no rule yield to itself by way of others', () => {
    const yieldsTo = new Map(CATALOGUE.map(({ meta }) => [meta.id, meta.yieldsTo ?? []]));
    for (const id of ids) {
      const reached = new Set<string>();
      const open = [...(yieldsTo.get(id) ?? [])];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (reached.has(next)) continue;
        reached.add(next);
        open.push(...(yieldsTo.get(next) ?? []));
      }
      expect([...reached], id).not.toContain(id);
    }
  });

  it('writes causes and remedies as items of a list: no sentences', () => {
    for (const { meta } of CATALOGUE) {
      for (const { causes, remedies } of Object.values(meta.messages)) {
        for (const text of [...causes, ...remedies]) {
          // Names, such as TLS or ClientHello, are written as they are.
          expect(text, meta.id).toMatch(/^(?:[^A-Z]|\w[A-Z]|[A-Z][a-z]+[A-Z])/);
          expect(text, meta.id).not.toMatch(/\.$/);
        }
      }
    }
  });

  it('sends nobody to a command that this version does not have', () => {
    const has = ['analyze', 'connections', 'rules', 'explain', 'schema'];
    for (const { meta } of CATALOGUE) {
      for (const [id, { causes, remedies, commands }] of Object.entries(meta.messages)) {
        for (const text of [...causes, ...remedies, ...commands]) {
          for (const [, command] of text.matchAll(/\btlsdiag (\w+)/g))
            expect(has, `${meta.id}, ${id}`).toContain(command);
        }
      }
    }
  });

  it('cites only clauses that were checked', () => {
    for (const { meta } of CATALOGUE) {
      expect(
        meta.sources.filter((clause) => !isKnownClause(clause)),
        meta.id,
      ).toEqual([]);
    }
  });
});
