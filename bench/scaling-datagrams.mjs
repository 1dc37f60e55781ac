// DTLS and what else UDP carries: each shape writes `count` of something.
import { Association, CLIENT, SERVER } from './conversations.mjs';
import {
  clientHello,
  dtlsMessage,
  dtlsRecord,
  EMPTY,
  extension,
  fragment,
  randomOf,
  tcpPacket,
  u16,
  udpPacket,
  vector,
} from './packets.mjs';

const HELLO_VERIFY = Buffer.concat([u16(0xfeff), vector(1, Buffer.alloc(20, 5))]);

const long = (name, count, each, begin = (association) => association.established(1)) => ({
  name: `dtls long: ${name}`,
  count,
  write(n, to) {
    const association = new Association(to);
    begin(association);
    for (let i = 0; i < n; i++) each(association, i, n);
  },
});

const byPort = (i) => ({ port: 1024 + (i % 60_000), client: CLIENT + Math.floor(i / 60_000) });

const many = (name, count, each, place = byPort) => ({
  name: `dtls many: ${name}`,
  count,
  write(n, to) {
    for (let i = 0; i < n; i++) each(new Association(to, { start: i * 200, ...place(i) }), i, n);
  },
});

/** The associations stay: `each` is called for all of them, round after round. */
const rounds = (name, count, begin, each, place = byPort) => ({
  name: `dtls many: ${name}`,
  count,
  write(n, to) {
    const all = Array.from({ length: n }, (_, i) => new Association(to, { ...place(i), step: 0 }));
    const tick = (association, i, round) => {
      association.micros = (round * n + i) * 20;
    };
    all.forEach((one, i) => {
      tick(one, i, 0);
      begin(one, i);
    });
    for (let round = 1; round <= 4; round++)
      all.forEach((one, i) => {
        tick(one, i, round);
        each(one, i, round, n);
      });
  },
});

const cid = (id) => extension(54, vector(1, id));
const idOf = (i) => randomOf(i, 11).subarray(0, 8);
const withCid = (i, sequence, id = idOf(i)) =>
  Buffer.concat([
    Buffer.of(25, 0xfe, 0xfd),
    u16(1),
    Buffer.alloc(2),
    u32(sequence),
    id,
    u16(40),
    Buffer.alloc(40, i),
  ]);
const u32 = (value) => Buffer.of(value >>> 24, value >>> 16, value >>> 8, value);
const body = Buffer.alloc(200_000, 3);
const piecesOf = (sequence, octets, size) =>
  Array.from({ length: Math.ceil(octets.length / size) }, (_, i) =>
    dtlsMessage(11, sequence, octets, i * size, Math.min(octets.length, (i + 1) * size)),
  );

export const datagramShapes = () => [
  long('data', 100_000, (a, i) => a.data('c', i)),
  long('data, backwards', 100_000, (a, i, n) => a.data('c', i, n - i)),
  long('data of any number', 100_000, (a, i) => a.data('c', i, Math.imul(i, 0x9e3779b1) >>> 0)),
  long('data of one number', 100_000, (a, i) => a.data('c', i, 1)),
  long('data that leaps ahead', 50_000, (a, i) => a.data('c', i, i * 5000)),
  long('records of any epoch', 50_000, (a, i) =>
    a.record('c', 23, randomOf(i, 8), { epoch: (i * 7919) & 0xffff, sequence: i }),
  ),
  long('epochs one after the other', 50_000, (a, i) =>
    a.record('c', 23, randomOf(i, 8), { epoch: i & 0xffff, sequence: 0 }),
  ),
  long('empty records, 100 a datagram', 2000, (a, i) =>
    a.datagram(
      'c',
      Buffer.concat(Array.from({ length: 100 }, (_, k) => dtlsRecord(23, 1, 100 * i + k, EMPTY))),
    ),
  ),
  long('alerts', 50_000, (a, i) =>
    a.record('c', 21, Buffer.of(1, 0), { epoch: 0, sequence: i + 10 }),
  ),
  long('protected alerts', 50_000, (a, i) =>
    a.record('c', 21, Buffer.alloc(26, i), { epoch: 1, sequence: i + 10 }),
  ),
  long('ChangeCipherSpecs', 50_000, (a) => a.record('c', 20, Buffer.of(1))),
  long(
    'HelloVerifyRequests',
    50_000,
    (a) => a.message('s', 3, 0, HELLO_VERIFY),
    (a) => a.message('c', 1, 0, clientHello(1, { dtls: true })),
  ),
  long(
    'one ClientHello',
    50_000,
    (a) => a.message('c', 1, 0, clientHello(1, { dtls: true })),
    () => {},
  ),
  long(
    'ClientHellos',
    50_000,
    (a, i) => a.message('c', 1, 0, clientHello(i, { dtls: true })),
    () => {},
  ),
  long(
    'ClientHellos, answered',
    25_000,
    (a, i) => a.greet(i),
    () => {},
  ),
  long(
    'handshakes, numbered on',
    10_000,
    (a, i) => a.established(i),
    () => {},
  ),
  long(
    'handshakes, numbered anew',
    10_000,
    (a, i) => {
      a.next = { c: 0, s: 0 };
      a.established(i);
    },
    () => {},
  ),
  long(
    'two handshakes that alternate',
    25_000,
    (a, i) => a.message('c', 1, 0, clientHello(i & 1, { dtls: true })),
    () => {},
  ),
  long(
    'messages begun and not ended',
    50_000,
    (a, i) => a.record('s', 22, dtlsMessage(11, 1 + (i % 60_000), body.subarray(0, 300), 0, 20)),
    (a) => a.greet(1),
  ),
  long(
    'messages begun with no octets',
    50_000,
    (a, i) => a.record('s', 22, dtlsMessage(11, 1 + (i % 60_000), body.subarray(0, 1), 0, 0)),
    (a) => a.greet(1),
  ),
  long(
    'one message in pieces of an octet, backwards',
    50_000,
    (a, i) =>
      a.record(
        's',
        22,
        dtlsMessage(11, 1, body, 199_000 - ((i * 2) % 199_000), 199_001 - ((i * 2) % 199_000)),
      ),
    (a) => a.greet(1),
  ),
  long(
    'messages in 500 pieces, every other one first',
    100,
    (a, i) => {
      const pieces = piecesOf(1 + (i % 60_000), body.subarray(0, 50_000), 100);
      for (const odd of [1, 0])
        for (let at = odd; at < pieces.length; at += 2) a.record('s', 22, pieces[at]);
    },
    (a) => a.greet(1),
  ),
  long(
    'fragments of one message again and again',
    20_000,
    (a, i) => a.record('s', 22, dtlsMessage(11, 1, body, (i % 400) * 100, (i % 400) * 100 + 100)),
    (a) => a.greet(1),
  ),
  long('octets of anything', 50_000, (a, i) => a.datagram('c', randomOf(i, 8))),
  many('ClientHellos', 20_000, (a, i) => a.message('c', 1, 0, clientHello(i, { dtls: true }))),
  many('ClientHellos, the same', 20_000, (a) =>
    a.message('c', 1, 0, clientHello(1, { dtls: true })),
  ),
  many('ClientHellos, each three times over 3 s', 20_000, (a, i) => {
    for (const at of [0, 1_000_000, 3_000_000]) {
      a.micros = i * 200 + at;
      a.message('c', 1, 0, clientHello(i, { dtls: true }));
    }
  }),
  many('one cookie for all', 20_000, (a, i) =>
    a.message('c', 1, 0, clientHello(i, { dtls: true })).message('s', 3, 0, HELLO_VERIFY),
  ),
  many('refused', 20_000, (a, i) =>
    a.message('c', 1, 0, clientHello(i, { dtls: true })).record('s', 21, Buffer.of(2, 40)),
  ),
  many(
    'refused by as many servers',
    20_000,
    (a, i) =>
      a.message('c', 1, 0, clientHello(i, { dtls: true })).record('s', 21, Buffer.of(2, 40)),
    (i) => ({ server: SERVER + i }),
  ),
  many('established', 10_000, (a, i) => a.established(i)),
  many('established, the same', 10_000, (a) => a.established(1)),
  many('a certificate that lacks a fragment', 20_000, (a, i) =>
    a.greet(i).record('s', 22, dtlsMessage(11, 1, body.subarray(0, 1000), 0, 500)),
  ),
  many('established with ids', 10_000, (a, i) => a.established(i, [cid(idOf(i))])),
  many('established with one id', 10_000, (a, i) => a.established(i, [cid(idOf(1))])),
  rounds(
    'ids that move to other ports',
    5000,
    (a, i) => a.established(i, [cid(idOf(i))]),
    (a, i, round) => {
      a.ports = { c: [30_000 + round, 4433], s: [4433, 30_000 + round] };
      a.datagram('c', withCid(i, round));
    },
  ),
  rounds(
    'one id that moves to other ports',
    5000,
    (a, i) => a.established(i, [cid(idOf(1))]),
    (a, i, round) => {
      a.ports = { c: [30_000 + round, 4433], s: [4433, 30_000 + round] };
      a.datagram('c', withCid(i, round, idOf(1)));
    },
  ),
  rounds(
    'ids that nobody knows',
    5000,
    () => {},
    (a, i, round) => a.datagram('c', withCid(i, round)),
  ),
  rounds(
    'data without a handshake',
    10_000,
    () => {},
    (a, i, round) => a.data('c', i, round),
  ),
  rounds(
    'clients that come back from other ports',
    5000,
    (a, i) => a.established(i),
    (a, i, round) => {
      if (round === 1) a.ports = { c: [a.ports.c[0] ^ 1, 4433], s: [4433, a.ports.c[0] ^ 1] };
      a.data('c', i, round);
    },
    (i) => ({ port: 40_000, client: CLIENT + 2 * i }),
  ),
  rounds(
    'late alerts after the next handshake',
    5000,
    (a, i) => a.established(i),
    (a, i, round) => {
      if (round === 2) a.record('s', 21, Buffer.alloc(26, i), { epoch: 1, sequence: 9 });
      if (round === 3) {
        a.next = { c: 0, s: 0 };
        a.established(i + 1_000_000);
      }
      if (round === 4) a.record('c', 21, Buffer.alloc(26, i), { epoch: 1, sequence: 10 });
    },
  ),
  ...fragmentShapes(),
  ...otherShapes(),
];

function fragmentShapes() {
  const ends = { from: SERVER, to: CLIENT };
  return [
    [
      'pieces of packets that never end',
      50_000,
      (i) => fragment({ ...ends, id: i, offset: 0, more: true }, body.subarray(0, 200)),
    ],
    [
      'pieces of one packet',
      50_000,
      (i) => fragment({ ...ends, id: 1, offset: (i * 2) % 8000, more: true }, body.subarray(0, 8)),
    ],
    [
      'pieces of any client',
      50_000,
      (i) =>
        fragment(
          { from: SERVER + i, to: CLIENT, id: i, offset: 1, more: true },
          body.subarray(0, 8),
        ),
    ],
  ].map(([name, count, make]) => ({
    name: `ip: ${name}`,
    count,
    write(n, to) {
      for (let i = 0; i < n; i++) to.put(make(i), i * 20);
    },
  }));
}

function otherShapes() {
  const quic = (i, same) => {
    const head = Buffer.concat([
      Buffer.of(0xc3, 0, 0, 0, 1),
      vector(1, randomOf(same ? 1 : i, 12).subarray(0, 8)),
      vector(1, EMPTY),
      Buffer.of(0),
    ]);
    return Buffer.concat([head, u16(0x4000 | 1100), Buffer.alloc(1100, i)]);
  };
  const stun = (i, type = 0x0101) =>
    Buffer.concat([u16(type), u16(0), u32(0x2112a442), randomOf(i, 13).subarray(0, 12)]);
  const vlan = (packet, i) =>
    Buffer.concat([packet.subarray(0, 12), u16(0x8100), u16(i & 0xfff), packet.subarray(12)]);
  const hello = (i) => dtlsRecord(22, 0, 0, dtlsMessage(1, 0, clientHello(i, { dtls: true })));
  const at = (i) => ({
    from: CLIENT + Math.floor(i / 60_000),
    to: SERVER,
    ports: [1024 + (i % 60_000), 443],
  });
  return [
    ['QUIC, a connection each', 10_000, (i) => udpPacket(at(i), quic(i))],
    ['QUIC, one 5-tuple', 10_000, (i) => udpPacket(at(0), quic(i))],
    ['QUIC, one connection', 10_000, (i) => udpPacket(at(0), quic(i, true))],
    ['STUN, a flow each', 50_000, (i) => udpPacket(at(i), stun(i))],
    ['STUN, one flow', 50_000, (i) => udpPacket(at(0), stun(i))],
    [
      'TURN channels',
      50_000,
      (i) => udpPacket(at(0), Buffer.concat([u16(0x4000 + (i % 0x3fff)), vector(2, hello(i))])),
    ],
    [
      'TURN channels of as many clients',
      20_000,
      (i) => udpPacket(at(i), Buffer.concat([u16(0x4000), vector(2, hello(i))])),
    ],
    ['VLANs', 20_000, (i) => vlan(udpPacket(at(0), hello(i)), i)],
    ['UDP of anything, a flow each', 50_000, (i) => udpPacket(at(i), randomOf(i, 3))],
    [
      'TCP of anything, a flow each',
      50_000,
      (i) => tcpPacket({ ...at(i), sequence: 1 }, randomOf(i, 3)),
    ],
  ].map(([name, count, make]) => ({
    name: `udp: ${name}`,
    count,
    write(n, to) {
      for (let i = 0; i < n; i++) to.put(make(i), i * 20);
    },
  }));
}
