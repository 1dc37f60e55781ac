// What floods are made of: packets of one small story, in which addresses and marked octets are others each time.
import { EMPTY, fragment, tcpPacket, udpPacket } from './packets.mjs';

const MARKERS = 0xe0;
const LETTERS = 0x51;
const LEAST = 4;
const IP = 14;
const CLIENT = 0x0a000001;
const SERVER = 0xc0000201;

/** Octets that look like chance, others in each story, the same for one marker (0 to 15) within it. */
export const chance = (marker, length = 32) => Buffer.alloc(length, MARKERS + marker);
/** As many letters, of a name that is another each time. */
export const letters = (length = 10) => Buffer.alloc(length, LETTERS);

/** Packets that go to and fro between two ends over TCP; each method returns the story. */
export class TcpStory {
  packets = [];
  next = { c: 1000, s: 5000 };

  packet(side, flags, payload = EMPTY) {
    const fromClient = side === 'c';
    const head = {
      from: fromClient ? CLIENT : SERVER,
      to: fromClient ? SERVER : CLIENT,
      ports: fromClient ? [40_000, 443] : [443, 40_000],
      sequence: this.next[side],
      acknowledged: flags & 16 ? this.next[fromClient ? 's' : 'c'] : 0,
      flags,
    };
    this.packets.push(template(tcpPacket(head, payload), fromClient));
    this.next[side] += payload.length + (flags & 3 ? 1 : 0);
    return this;
  }

  syn = () => this.packet('c', 2);
  open = () => this.syn().packet('s', 18).packet('c', 16);
  reset = (side) => this.packet(side, 20);
  /** What has no connection answers a SYN without a number of its own: RFC 9293 §3.10.7.1. */
  refuse() {
    this.next.s = 0;
    this.packet('s', 20);
    this.packets.at(-1).isNumbered = false;
    return this;
  }

  close = () => this.packet('c', 17).packet('s', 17).packet('c', 16);

  send(side, ...parts) {
    const octets = Buffer.concat(parts);
    for (let at = 0; at < octets.length; at += 1400)
      this.packet(side, 24, octets.subarray(at, at + 1400));
    return this;
  }

  /** Octets of a direction that no packet brings. */
  skip(side, octets) {
    this.next[side] += octets;
    return this;
  }
}

/** The same over UDP. */
export class UdpStory {
  packets = [];
  port;

  constructor(port = 4433) {
    this.port = port;
  }

  send(side, ...parts) {
    const fromClient = side === 'c';
    const head = {
      from: fromClient ? CLIENT : SERVER,
      to: fromClient ? SERVER : CLIENT,
      ports: fromClient ? [40_000, this.port] : [this.port, 40_000],
    };
    this.packets.push(template(udpPacket(head, Buffer.concat(parts)), fromClient));
    return this;
  }
}

/** One packet with this protocol, or a piece of one, from the client. */
export function ipStory(protocol, payload, { offset = 0, more = false } = {}) {
  const head = { from: CLIENT, to: SERVER, id: 0, protocol, offset, more };
  return { packets: [template(fragment(head, payload), true)] };
}

function template(data, fromClient) {
  const marks = [];
  for (let at = IP; at < data.length; ) {
    const value = data[at];
    let end = at + 1;
    while (end < data.length && data[end] === value) end++;
    if ((value >= MARKERS || value === LETTERS) && end - at >= LEAST && value !== 0xff)
      marks.push({ at, length: end - at, marker: value });
    at = end;
  }
  return { data, fromClient, marks, isNumbered: true };
}

/** Who talks to whom in the story with this number. */
export const PLACES = {
  /** Each from an address of its own, to one server. */
  clients: (n) => ({ client: mixed(n), clientPort: 1024 + (n % 60_000) }),
  /** Each to a server of its own. */
  servers: (n) => ({ client: CLIENT, clientPort: 1024 + (n % 60_000), server: mixed(n) }),
  /** From some clients to some servers. */
  few: (n) => ({
    client: CLIENT + ((n >> 4) & 0xfff),
    clientPort: 1024 + Math.floor(n / 65_536),
    server: SERVER + (n & 15),
  }),
  /** In turn on so many 5-tuples. */
  some: (n) => ({ client: CLIENT, clientPort: 1024 + (n & 1023), moved: mixed(n) }),
  /** All on one 5-tuple; TCP begins elsewhere each time. */
  one: (n) => ({ client: CLIENT, clientPort: 40_000, moved: Math.imul(n, 100_000_007) >>> 0 }),
};

/** The packets of a story again, as another: what stands in them is overwritten the next time. */
export class Repeater {
  #packets;
  #isSix;
  #octets = { c: 0, s: 0 };

  /** @param after the story that this one continues */
  constructor(story, { six = false, after } = {}) {
    this.#isSix = six;
    this.#packets = story.packets.map((packet) => (six ? inSix(packet) : { ...packet }));
    const fresh = new TcpStory().next;
    if (story.next !== undefined)
      this.#octets = { c: story.next.c - fresh.c, s: story.next.s - fresh.s };
    const ahead = (side) => (after === undefined ? 0 : after.next[side] - fresh[side]);
    for (const packet of this.#packets) {
      const [own, others] = packet.fromClient ? ['c', 's'] : ['s', 'c'];
      packet.sequence = packet.data.readUInt32BE(this.#transport + 4) + ahead(own);
      packet.acknowledged = packet.data.readUInt32BE(this.#transport + 8) + ahead(others);
    }
  }

  /** @param goesOn does each story continue the stream of the one before? */
  *packets(n, place, goesOn = false) {
    const { client, clientPort = 40_000, server = SERVER, moved = 0 } = place;
    for (const packet of this.#packets) {
      const { data, fromClient, marks } = packet;
      for (const { at, length, marker } of marks) fill(data, at, length, marker, n);
      this.#address(data, fromClient, client, server);
      const at = this.#transport;
      const protocol = this.#protocol(data);
      if (protocol === 6 || protocol === 17)
        data.writeUInt16BE(clientPort, at + (fromClient ? 0 : 2));
      if (protocol === 6) {
        const own = goesOn ? n * this.#octets[fromClient ? 'c' : 's'] : moved;
        const others = goesOn ? n * this.#octets[fromClient ? 's' : 'c'] : moved;
        if (packet.isNumbered) data.writeUInt32BE((packet.sequence + own) % 2 ** 32, at + 4);
        if (data[at + 13] & 16)
          data.writeUInt32BE((packet.acknowledged + others) % 2 ** 32, at + 8);
      }
      if (!this.#isSix) data.writeUInt16BE(n & 0xffff, IP + 4);
      yield data;
    }
  }

  get #transport() {
    return IP + (this.#isSix ? 40 : 20);
  }

  #protocol(data) {
    return this.#isSix ? data[IP + 6] : data[IP + 9];
  }

  #address(data, fromClient, client, server) {
    const [from, to] = fromClient ? [client, server] : [server, client];
    if (!this.#isSix) {
      data.writeUInt32BE(from >>> 0, IP + 12);
      data.writeUInt32BE(to >>> 0, IP + 16);
      return;
    }
    for (const [address, at] of [
      [from, IP + 8],
      [to, IP + 24],
    ]) {
      data.writeUInt32BE(0x20010db8, at);
      data.writeUInt32BE(mixed(address), at + 4);
      data.writeUInt32BE(mixed(address + 1), at + 8);
      data.writeUInt32BE(address >>> 0, at + 12);
    }
  }
}

/** The same packet over IPv6. */
function inSix({ data, marks, ...packet }) {
  const payload = data.subarray(IP + 20);
  const six = Buffer.alloc(IP + 40 + payload.length);
  six.writeUInt16BE(0x86dd, 12);
  six[IP] = 0x60;
  six.writeUInt16BE(payload.length, IP + 4);
  six[IP + 6] = data[IP + 9];
  six[IP + 7] = 64;
  six.set(payload, IP + 40);
  return { ...packet, data: six, marks: marks.map((mark) => ({ ...mark, at: mark.at + 20 })) };
}

function fill(data, at, length, marker, n) {
  let state = mixed(n ^ Math.imul(marker, 0x85ebca6b));
  for (let i = at; i < at + length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data[i] = marker === LETTERS ? 97 + ((state >>> 16) % 26) : state >>> 24;
  }
}

/** Another number for each number below 2^32. */
export function mixed(n) {
  let state = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  return (state ^ (state >>> 13)) >>> 0;
}
