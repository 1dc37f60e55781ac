// What a flood of failures costs, and how long its report is: writes a capture in which all connections fail in one of a
// few ways, or in turn in each of five with a healthy one in between, to standard output, for a pipe. Handshakes of
// samples, each time from another client; they begin 0.2 ms after each other and overlap as long as they last.
//
//   npm run build && node bench/failing-connections.mjs refused 100000 |
//     /usr/bin/time -v node bin/tlsdiag.js analyze - --fail-on never | wc -l
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readPcap } from '../test/fuzz/capture-file.mjs';

/** Where the packets of one connection lie, in Wireshark's numbers. */
const STORIES = {
  healthy: { sample: 'tls-alert-no-shared-cipher', first: 1, last: 19 },
  refused: { sample: 'tls-alert-no-shared-cipher', first: 20, last: 29 },
  reset: { sample: 'tls-reset-mid-handshake', first: 9, last: 14 },
  silent: { sample: 'dtls-psk-silence', first: 1, last: 20 },
  mac: { sample: 'tls-psk-mismatch', first: 1, last: 12 },
  closed: { sample: 'tls-close-after-clienthello', first: 1, last: 8 },
};
const CAUSES = Object.keys(STORIES).filter((name) => name !== 'healthy');
const ETHERNET = 14;
const IP_SOURCE = ETHERNET + 12;
const IP_TARGET = ETHERNET + 16;
const TRANSPORT = ETHERNET + 20;
const UDP = 17;
/** Between the beginnings of two connections, in microseconds. */
const STEP = 200;
/** Addresses of clients; with 100 connections each, 100,000 failures. */
const CLIENTS = 1000;
const BLOCK = 1024 * 1024;

const [cause = 'refused', count = '100000', servers = '1'] = process.argv.slice(2);
const names = cause === 'mix' ? CAUSES.flatMap((name) => [name, 'healthy']) : [cause];
if (names.some((name) => STORIES[name] === undefined)) {
  process.stderr.write(`causes: ${CAUSES.join(', ')}, mix\n`);
  process.exit(2);
}
const total = Number(count) * (cause === 'mix' ? 2 : 1);
/** Each packet of each story with the number of the connection that sends it next. */
const lanes = names.flatMap((name, index) => {
  const packets = readStory(STORIES[name]);
  const client = packets[0].data.readUInt32BE(IP_SOURCE);
  const [{ seconds, nanos }] = packets;
  return packets.map((packet) => ({
    data: packet.data,
    after: (packet.seconds - seconds) * 1e6 + Math.floor((packet.nanos - nanos) / 1000),
    fromClient: packet.data.readUInt32BE(IP_SOURCE) === client,
    random: randomAt(packet.data),
    next: index,
  }));
});

process.stdout.write(header());
let block = Buffer.alloc(BLOCK);
let at = 0;
for (;;) {
  let best;
  let time = Number.POSITIVE_INFINITY;
  for (const lane of lanes) {
    const due = lane.next * STEP + lane.after;
    if (lane.next < total && due < time) {
      best = lane;
      time = due;
    }
  }
  if (best === undefined) break;
  if (at + 16 + best.data.length > BLOCK) await leave();
  put(best, time);
  best.next += names.length;
}
await leave();

function put({ data, fromClient, random, next: n }, micros) {
  block.writeUInt32LE(1_700_000_000 + Math.floor(micros / 1e6), at);
  block.writeUInt32LE(micros % 1e6, at + 4);
  block.writeUInt32LE(data.length, at + 8);
  block.writeUInt32LE(data.length, at + 12);
  at += 16;
  data.copy(block, at);
  const client = n % CLIENTS;
  const serverEnd = at + (fromClient ? IP_TARGET : IP_SOURCE);
  block.writeUInt32BE(block.readUInt32BE(serverEnd) + ((n % Number(servers)) << 8), serverEnd);
  block.writeUInt32BE((10 << 24) | (1 + client), at + (fromClient ? IP_SOURCE : IP_TARGET));
  block.writeUInt16BE(10_000 + Math.floor(n / CLIENTS), at + TRANSPORT + (fromClient ? 0 : 2));
  if (random > 0) block.writeUInt32BE(n + 1, at + random + 8);
  at += data.length;
}

async function leave() {
  const full = block.subarray(0, at);
  block = Buffer.alloc(BLOCK);
  at = 0;
  if (!process.stdout.write(full)) await once(process.stdout, 'drain');
}

function readStory({ sample, first, last }) {
  const file = readFileSync(new URL(`../samples/${sample}/capture.pcap`, import.meta.url));
  return readPcap(file).packets.slice(first - 1, last);
}

/** Of pcap in microseconds, Ethernet. */
function header() {
  const octets = Buffer.alloc(24);
  octets.writeUInt32LE(0xa1b2c3d4, 0);
  octets.writeUInt16LE(2, 4);
  octets.writeUInt16LE(4, 6);
  octets.writeUInt32LE(262_144, 16);
  octets.writeUInt32LE(1, 20);
  return octets;
}

/** Where the random of a hello lies; 0 in other packets. */
function randomAt(data) {
  const isUdp = data[ETHERNET + 9] === UDP;
  const record = TRANSPORT + (isUdp ? 8 : (data[TRANSPORT + 12] >> 4) * 4);
  const message = record + (isUdp ? 13 : 5);
  const isHello = data[record] === 22 && (data[message] === 1 || data[message] === 2);
  return isHello ? message + (isUdp ? 12 : 4) + 2 : 0;
}
