// Does twice the capture cost twice the time? Makes captures of n, 2n and 4n of something, runs the built command over each
// and tells the processor's time and the peak of memory. `growth` is what the last doubling cost for each that it cost
// before: 1 where time is linear, 2 where it is quadratic, whatever a start takes. Figures only, no verdict.
//
//   npm run build && node bench/scaling.mjs                            every shape: an hour
//   node bench/scaling.mjs --only 'tcp '                               those whose name contains this
//   node bench/scaling.mjs --only 'sample tls-psk' --scale 4           larger ones
//   node bench/scaling.mjs --counts --only 'dtls many'                 which code ran how often, exactly
//   node bench/scaling.mjs --list
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CaptureWriter } from './capture-writer.mjs';
import { executionCounts, superlinear } from './execution-counts.mjs';
import { datagramShapes } from './scaling-datagrams.mjs';
import { fileShapes } from './scaling-files.mjs';
import { sampleShapes } from './scaling-samples.mjs';
import { streamShapes } from './scaling-streams.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    skip: { type: 'string' },
    scale: { type: 'string', default: '1' },
    steps: { type: 'string', default: '1,2,4' },
    counts: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const command = fileURLToPath(new URL('../bin/tlsdiag.js', import.meta.url));
const usage = new URL('report-usage.mjs', import.meta.url).href;
const steps = values.steps.split(',').map(Number);

const shapes = [...streamShapes(), ...datagramShapes(), ...fileShapes(), ...sampleShapes()].filter(
  ({ name }) => name.includes(values.only) && !(values.skip && name.includes(values.skip)),
);
if (values.list) console.log(shapes.map(({ name }) => name).join('\n'));
else {
  const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-scaling-'));
  try {
    if (!values.counts)
      console.log(line('shape', 'n', 'cpu s', 'growth', 'µs each', 'peak MiB', 'report kB'));
    for (const shape of shapes)
      await (values.counts ? count(shape, folder) : measure(shape, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(shape, folder) {
  const cpu = [];
  const rss = [];
  const sizes = [];
  const count = Math.max(1, Math.round(shape.count * Number(values.scale)));
  for (const step of steps) {
    const path = join(folder, 'scaling.pcap');
    const to = new CaptureWriter(path, shape.linkType);
    const options = shape.write(count * step, to, folder) ?? [];
    to.end();
    const used = await run([path, ...(shape.options ?? []), ...options]);
    cpu.push(used.cpuMicros / 1e6);
    rss.push(used.rssKib / 1024);
    sizes.push(used.octets / 1000);
  }
  const [less, more] = [cpu.at(-2) - (cpu.at(-3) ?? 0.3), cpu.at(-1) - cpu.at(-2)];
  const factor = (steps.at(-1) - steps.at(-2)) / (steps.at(-2) - (steps.at(-3) ?? 0));
  const each = (more / (count * (steps.at(-1) - steps.at(-2)))) * 1e6;
  const show = (figures, digits) => figures.map((figure) => figure.toFixed(digits)).join(' ');
  console.log(
    line(
      shape.name,
      count,
      show(cpu, 1),
      (more / less / factor).toFixed(2),
      each.toFixed(1),
      show(rss, 0),
      show(sizes, 0),
    ),
  );
}

/** Names the code that runs more often than the capture grows, whatever else the machine does. */
async function count(shape, folder) {
  const counts = [];
  const size = Math.max(1, Math.round((shape.count * Number(values.scale)) / 16));
  for (const step of [1, 2, 4]) {
    const path = join(folder, 'scaling.pcap');
    const to = new CaptureWriter(path, shape.linkType);
    const options = shape.write(size * step, to, folder) ?? [];
    to.end();
    const argv = ['analyze', path, ...(shape.options ?? []), ...options];
    counts.push(await executionCounts([...argv, '--fail-on', 'never', '--quiet'], folder));
  }
  const found = superlinear(counts, size * 2);
  const total = (of) => [...of.values()].reduce((sum, one) => sum + one, 0);
  const [first, second, third] = counts.map(total);
  const growth = (third - second) / 2 / (second - first);
  const each = (third - second) / (size * 2);
  console.log(
    `${shape.name.padEnd(58)} ${size}  ${growth.toFixed(2)}  ${each.toFixed(0)} blocks each`,
  );
  for (const { where, growth: its, more } of found.slice(0, 12))
    console.log(`    ${where}: ${its.toFixed(2)}, ${more}`);
}

async function run(argv) {
  const child = spawn(
    process.execPath,
    ['--import', usage, command, 'analyze', ...argv, '--fail-on', 'never', '--quiet'],
    { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] },
  );
  let octets = 0;
  child.stdout.on('data', (chunk) => {
    octets += chunk.length;
  });
  let told = '';
  child.stdio[3].setEncoding('utf8').on('data', (text) => {
    told += text;
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  if (status !== 0 && status !== 1) throw new Error(`${argv.join(' ')}: exit status ${status}`);
  return { ...JSON.parse(told), octets };
}

function line(name, ...figures) {
  const [count, cpu, ...rest] = figures;
  const columns = [`${count}`.padStart(8), `${cpu}`.padStart(18)];
  return [name.padEnd(58), ...columns, ...rest.map((one) => `${one}`.padStart(12))].join(' ');
}
