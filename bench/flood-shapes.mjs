// What a capture can be flooded with, one row each: who takes part in each story, and how it goes.
import {
  ALERT,
  ANSWER,
  dtls,
  dtls12,
  dtlsAnswer,
  dtlsHello,
  dtlsRecordOf,
  HELLO,
  HELLO13,
  hello,
  shake,
  TICKET,
  tls12,
  tls13,
  VERIFY,
} from './flood-handshakes.mjs';
import { chance, ipStory, letters, TcpStory, UdpStory } from './flood-packets.mjs';
import { initial } from './flood-quic.mjs';
import { dtlsMessage, EMPTY, extension, record, u16, vector } from './packets.mjs';

const tcp = () => new TcpStory();
const udp = (port) => new UdpStory(port);
const text = (line) => Buffer.from(`${line}\r\n`);
const begun = () => tcp().open().send('c', HELLO);

const refused = () => tcp().syn().refuse();
const failed = () => begun().send('s', ANSWER).send('c', ALERT).close();
const mail = (story) =>
  story
    .send('s', text('220 mail.example.org ESMTP'))
    .send('c', text('EHLO x'))
    .send('s', text('250-mail.example.org'), text('250 STARTTLS'))
    .send('c', text('STARTTLS'));
const stun = (type, ...attributes) => {
  const body = Buffer.concat(attributes);
  return Buffer.concat([
    u16(type),
    u16(body.length),
    Buffer.of(0x21, 0x12, 0xa4, 0x42),
    chance(0, 12),
    body,
  ]);
};
const address = () =>
  Buffer.concat([u16(0x0012), u16(8), Buffer.of(0, 1), chance(1, 6).subarray(0, 6)]);
const quoted = (protocol, payload) => {
  const ip = Buffer.from([0x45, 0, 0, 28 + payload.length, 0, 0, 0x40, 0, 64, protocol, 0, 0]);
  return Buffer.concat([
    Buffer.of(3, 3, 0, 0, 0, 0, 0, 0),
    ip,
    chance(0, 4),
    Buffer.of(10, 0, 0, 1),
    chance(1, 4).subarray(0, 4),
    payload,
  ]);
};

/** `count` of them are some seconds' work; `place` says who takes part, see `PLACES`. */
const shape = (name, place, story, { count = 500_000, ...more } = {}) => ({
  name,
  place,
  story,
  count,
  ...more,
});
/** One stream that goes on: `story` continues it each time. */
const stream = (name, story, { begin = begun, ...more } = {}) =>
  shape(name, 'one', story, { count: 1_000_000, begin, ...more });

export const SHAPES = [
  shape('tcp syn', 'clients', () => tcp().syn(), { count: 1_000_000 }),
  shape('tcp syn, servers', 'servers', () => tcp().syn(), { count: 1_000_000 }),
  shape('tcp refused', 'clients', refused),
  shape('tcp refused, few', 'few', refused),
  shape('tcp refused, servers', 'servers', refused),
  shape('tcp refused, one tuple', 'one', refused),
  shape('tcp answered', 'clients', () => tcp().syn().packet('s', 18)),
  shape('tcp accepted', 'clients', () => tcp().open()),
  shape('tcp accepted, servers', 'servers', () => tcp().open()),
  shape('tcp closed', 'clients', () => tcp().open().close()),
  shape('tcp closed, few', 'few', () => tcp().open().close()),
  shape('tcp closed, servers', 'servers', () => tcp().open().close()),
  shape('tcp closed, one tuple', 'one', () => tcp().open().close()),
  shape('tcp reset by client', 'clients', () => tcp().open().reset('c')),
  shape('tcp reset by server', 'clients', () => tcp().open().reset('s')),
  shape('tcp reset by server, servers', 'servers', () => tcp().open().reset('s')),
  shape('tcp half closed', 'clients', () => tcp().open().packet('s', 17).packet('c', 16)),
  shape('tcp data', 'clients', () =>
    tcp().open().send('c', chance(0, 40)).send('s', chance(1, 40)),
  ),
  shape('tcp data, closed', 'clients', () => tcp().open().send('c', chance(0, 40)).close()),
  shape('tcp data, no SYN', 'clients', () => tcp().send('c', chance(0, 40))),
  shape('tcp early segment', 'clients', () => tcp().open().skip('c', 100).send('c', chance(0, 40))),
  shape('tcp urgent', 'clients', () => tcp().syn().packet('c', 56, chance(0, 4))),
  shape('tcp http', 'clients', () =>
    tcp()
      .open()
      .send('c', text('GET / HTTP/1.1'), text('Host: example.org'), text(''))
      .send('s', text('HTTP/1.1 400 Bad Request'), text(''))
      .close(),
  ),
  shape('tcp STARTTLS, open', 'clients', () => mail(tcp().open())),
  shape('tcp STARTTLS, closed', 'clients', () =>
    mail(tcp().open()).send('s', text('220 go ahead')).close(),
  ),
  shape('tcp STARTTLS, refused', 'clients', () =>
    mail(tcp().open()).send('s', text('454 no')).close(),
  ),
  shape('tcp CONNECT begun', 'clients', () =>
    tcp().open().send('c', text('CONNECT example.org:443 HTTP/1.1')),
  ),
  shape('tcp CONNECT', 'clients', () =>
    tcp()
      .open()
      .send('c', Buffer.from('CONNECT '), letters(12), text('.org:443 HTTP/1.1'), text(''))
      .send('s', text('HTTP/1.1 200 OK'), text('')),
  ),
  shape('tcp SOCKS begun', 'clients', () =>
    tcp()
      .open()
      .send('c', Buffer.of(5, 1, 0))
      .send('s', Buffer.of(5, 0)),
  ),
  shape('tcp PROXY begun', 'clients', () =>
    tcp().open().send('c', Buffer.from('PROXY TCP4 192.0.2.1')),
  ),
  shape('tls hello', 'clients', begun),
  shape('tls hello, part', 'clients', () => tcp().open().send('c', HELLO.subarray(0, 100))),
  shape('tls hello, closed', 'clients', () => begun().close()),
  shape('tls hello, reset', 'clients', () => begun().reset('s')),
  shape('tls hello, reset, servers', 'servers', () => begun().reset('s')),
  shape('tls hello, large', 'clients', () =>
    tcp()
      .open()
      .send('c', shake(1, hello({ extensions: [TICKET, extension(21, chance(2, 7000))] }))),
  ),
  shape('tls hello, 200 alerts', 'clients', () =>
    begun().send('s', ...Array.from({ length: 200 }, () => record(21, Buffer.of(1, 90)))),
  ),
  shape('tls hello, alert', 'clients', () => begun().send('s', ALERT).close()),
  shape('tls hello, alert, few', 'few', () => begun().send('s', ALERT).close()),
  shape('tls hello, alert, servers', 'servers', () => begun().send('s', ALERT).close()),
  shape('tls hello, alert, one tuple', 'one', () => begun().send('s', ALERT).close()),
  shape('tls failed', 'clients', failed),
  shape('tls failed, servers', 'servers', failed),
  shape('tls hello of any kind', 'clients', () =>
    tcp()
      .open()
      .send(
        'c',
        shake(
          1,
          hello({
            suites: vector(2, chance(2, 40)),
            extensions: [extension(10, vector(2, chance(3, 20)))],
          }),
        ),
      ),
  ),
  shape('tls one random', 'clients', () =>
    tcp()
      .open()
      .send('c', shake(1, hello({ random: Buffer.alloc(32, 7) })))
      .send('s', ANSWER)
      .close(),
  ),
  shape('tls one session', 'clients', () =>
    tcp()
      .open()
      .send('c', shake(1, hello({ session: Buffer.alloc(32, 7) })))
      .send('s', ANSWER)
      .close(),
  ),
  shape('tls one ticket', 'clients', () =>
    tcp()
      .open()
      .send('c', shake(1, hello({ extensions: [extension(35, Buffer.alloc(120, 7))] })))
      .send('s', ANSWER)
      .close(),
  ),
  shape('tls one record', 'clients', () =>
    tls12(tcp().open()).send('c', record(23, Buffer.alloc(80, 7))),
  ),
  shape('tls 1.2', 'clients', () => tls12(tcp().open()).close()),
  shape('tls 1.2, open', 'clients', () => tls12(tcp().open())),
  shape('tls 1.2, servers', 'servers', () => tls12(tcp().open()).close()),
  shape('tls 1.2, one tuple', 'one', () => tls12(tcp().open()).close()),
  shape('tls 1.3', 'clients', () => tls13(tcp().open()).close()),
  shape('tls 1.3, open', 'clients', () => tls13(tcp().open())),
  shape('tls 1.3, servers', 'servers', () => tls13(tcp().open()).close()),
  shape('tls 1.3, cut off', 'clients', () => tcp().open().send('c', HELLO13).close()),
  shape('tls records, no handshake', 'clients', () =>
    tcp()
      .open()
      .send('c', record(23, chance(0, 60))),
  ),
  shape('tls answer, no hello', 'clients', () => tcp().open().send('s', ANSWER).close()),
  shape('tls roles in conflict', 'clients', () => begun().send('s', HELLO).close()),
  shape('tls ticket, no keys', 'clients', () =>
    tcp()
      .open()
      .send('c', shake(1, hello({ extensions: [TICKET] })))
      .send('s', ANSWER)
      .send('c', record(23, chance(9, 60)))
      .close(),
  ),

  stream('stream: alerts', () => tcp().send('s', record(21, Buffer.of(1, 90)))),
  stream('stream: handshake messages', () => tcp().send('s', shake(0, EMPTY))),
  stream('stream: hellos', () => tcp().send('c', HELLO)),
  stream('stream: ChangeCipherSpecs', () => tcp().send('c', record(20, Buffer.of(1)))),
  stream('stream: records', () => tcp().send('c', record(23, chance(0, 60)))),
  stream('stream: records, after a handshake', () => tcp().send('c', record(23, chance(0, 60))), {
    begin: () => tls12(tcp().open()),
  }),
  stream('stream: records of any type', () => tcp().send('c', record(99, chance(0, 60)))),
  stream('stream: gaps', () =>
    tcp()
      .send('c', record(23, chance(0, 60)))
      .skip('c', 100),
  ),
  stream('stream: lines', () => tcp().send('c', letters(60), text('')), {
    begin: () => tcp().open(),
  }),

  shape('udp data', 'clients', () => udp().send('c', chance(0, 40)), { count: 1_000_000 }),
  shape('udp data, servers', 'servers', () => udp().send('c', chance(0, 40)), { count: 1_000_000 }),
  shape('dtls hello', 'clients', () => udp().send('c', dtls(1, 0, dtlsHello()))),
  shape('dtls hello, servers', 'servers', () => udp().send('c', dtls(1, 0, dtlsHello()))),
  shape('dtls hello, one tuple', 'one', () => udp().send('c', dtls(1, 0, dtlsHello()))),
  shape('dtls hello, 1024 tuples', 'some', () => udp().send('c', dtls(1, 0, dtlsHello()))),
  shape('dtls answer, one tuple', 'one', () => udp().send('s', dtls(2, 0, dtlsAnswer()))),
  shape('dtls 100 records', 'clients', () =>
    dtls12(udp()).send(
      'c',
      ...Array.from({ length: 40 }, (_, n) => dtlsRecordOf(21, 0, 9 + n, Buffer.of(1, 0))),
    ),
  ),
  shape('dtls hello verify', 'clients', () =>
    udp()
      .send('c', dtls(1, 0, dtlsHello()))
      .send('s', dtls(3, 0, VERIFY)),
  ),
  shape('dtls hello verify, no hello', 'clients', () => udp().send('s', dtls(3, 0, VERIFY))),
  shape('dtls cookie', 'clients', () =>
    udp()
      .send('c', dtls(1, 0, dtlsHello()))
      .send('s', dtls(3, 0, VERIFY))
      .send('c', dtls(1, 1, dtlsHello(chance(2, 20)))),
  ),
  shape('dtls one cookie', 'clients', () =>
    udp().send('c', dtls(1, 1, dtlsHello(Buffer.alloc(20, 7)))),
  ),
  shape('dtls failed', 'clients', () =>
    udp()
      .send('c', dtls(1, 0, dtlsHello()))
      .send('s', dtls(2, 0, dtlsAnswer()))
      .send('c', dtlsRecordOf(21, 0, 1, Buffer.of(2, 40))),
  ),
  shape('dtls piece', 'clients', () =>
    udp().send('c', dtlsRecordOf(22, 0, 0, dtlsMessage(1, 0, dtlsHello(), 0, 60))),
  ),
  shape('dtls records, no handshake', 'clients', () =>
    udp().send('c', dtlsRecordOf(23, 1, 5, chance(0, 60))),
  ),
  shape('dtls alert, no handshake', 'clients', () =>
    udp().send('c', dtlsRecordOf(21, 0, 5, Buffer.of(1, 0))),
  ),
  shape('dtls 1.2', 'clients', () => dtls12(udp())),
  shape('dtls 1.2, servers', 'servers', () => dtls12(udp())),
  shape('dtls 1.2, closed', 'clients', () =>
    dtls12(udp()).send('c', dtlsRecordOf(21, 1, 2, chance(0, 26))),
  ),
  shape('dtls 1.2, one tuple', 'one', () => dtls12(udp())),
  shape('dtls ids', 'clients', () => dtls12(udp(), 8)),
  shape('dtls ids, one tuple', 'one', () => dtls12(udp(), 8)),
  shape('dtls records with ids', 'clients', () =>
    udp().send(
      'c',
      Buffer.of(25, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1),
      chance(0, 8),
      vector(2, chance(1, 60)),
    ),
  ),
  shape('dtls 1.3 records', 'clients', () =>
    udp().send('c', Buffer.of(0x2e), chance(0, 2), vector(2, chance(1, 60))),
  ),

  shape('quic version only', 'clients', () =>
    udp(443).send('c', Buffer.of(0xc0, 0, 0, 0, 1, 8), chance(0, 8), Buffer.alloc(1200)),
  ),
  shape('quic hello', 'clients', () => udp(443), { count: 200_000, datagrams: initial, port: 443 }),
  shape('stun binding', 'clients', () => udp(3478).send('c', stun(0x0001)).send('s', stun(0x0101))),
  shape('turn channels', 'clients', () =>
    udp(3478)
      .send('c', stun(0x0009, Buffer.concat([u16(0x000c), u16(4), u16(0x4001), u16(0)]), address()))
      .send('s', stun(0x0109))
      .send('c', u16(0x4001), vector(2, dtls(1, 0, dtlsHello()))),
  ),
  shape('turn sends', 'one', () =>
    udp(3478).send(
      'c',
      stun(0x0016, address(), Buffer.concat([u16(0x0013), vector(2, dtls(1, 0, dtlsHello()))])),
    ),
  ),
  shape('icmp of nobody', 'clients', () =>
    ipStory(1, quoted(17, Buffer.concat([chance(2, 4), Buffer.of(0, 60, 0, 0)]))),
  ),
  shape('icmp of tcp', 'clients', () => ipStory(1, quoted(6, chance(2, 8)))),
  shape('ip pieces', 'clients', () => ipStory(17, chance(0, 400), { more: true })),
  shape('ip last pieces', 'clients', () => ipStory(17, chance(0, 400), { offset: 100 })),
  shape('ip other protocols', 'clients', () => ipStory(47, chance(0, 40))),
];
