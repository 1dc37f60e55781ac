// What opening records costs: repeats a capture with its key log, each time with other addresses, and reads it with tlsdiag
// and, where there is one, with tshark. Randoms repeat with it, so its key log opens every copy.
//
//   npm run build && node bench/with-secrets.mjs --keylog KEYS CAPTURE.pcap          about 200 MB
//   node bench/with-secrets.mjs --megabytes 50 --keylog KEYS CAPTURE.pcap
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readPcap, writePcap } from '../test/fuzz/capture-file.mjs';
import { moved } from './build-capture.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { megabytes: { type: 'string', default: '200' }, keylog: { type: 'string' } },
});
const [seed] = positionals;
if (seed === undefined || values.keylog === undefined)
  throw new Error('name a pcap file, and its key log with --keylog');
const command = fileURLToPath(new URL('../bin/tlsdiag.js', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-bench-'));
try {
  const path = join(folder, 'repeated.pcap');
  repeat(seed, path, Number(values.megabytes) * 1e6);
  const megabytes = statSync(path).size / 1e6;
  console.log(
    `${megabytes.toFixed(0)} MB; seconds, seconds of processor, MB for each of those, peak MiB`,
  );
  const { keylog } = values;
  show('tlsdiag', megabytes, [
    process.execPath,
    command,
    'analyze',
    '-q',
    '--format',
    'json',
    path,
  ]);
  show('tlsdiag --keylog', megabytes, [
    ...[process.execPath, command, 'analyze', '-q', '--format', 'json'],
    ...['--keylog', keylog, path],
  ]);
  show('tshark with key log', megabytes, [
    ...['tshark', '-r', path, '-o', `tls.keylog_file:${keylog}`, '-Y', 'tls.alert_message'],
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Eight copies run beside each other, packet by packet. */
function repeat(from, to, octets) {
  const { packets } = readPcap(Uint8Array.from(readFileSync(from)));
  const file = openSync(to, 'w');
  let written = writeSync(file, writePcap({ linkType: 1, packets: [] }).octets);
  for (let round = 0, millis = 0; written < octets; round += 8) {
    const copies = packets.flatMap((packet) =>
      Array.from({ length: 8 }, (_, lane) => moved(packet, 0, round + lane, millis++)),
    );
    written += writeSync(file, writePcap({ linkType: 1, packets: copies }).octets, 24);
  }
  closeSync(file);
}

function show(name, megabytes, argv) {
  const begun = performance.now();
  const timed = ['-f', 'used %U %S %M', ...argv];
  const { status, stderr } = spawnSync('/usr/bin/time', timed, { maxBuffer: 2 ** 30 });
  const seconds = (performance.now() - begun) / 1000;
  const [, user, system, peak] = /used (\S+) (\S+) (\d+)/.exec(String(stderr)) ?? [];
  if (status === null || status > 1) {
    console.log(`${name.padEnd(22)} did not run`);
    return;
  }
  const cpu = Number(user) + Number(system);
  const figures = [
    seconds.toFixed(1),
    cpu.toFixed(1),
    Math.round(megabytes / cpu),
    Math.round(peak / 1024),
  ];
  console.log(`${name.padEnd(22)} ${figures.map((one) => String(one).padStart(7)).join(' ')}`);
}
