// A second opinion about mutated captures: which handshake messages and alerts in the clear tshark sees in which packet.
// Samples are mutated packet by packet, moved to addresses of their own and put into one capture, so that one run of
// either program reads them all.
//
//   npm run fuzz:tshark                                    2,000 mutated samples
//   npm run fuzz:tshark -- --copies N --seed S --list      others; each difference in a line
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writePcap } from './capture-file.mjs';
import { loadSamples } from './one-run.mjs';
import { Random } from './random.mjs';

const { values } = parseArgs({
  options: {
    copies: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
  },
});
const command = fileURLToPath(new URL('../../bin/tlsdiag.js', import.meta.url));
const ETHERNET = 14;
const HEADERS = 66;
const LARGE = { maxBuffer: 2 ** 30, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };

/** What networks and tools do to packets. */
const DAMAGE = {
  nothing: () => {},
  'lose a packet': (random, packets) => packets.splice(random.below(packets.length), 1),
  'lose some': (random, packets) => {
    for (let i = packets.length - 1; i >= 0; i--) if (random.chance(8)) packets.splice(i, 1);
  },
  'exchange neighbours': (random, packets) => {
    const at = random.below(packets.length - 1);
    const [one, two] = [packets[at], packets[at + 1]];
    if (two !== undefined) [packets[at], packets[at + 1]] = [two, one];
  },
  'see one twice': (random, packets) => {
    const at = random.below(packets.length);
    packets.splice(at, 0, packets[at]);
  },
  'begin late': (random, packets) => packets.splice(0, random.below(packets.length)),
  'end early': (random, packets) => packets.splice(1 + random.below(packets.length)),
  'flip bits of a payload': (random, packets) => {
    const at = random.below(packets.length);
    const data = packets[at].data.slice();
    for (let i = random.between(1, 4); i > 0 && data.length > HEADERS; i--)
      data[random.between(HEADERS, data.length - 1)] ^= 1 << random.below(8);
    packets[at] = { ...packets[at], data };
  },
  'cut packets': (random, packets) => {
    const kept = random.between(60, 400);
    for (let i = 0; i < packets.length; i++)
      packets[i] = { ...packets[i], data: packets[i].data.slice(0, kept) };
  },
};

/** What a program saw, by stream and kind: the packets. */
class Seen {
  packets = new Map();

  add(stream, what, packet) {
    const key = `${stream} ${what}`;
    const list = this.packets.get(key) ?? [];
    if (!list.includes(packet)) list.push(packet);
    this.packets.set(key, list);
  }
}

/** Two programs agree about a message that both see if they see it in the same packet. */
function compare(mine, theirs, owners) {
  const counts = { same: 0, elsewhere: 0, onlyHere: 0, onlyThere: 0 };
  const tell = (what, key, packet) => {
    if (values.list) console.log(`${what}: ${key} in ${packet}; ${owners[packet]}`);
  };
  for (const [key, packets] of mine.packets) {
    const others = theirs.packets.get(key) ?? [];
    for (const packet of packets) {
      if (others.includes(packet)) counts.same++;
      else if (others.length > 0 && others.length === packets.length) {
        counts.elsewhere++;
        tell(`tshark sees it in ${others}`, key, packet);
      } else {
        counts.onlyHere++;
        tell('tshark does not see it', key, packet);
      }
    }
  }
  for (const [key, packets] of theirs.packets)
    for (const packet of packets)
      if (!mine.packets.has(key)) {
        counts.onlyThere++;
        tell('only tshark sees it', key, packet);
      }
  console.log(
    `${counts.same} messages and alerts in the same packet, ${counts.elsewhere} in another; ` +
      `${counts.onlyHere} only tlsdiag saw, ${counts.onlyThere} only tshark`,
  );
}

/** @returns for each frame, what was done to which sample */
function writeCapture(path, copies, random) {
  const samples = Object.entries(loadSamples()).filter(([, { linkType }]) => linkType === 1);
  const all = [];
  const owners = [''];
  for (let n = 0; n < copies; n++) {
    const [from, sample] = random.pick(samples);
    const packets = [...sample.packets];
    const [name, damage] = random.pick(Object.entries(DAMAGE));
    damage(random, packets);
    packets.forEach(({ data, originalLength }, i) => {
      all.push({
        seconds: 1_700_000_000 + n * 200 + Math.floor(i / 1000),
        nanos: (i % 1000) * 1_000_000,
        originalLength,
        data: moved(data, n),
      });
      owners.push(`${from}, ${name} (copy ${n})`);
    });
  }
  writeFileSync(path, writePcap({ linkType: 1, packets: all }).octets);
  return owners;
}

/** The packet between other hosts: those of copy `n`. */
function moved(data, n) {
  const octets = data.slice();
  const type = (octets[12] << 8) | octets[13];
  const places = type === 0x0800 ? [12, 16] : type === 0x86dd ? [8 + 4, 24 + 4] : [];
  for (const place of places) {
    const at = ETHERNET + place;
    if (at + 2 > octets.length) continue;
    octets[at] = 20 + (n >> 8);
    octets[at + 1] = n & 255;
  }
  return octets;
}

function seenByTlsdiag(path) {
  const argv = [command, 'analyze', path, '--format', 'ndjson', '-q', '--fail-on', 'never'];
  const seen = new Seen();
  for (const line of execFileSync(process.execPath, argv, LARGE).split('\n')) {
    if (line === '') continue;
    const { kind, transport, stream, handshake, alerts } = JSON.parse(line);
    if (kind !== 'connection') continue;
    const name = `${transport}:${stream}`;
    for (const { type, packet } of handshake)
      if (TYPES[type] !== undefined) seen.add(name, `message ${TYPES[type]}`, packet);
    for (const { description, encrypted, packet } of alerts)
      if (!encrypted) seen.add(name, `alert ${description}`, packet);
  }
  return seen;
}

function seenByTshark(path) {
  const fields = [
    'frame.number',
    'tcp.stream',
    'udp.stream',
    'tls.handshake.type',
    'dtls.handshake.type',
    'tls.alert_message.desc',
  ].flatMap((field) => ['-e', field]);
  const argv = [
    '-r',
    path,
    '-Y',
    'tls.handshake.type or tls.alert_message.desc or dtls.handshake.type',
    '-T',
    'fields',
    ...fields,
  ];
  const seen = new Seen();
  for (const line of execFileSync('tshark', argv, LARGE).split('\n')) {
    const [frame, tcp, udp, tls = '', dtls = '', alerts = ''] = line.split('\t');
    if (frame === '') continue;
    const name = tcp ? `tcp:${tcp}` : `udp:${udp}`;
    // Over UDP, TLS is that of QUIC.
    for (const type of (tcp ? tls : dtls).split(',').filter(Boolean))
      seen.add(name, `message ${type}`, Number(frame));
    if (tcp)
      for (const alert of alerts.split(',').filter(Boolean))
        seen.add(name, `alert ${ALERTS[alert]}`, Number(frame));
  }
  return seen;
}

/** Numbers of `HandshakeType`; what is not in the clear is left out. */
const TYPES = {
  hello_request: 0,
  client_hello: 1,
  server_hello: 2,
  hello_retry_request: 2,
  hello_verify_request: 3,
  new_session_ticket: 4,
  certificate: 11,
  server_key_exchange: 12,
  certificate_request: 13,
  server_hello_done: 14,
  certificate_verify: 15,
  client_key_exchange: 16,
};
const ALERTS = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  40: 'handshake_failure',
  42: 'bad_certificate',
  45: 'certificate_expired',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  50: 'decode_error',
  51: 'decrypt_error',
  70: 'protocol_version',
  80: 'internal_error',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
};

const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-tshark-'));
try {
  const path = join(folder, 'mutated.pcap');
  const owners = writeCapture(path, Number(values.copies), new Random(Number(values.seed)));
  compare(seenByTlsdiag(path), seenByTshark(path), owners);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
