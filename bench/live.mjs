// Measures a live pipe: hours of traffic, new connections all the time, sent into `tlsdiag analyze -` as fast as it takes
// them. What has to stay flat is the memory; connections have to leave long before the end.
//
//   npm run build && node bench/live.mjs                        one hour, 25 stories a second
//   node bench/live.mjs --hours 4 --rate 10 --never-close 0.01  a share of connections is left open
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readPcap, writePcap } from '../test/fuzz/capture-file.mjs';
import { moved } from './build-capture.mjs';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '1' },
    rate: { type: 'string', default: '25' },
    'never-close': { type: 'string', default: '0' },
  },
});
const seconds = Math.round(Number(values.hours) * 3600);
const rate = Number(values.rate);
const openShare = Number(values['never-close']);
/** Capture time between two packets of a story. */
const STEP_MILLIS = 40;
const REPORTS = 12;

const samples = new URL('../samples/', import.meta.url);
const stories = readdirSync(samples)
  .sort()
  .map((name) => new URL(`${name}/capture.pcap`, samples))
  .filter((file) => existsSync(file))
  .map((file) => readPcap(Uint8Array.from(readFileSync(file))).packets)
  .filter((packets) => packets.length < 200);

const command = fileURLToPath(new URL('../bin/tlsdiag.js', import.meta.url));
const child = spawn(
  process.execPath,
  [command, 'analyze', '-', '--format', 'ndjson', '--quiet', '--fail-on', 'never'],
  {
    stdio: ['pipe', 'pipe', 'inherit'],
  },
);
const seen = { connection: 0, finding: 0, capture: 0, quic: 0, summary: 0 };
let last = '';
createInterface({ input: child.stdout }).on('line', (line) => {
  last = line;
  const kind = /^\{"kind":"(\w+)"/.exec(line)?.[1];
  if (kind !== undefined) seen[kind] = (seen[kind] ?? 0) + 1;
});

const rssMiB = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1]) / 1024;
const write = (octets) =>
  child.stdin.write(octets)
    ? undefined
    : new Promise((resolve) => child.stdin.once('drain', resolve));

console.log('minutes  packets  connections  findings  RSS MiB');
/** Packets that are due, by second. */
const due = new Map();
let begun = 0;
let packets = 0;
const started = performance.now();
await write(writePcap({ linkType: 1, packets: [] }).octets);
for (let second = 0; second < seconds; second++) {
  for (let n = 0; n < rate; n++, begun++) {
    const network = begun % stories.length;
    const round = Math.floor(begun / stories.length);
    const story = stories[network];
    const told = begun % 1000 < openShare * 1000 ? Math.ceil(story.length * 0.7) : story.length;
    for (let i = 0; i < told; i++) {
      const millis = second * 1000 + Math.floor((n * 1000) / rate) + i * STEP_MILLIS;
      const at = Math.floor(millis / 1000);
      const list = due.get(at) ?? [];
      due.set(at, list);
      list.push([millis, story[i], network, round]);
    }
  }
  const now = (due.get(second) ?? []).sort(([a], [b]) => a - b);
  due.delete(second);
  packets += now.length;
  const list = now.map(([millis, packet, network, round]) => moved(packet, network, round, millis));
  await write(writePcap({ linkType: 1, packets: list }).octets.subarray(24));
  if ((second + 1) % Math.ceil(seconds / REPORTS) === 0) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    console.log(
      [((second + 1) / 60).toFixed(0), packets, seen.connection, seen.finding, rssMiB().toFixed(0)]
        .map((cell, column) => String(cell).padStart([7, 9, 13, 10, 9][column]))
        .join(''),
    );
  }
}
const before = { ...seen };
child.stdin.end();
await new Promise((resolve) => child.on('close', resolve));
const { connections } = JSON.parse(last);
console.log(
  `${connections} connections, ${before.connection} of them told before the end; ${((performance.now() - started) / 1000).toFixed(0)} s`,
);
