// What is done to a capture: to its packets while they are packets, then to the file that they are written into.
import { join, pcapngBlocks, writePcap, writePcapng } from './capture-file.mjs';
import { fieldsOf, layersOf, readField, writeField } from './packet-fields.mjs';

/** A field's value as damage leaves it: near the edges that decoders get wrong. */
function damagedValue(random, before, octets) {
  const most = 256 ** octets - 1;
  const wrapped = (value) => ((value % (most + 1)) + most + 1) % (most + 1);
  return random.pick([
    () => 0,
    () => 1,
    () => most,
    () => (most + 1) / 2,
    () => wrapped(before + 1),
    () => wrapped(before - 1),
    () => wrapped(before * 2),
    () => Math.floor(before / 2),
    () => wrapped(before + random.between(-64, 64)),
    () => random.next() % (most + 1),
  ])();
}

const anyPacket = (random, { packets }) => random.pick(packets);

/** A stretch of packets: where it begins and how many there are. */
function stretch(random, { packets }, most) {
  const start = random.below(packets.length);
  return [start, random.between(1, Math.min(most, packets.length - start))];
}

const copyOf = (packet) => ({ ...packet, data: packet.data.slice() });

/** Each changes the packets in place; `others` are those of another capture. */
const OF_PACKETS = {
  'flip bits': (random, capture) => {
    const { data } = anyPacket(random, capture);
    for (let i = random.between(1, 8); i > 0; i--)
      data[random.below(data.length)] ^= 1 << random.below(8);
  },
  'set fields': (random, capture) => {
    for (let i = random.between(1, 3); i > 0; i--) {
      const { data } = anyPacket(random, capture);
      const fields = fieldsOf(data).filter(({ at, octets }) => at + octets <= data.length);
      if (fields.length === 0) continue;
      const field = random.pick(fields);
      writeField(data, field, damagedValue(random, readField(data, field), field.octets));
    }
  },
  'set one field in all packets': (random, capture) => {
    const { name } = random.pick(fieldsOf(anyPacket(random, capture).data));
    const value = damagedValue(random, random.below(65536), 2);
    for (const { data } of capture.packets) {
      for (const field of fieldsOf(data)) {
        if (field.name === name && field.at + field.octets <= data.length)
          writeField(data, field, value);
      }
    }
  },
  'cut packets': (random, capture) => {
    const [start, count] = stretch(random, capture, 10);
    for (const packet of capture.packets.slice(start, start + count)) {
      packet.data = packet.data.slice(0, random.below(packet.data.length + 1));
      if (random.chance(3)) packet.originalLength = packet.data.length;
    }
  },
  'lengthen a packet': (random, capture) => {
    const packet = anyPacket(random, capture);
    packet.data = join(packet.data, random.octets(random.between(1, 200)));
    packet.originalLength = packet.data.length;
  },
  'overwrite payload': (random, capture) => {
    const { data } = anyPacket(random, capture);
    const from = layersOf(data)?.payload ?? 0;
    const at = Math.min(from + random.below(data.length - from), data.length - 1);
    data.set(random.octets(random.between(1, data.length - at)), at);
  },
  'insert into payload': (random, capture) => {
    const packet = anyPacket(random, capture);
    const layers = layersOf(packet.data);
    if (layers === undefined) return;
    const at = layers.payload + random.below(packet.data.length - layers.payload + 1);
    const inserted = random.chance(2)
      ? random.octets(random.between(1, 40))
      : anyPacket(random, capture).data.slice(54, 54 + random.between(1, 80));
    packet.data = join(packet.data.slice(0, at), inserted, packet.data.slice(at));
    packet.originalLength = packet.data.length;
    if (layers.family === 4) {
      writeField(packet.data, { at: layers.ip + 2, octets: 2 }, packet.data.length - layers.ip);
    }
  },
  'repeat packets': (random, capture) => {
    const [start, count] = stretch(random, capture, 8);
    const times = random.pick([1, 1, 2, 5, 40]);
    const at = random.chance(2) ? start + count : random.below(capture.packets.length + 1);
    const again = [];
    for (let i = 0; i < times; i++)
      again.push(...capture.packets.slice(start, start + count).map(copyOf));
    capture.packets.splice(at, 0, ...again);
  },
  'remove packets': (random, capture) => {
    if (capture.packets.length > 1) capture.packets.splice(...stretch(random, capture, 6));
    if (capture.packets.length === 0)
      capture.packets.push({ seconds: 0, nanos: 0, originalLength: 0, data: new Uint8Array(0) });
  },
  'move packets': (random, capture) => {
    const moved = capture.packets.splice(...stretch(random, capture, 6));
    capture.packets.splice(random.below(capture.packets.length + 1), 0, ...moved);
  },
  'shuffle packets': (random, { packets }) => {
    const [start, count] = stretch(random, { packets }, 30);
    for (let i = count - 1; i > 0; i--) {
      const other = random.below(i + 1);
      [packets[start + i], packets[start + other]] = [packets[start + other], packets[start + i]];
    }
  },
  'reverse packets': (random, { packets }) => {
    const [start, count] = stretch(random, { packets }, packets.length);
    packets.splice(start, count, ...packets.slice(start, start + count).reverse());
  },
  'mix with another capture': (random, { packets }, others) => {
    const added = others.slice(0, random.between(1, others.length)).map(copyOf);
    let at = 0;
    for (const packet of added) {
      at = Math.min(packets.length, at + random.below(3));
      packets.splice(at, 0, packet);
    }
  },
  'give packets the addresses of another': (random, capture) => {
    const [start, count] = stretch(random, capture, 20);
    const from = anyPacket(random, capture).data;
    const source = layersOf(from);
    for (const { data } of capture.packets.slice(start, start + count)) {
      const target = layersOf(data);
      if (source === undefined || target?.family !== source.family) continue;
      const [at, length] = source.family === 4 ? [12, 8] : [8, 32];
      data.set(from.subarray(source.ip + at, source.ip + at + length), target.ip + at);
      data.set(from.subarray(source.transport, source.transport + 4), target.transport);
    }
  },
  'shift a flow to where its sequence numbers wrap': (random, capture) => {
    const pivot = anyPacket(random, capture).data;
    const layers = layersOf(pivot);
    if (layers?.protocol !== 6) return;
    const distance =
      -new DataView(pivot.buffer).getUint32(layers.transport + 4) - random.below(4000);
    for (const { data } of capture.packets) {
      const { protocol, transport } = layersOf(data) ?? {};
      if (protocol !== 6 || transport + 12 > data.length) continue;
      const view = new DataView(data.buffer);
      for (const at of [transport + 4, transport + 8])
        view.setUint32(at, view.getUint32(at) + distance);
    }
  },
  'split into IP fragments': (random, { packets }) => {
    const index = random.below(packets.length);
    const packet = packets[index];
    const layers = layersOf(packet.data);
    if (layers?.family !== 4) return;
    const { data } = packet;
    const header = layers.transport;
    const size = 8 * random.between(1, 40);
    const fragments = [];
    for (let at = header; at < data.length && fragments.length < 60; at += size) {
      const octets = join(data.slice(0, header), data.slice(at, at + size));
      const more = at + size < data.length ? 0x2000 : 0;
      writeField(octets, { at: layers.ip + 2, octets: 2 }, octets.length - layers.ip);
      writeField(octets, { at: layers.ip + 6, octets: 2 }, more | ((at - header) >> 3));
      fragments.push({ ...packet, data: octets, originalLength: octets.length });
    }
    if (fragments.length === 0) return;
    if (random.chance(3)) fragments.reverse();
    if (random.chance(4)) fragments.push(copyOf(random.pick(fragments)));
    if (random.chance(4)) fragments.splice(random.below(fragments.length), 1);
    packets.splice(index, 1, ...fragments);
  },
  'set clocks': (random, capture) => {
    const [start, count] = stretch(random, capture, capture.packets.length);
    const seconds = random.pick([0, 1, 0xffffffff, 0x7fffffff, random.next()]);
    for (const packet of capture.packets.slice(start, start + count)) {
      if (random.chance(2)) packet.seconds = seconds;
      else packet.nanos = random.pick([0, 999_999_000, 4_294_967_295_000, random.next()]);
    }
  },
  'say another original length': (random, capture) => {
    const packet = anyPacket(random, capture);
    packet.originalLength = damagedValue(random, packet.originalLength, 4);
  },
  'add VLAN tags': (random, capture) => {
    const tag = Uint8Array.of(0x81, 0, 0, random.below(4));
    for (const packet of capture.packets) {
      const tags = join(...Array.from({ length: random.pick([1, 1, 2, 20]) }, () => tag));
      packet.data = join(packet.data.slice(0, 12), tags, packet.data.slice(12));
      packet.originalLength = packet.data.length;
    }
  },
  'leave the link layer out': (random, capture) => {
    capture.linkType = random.pick([101, 12, 228]);
    for (const packet of capture.packets) {
      packet.data = packet.data.slice(14);
      packet.originalLength = packet.data.length;
    }
  },
  'say another link type': (random, capture) => {
    capture.linkType = random.pick([
      0,
      1,
      9,
      12,
      50,
      101,
      105,
      108,
      113,
      127,
      192,
      228,
      239,
      276,
      random.below(65536),
    ]);
  },
};

/** Each changes the list of blocks in place. */
const OF_BLOCKS = {
  'shuffle blocks': (random, blocks) => {
    for (let i = random.between(1, 5); i > 0; i--) {
      const [one, other] = [random.below(blocks.length), random.below(blocks.length)];
      [blocks[one], blocks[other]] = [blocks[other], blocks[one]];
    }
  },
  'repeat a block': (random, blocks) => {
    blocks.splice(random.below(blocks.length + 1), 0, { ...random.pick(blocks) });
  },
  'remove a block': (random, blocks) => {
    if (blocks.length > 1) blocks.splice(random.below(blocks.length), 1);
  },
  'say another block type': (random, blocks) => {
    random.pick(blocks).type = random.pick([
      1,
      2,
      3,
      4,
      5,
      6,
      9,
      10,
      0xbad,
      0x0a0d0d0a,
      random.next(),
    ]);
  },
  'say another block length': (random, blocks) => {
    const block = random.pick(blocks);
    block.length = damagedValue(random, 12 + block.body.length, 4);
  },
  'begin a section of the other byte order': (random, blocks) => {
    const at = random.below(blocks.length);
    for (const block of blocks.slice(at)) block.little = !block.little;
    if (blocks[0] !== undefined) blocks.splice(at, 0, { ...blocks[0], little: !blocks[0].little });
  },
  'insert a strange block': (random, blocks) => {
    const { little } = random.pick(blocks);
    const type = random.pick([4, 5, 10, 0xbad, 0x40000bad, random.next()]);
    blocks.splice(random.below(blocks.length + 1), 0, {
      type,
      little,
      body: random.octets(4 * random.below(30)),
    });
  },
  'damage a block': (random, blocks) => {
    const block = random.pick(blocks);
    block.body = block.body.slice();
    for (let i = random.between(1, 6); i > 0; i--)
      block.body[random.below(block.body.length)] = random.below(256);
  },
  'cut a block': (random, blocks) => {
    const block = random.pick(blocks);
    block.body = block.body.slice(0, random.below(block.body.length + 1));
  },
};

/** Each gives the file's octets back, changed. */
const OF_FILES = {
  'truncate the file': (random, { octets }) => octets.slice(0, random.below(octets.length + 1)),
  'flip bits of the file': (random, { octets }) => {
    for (let i = random.between(1, 16); i > 0; i--)
      octets[random.below(octets.length)] ^= 1 << random.below(8);
    return octets;
  },
  'set fields of the file': (random, { octets, fields, little }) => {
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    for (let i = random.between(1, 3); i > 0; i--) {
      const at = random.pick(fields);
      if (at + 4 > octets.length) continue;
      view.setUint32(at, damagedValue(random, view.getUint32(at, little), 4), little);
    }
    return octets;
  },
  'remove octets': (random, { octets }) => {
    const at = random.below(octets.length);
    return join(octets.slice(0, at), octets.slice(at + random.between(1, 64)));
  },
  'insert octets': (random, { octets }) => {
    const at = random.below(octets.length);
    return join(octets.slice(0, at), random.octets(random.between(1, 64)), octets.slice(at));
  },
  'append the file to itself': (_, { octets }) => join(octets, octets),
};

/**
 * One mutated capture file.
 *
 * @param captures what `readPcap` gave, by name
 * @returns its octets, and what was done, in words
 */
export function mutate(random, captures) {
  const names = Object.keys(captures);
  const name = random.pick(names);
  const capture = {
    linkType: captures[name].linkType,
    packets: captures[name].packets.map(copyOf),
  };
  const steps = [name];
  const apply = (table, ...given) => {
    const step = random.pick(Object.keys(table));
    steps.push(step);
    return table[step](random, ...given);
  };

  for (let i = random.pick([0, 1, 1, 1, 2, 3, 6]); i > 0; i--) {
    apply(OF_PACKETS, capture, captures[random.pick(names)].packets);
    // Some steps cut packets down to nothing, which the next one could not choose an octet of.
    for (const packet of capture.packets)
      if (packet.data.length === 0) packet.data = Uint8Array.of(0);
  }
  const form = { little: !random.chance(4), nano: random.chance(4) };
  let file;
  if (random.chance(3)) {
    const blocks = pcapngBlocks(capture, form);
    steps.push('as pcapng');
    for (let i = random.pick([0, 1, 1, 2, 4]); i > 0; i--) apply(OF_BLOCKS, blocks);
    file = writePcapng(blocks);
  } else {
    file = writePcap(capture, form);
  }
  if (steps.length === 1 || random.chance(4)) {
    file = { ...file, octets: apply(OF_FILES, file) };
  }
  return { octets: file.octets, steps };
}
