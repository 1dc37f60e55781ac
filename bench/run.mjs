// Measures the built command as a whole process: what a user waits for and pays. Figures only, no verdict; they are good
// for comparing two versions on one quiet machine.
//
//   npm run bench                             a capture made from the samples, about 64 MB
//   npm run bench -- --megabytes 500          a larger one
//   npm run bench -- --runs 5 CAPTURE...      these captures
//   npm run bench -- --format text            another report than JSON
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildCapture } from './build-capture.mjs';
import { microBenches } from './micro.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '3' },
    megabytes: { type: 'string', default: '64' },
    format: { type: 'string', default: 'json' },
  },
});
const command = fileURLToPath(new URL('../bin/tlsdiag.js', import.meta.url));
const usage = new URL('report-usage.mjs', import.meta.url).href;
const sample = fileURLToPath(new URL('../samples/go-panic-single/capture.pcap', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-bench-'));
try {
  const captures = positionals.length > 0 ? positionals : [made(Number(values.megabytes))];
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}; best of ${values.runs} runs\n`,
  );
  console.log(
    line('capture', 'MB', 'packets', 'conns', 'wall s', 'cpu s', 'MB/s', 'packets/s', 'peak MiB'),
  );
  for (const capture of [sample, ...captures]) console.log(await throughput(capture));
  console.log('\nin the process, ns a call');
  for (const [name, nanos] of microBenches(readFileSync(sample))) {
    console.log(`${name.padEnd(28)} ${nanos.toFixed(0).padStart(8)}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function made(megabytes) {
  const path = join(folder, 'samples-repeated.pcap');
  buildCapture(path, megabytes * 1e6);
  return path;
}

/** The run on a capture that took the least of the processor, as a line of the table. */
async function throughput(capture) {
  const { packets, connections } = (await once(capture, 'ndjson')).summary;
  let best;
  for (let run = 0; run < Number(values.runs); run++) {
    const one = await once(capture, values.format);
    if (best === undefined || one.cpuSeconds < best.cpuSeconds) best = one;
  }
  const megabytes = statSync(capture).size / 1e6;
  return line(
    basename(capture),
    megabytes.toFixed(megabytes < 1 ? 3 : 0),
    packets,
    connections,
    best.seconds.toFixed(2),
    best.cpuSeconds.toFixed(2),
    (megabytes / best.seconds).toFixed(0),
    Math.round(packets / best.seconds),
    (best.rssKib / 1024).toFixed(0),
  );
}

/** One process over one capture. As `ndjson` its last line is kept; otherwise the report goes nowhere. */
async function once(capture, format) {
  const summary = format === 'ndjson';
  const output = summary ? [] : ['-o', process.platform === 'win32' ? 'NUL' : '/dev/null'];
  const argv = ['analyze', capture, '--format', format, '--fail-on', 'never', '--quiet', ...output];
  const began = performance.now();
  const child = spawn(process.execPath, ['--import', usage, command, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  let last = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    last = (last + text).slice(-1_000_000);
  });
  let told = '';
  child.stdio[3].setEncoding('utf8').on('data', (text) => {
    told += text;
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(`${capture}: exit status ${status}`);
  const { cpuMicros, rssKib } = JSON.parse(told);
  return {
    seconds,
    cpuSeconds: cpuMicros / 1e6,
    rssKib,
    summary: summary ? JSON.parse(last.trimEnd().split('\n').at(-1)) : undefined,
  };
}

function line(name, ...figures) {
  return `${name.slice(0, 28).padEnd(28)} ${figures.map((figure) => `${figure}`.padStart(9)).join(' ')}`;
}
