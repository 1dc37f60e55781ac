import { readFileSync } from 'node:fs';

const ETHERNET = 14;
const TCP = 6;
const UDP = 17;

/** The packets of a classic pcap file of tcpdump (this machine's byte order, microseconds, Ethernet over IPv4). */
export function readPackets(path) {
  const file = readFileSync(path);
  const packets = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const micros = BigInt(file.readUInt32LE(at)) * 1_000_000n + BigInt(file.readUInt32LE(at + 4));
    packets.push({ micros, data: file.subarray(at + 16, at + 16 + length) });
    at += 16 + length;
  }
  return packets;
}

const portsOfFragments = new Map();

/**
 * The lower port of a TCP or UDP packet, which is the server's here; undefined for anything else. An IP fragment without
 * ports belongs to the one with the same identification before it.
 */
export function serverPort(data) {
  const id = data.readUInt16BE(ETHERNET + 4);
  const fragment = data.readUInt16BE(ETHERNET + 6);
  if ((fragment & 0x1fff) !== 0) return portsOfFragments.get(id);
  const port = lowerPort(data);
  if ((fragment & 0x2000) !== 0) portsOfFragments.set(id, port);
  return port;
}

function lowerPort(data) {
  const transport = ETHERNET + (data[ETHERNET] & 15) * 4;
  if (data.readUInt16BE(12) !== 0x0800 || ![TCP, UDP].includes(data[ETHERNET + 9]))
    return undefined;
  return Math.min(data.readUInt16BE(transport), data.readUInt16BE(transport + 2));
}

function block(type, ...parts) {
  const body = Buffer.concat(parts);
  const length = 12 + body.length + ((4 - (body.length % 4)) % 4);
  const out = Buffer.alloc(length);
  out.writeUInt32LE(type, 0);
  out.writeUInt32LE(length, 4);
  body.copy(out, 8);
  out.writeUInt32LE(length, length - 4);
  return out;
}

const words = (...values) => {
  const out = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    out.writeUInt32LE(value, 4 * i);
  });
  return out;
};

const SECTION = block(0x0a0d0d0a, words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff));
const INTERFACE = block(1, words(1, 0));

const packetBlock = ({ micros, data }) =>
  block(
    6,
    words(0, Number(micros >> 32n), Number(micros & 0xffffffffn), data.length, data.length),
    data,
  );

const secretsBlock = (keys) =>
  block(0xa, words(0x544c534b, Buffer.byteLength(keys)), Buffer.from(keys));

/**
 * A pcapng file of these packets. `secrets` are pairs of a share of the packets, 0 to 1, and key log lines: a Decryption
 * Secrets Block follows that share of them.
 */
export function pcapng(packets, secrets = []) {
  const blocks = packets.map(packetBlock);
  const later = [...secrets].sort(([a], [b]) => b - a);
  for (const [share, keys] of later)
    blocks.splice(Math.round(share * packets.length), 0, secretsBlock(keys));
  return Buffer.concat([SECTION, INTERFACE, ...blocks]);
}
