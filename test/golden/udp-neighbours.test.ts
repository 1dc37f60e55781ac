import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { analyse } from '../support/analyse.ts';
import {
  clientHello,
  concat,
  ext,
  filled,
  handshakeMessage,
  hex,
  type Octets,
} from '../support/hello-builder.ts';
import { captureFile, type Frame, MS, UdpFlow } from '../support/network.ts';
import { cryptoFrame, initialPacket } from '../support/quic-builder.ts';
import { runCli } from '../support/run-cli.ts';
import { type Datagram, datagramsOf, fileOf, play, verdicts } from '../support/sample-datagrams.ts';
import {
  channelData,
  channelNumber,
  dataIndication,
  OTHER_PROTOCOLS,
  peerAddress,
  RelayedFlow,
  rtcp,
  rtp,
  sendIndication,
  stun,
  zrtp,
} from '../support/udp-neighbours.ts';

const SAMPLES = [
  'dtls-mutual-close',
  'dtls-late-close-notify-in-handshake-fatal',
  'dtls-epoch0-alert',
  'dtls-orderly-reconnect',
  'dtls-small-mtu',
];

const PEER = peerAddress(hex('c6336414'), 4444);

describe('DTLS of a real stack among others on its 5-tuple', () => {
  test.each(SAMPLES)('%s: STUN, RTP, RTCP and ZRTP change nothing', (name) => {
    const datagrams = datagramsOf(name);
    const alone = verdicts(captureFile(play(new UdpFlow(), datagrams).frames));
    expect(alone.connections.length).toBeGreaterThan(0);
    const busy = new UdpFlow();
    play(busy.datagram('client', stun(1)), datagrams, (n) => {
      const others = [stun(1), stun(0x101), rtp(n), rtcp(), zrtp(), filled(30, 0x40)];
      busy.datagram(n % 2 === 0 ? 'client' : 'server', others[n % others.length] as Octets);
    });
    expect(verdicts(captureFile(busy.frames))).toEqual(alone);
  });

  test.each(SAMPLES)('%s: through a TURN relay it is the same', (name) => {
    const datagrams = datagramsOf(name);
    const alone = verdicts(captureFile(play(new UdpFlow(), datagrams).frames));
    const inChannel = new RelayedFlow((_from, octets) => channelData(0x4001, octets));
    inChannel.plain('client', stun(3));
    expect(verdicts(captureFile(play(inChannel, datagrams).frames))).toEqual(alone);
    let sent = 0;
    // Indications at first, the channel later, as a client does that does not wait for its binding.
    const both = new RelayedFlow((from, octets) => {
      if (++sent > 4) return channelData(0x4001, octets);
      return from === 'client' ? sendIndication(PEER, octets) : dataIndication(PEER, octets);
    });
    both.plain('client', stun(9, [channelNumber(0x4001), PEER]));
    expect(verdicts(captureFile(play(both, datagrams).frames))).toEqual(alone);
  });

  test('two peers of one relay at the same time are two conversations, on one stream', () => {
    const [one, two] = ['dtls-mutual-close', 'dtls-psk-alerts'].map(datagramsOf) as [
      Datagram[],
      Datagram[],
    ];
    const apart = [one, two].map((datagrams) =>
      verdicts(captureFile(play(new UdpFlow(), datagrams).frames)),
    );
    const frames: Frame[] = [one, two].flatMap((datagrams, n) => {
      const flow = new RelayedFlow((_from, octets) => channelData(0x4000 + n, octets), {
        startNanos: n * 100,
      });
      return play(flow, datagrams).frames;
    });
    // A flow that comes after has the next number, whatever was inside the relay's.
    const later = new UdpFlow({
      hosts: {
        client: { address: '192.0.2.77', port: 5 },
        server: { address: '192.0.2.78', port: 6 },
      },
    });
    play(later, datagramsOf('dtls-resumption'));
    const last = frames.reduce((most, { nanos }) => Math.max(most, nanos), 0);
    const { connections, findings, result } = analyse(
      captureFile([...frames, ...later.frames.map((f) => ({ ...f, nanos: f.nanos + last + MS }))]),
    );
    const total = apart.reduce((sum, { connections: some }) => sum + some.length, 0);
    expect(connections.filter(({ stream }) => stream === 0)).toHaveLength(total);
    expect(new Set(connections.map(({ stream }) => stream))).toEqual(new Set([0, 1]));
    expect(findings.map(({ rule }) => rule).sort()).toEqual(
      apart.flatMap(({ findings: some }) => some.map(([rule]) => rule as string)).sort(),
    );
    expect(result.flows).toBe(2);
    expect(result.captures[0]?.passedOver).toMatchObject([
      { kind: 'TURN', packets: one.length + two.length },
    ]);
  });
});

describe('a browser, a relay and others', () => {
  test('WebRTC through coturn: both legs of one conversation, and what else is on their 5-tuples', () => {
    const { connections, findings, result } = analyse(fileOf('webrtc-turn-relay'));
    expect(findings).toEqual([]);
    const [one, other] = connections;
    expect(connections.map(({ stream, version }) => [stream, version])).toEqual([
      [2, 0xfefc],
      [0, 0xfefc],
    ]);
    expect(one?.clientRandom).toEqual(other?.clientRandom);
    expect(result.captures[0]?.passedOver?.map(({ kind }) => kind)).toEqual(['TURN', 'STUN']);
  });

  test('QUIC of Chromium and ngtcp2: versions, Retry, scrambled frames, and a made-up ECH', () => {
    const { result } = analyse(fileOf('browser-quic-ech'));
    const told = result.quic.connections.map((one) => [
      one.version,
      one.tlsVersion,
      one.cipherSuite,
      one.clientHello?.serverName,
      one.clientHello?.offersEncryptedHello,
    ]);
    const ngtcp2 = (version: number) => [version, 0x0304, 0x1301, 'localhost', false];
    const chromium = [1, 0x0304, 0x1301, 'www.example.org', true];
    expect(told).toEqual([
      ngtcp2(1),
      ngtcp2(1),
      ngtcp2(0x709a50c4),
      ...Array.from({ length: 4 }, () => chromium),
    ]);
    const [, , , browser] = result.quic.connections;
    expect(browser?.clientHello?.alpn).toEqual(['h3']);
    expect(browser?.clientHello?.random).toHaveLength(32);
    expect(browser?.fingerprints.ja4).toMatch(/^q13d03\d\dh3_55b375c5d22e_[0-9a-f]{12}$/);
  });

  test('GREASE: the outer ClientHello was used, as its own secrets show', () => {
    const keys = readFileSync(
      fileURLToPath(new URL('../../samples/browser-quic-ech/keys.log', import.meta.url)),
    );
    const without = analyse(fileOf('browser-quic-ech'));
    expect(without.connections.map(({ ech }) => ech)).toEqual(['offered', 'offered']);
    const secrets = { keyLogs: [new Uint8Array(keys)], rsaKeys: [], psks: [] };
    const { connections } = analyse(fileOf('browser-quic-ech'), { secrets });
    expect(connections.map(({ ech }) => ech)).toEqual(['rejected', 'rejected']);
    expect(connections.every(({ decryption }) => decryption?.finished.server?.verified)).toBe(true);
  });
});

describe('UDP that is no DTLS', () => {
  test('leaves no connection and no finding', () => {
    const frames = OTHER_PROTOCOLS.flatMap(([, octets], n) => {
      const flow = new UdpFlow({
        hosts: {
          client: { address: '192.0.2.1', port: 1000 + n },
          server: { address: '192.0.2.2', port: 53 },
        },
        startNanos: n * MS,
      });
      return flow.datagram('client', octets).datagram('server', octets).frames;
    });
    const { connections, findings, result } = analyse(captureFile(frames));
    expect([connections, findings]).toEqual([[], []]);
    // That what WireGuard carries is not seen is worth a word.
    expect(result.notices[0]?.map(({ code }) => code)).toEqual(['packets-encrypted']);
  });

  test('QUIC is named in every form of the report, and is no connection', async () => {
    const hello = handshakeMessage(
      1,
      clientHello({
        random: filled(32, 0xaa),
        extensions: [
          ext.serverName('example.org'),
          ext.alpn('h3'),
          ext.supportedVersions([0x0304]),
        ],
      }),
    );
    const flow = new UdpFlow({ startNanos: 5 * MS });
    flow.datagram(
      'client',
      initialPacket({ keysOf: filled(8, 1), frames: cryptoFrame(0, hello), padTo: 1100 }),
    );
    flow.datagram('client', concat(hex('41'), filled(40, 2)));
    const file = captureFile([
      ...flow.frames,
      ...play(
        new UdpFlow({ hosts: { ...flow.hosts, client: { address: '192.0.2.9', port: 9 } } }),
        datagramsOf('dtls-mutual-close'),
      ).frames,
    ]);
    const expected = {
      stream: 1,
      client: { address: '192.0.2.10', port: 40_001 },
      rolesKnown: true,
      quicVersion: 'v1',
      version: null,
      serverName: 'example.org',
      alpn: ['h3'],
      versionsOffered: ['TLS 1.3'],
      clientRandom: 'aa'.repeat(32),
      clientHello: { cipherSuites: [0xc02f, 0x002f], extensions: [0, 16, 43] },
    };
    const json = await runCli(['analyze', '--json', '-'], file);
    expect(JSON.parse(json.stdout)).toMatchObject({
      captures: [{ passedOver: [{ kind: 'QUIC', packets: 2 }] }],
      connections: [{ stream: 0 }],
      findings: [],
      quic: [expected],
      summary: {
        connections: 1,
        quic: { connections: 1, omitted: 0 },
      },
    });
    const lines = await runCli(['analyze', '--format', 'ndjson', '-'], file);
    const objects = lines.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(objects.find(({ kind }) => kind === 'quic')).toMatchObject(expected);
    const text = await runCli(['analyze', '-'], file);
    expect(text.stdout).toContain('1 QUIC connection (example.org): named, not analysed');
    const other = await runCli(['analyze', '--json', '--stream', 'udp:0', '-'], file);
    expect(JSON.parse(other.stdout)).toMatchObject({ quic: [], connections: [{ stream: 0 }] });
  });
});
