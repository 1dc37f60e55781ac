// The smallest packets that scaling.mjs needs: Ethernet, IPv4, and TCP or UDP without checksums.

export const SYN = 2;
export const RST = 4;
export const FIN = 1;
export const ACK = 16;

export function tcpPacket(
  { from, to, ports, sequence, acknowledged = 0, flags = ACK, window = 65_535 },
  payload = EMPTY,
) {
  const data = ip4(from, to, 6, 20 + payload.length);
  data.writeUInt16BE(ports[0], 34);
  data.writeUInt16BE(ports[1], 36);
  data.writeUInt32BE(sequence % 2 ** 32, 38);
  data.writeUInt32BE(acknowledged % 2 ** 32, 42);
  data[46] = 0x50;
  data[47] = flags;
  data.writeUInt16BE(window, 48);
  data.set(payload, 54);
  return data;
}

export function udpPacket({ from, to, ports }, payload) {
  const data = ip4(from, to, 17, 8 + payload.length);
  data.writeUInt16BE(ports[0], 34);
  data.writeUInt16BE(ports[1], 36);
  data.writeUInt16BE(8 + payload.length, 38);
  data.set(payload, 42);
  return data;
}

/** A piece of an IP packet; `offset` in units of eight octets. */
export function fragment({ from, to, id, protocol = 17, offset, more }, payload) {
  const data = ip4(from, to, protocol, payload.length);
  data.writeUInt16BE(id & 0xffff, 18);
  data.writeUInt16BE((more ? 0x2000 : 0) | offset, 20);
  data.set(payload, 34);
  return data;
}

export const EMPTY = Buffer.alloc(0);

/** A TLS record, version 1.2. */
export function record(type, fragmentOctets) {
  const octets = Buffer.alloc(5 + fragmentOctets.length);
  octets[0] = type;
  octets.writeUInt16BE(0x0303, 1);
  octets.writeUInt16BE(fragmentOctets.length, 3);
  octets.set(fragmentOctets, 5);
  return octets;
}

/** A DTLS record, version 1.2. */
export function dtlsRecord(type, epoch, sequence, fragmentOctets) {
  const octets = Buffer.alloc(13 + fragmentOctets.length);
  octets[0] = type;
  octets.writeUInt16BE(0xfefd, 1);
  octets.writeUInt16BE(epoch, 3);
  octets.writeUIntBE(sequence, 5, 6);
  octets.writeUInt16BE(fragmentOctets.length, 11);
  octets.set(fragmentOctets, 13);
  return octets;
}

/** A handshake message of TLS. */
export function message(type, body) {
  const octets = Buffer.alloc(4 + body.length);
  octets.writeUInt32BE(((type << 24) | body.length) >>> 0);
  octets.set(body, 4);
  return octets;
}

/** A piece of a handshake message of DTLS. */
export function dtlsMessage(type, sequence, body, from = 0, to = body.length) {
  const octets = Buffer.alloc(12 + to - from);
  octets.writeUInt32BE(((type << 24) | body.length) >>> 0);
  octets.writeUInt16BE(sequence, 4);
  octets.writeUIntBE(from, 6, 3);
  octets.writeUIntBE(to - from, 9, 3);
  octets.set(body.subarray(from, to), 12);
  return octets;
}

/** The body of a ClientHello; `number` makes its random and its session id. */
export function clientHello(
  number,
  { dtls = false, suites = [0xc02f, 0x009c], extensions = [], session = true } = {},
) {
  const parts = [
    version(dtls),
    randomOf(number, 1),
    vector(1, session ? randomOf(number, 2) : EMPTY),
  ];
  if (dtls) parts.push(vector(1, EMPTY));
  parts.push(vector(2, Buffer.concat(suites.map(u16))), vector(1, Buffer.of(0)));
  if (extensions.length > 0) parts.push(vector(2, Buffer.concat(extensions)));
  return Buffer.concat(parts);
}

/** The body of a ServerHello. */
export function serverHello(number, { dtls = false, extensions = [] } = {}) {
  const parts = [
    version(dtls),
    randomOf(number, 3),
    vector(1, randomOf(number, 2)),
    u16(0xc02f),
    Buffer.of(0),
  ];
  if (extensions.length > 0) parts.push(vector(2, Buffer.concat(extensions)));
  return Buffer.concat(parts);
}

export const extension = (type, body) => Buffer.concat([u16(type), vector(2, body)]);

/** Octets behind their length, which takes `size` octets. */
export function vector(size, body) {
  const length = Buffer.alloc(size);
  length.writeUIntBE(body.length, 0, size);
  return Buffer.concat([length, body]);
}

export const u16 = (value) => Buffer.of((value >> 8) & 0xff, value & 0xff);

/** 32 octets that are others for each number and salt, and look like chance. */
export function randomOf(number, salt) {
  const octets = Buffer.alloc(32);
  let state = (Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b)) >>> 0;
  for (let at = 0; at < 32; at += 4) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
    octets.writeUInt32BE((state ^ (state >>> 13)) >>> 0, at);
  }
  octets.writeUInt32BE(number >>> 0, 12);
  return octets;
}

const version = (dtls) => u16(dtls ? 0xfefd : 0x0303);

function ip4(from, to, protocol, length) {
  const data = Buffer.alloc(34 + length);
  data[12] = 0x08;
  data[14] = 0x45;
  data.writeUInt16BE(20 + length, 16);
  data[22] = 64;
  data[23] = protocol;
  data.writeUInt32BE(from >>> 0, 26);
  data.writeUInt32BE(to >>> 0, 30);
  return data;
}
