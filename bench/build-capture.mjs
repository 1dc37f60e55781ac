import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { readPcap, writePcap } from '../test/fuzz/capture-file.mjs';
import { layersOf } from '../test/fuzz/packet-fields.mjs';

const samples = new URL('../samples/', import.meta.url);
/** Rounds that run beside each other, packet by packet. */
const ABREAST = 64;

/**
 * Writes a capture of about this many octets: the healthy samples over and over, each time with other addresses and many of
 * them interleaved as on a busy link, and every so often one of the others. The same octets on every machine.
 */
export function buildCapture(path, octets) {
  const stories = readdirSync(samples)
    .sort()
    .map((name) => new URL(`${name}/`, samples))
    .filter((folder) => existsSync(new URL('capture.pcap', folder)))
    .map(readStory);
  const longest = Math.max(...stories.map(({ packets }) => packets.length));
  const file = openSync(path, 'w');
  try {
    let written = writeSync(file, writePcap({ linkType: 1, packets: [] }).octets);
    for (let round = 0, millis = 0; written < octets; round += ABREAST) {
      const packets = [];
      for (let step = 0; step < longest; step++) {
        stories.forEach((story, network) => {
          const lanes = step < story.packets.length ? (story.healthy ? ABREAST : 1) : 0;
          for (let lane = 0; lane < lanes; lane++) {
            packets.push(moved(story.packets[step], network, round + lane, millis++));
          }
        });
      }
      written += writeSync(file, writePcap({ linkType: 1, packets }).octets, 24);
    }
  } finally {
    closeSync(file);
  }
}

function readStory(folder) {
  const read = (name) => readFileSync(new URL(name, folder));
  const { packets } = readPcap(Uint8Array.from(read('capture.pcap')));
  return { packets, healthy: JSON.parse(read('expected.json')).findings.length === 0 };
}

/** The packet in a network of its story's and its round's own, at this moment. */
export function moved(packet, network, round, millis) {
  const data = packet.data.slice();
  const layers = layersOf(data);
  if (layers?.family === 4) {
    for (const at of [layers.ip + 12, layers.ip + 16]) {
      data[at] = 10 + network;
      data[at + 1] = round >> 8;
      data[at + 2] = round;
    }
  }
  const seconds = 1_700_000_000 + Math.floor(millis / 1000);
  return { ...packet, data, seconds, nanos: (millis % 1000) * 1_000_000 };
}
