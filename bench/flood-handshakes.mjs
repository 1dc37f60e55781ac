// Handshakes that floods repeat, in which all that may be another each time is: randoms, session ids, tickets, names.
import { readFileSync } from 'node:fs';
import { readPcap } from '../test/fuzz/capture-file.mjs';
import { chance, letters } from './flood-packets.mjs';
import {
  dtlsMessage,
  dtlsRecord,
  EMPTY,
  extension,
  message,
  record,
  u16,
  vector,
} from './packets.mjs';

const HANDSHAKE = 22;
const TLS13 = 0x0304;
const TLS12 = 0x0303;
const DTLS12 = 0xfefd;
const X25519 = 29;

const list = (...values) => vector(2, Buffer.concat(values.map(u16)));

export const names = (length = 10) => {
  const name = Buffer.concat([letters(length), Buffer.from('.example.org')]);
  return extension(0, vector(2, Buffer.concat([Buffer.of(0), vector(2, name)])));
};
const protocols = (...texts) =>
  extension(16, vector(2, Buffer.concat(texts.map((text) => vector(1, text)))));
const ALPN = [letters(8), Buffer.from('h2')];
const GROUPS = extension(10, list(X25519, 23));
const SCHEMES = extension(13, list(0x0403, 0x0804, 0x0401));
export const TICKET = extension(35, chance(3, 120));

const COMMON = [names(), protocols(...ALPN), GROUPS, SCHEMES];

/** A ClientHello's body. */
export function hello({
  version = TLS12,
  random = chance(0),
  session = chance(1),
  cookie,
  suites = list(0xc02f, 0x009c, 0x1301),
  extensions = COMMON,
} = {}) {
  const parts = [u16(version), random, vector(1, session)];
  if (cookie !== undefined) parts.push(vector(1, cookie));
  parts.push(suites, Buffer.of(1, 0), vector(2, Buffer.concat(extensions)));
  return Buffer.concat(parts);
}

export function answer({
  version = TLS12,
  session = chance(4),
  suite = 0x009c,
  extensions = [],
} = {}) {
  const parts = [u16(version), chance(5), vector(1, session), u16(suite), Buffer.of(0)];
  if (extensions.length > 0) parts.push(vector(2, Buffer.concat(extensions)));
  return Buffer.concat(parts);
}

export const shake = (type, body) => record(HANDSHAKE, message(type, body));
export const ALERT = record(21, Buffer.of(2, 40));
const CHANGE = record(20, Buffer.of(1));
/** A certificate of a sample, its serial number another each time. */
const certificate = () => {
  const path = new URL('../samples/tls-alert-no-shared-cipher/capture.pcap', import.meta.url);
  for (const { data } of readPcap(readFileSync(path)).packets) {
    const at = Buffer.from(data).indexOf(Buffer.of(0x30, 0x82));
    if (at < 0) continue;
    const octets = Buffer.from(data.subarray(at, at + 4 + ((data[at + 2] << 8) | data[at + 3])));
    const serial = octets.indexOf(Buffer.of(0x02), 9);
    octets.set(chance(6, octets[serial + 1] - 1), serial + 3);
    return octets;
  }
  throw new Error('the sample has no certificate');
};
const CERTIFICATES = vector(3, vector(3, certificate()));

export const HELLO = shake(1, hello());
export const HELLO13 = shake(
  1,
  hello({
    suites: list(0x1301, 0x1302),
    extensions: [
      ...COMMON,
      extension(43, vector(1, u16(TLS13))),
      extension(45, vector(1, Buffer.of(1))),
      extension(51, vector(2, Buffer.concat([u16(X25519), vector(2, chance(7))]))),
      extension(
        41,
        Buffer.concat([
          vector(2, Buffer.concat([vector(2, chance(8, 120)), chance(9, 4)])),
          vector(2, vector(1, chance(10, 32))),
        ]),
      ),
    ],
  }),
);
export const ANSWER13 = shake(
  2,
  answer({
    session: chance(1),
    suite: 0x1301,
    extensions: [
      extension(43, u16(TLS13)),
      extension(51, Buffer.concat([u16(X25519), vector(2, chance(11))])),
    ],
  }),
);
export const ANSWER = Buffer.concat([
  shake(2, answer({ extensions: [extension(35, EMPTY), protocols(ALPN[0])] })),
  shake(11, CERTIFICATES),
  shake(14, EMPTY),
]);

/** TLS 1.2 with all that can be another each time. */
export const tls12 = (story) =>
  story
    .send('c', shake(1, hello({ extensions: [...COMMON, TICKET] })))
    .send('s', ANSWER)
    .send('c', shake(16, vector(2, chance(7, 128))), CHANGE, record(HANDSHAKE, chance(8, 40)))
    .send('s', shake(4, Buffer.concat([chance(9, 4), vector(2, chance(10, 160))])), CHANGE)
    .send('s', record(HANDSHAKE, chance(11, 40)))
    .send('c', record(23, chance(12, 60)))
    .send('s', record(23, chance(13, 60)));

/** TLS 1.3 with a ticket that nobody saw issued. */
export const tls13 = (story) =>
  story
    .send('c', HELLO13)
    .send('s', ANSWER13, CHANGE, record(23, chance(12, 60)), record(23, chance(13, 800)))
    .send('c', CHANGE, record(23, chance(14, 53)))
    .send('s', record(23, chance(2, 200)))
    .send('c', record(23, chance(3, 60)));

export const dtlsRecordOf = (type, epoch, sequence, body) =>
  dtlsRecord(type, epoch, sequence, body);
export const dtls = (type, sequence, body, number = sequence) =>
  dtlsRecord(HANDSHAKE, 0, number, dtlsMessage(type, sequence, body));
export const dtlsHello = (cookie = EMPTY, extensions = COMMON) =>
  hello({ version: DTLS12, cookie, extensions, suites: list(0xc02f, 0x009c) });
export const dtlsAnswer = (extensions = []) => answer({ version: DTLS12, extensions });
export const VERIFY = Buffer.concat([u16(0xfeff), vector(1, chance(2, 20))]);

/** DTLS 1.2, with connection ids of this many octets. */
export function dtls12(story, idOctets = 0) {
  const ids = (marker) =>
    idOctets === 0 ? [] : [extension(54, vector(1, chance(marker, idOctets)))];
  const sealed = (marker, type, number, body) =>
    idOctets === 0
      ? dtlsRecord(type, 1, number, body)
      : Buffer.concat([
          Buffer.of(25, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, number),
          chance(marker, idOctets),
          vector(2, body),
        ]);
  return story
    .send('c', dtls(1, 0, dtlsHello(EMPTY, [...COMMON, ...ids(13)])))
    .send('s', dtls(3, 0, VERIFY))
    .send('c', dtls(1, 1, dtlsHello(chance(2, 20), [...COMMON, ...ids(13)])))
    .send('s', dtls(2, 1, dtlsAnswer(ids(14))), dtls(11, 2, CERTIFICATES), dtls(14, 3, EMPTY))
    .send('c', dtls(16, 2, vector(2, chance(7, 128))), dtlsRecord(20, 0, 3, Buffer.of(1)))
    .send('c', sealed(14, HANDSHAKE, 0, chance(8, 48)))
    .send('s', dtlsRecord(20, 0, 4, Buffer.of(1)), sealed(13, HANDSHAKE, 0, chance(9, 48)))
    .send('c', sealed(14, 23, 1, chance(10, 60)))
    .send('s', sealed(13, 23, 1, chance(11, 60)));
}
