// Two ends that talk to each other, whose packets scaling.mjs counts.
import {
  ACK,
  clientHello,
  dtlsMessage,
  dtlsRecord,
  EMPTY,
  message,
  randomOf,
  record,
  SYN,
  serverHello,
  tcpPacket,
  udpPacket,
} from './packets.mjs';

export const CLIENT = 0x0a000001;
export const SERVER = 0xc0000201;
const SEGMENT = 1400;

/** One direction's octets, as segments; the other direction acknowledges when asked. */
export class Connection {
  constructor(
    to,
    { client = CLIENT, server = SERVER, port = 40_000, step = 20, start = 0, isn = 1000 } = {},
  ) {
    this.to = to;
    this.ends = { c: [client, server], s: [server, client] };
    this.ports = { c: [port, 443], s: [443, port] };
    this.next = { c: isn, s: isn };
    this.micros = start;
    this.step = step;
  }

  open() {
    this.packet('c', EMPTY, { flags: SYN });
    this.next.c++;
    this.packet('s', EMPTY, { flags: SYN | ACK });
    this.next.s++;
    return this;
  }

  /** @param at where the octets stand, if not behind the last */
  packet(side, payload, { flags = ACK, at = this.next[side] } = {}) {
    const [from, target] = this.ends[side];
    const acknowledged = this.next[side === 'c' ? 's' : 'c'];
    const head = { from, to: target, ports: this.ports[side], sequence: at, acknowledged, flags };
    this.to.put(tcpPacket(head, payload), this.micros);
    this.micros += this.step;
  }

  send(side, octets, size = SEGMENT) {
    for (let at = 0; at < octets.length; at += size) {
      const part = octets.subarray(at, at + size);
      this.packet(side, part);
      this.next[side] += part.length;
    }
    return this;
  }

  greet(number = 1) {
    this.send('c', record(22, message(1, clientHello(number))));
    return this.send('s', record(22, message(2, serverHello(number))));
  }

  established(number = 1) {
    this.greet(number);
    this.send('s', record(22, message(14, EMPTY)));
    const last = Buffer.concat([
      record(22, message(16, randomOf(number, 5))),
      record(20, Buffer.of(1)),
      record(22, randomOf(number, 6)),
    ]);
    this.send('c', last);
    return this.send(
      's',
      Buffer.concat([record(20, Buffer.of(1)), record(22, randomOf(number, 7))]),
    );
  }
}

/** Two ends that exchange records; each side counts its own. */
export class Association {
  constructor(to, { client = CLIENT, server = SERVER, port = 40_000, start = 0, step = 20 } = {}) {
    this.to = to;
    this.ends = { c: [client, server], s: [server, client] };
    this.ports = { c: [port, 4433], s: [4433, port] };
    this.next = { c: 0, s: 0 };
    this.micros = start;
    this.step = step;
  }

  datagram(side, octets) {
    const [from, target] = this.ends[side];
    this.to.put(udpPacket({ from, to: target, ports: this.ports[side] }, octets), this.micros);
    this.micros += this.step;
    return this;
  }

  record(side, type, body, { epoch = 0, sequence = this.next[side]++ } = {}) {
    return this.datagram(side, dtlsRecord(type, epoch, sequence, body));
  }

  message(side, type, sequence, body) {
    return this.record(side, 22, dtlsMessage(type, sequence, body));
  }

  greet(number, extensions = []) {
    this.message('c', 1, 0, clientHello(number, { dtls: true, extensions }));
    return this.message('s', 2, 0, serverHello(number, { dtls: true, extensions }));
  }

  established(number, extensions) {
    this.greet(number, extensions).message('s', 14, 1, EMPTY);
    this.message('c', 16, 1, randomOf(number, 5)).record('c', 20, Buffer.of(1));
    this.record('c', 22, randomOf(number, 6), { epoch: 1, sequence: 0 });
    this.record('s', 20, Buffer.of(1));
    return this.record('s', 22, randomOf(number, 7), { epoch: 1, sequence: 0 });
  }

  data(side, i, sequence = i + 1) {
    return this.record(side, 23, randomOf(i, 8), { epoch: 1, sequence });
  }
}
