// Long TCP connections, and many that say little: each shape writes `count` of something.
import { CLIENT, Connection, SERVER } from './conversations.mjs';
import {
  ACK,
  clientHello,
  EMPTY,
  extension,
  FIN,
  message,
  RST,
  randomOf,
  record,
  SYN,
  vector,
} from './packets.mjs';

const tiny = record(23, Buffer.alloc(1, 7));
const alert = record(21, Buffer.of(1, 100));
const manyOf = (octets, times) => Buffer.concat(Array.from({ length: times }, () => octets));
/** A record's place in a stream is told by what is in it. */
const numbered = (n, length = 40) =>
  record(
    23,
    Buffer.concat([randomOf(n, 9), Buffer.alloc(Math.max(0, length - 32), n)]).subarray(0, length),
  );

/** One long connection: `each` is called for every one of them. */
const long = (name, count, each, begin = (connection) => connection.established()) => ({
  name: `tcp long: ${name}`,
  count,
  write(n, to) {
    const connection = new Connection(to).open();
    begin(connection);
    for (let i = 0; i < n; i++) each(connection, i, n);
  },
});

/** Many connections, one after the other or all at the same time. */
const many = (
  name,
  count,
  each,
  place = (i) => ({ port: 1024 + (i % 60_000), client: CLIENT + Math.floor(i / 60_000) }),
) => ({
  name: `tcp many: ${name}`,
  count,
  write(n, to) {
    for (let i = 0; i < n; i++) each(new Connection(to, { start: i * 200, ...place(i) }), i, n);
  },
});

const sameTuple = (i) => ({ isn: 1000 + i * 100_000_007 });
const grease = Array.from({ length: 14_000 }, (_, i) => extension(0x1000 + i, EMPTY));
const manySuites = Array.from({ length: 30_000 }, (_, i) => i);
const certificates = (size, times) => {
  const one = vector(3, Buffer.concat([Buffer.of(0x30, 0x82), Buffer.alloc(size)]));
  return message(11, vector(3, manyOf(one, times)));
};
const inRecords = (octets) => {
  const parts = [];
  for (let at = 0; at < octets.length; at += 16_000)
    parts.push(record(22, octets.subarray(at, at + 16_000)));
  return Buffer.concat(parts);
};
/** Looks like record after record to whoever looks for one, and breaks off. */
const almost = Buffer.concat([manyOf(Buffer.of(23, 3, 3, 0, 1, 0), 200), Buffer.of(99, 99)]);

export const streamShapes = () => [
  long('records of one octet, full segments', 4000, (c) => c.send('c', manyOf(tiny, 230))),
  long('empty records', 4000, (c) => c.send('c', manyOf(record(23, EMPTY), 280))),
  long('a record of one octet each segment', 100_000, (c) => c.send('c', tiny)),
  long(
    'segments of one octet',
    100_000,
    (c, i) => c.send('c', numbered(i, 1)),
    (c) => c.established(),
  ),
  long('segments of one octet, backwards in groups of 60', 2000, (c, i) => {
    const octets = numbered(i, 55);
    for (let at = octets.length - 1; at >= 0; at--)
      c.packet('c', octets.subarray(at, at + 1), { at: c.next.c + at });
    c.next.c += octets.length;
  }),
  long('segments of one octet, every other one first', 500, (c, i) => {
    const octets = manyOf(numbered(i, 95), 4);
    for (const odd of [1, 0])
      for (let at = odd; at < octets.length; at += 2)
        c.packet('c', octets.subarray(at, at + 1), { at: c.next.c + at });
    c.next.c += octets.length;
  }),
  long('each segment twice', 40_000, (c, i) => {
    c.packet('c', numbered(i, 1000));
    c.send('c', numbered(i, 1000));
  }),
  long('one segment again and again', 100_000, (c) => c.packet('c', tiny)),
  long('one segment again and again with other octets', 100_000, (c, i) =>
    c.packet('c', numbered(i, 200), { at: 1001 }),
  ),
  long('every other segment lost', 40_000, (c, i) => {
    if (i % 2 === 0) c.send('c', numbered(i, 1000));
    else c.next.c += 1005;
  }),
  long('every other segment lost, acknowledged', 40_000, (c, i) => {
    if (i % 2 === 0) c.send('c', numbered(i, 1000));
    else {
      c.next.c += 1005;
      c.packet('s', EMPTY);
    }
  }),
  long('half of a record lost each time', 40_000, (c, i) => {
    const octets = numbered(i, 1000);
    c.send('c', octets.subarray(0, 500));
    c.next.c += octets.length - 500;
    c.packet('s', EMPTY);
  }),
  long('a gap before what is almost records', 2000, (c) => {
    c.next.c += 1000;
    c.packet('s', EMPTY);
    c.send('c', manyOf(almost, 8));
  }),
  long(
    'what is almost records, after one gap',
    2000,
    (c) => c.send('c', manyOf(almost, 8)),
    (c) => {
      c.established();
      c.next.c += 1000;
    },
  ),
  long('each segment overlaps the one before by half', 60_000, (c, i) => {
    const octets = numbered(i, 995);
    c.packet('c', octets, { at: c.next.c });
    c.packet('c', octets.subarray(500), { at: c.next.c + 500 });
    c.next.c += 1000;
  }),
  long('growing segments from one place', 60_000, (c, i) => {
    c.packet('c', manyOf(tiny, 200).subarray(0, 1 + (i % 1200)));
    if (i % 1200 === 1199) c.next.c += 1200;
  }),
  long('early segments that overlap', 20_000, (c, i) => {
    c.packet('c', numbered(i, 995), { at: c.next.c + 500 + (i % 300) * 700 });
    if (i % 300 === 299) c.send('c', manyOf(numbered(i, 995), 211));
  }),
  long(
    'alerts',
    100_000,
    (c) => c.send('c', alert),
    (c) => c.greet(),
  ),
  long(
    'ChangeCipherSpecs',
    100_000,
    (c) => c.send('c', record(20, Buffer.of(1))),
    (c) => c.greet(),
  ),
  long(
    'HelloRequests, many a record',
    2000,
    (c) => c.send('s', record(22, manyOf(message(0, EMPTY), 200))),
    (c) => c.greet(),
  ),
  long(
    'ClientHellos',
    20_000,
    (c, i) => c.send('c', record(22, message(1, clientHello(i)))),
    () => {},
  ),
  long(
    'handshakes',
    10_000,
    (c, i) => c.greet(i),
    () => {},
  ),
  long(
    'established handshakes',
    5000,
    (c, i) => c.established(i),
    () => {},
  ),
  long(
    'messages of one octet a record',
    20_000,
    (c, i) => {
      const octets = message(1, clientHello(i)).subarray(0, 60);
      c.send('c', manyOf(record(22, Buffer.of(octets[i % octets.length])), 1));
    },
    (c) => c.send('c', record(22, Buffer.of(1, 3, 0, 0))),
  ),
  long('FINs', 100_000, (c) => c.packet('c', EMPTY, { flags: FIN | ACK })),
  long('RSTs', 100_000, (c) => c.packet('s', EMPTY, { flags: RST })),
  long('SYNs again', 100_000, (c) => c.packet('c', EMPTY, { flags: SYN, at: 1000 })),
  long(
    'SYNs with other numbers',
    100_000,
    (c, i) => c.packet('c', EMPTY, { flags: SYN, at: 1000 + i * 100_000_007 }),
    () => {},
  ),
  long(
    'lines of plain text',
    50_000,
    (c, i) => c.send(i % 2 ? 'c' : 's', Buffer.from(`220 ready for ${i}\r\n`)),
    () => {},
  ),
  long(
    'plain text, an octet each',
    100_000,
    (c) => c.send('s', Buffer.from('2')),
    () => {},
  ),
  many('SYNs to one server', 50_000, (c) => c.packet('c', EMPTY, { flags: SYN })),
  many(
    'SYNs to many servers',
    50_000,
    (c) => c.packet('c', EMPTY, { flags: SYN }),
    (i) => ({ server: SERVER + i }),
  ),
  many('refused', 50_000, (c) => {
    c.packet('c', EMPTY, { flags: SYN });
    c.next.c++;
    c.packet('s', EMPTY, { flags: RST | ACK, at: 0 });
  }),
  many(
    'refused on one 5-tuple',
    50_000,
    (c) => {
      c.packet('c', EMPTY, { flags: SYN });
      c.next.c++;
      c.packet('s', EMPTY, { flags: RST | ACK, at: 0 });
    },
    sameTuple,
  ),
  many('ClientHellos without an answer', 20_000, (c, i) =>
    c.open().send('c', record(22, message(1, clientHello(i)))),
  ),
  many('ClientHellos, the same', 20_000, (c) =>
    c.open().send('c', record(22, message(1, clientHello(1)))),
  ),
  many('handshakes on one 5-tuple', 20_000, (c, i) => c.open().established(i), sameTuple),
  many(
    'handshakes reset on one 5-tuple',
    20_000,
    (c, i) =>
      c
        .open()
        .greet(i)
        .packet('s', EMPTY, { flags: RST | ACK }),
    sameTuple,
  ),
  many('established with the same session id and randoms', 20_000, (c) => c.open().established(1)),
  many('established, reset', 20_000, (c, i) =>
    c
      .open()
      .established(i)
      .packet('s', EMPTY, { flags: RST | ACK }),
  ),
  many(
    'established, to as many servers',
    20_000,
    (c, i) => c.open().established(i),
    (i) => ({ server: SERVER + i }),
  ),
  many('alerts of the server', 20_000, (c, i) => {
    c.open().send('c', record(22, message(1, clientHello(i))));
    c.send('s', record(21, Buffer.of(2, 40)));
  }),
  many(
    'alerts of as many servers',
    20_000,
    (c, i) => {
      c.open().send('c', record(22, message(1, clientHello(i))));
      c.send('s', record(21, Buffer.of(2, 40)));
    },
    (i) => ({ server: SERVER + i }),
  ),
  many(
    'alerts of as many servers about one name',
    20_000,
    (c, i) => {
      const extensions = [
        extension(
          0,
          vector(2, Buffer.concat([Buffer.of(0), vector(2, Buffer.from('example.org'))])),
        ),
      ];
      c.open().send('c', record(22, message(1, clientHello(i, { extensions }))));
      c.send('s', record(21, Buffer.of(2, 40)));
    },
    (i) => ({ server: SERVER + i }),
  ),
  many('alerts about as many names', 20_000, (c, i) => {
    const extensions = [
      extension(
        0,
        vector(2, Buffer.concat([Buffer.of(0), vector(2, Buffer.from(`n${i}.example.org`))])),
      ),
    ];
    c.open().send('c', record(22, message(1, clientHello(i, { extensions }))));
    c.send('s', record(21, Buffer.of(2, 40)));
  }),
  many('ClientHellos of 14,000 extensions', 60, (c, i) =>
    c.open().send('c', inRecords(message(1, clientHello(i, { extensions: grease })))),
  ),
  many('ClientHellos of 14,000 extensions, refused', 60, (c, i) => {
    c.open().send('c', inRecords(message(1, clientHello(i, { extensions: grease }))));
    c.send('s', record(21, Buffer.of(2, 40)));
  }),
  many('ClientHellos of 30,000 suites, refused', 60, (c, i) => {
    c.open().send('c', inRecords(message(1, clientHello(i, { suites: manySuites }))));
    c.send('s', record(21, Buffer.of(2, 40)));
  }),
  many('ClientHellos of one extension 14,000 times', 60, (c, i) => {
    const extensions = Array.from({ length: 14_000 }, () => extension(10, EMPTY));
    c.open().send('c', inRecords(message(1, clientHello(i, { extensions }))));
  }),
  many('ClientHellos of as many kinds', 20_000, (c, i) => {
    const extensions = [
      extension(0x4000 + (i & 0x3fff), EMPTY),
      extension(0x3000 + (i >> 14), EMPTY),
    ];
    c.open().send('c', record(22, message(1, clientHello(i, { extensions }))));
    c.send('s', record(21, Buffer.of(2, 40)));
  }),
  many('80,000 certificates of no octets', 40, (c, i) =>
    c
      .open()
      .greet(i)
      .send('s', inRecords(certificates(0, 40_000))),
  ),
  many('certificates of 250 kB', 40, (c, i) =>
    c
      .open()
      .greet(i)
      .send('s', inRecords(certificates(2000, 125))),
  ),
  many('plain requests for TLS, refused', 10_000, (c) => {
    c.open().send('s', Buffer.from('220 mail ESMTP\r\n'));
    c.send('c', Buffer.from('STARTTLS\r\n'));
    c.send('s', Buffer.from('454 TLS not available\r\n'));
  }),
];
