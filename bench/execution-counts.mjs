// How often each block of the code ran: exact where times are not. What grows faster than the capture is named.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry =
  'const { main } = await import(process.argv[1]); process.exitCode = await main(process.argv.slice(2), process);';
const main = new URL('../dist/cli/main.js', import.meta.url).href;
const root = new URL('../dist/', import.meta.url).href;

/** Runs the command unbundled. @returns how often each block ran, by file, function and place */
export async function executionCounts(argv, folder) {
  const into = mkdtempSync(join(folder, 'counts-'));
  const child = spawn(process.execPath, ['--input-type=module', '-e', entry, main, ...argv], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_V8_COVERAGE: into },
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  if (status !== 0 && status !== 1) throw new Error(`${argv.join(' ')}: exit status ${status}`);
  const counts = new Map();
  for (const file of readdirSync(into)) {
    const { result } = JSON.parse(readFileSync(join(into, file), 'utf8'));
    for (const { url, functions } of result) {
      if (!url.startsWith(root)) continue;
      for (const { functionName, ranges } of functions)
        for (const { startOffset, count } of ranges)
          if (count > 0)
            counts.set(`${url.slice(root.length)} ${functionName} ${startOffset}`, count);
    }
  }
  rmSync(into, { recursive: true });
  return counts;
}

/**
 * Blocks that ran more often for each thing the second time that their number was doubled than the first time, and some
 * times for each of the things `added` last; one of each function, the worst. What runs only once something is full
 * begins later and counts if it is much.
 */
export function superlinear([first, second, third], added) {
  const worst = new Map();
  for (const [place, last] of third) {
    const [file, name, offset] = place.split(' ');
    const less = (second.get(place) ?? 0) - (first.get(place) ?? 0);
    const more = last - (second.get(place) ?? 0);
    const growth = more / 2 / Math.max(less, 1);
    const isNew = !first.has(place);
    if (more < (isNew ? 40 : 4) * added || growth < 1.25) continue;
    const known = worst.get(`${file} ${name}`);
    if (known === undefined || known.more < more)
      worst.set(`${file} ${name}`, {
        where: `${file}:${lineOf(file, Number(offset))} ${name}`,
        growth,
        more,
      });
  }
  return [...worst.values()].sort((a, b) => b.more - a.more);
}

const texts = new Map();
function lineOf(file, offset) {
  if (!texts.has(file)) texts.set(file, readFileSync(fileURLToPath(new URL(file, root)), 'utf8'));
  return texts.get(file).slice(0, offset).split('\n').length;
}
