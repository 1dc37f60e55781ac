// What an open connection costs: writes a capture in which nothing is ever closed to standard output, for a pipe. One
// resumed TLS 1.2 handshake of a sample, with request and answer, from another client each time.
//
//   npm run build && node bench/open-connections.mjs 1000000 | /usr/bin/time -v node bin/tlsdiag.js analyze - -q -o /dev/null
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readPcap } from '../test/fuzz/capture-file.mjs';

const SAMPLE = fileURLToPath(new URL('../samples/tls-resumption/capture.pcap', import.meta.url));
/** Its packets from the SYN to the answer, in Wireshark's numbers. */
const FIRST = 20;
const LAST = 30;
const ETHERNET = 14;
const IP_SOURCE = ETHERNET + 12;
const IP_TARGET = ETHERNET + 16;
const TCP = ETHERNET + 20;
/** Between two packets, in microseconds. */
const STEP = 2;

const count = Number(process.argv[2] ?? 100_000);
const file = readFileSync(SAMPLE);
const { packets } = readPcap(file);
const template = packets.slice(FIRST - 1, LAST);
const octets = template.reduce((sum, { data }) => sum + 16 + data.length, 0);
const client = template[0].data.readUInt32BE(IP_SOURCE);
const randoms = template.map(({ data }) => randomAt(data));

process.stdout.write(file.subarray(0, 24));
let packet = 0;
const perBlock = 500;
for (let flow = 0; flow < count; flow += perBlock) {
  const block = Buffer.alloc(octets * Math.min(perBlock, count - flow));
  let at = 0;
  for (let n = flow; n < Math.min(flow + perBlock, count); n++) {
    template.forEach(({ data }, i) => {
      const micros = packet++ * STEP;
      block.writeUInt32LE(1_700_000_000 + Math.floor(micros / 1e6), at);
      block.writeUInt32LE(micros % 1e6, at + 4);
      block.writeUInt32LE(data.length, at + 8);
      block.writeUInt32LE(data.length, at + 12);
      data.copy(block, at + 16);
      const fromClient = data.readUInt32BE(IP_SOURCE) === client;
      const address = (10 << 24) | (1 + Math.floor(n / 50_000));
      block.writeInt32BE(address, at + 16 + (fromClient ? IP_SOURCE : IP_TARGET));
      block.writeUInt16BE(10_000 + (n % 50_000), at + 16 + TCP + (fromClient ? 0 : 2));
      if (randoms[i] > 0) block.writeUInt32BE(n, at + 16 + randoms[i] + 8);
      at += 16 + data.length;
    });
  }
  if (!process.stdout.write(block)) await once(process.stdout, 'drain');
}

/** Where the random of a hello lies; 0 in other packets. */
function randomAt(data) {
  const payload = TCP + (data[TCP + 12] >> 4) * 4;
  const isHello = data[payload] === 22 && (data[payload + 5] === 1 || data[payload + 5] === 2);
  return isHello ? payload + 5 + 4 + 2 : 0;
}
