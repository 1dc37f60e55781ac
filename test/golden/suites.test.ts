import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/index.ts';

/** A line of `samples/suites/index.jsonl`: one case of `record.mjs`. */
interface Case {
  readonly file: string;
  /** Null: the keys are inside the capture. */
  readonly keys: string | null;
  readonly version: string;
  readonly id: string;
  readonly suite: string;
  readonly options: Readonly<Record<string, string | number>>;
  readonly port: number;
  readonly connections: number;
}

const SUITES = fileURLToPath(new URL('../../samples/suites/', import.meta.url));

const cases = readFileSync(`${SUITES}index.jsonl`, 'utf8')
  .trim()
  .split('\n')
  .map((line): Case => JSON.parse(line));
const files = [...new Set(cases.map(({ file }) => file))];

const versionName = (version: string): string => version.replace(/(\d)(\d)$/, ' $1.$2');

describe.each(files)('the healthy connections of %s', { timeout: 120_000 }, (file) => {
  it('are told as the stacks that made them told them', async () => {
    const { connections, findings, captures } = await analyze(`${SUITES}${file}`);
    const told = connections.map(({ server, outcome, stage, version, cipherSuite }) => ({
      port: server.port,
      outcome,
      stage,
      version,
      suite: cipherSuite?.code,
    }));
    const expected = cases
      .filter((one) => one.file === file)
      .flatMap(({ port, version, id, connections }) =>
        Array.from({ length: connections }, () => ({
          port,
          outcome: 'established',
          stage: 'done',
          version: versionName(version),
          suite: Number.parseInt(id, 16),
        })),
      );
    expect(told).toHaveLength(expected.length);
    expect(told).toEqual(expect.arrayContaining(expected));
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(captures.flatMap(({ notices }) => notices)).toEqual([]);
  });

  it('are opened to the last record with their keys, and every Finished verifies', async () => {
    const beside = cases.find((one) => one.file === file)?.keys;
    const keyLogs = beside ? [readFileSync(`${SUITES}${beside}`)] : [];
    const { connections, findings } = await analyze(`${SUITES}${file}`, {
      ...(beside && { secrets: { keyLogs } }),
    });
    for (const { decryption, records } of connections) {
      expect(decryption).toMatchObject({
        failed: 0,
        skipped: 0,
        finished: { client: true, server: true },
      });
      const sent = records.client.applicationData + records.server.applicationData;
      expect(decryption?.authenticated).toBeGreaterThanOrEqual(sent);
    }
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });
});
