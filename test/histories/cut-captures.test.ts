/** A capture cut into files is the same history, in whatever order its files are named. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/index.ts';
import { inOneFile } from '../support/in-one-file.ts';
import { fileOf, partsOf } from '../support/pcap-packets.ts';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));
const names = readdirSync(SAMPLES).filter((name) => existsSync(`${SAMPLES}${name}/capture.pcap`));
const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-cut-'));

const secretsOf = (name: string) => {
  const keys = `${SAMPLES}${name}/keys.log`;
  return existsSync(keys) ? { secrets: { keyLogs: [readFileSync(keys)] } } : {};
};

/** Files of the packets between these places, named as `editcap -c` names them. */
function cut(name: string, places: readonly number[]): string[] {
  const whole = partsOf(readFileSync(`${SAMPLES}${name}/capture.pcap`));
  const { records } = whole;
  const ends = [...new Set([...places, records.length])].filter((end) => end > 0).sort(byNumber);
  return ends.map((end, part) => {
    const path = join(folder, `${name}_${String(part).padStart(5, '0')}_20240501120000.pcap`);
    writeFileSync(path, fileOf(whole, records.slice(ends[part - 1] ?? 0, end)));
    return path;
  });
}

const byNumber = (a: number, b: number): number => a - b;

/** The same turn of every list: neither in order nor the other way round. */
const shuffled = <T>(list: readonly T[]): T[] => [
  ...list.filter((_, index) => index % 2 === 1),
  ...list.filter((_, index) => index % 2 === 0).reverse(),
];

describe('a sample cut into files', { timeout: 120_000 }, () => {
  it.each(names)('%s', async (name) => {
    const path = `${SAMPLES}${name}/capture.pcap`;
    const whole = inOneFile(await analyze(path, secretsOf(name)));
    const { records } = partsOf(readFileSync(path));
    const share = (part: number): number => Math.floor(records.length * part);
    const places = [4, 7, 9, 12, share(0.31), share(0.5), share(0.62), share(0.9)];
    const parts = cut(
      name,
      places.filter((place) => place < records.length),
    );
    const report = await analyze(shuffled(parts), secretsOf(name));
    expect(report.captures.map((capture) => capture.path)).toEqual(parts);
    expect(inOneFile(report)).toEqual(whole);
  });

  it('by editcap, and put together by mergecap', async ({ skip }) => {
    if (spawnSync('editcap', ['-h']).error || spawnSync('mergecap', ['-h']).error)
      skip('editcap or mergecap is missing');
    const path = `${SAMPLES}dtls-late-close-notify-after-handshake/capture.pcap`;
    const into = mkdtempSync(join(folder, 'editcap-'));
    execFileSync('editcap', ['-F', 'pcap', '-c', '7', path, join(into, 'part.pcap')]);
    const whole = inOneFile(await analyze(path));
    const report = await analyze(into);
    expect(report.captures.length).toBeGreaterThan(3);
    expect(inOneFile(report)).toEqual(whole);
    const merged = join(folder, 'merged.pcap');
    const parts = report.captures.map((capture) => capture.path);
    execFileSync('mergecap', ['-F', 'pcap', '-a', '-w', merged, ...parts]);
    expect(inOneFile(await analyze(merged))).toEqual(whole);
  });
});
