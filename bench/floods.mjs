// Does a flood exhaust memory? Pipes n and 2n of something into the built command and tells the peak of its memory for
// both: where a bound was reached in between, the second costs no more than the first. Figures only, no verdict.
//
//   npm run build && node bench/floods.mjs                      every shape: two hours
//   node bench/floods.mjs --only 'tcp refused' --scale 4        those whose name contains this, with more of them
//   node bench/floods.mjs --six --step 10000                    over IPv6, 10 ms between two packets
//   node bench/floods.mjs --write 'tcp syn' --count 1000000     the capture itself, to standard output
//   node bench/floods.mjs --list
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FILE_SHAPES } from './flood-files.mjs';
import { PLACES, Repeater, UdpStory } from './flood-packets.mjs';
import { SHAPES } from './flood-shapes.mjs';

const BLOCK = 1024 * 1024;
const PACKET_HEADER = 16;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    scale: { type: 'string', default: '1' },
    step: { type: 'string', default: '10' },
    six: { type: 'boolean', default: false },
    format: { type: 'string', default: 'ndjson' },
    write: { type: 'string' },
    count: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const micros = Number(values.step);
const shapes = [...SHAPES, ...FILE_SHAPES];

if (values.list) console.log(shapes.map(({ name }) => name).join('\n'));
else if (values.write !== undefined) {
  const shape = shapes.find(({ name }) => name === values.write);
  if (shape === undefined) throw new Error(`no such shape: ${values.write}`);
  await write(octetsOf(shape, Number(values.count ?? shape.count)), process.stdout);
} else {
  console.log(line('shape', 'n', 'cpu s', 'peak MiB', 'octets each'));
  for (const shape of shapes.filter(({ name }) => name.includes(values.only))) await measure(shape);
}

async function measure(shape) {
  const count = Math.round(shape.count * Number(values.scale));
  const [once, twice] = [await run(shape, count), await run(shape, 2 * count)];
  const pair = (of, digits) => `${of(once).toFixed(digits)} ${of(twice).toFixed(digits)}`;
  const more = ((twice.rssKib - once.rssKib) * 1024) / count;
  const cpu = pair(({ cpuMicros }) => cpuMicros / 1e6, 1);
  const rss = pair(({ rssKib }) => rssKib / 1024, 0);
  console.log(line(shape.name, count, cpu, rss, more.toFixed(0)));
}

async function run(shape, count) {
  const usage = new URL('report-usage.mjs', import.meta.url).href;
  const command = fileURLToPath(new URL('../bin/tlsdiag.js', import.meta.url));
  const argv = ['analyze', '-', '--format', values.format, '--fail-on', 'never', '--quiet'];
  const child = spawn(process.execPath, ['--import', usage, command, ...argv], {
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
  });
  let told = '';
  child.stdio[3].setEncoding('utf8').on('data', (text) => {
    told += text;
  });
  const closed = once(child, 'close');
  child.stdin.on('error', () => {}); // It tells itself why it ended.
  await write(octetsOf(shape, count), child.stdin);
  child.stdin.end();
  const [status] = await closed;
  if (status !== 0) throw new Error(`${shape.name}, ${count}: exit status ${status}`);
  return JSON.parse(told);
}

/** In blocks, each of its own. */
async function write(octets, to) {
  let block = Buffer.allocUnsafe(BLOCK);
  let at = 0;
  for (const part of octets) {
    if (at + part.length > BLOCK) {
      if (!to.write(block.subarray(0, at))) await drained(to);
      if (to.destroyed) return;
      block = Buffer.allocUnsafe(BLOCK);
      at = 0;
    }
    block.set(part, at);
    at += part.length;
  }
  to.write(block.subarray(0, at));
}

/** Resolves, also where the other end is gone. */
function drained(to) {
  return new Promise((resolve) => {
    const done = () => {
      to.off('drain', done).off('close', done);
      resolve();
    };
    to.on('drain', done).on('close', done);
  });
}

/** The parts of a capture: each is overwritten by the next. */
function* octetsOf(shape, count) {
  if (shape.each !== undefined) {
    yield shape.begin();
    for (let n = 0; n < count; n++) yield shape.each(n);
    return;
  }
  yield fileHeader();
  let time = 0;
  const header = Buffer.alloc(PACKET_HEADER);
  const place = PLACES[shape.place];
  const options = { six: values.six };
  for (const [story, times, goesOn] of storiesOf(shape, count, options)) {
    for (let n = 0; n < times; n++) {
      const repeated = shape.datagrams === undefined ? story : datagramOf(shape, n, options);
      for (const data of repeated.packets(n, place(n), goesOn)) {
        header.writeUInt32LE(1_700_000_000 + Math.floor(time / 1e6), 0);
        header.writeUInt32LE(time % 1e6, 4);
        header.writeUInt32LE(data.length, 8);
        header.writeUInt32LE(data.length, 12);
        yield header;
        yield data;
        time += micros;
      }
    }
  }
}

/** What begins comes once; what goes on begins where that ended. */
function* storiesOf({ story, begin }, count, options) {
  if (begin === undefined) {
    yield [new Repeater(story(), options), count, false];
    return;
  }
  const first = begin();
  yield [new Repeater(first, options), 1, false];
  const next = story();
  yield [new Repeater(next, { ...options, after: first }), count, true];
}

function datagramOf({ datagrams, port }, n, options) {
  return new Repeater(new UdpStory(port).send('c', datagrams(n)), options);
}

/** Of pcap in microseconds, Ethernet. */
function fileHeader() {
  const octets = Buffer.alloc(24);
  octets.writeUInt32LE(0xa1b2c3d4, 0);
  octets.writeUInt16LE(2, 4);
  octets.writeUInt16LE(4, 6);
  octets.writeUInt32LE(262_144, 16);
  octets.writeUInt32LE(1, 20);
  return octets;
}

function line(name, ...figures) {
  return [name.padEnd(34), ...figures.map((figure) => `${figure}`.padStart(14))].join(' ');
}
