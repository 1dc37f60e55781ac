import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze, type ReportConnection } from '../../src/index.ts';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));
const captureOf = (sample: string): string => `${SAMPLES}${sample}/capture.pcap`;

const wayOf = ({ client, upgrade, target, proxied }: ReportConnection) => [
  client.port,
  upgrade,
  ...(target ? [`${target.host}:${target.port}`] : []),
  ...(proxied ? [`${proxied.source.address}:${proxied.source.port}`] : []),
];

describe('real clients and servers that come to TLS by a detour', () => {
  it.each([
    [
      'tls-upgrades',
      [
        [40001, 'smtp'],
        [40002, 'lmtp'],
        [40003, 'imap'],
        [40004, 'pop3'],
        [40005, 'ftp'],
        [40006, 'nntp'],
        [40007, 'managesieve'],
        [40008, 'irc'],
        [40009, 'xmpp'],
        [40010, 'ldap'],
        [40011, 'mysql'],
        [40012, 'postgresql'],
        [40020, 'rdp'],
        [40021, 'amqp'],
      ],
    ],
    [
      'tls-upgrades-refused',
      [
        [40002, 'imap'],
        [40008, 'smtp'],
        [40009, 'smtp'],
        [40010, null],
        [40011, 'ftp'],
        [40012, 'smtp'],
        [40013, 'imap'],
      ],
    ],
    [
      'tls-in-tds',
      [
        [40001, 'tds'],
        [40002, 'tds'],
      ],
    ],
    [
      'tls-behind-proxies',
      [
        [40001, 'http-connect', 'server.example.test:8443'],
        [40002, 'http-connect', 'server.example.test:8443'],
        [40004, 'socks4', '192.0.2.1:8443'],
        [40005, 'socks4', 'server.example.test:8443'],
        [40006, 'socks5', '192.0.2.1:8443'],
        [40007, 'socks5', 'server.example.test:8443'],
        [40008, 'proxy-protocol', '192.0.2.10:40008'],
        [40009, null],
        [40010, 'proxy-protocol', '198.51.100.7:40000'],
        [40011, 'http-connect', 'server.example.test:443'],
      ],
    ],
  ])('%s', async (sample, ways) => {
    const { connections } = await analyze(captureOf(sample));
    expect(connections.map(wayOf)).toEqual(ways);
  });

  it('TLS inside TLS shows with keys', async () => {
    const keyLogs = [readFileSync(`${SAMPLES}tls-behind-proxies/keys.log`)];
    const capture = captureOf('tls-behind-proxies');
    const { connections } = await analyze(capture, { secrets: { keyLogs } });
    const inner = connections.filter(({ innerTls }) => innerTls !== undefined);
    expect(inner.map(({ client, innerTls }) => [client.port, innerTls])).toEqual([
      [40009, { packet: 139, serverName: 'server.example.test' }],
    ]);
  });
});

const TSHARK = 'tshark';
const hasTshark = spawnSync(TSHARK, ['--version']).status === 0;

/** Packets in which Wireshark sees a record end, told by stream; handshake records only, since it follows no keys here. */
function handshakesOf(capture: string): Map<number, number[]> {
  const fields = ['tcp.stream', 'frame.number'].flatMap((field) => ['-e', field]);
  const argv = ['-r', capture, '-Y', 'tls.handshake.type', '-T', 'fields', ...fields];
  const lines = execFileSync(TSHARK, argv, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const found = new Map<number, number[]>();
  for (const line of lines.trim().split('\n')) {
    const [stream = 0, packet = 0] = line.split('\t').map(Number);
    found.set(stream, [...(found.get(stream) ?? []), packet]);
  }
  return found;
}

describe.skipIf(!hasTshark)('beside tshark', () => {
  it.each(['tls-upgrades', 'tls-upgrades-refused', 'tls-behind-proxies'])(
    '%s has its handshakes in the same packets of the same streams',
    async (sample) => {
      const capture = captureOf(sample);
      const theirs = handshakesOf(capture);
      const { connections } = await analyze(capture);
      // On ports that say nothing tshark does not know every protocol; what it does find it finds where we do.
      expect(theirs.size).toBeGreaterThan(4);
      for (const [stream, packets] of theirs) {
        const ours = connections.find((one) => one.stream === stream);
        const clear = ours?.handshake.filter(({ type }) => type !== 'encrypted');
        expect([...new Set(clear?.map(({ packet }) => packet))], `stream ${stream}`).toEqual([
          ...new Set(packets),
        ]);
      }
    },
  );
});
