import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';

const tool = resolve('bin/tlsdiag.js');
const sample = resolve('samples/dtls-late-close-notify-in-handshake-fatal/capture.pcap');

/** Runs what users run, from a folder that knows nothing of the project. */
function built(words: readonly string[], cwd: string) {
  return spawnSync(process.execPath, [tool, ...words], { cwd, env: {}, encoding: 'utf8' });
}

/** What the sources write for the same words. */
async function fromSources(words: readonly string[]): Promise<string> {
  let stdout = '';
  const write = (text: string | Uint8Array) => {
    stdout += typeof text === 'string' ? text : Buffer.from(text).toString();
    return true;
  };
  const stderr = { write: () => true };
  await main(words, { stdin: process.stdin, stdout: { write }, stderr, env: {} });
  return stdout;
}

describe('the built command', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tlsdiag-built-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ['text', []],
    ['text in colours', ['--color']],
    ['JSON', ['--format', 'json']],
    ['NDJSON', ['--format', 'ndjson']],
    ['HTML', ['--format', 'html']],
    ['Markdown', ['--format', 'markdown']],
    ['SARIF', ['--format', 'sarif']],
    ['the package pcap-parser', ['--reader', 'pcap-parser']],
  ])('writes what the sources write: %s', async (_, options) => {
    const words = ['analyze', sample, ...options];
    const { status, stdout, stderr } = built(words, folder);
    expect(stderr).toBe('');
    expect(stdout).toBe(await fromSources(words));
    expect(status).toBe(1);
  });

  test.each([
    [['schema']],
    [['rules']],
    [['explain', 'dtls-late-close-notify']],
    [['connections', sample]],
    [['--version']],
  ])('answers %j', async (words) => {
    const { status, stdout, stderr } = built(words, folder);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe(await fromSources(words));
  });

  test('takes what the build left of compiling it', () => {
    const asked = `const { load, scripts } = await import(${JSON.stringify(resolve('bin/load.js'))});
      load('main.cjs');
      for (const { script } of scripts()) console.log(script.cachedDataRejected);`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', asked],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    const answers = stdout.trim().split('\n');
    expect(answers.length).toBeGreaterThan(1);
    expect(new Set(answers)).toEqual(new Set(['false']));
  });
});
