// The smallest reader and writers of capture files that mutations need. They share nothing with those under test.

/** Packets of a classic little-endian pcap file, as the samples are. */
export function readPcap(octets) {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  if (view.getUint32(0, true) !== 0xa1b2c3d4) throw new Error('not a little-endian pcap file');
  const packets = [];
  for (let at = 24; at < octets.length; ) {
    const length = view.getUint32(at + 8, true);
    packets.push({
      seconds: view.getUint32(at, true),
      nanos: view.getUint32(at + 4, true) * 1000,
      originalLength: view.getUint32(at + 12, true),
      data: octets.slice(at + 16, at + 16 + length),
    });
    at += 16 + length;
  }
  return { linkType: view.getUint32(20, true), packets };
}

/**
 * A classic pcap file.
 *
 * @returns its octets, and where the number fields stand that may be damaged
 */
export function writePcap({ linkType, packets }, { little = true, nano = false } = {}) {
  const octets = new Uint8Array(24 + packets.reduce((sum, { data }) => sum + 16 + data.length, 0));
  const view = new DataView(octets.buffer);
  view.setUint32(0, nano ? 0xa1b23c4d : 0xa1b2c3d4, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, 262144, little);
  view.setUint32(20, linkType, little);
  const fields = [0, 4, 16, 20];
  let at = 24;
  for (const { seconds, nanos, originalLength, data } of packets) {
    view.setUint32(at, seconds, little);
    view.setUint32(at + 4, nano ? nanos : Math.floor(nanos / 1000), little);
    view.setUint32(at + 8, data.length, little);
    view.setUint32(at + 12, originalLength, little);
    fields.push(at, at + 4, at + 8, at + 12);
    octets.set(data, at + 16);
    at += 16 + data.length;
  }
  return { octets, fields, little };
}

/** Blocks of a pcapng file for the capture: one section, one interface, a packet block each. */
export function pcapngBlocks({ linkType, packets }, { little = true, nano = false } = {}) {
  const number = (octets, ...values) => {
    const view = new DataView(new ArrayBuffer(octets * values.length));
    values.forEach((value, index) => {
      if (octets === 2) view.setUint16(index * 2, value, little);
      else view.setUint32(index * 4, value, little);
    });
    return new Uint8Array(view.buffer);
  };
  const option = (code, value) => join(number(2, code, value.length), padded(value));
  const resolution = nano ? join(option(9, Uint8Array.of(9)), number(2, 0, 0)) : new Uint8Array(0);
  const section = join(number(4, 0x1a2b3c4d), number(2, 1, 0), number(4, 0xffffffff, 0xffffffff));
  const blocks = [
    { type: 0x0a0d0d0a, body: section, little },
    { type: 1, body: join(number(2, linkType, 0), number(4, 262144), resolution), little },
  ];
  for (const { seconds, nanos, originalLength, data } of packets) {
    const ticks = BigInt(seconds) * (nano ? 1_000_000_000n : 1_000_000n);
    const time = ticks + BigInt(nano ? nanos : Math.floor(nanos / 1000));
    const high = Number((time >> 32n) & 0xffffffffn);
    const low = Number(time & 0xffffffffn);
    const body = join(number(4, 0, high, low, data.length, originalLength), padded(data));
    blocks.push({ type: 6, body, little });
  }
  return blocks;
}

/** A pcapng file of these blocks; `length` stands in for a block's true total length. */
export function writePcapng(blocks) {
  const parts = [];
  const fields = [];
  let at = 0;
  for (const { type, body, little, length } of blocks) {
    const total = 12 + body.length;
    const view = new DataView(new ArrayBuffer(total));
    view.setUint32(0, type, little);
    view.setUint32(4, length ?? total, little);
    new Uint8Array(view.buffer).set(body, 8);
    view.setUint32(total - 4, length ?? total, little);
    parts.push(new Uint8Array(view.buffer));
    fields.push(at, at + 4, at + 8, at + 12, at + 20, at + total - 4);
    at += total;
  }
  return { octets: join(...parts), fields, little: blocks[0]?.little ?? true };
}

/** The octets of all parts, one behind the other. */
export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function padded(octets) {
  return join(octets, new Uint8Array((4 - (octets.length % 4)) % 4));
}
