// Samples many times over: what scaling.mjs makes of recorded connections.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readPcap } from '../test/fuzz/capture-file.mjs';
import { layersOf } from '../test/fuzz/packet-fields.mjs';

const samples = new URL('../samples/', import.meta.url);
/** Packets of the smallest capture of one sample. */
const PACKETS = 40_000;
/** Between the beginnings of two copies that run beside each other, in microseconds. */
const STEP = 200;
const FIRST_PORT = 1024;
const PORTS = 64_000;
const TCP = 6;
const UDP = 17;
const HELLO_RETRY = 0xcf21ad74;

/**
 * How copies differ. `ports`: one client and one server, new randoms and session ids. `clients`: one server. `servers`: other
 * addresses on both sides. `tuple`: everything again on the same 5-tuples, when the last copy is over. `keys`: as `ports`
 * with nothing new, so that the key log has secrets for all. `same`: as `keys`, without the key log.
 */
const WAYS = {
  ports: { move: toPort, isRenewed: true },
  clients: { move: toClient, isRenewed: true },
  servers: { move: toNetwork, isRenewed: true },
  tuple: { move: toIncarnation, inARow: true },
  'tuple renewed': { move: toIncarnation, inARow: true, isRenewed: true },
  same: { move: toPort },
  keys: { move: toPort, withKeys: true },
  'keys in a row': { move: toNetwork, withKeys: true, inARow: true },
};

/** Every sample in every way. */
export function sampleShapes() {
  return readdirSync(samples)
    .sort()
    .filter((name) => existsSync(new URL(`${name}/capture.pcap`, samples)))
    .flatMap((name) =>
      Object.entries(WAYS)
        .filter(([, { withKeys }]) => !withKeys || existsSync(keysOf(name)))
        .map(([way]) => sampleShape(name, way)),
    );
}

const keysOf = (name) => new URL(`${name}/keys.log`, samples);

/** One sample in one of these ways. */
export function sampleShape(sample, way) {
  const { withKeys, ...how } = WAYS[way];
  const file = readFileSync(new URL(`${sample}/capture.pcap`, samples));
  return {
    name: `sample ${sample}: ${way}`,
    count: Math.ceil(PACKETS / readPcap(file).packets.length),
    options: withKeys ? ['--keylog', fileURLToPath(keysOf(sample))] : [],
    linkType: readPcap(file).linkType,
    write: (count, to) => repeat(readStory(file), count, to, how),
  };
}

/** Packets with the moment they are due in a copy, and where in them is what copies differ in. */
function readStory(file) {
  const { packets } = readPcap(file);
  const [first] = packets;
  const clients = new Map();
  const ports = new Map();
  const story = packets.map(({ data, seconds, nanos }) => {
    const layers = layersOf(data);
    const after = (seconds - first.seconds) * 1e6 + Math.floor((nanos - first.nanos) / 1000);
    if (layers === undefined) return { data: Buffer.from(data), after, hello: 0 };
    const octets = Buffer.from(data);
    const { transport } = layers;
    const [source, target] = [octets.readUInt16BE(transport), octets.readUInt16BE(transport + 2)];
    const tuple = [source, target].sort().join();
    if (!clients.has(tuple)) clients.set(tuple, source);
    const fromClient = clients.get(tuple) === source;
    const port = fromClient ? source : target;
    if (!ports.has(port)) ports.set(port, ports.size);
    const number = ports.get(port);
    return { data: octets, after, layers, fromClient, number, hello: helloAt(octets, layers) };
  });
  return { story, ports: ports.size };
}

function repeat({ story, ports }, count, to, { move, isRenewed, inARow }) {
  const length = story.reduce((longest, { after }) => Math.max(longest, after), 0) + 1000;
  const step = inARow ? length : STEP;
  const lanes = story.map((packet) => ({ packet, next: 0 }));
  for (;;) {
    let best;
    let time = Number.POSITIVE_INFINITY;
    for (const lane of lanes) {
      const due = lane.next * step + lane.packet.after;
      if (lane.next < count && due < time) {
        best = lane;
        time = due;
      }
    }
    if (best === undefined) return;
    const { packet } = best;
    const copy = best.next++;
    const data = Buffer.from(packet.data);
    if (packet.layers !== undefined) {
      move(data, packet, copy, ports);
      if (isRenewed && packet.hello > 0) renew(data, packet.hello, copy);
    }
    to.put(data, time);
  }
}

function toPort(data, { layers, fromClient, number }, copy, ports) {
  const place = copy * ports + number;
  data.writeUInt16BE(FIRST_PORT + (place % PORTS), layers.transport + (fromClient ? 0 : 2));
  const at = addressAt(layers, fromClient);
  data[at - 2] = (data[at - 2] + Math.floor(place / PORTS)) & 0xff;
}

function toClient(data, { layers, fromClient }, copy) {
  data.writeUInt32BE(((10 << 24) | copy) >>> 0, addressAt(layers, fromClient) - 3);
}

function toNetwork(data, { layers }, copy) {
  for (const isSource of [true, false]) {
    const at = addressAt(layers, isSource) - 3;
    data[at] = (data[at] + 16 * (1 + (copy >> 16))) & 0xff;
    data.writeUInt16BE(copy & 0xffff, at + 1);
  }
}

/** Other sequence numbers, without which the same segments would be sent again. */
function toIncarnation(data, { layers: { protocol, transport } }, copy) {
  if (protocol !== TCP) return;
  const isAcknowledging = (data[transport + 13] & 16) !== 0;
  for (const at of isAcknowledging ? [transport + 4, transport + 8] : [transport + 4])
    data.writeUInt32BE((data.readUInt32BE(at) + copy * 100_000_007) % 2 ** 32, at);
}

/** Where the last octet of an address is. */
const addressAt = ({ ip, family }, isSource) =>
  ip + (family === 4 ? (isSource ? 15 : 19) : isSource ? 23 : 39);

function renew(data, random, copy) {
  if (data.readUInt32BE(random) === HELLO_RETRY) return;
  data.writeUInt32BE(copy + 1, random + 8);
  const session = random + 32;
  if (data[session] >= 8) data.writeUInt32BE(copy + 1, session + 1);
}

/** Where the random of a hello lies; 0 in other packets. */
function helloAt(data, { protocol, payload }) {
  const message = payload + (protocol === UDP ? 13 : 5);
  const isHello = data[payload] === 22 && (data[message] === 1 || data[message] === 2);
  const random = isHello ? message + (protocol === UDP ? 12 : 4) + 2 : 0;
  return random + 64 < data.length ? random : 0;
}
