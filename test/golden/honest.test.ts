/** Everyday traffic of many programs, in which nothing is wrong: nobody is accused, and every connection is told as established. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/index.ts';

const HONEST = fileURLToPath(new URL('../../samples/honest/', import.meta.url));
const readme = readFileSync(`${HONEST}README.md`, 'utf8');
const names = readdirSync(HONEST, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Connections by folder, as the table tells them. */
const rows = new Map(
  [...readme.matchAll(/^\| \[([a-z-]+)\]\(\1\/recipe\.py\) \| (\d+) \|/gm)].map(
    ([, name = '', count]) => [name, Number(count)],
  ),
);

it('each has its story and its recipe, and is small', () => {
  expect([...rows.keys()]).toEqual(names);
  for (const name of names) {
    expect(existsSync(`${HONEST}${name}/recipe.py`), name).toBe(true);
    expect(statSync(`${HONEST}${name}/capture.pcap`).size, name).toBeLessThan(45_000);
  }
});

describe.each(names)('the honest connections of %s', { timeout: 120_000 }, (name) => {
  const keyLog = readFileSync(`${HONEST}${name}/keys.log`);

  it.each([
    ['without secrets', {}],
    ['with those that there are', { secrets: { keyLogs: [keyLog] } }],
  ])('are accused of nothing, %s', async (_, options) => {
    const { connections, findings } = await analyze(`${HONEST}${name}/capture.pcap`, options);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(connections.map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: rows.get(name) ?? 0 }, () => 'established'),
    );
    for (const { decryption } of connections) expect(decryption?.failed ?? 0).toBe(0);
  });
});
