import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Analysed, analyse, type KeptHistory } from '../support/analyse.ts';
import {
  type Block,
  DEFAULT_UNITS,
  enhancedPacket,
  interfaceBlock,
  pcapFile,
  pcapngFile,
} from '../support/capture-builder.ts';
import { Association, TlsWriter } from '../support/conversation.ts';
import { ENCAPSULATIONS, type Encapsulation, encapsulate } from '../support/encapsulations.ts';
import { type Frame, type Hosts, inTime, TcpFlow, UdpFlow } from '../support/network.ts';

/*
 * The same conversations, plain and in every link type and tunnel: what is found in them must not depend on what carries
 * them. A TLS handshake that fails and a DTLS one that succeeds, so that there is something to find.
 */

const ADDRESSES = {
  4: { client: '192.0.2.10', server: '198.51.100.20' },
  6: { client: '2001:db8:1::10', server: '2001:db8:2::20' },
} as const;

function hosts(version: 4 | 6, client: number, server: number): Hosts {
  const { client: from, server: to } = ADDRESSES[version];
  return { client: { address: from, port: client }, server: { address: to, port: server } };
}

type Case = Pick<Encapsulation, 'dtlsPort'> & { readonly version: 4 | 6 };
const PORT = 20_000;

/** Frames of the two conversations; the client's port tells encapsulations apart. */
function conversations(
  { version, dtlsPort = 5684 }: Case,
  port = PORT,
  startNanos = 0,
): readonly Frame[] {
  const tls = new TcpFlow({ hosts: hosts(version, port, 443), startNanos }).open();
  const writer = new TlsWriter({ seed: port });
  for (const { from, record } of writer.handshake().slice(0, 8)) tls.send(from, record);
  tls
    .send('server', writer.alert('server', 2, 20).record)
    .fin('server')
    .fin('client');
  const flow = new UdpFlow({
    hosts: hosts(version, port, dtlsPort),
    startNanos: startNanos + 50_000,
  });
  // Randoms of its own, lest it be taken for the same connection.
  new Association(flow, { seed: port + 100_000 }).handshake().data('client');
  return inTime([...tls.frames, ...flow.frames]);
}

const TSHARK = 'tshark';

/** An IP version for each encapsulation: for the comparison with the plain one, and the other one for Wireshark. */
const CASES = ENCAPSULATIONS.map((one, index) => ({
  ...one,
  version: one.only ?? (index % 2 === 0 ? 4 : 6),
}));
const COMMON = ENCAPSULATIONS.map((one, index) => ({
  ...one,
  version: one.only ?? (index % 2 === 0 ? 6 : 4),
})).filter(({ notInWireshark }) => notInWireshark === undefined);

/** All of a history but its stream, for a tunnel over UDP has one too, and that datagrams came in IP fragments. */
const alike = (h: KeptHistory): unknown => ({
  ...h,
  stream: 0,
  dtls: h.dtls && { ...h.dtls, flights: flightsOf(h.dtls) },
});

/** What was sent again, and what DTLS itself cut. */
function flightsOf({ flights }: NonNullable<KeptHistory['dtls']>): unknown {
  if (flights === undefined) return undefined;
  const { ipFragments, ...rest } = flights;
  return rest.repeats.length + rest.fragmented.length === 0 ? undefined : rest;
}

const digest = ({ connections, findings }: Analysed): unknown => ({
  connections: connections.map(alike),
  findings: findings.map(({ rule, severity, confidence, title, connections, packets }) => ({
    rule,
    severity,
    confidence,
    title,
    connections,
    packets,
  })),
});

const file = (linkType: number, packets: readonly { octets: Uint8Array; nanos: number }[]) =>
  pcapFile({
    linkType,
    nanos: true,
    packets: packets.map(({ octets, nanos }) => ({ octets, nanos })),
  });

/** The conversations over plain Ethernet; packets that take no part have the numbers of the first pieces. */
function plain(one: Case, pieces: number): Analysed {
  const other = Uint8Array.from({ length: 60 }, (_, i) => (i === 12 ? 0x08 : i === 13 ? 6 : 0));
  const packets = conversations(one).flatMap(({ octets, nanos }) =>
    Array.from({ length: pieces }, (_, i) => ({ octets: i + 1 < pieces ? other : octets, nanos })),
  );
  return analyse(file(1, packets));
}

describe('the same conversations', () => {
  test.each([4, 6] as const)('hold what the comparison is about, IPv%i', (version) => {
    const { connections, findings } = plain({ version }, 1);
    expect(connections.map(({ protocol, outcome }) => `${protocol} ${outcome}`)).toEqual([
      'TLS failed',
      'DTLS established',
    ]);
    expect(findings.map(({ rule }) => rule)).toContain('bad-record-mac-first-record');
  });

  test.each(CASES)('$name, IPv$version', (one) => {
    const frames = conversations(one);
    const packets = frames.flatMap((frame, n) =>
      encapsulate(frame, n, one).map((octets) => ({ octets, nanos: frame.nanos })),
    );
    const found = analyse(file(one.linkType, packets));
    expect(digest(found)).toEqual(digest(plain(one, packets.length / frames.length)));
    expect(found.result.notices).toEqual([[]]);
  });
});

describe('Wireshark', () => {
  const missing = spawnSync(TSHARK, ['--version']).status !== 0;
  if (missing) console.log('skipped: tshark is not installed');

  test.skipIf(missing)(
    'sees the same messages in the same packets of the same streams',
    { timeout: 120_000 },
    () => {
      const second = 1_000_000_000;
      const interfaces: Block[] = [];
      const packets: Block[] = [];
      COMMON.forEach((one, interfaceId) => {
        interfaces.push(interfaceBlock({ linkType: one.linkType, resolution: 9, name: one.name }));
        conversations(one, PORT + interfaceId, interfaceId * second).forEach((frame, n) => {
          const units = DEFAULT_UNITS * 1000n + BigInt(frame.nanos);
          for (const octets of encapsulate(frame, n + interfaceId * 1000, one))
            packets.push(enhancedPacket({ octets, interfaceId, units }));
        });
      });
      const capture = pcapngFile({ blocks: [...interfaces, ...packets] });
      const ours = analyse(capture).connections.map(
        ({ client, transport, stream, messages }) =>
          `${nameOf(client.port)}: ${transport} ${stream}: ${messages
            .filter(({ type }) => COMPARED.has(type ?? -1))
            .map(({ type, packet }) => `${type}@${packet}`)
            .join(' ')}`,
      );
      expect(ours).toHaveLength(2 * COMMON.length);
      expect(ours.toSorted()).toEqual(told(capture));
    },
  );

  const nameOf = (port: number): string =>
    `${COMMON[port - PORT]?.name} ${COMMON[port - PORT]?.version}`;

  /** Hellos, HelloVerifyRequest, and the client's keys: tshark gives up on certificates that are random octets. */
  const COMPARED: ReadonlySet<number> = new Set([1, 2, 3, 16]);

  /** The same as tshark tells it. */
  function told(capture: Uint8Array): string[] {
    const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-'));
    try {
      const path = join(folder, 'all.pcapng');
      writeFileSync(path, capture);
      const fields = [
        'frame.number',
        'tcp.stream',
        'udp.stream',
        'tls.handshake.type',
        'dtls.handshake.type',
        'tcp.port',
        'udp.port',
      ];
      const { stdout } = spawnSync(
        TSHARK,
        [
          '-r',
          path,
          '-Y',
          'tls.handshake.type or dtls.handshake.type',
          '-T',
          'fields',
          ...fields.flatMap((field) => ['-e', field]),
        ],
        { encoding: 'utf8', maxBuffer: 1 << 26 },
      );
      const streams = new Map<string, string[]>();
      for (const line of stdout.trimEnd().split('\n')) {
        const [frame, tcp = '', udp = '', tls = '', dtls = '', tcpPorts = '', udpPorts = ''] =
          line.split('\t');
        const transport = tls === '' ? 'udp' : 'tcp';
        const innermost = (transport === 'tcp' ? tcp : udp).split(',').at(-1);
        const ports = (transport === 'tcp' ? tcpPorts : udpPorts).split(',').map(Number);
        const key = `${nameOf(Math.max(...ports.slice(-2)))}: ${transport} ${innermost}`;
        const types = (tls || dtls)
          .split(',')
          .filter((type) => COMPARED.has(Number(type)))
          .map((type) => `${type}@${frame}`);
        if (types.length === 0) continue;
        streams.set(key, [...(streams.get(key) ?? []), ...types]);
      }
      return [...streams].map(([key, types]) => `${key}: ${types.join(' ')}`).toSorted();
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
});
