import { describe, expect, test } from 'vitest';
import { PASSED, type PassedOver, passedOverName, SPACE } from '../../src/model/passed-over.ts';
import { emptyFacts } from '../../src/pipeline/capture-facts.ts';
import { NoticeBook } from '../../src/pipeline/notice-book.ts';
import { hidingDatagram } from '../../src/pipeline/other-datagrams.ts';
import { PassedOverBook } from '../../src/pipeline/passed-over-book.ts';
import { ethernet, HELLO, hex, ip4, type Octets, TCP4, UDP4, udp, zeros } from '../decode/build.ts';
import { analyse } from '../support/analyse.ts';
import {
  enhancedPacket,
  interfaceBlock,
  pcapFile,
  pcapngFile,
} from '../support/capture-builder.ts';
import { reaches } from '../support/reaches.ts';
import { runCli } from '../support/run-cli.ts';

const capture = (packets: readonly Octets[], linkType = 101): Uint8Array =>
  pcapFile({ linkType, packets: packets.map((octets) => ({ octets: Uint8Array.from(octets) })) });

const datagram = (payload: Octets, port: number): Octets => ip4(17, udp(payload, 50_000, port));
const WIREGUARD = [...hex('04000000 01020304 05000000 00000000'), ...zeros(48)];

interface Told {
  readonly notices: readonly string[];
  readonly kinds: Readonly<Record<string, number>>;
}

function tell(file: Uint8Array): Told {
  const { result } = analyse(file);
  const [facts] = result.captures;
  const kinds = (facts?.passedOver ?? []).map(({ kind, packets }) => [kind, packets] as const);
  return {
    notices: (result.notices[0] ?? []).map(
      ({ code, packetNumber, detail }) => `${code} ${packetNumber} ${detail}`,
    ),
    kinds: Object.fromEntries(kinds),
  };
}

describe('packets that hide what they carry', () => {
  test.each<[string, Octets, string]>([
    ['ESP (IPsec)', ip4(50, zeros(40)), 'packets-encrypted'],
    ['ESP in UDP (IPsec)', datagram([1, ...zeros(40)], 4500), 'packets-encrypted'],
    ['WireGuard', datagram(WIREGUARD, 51_820), 'packets-encrypted'],
    ['OpenVPN', datagram([0x48, ...zeros(40)], 1194), 'packets-encrypted'],
    ['IPComp', ip4(108, zeros(40)), 'packets-not-followed'],
    ['L2TPv3', ip4(115, zeros(40)), 'packets-not-followed'],
    ['IP of a version other than 4 and 6', [0x70, ...zeros(40)], 'packets-not-followed'],
  ])('%s: counted, with one notice that names it', (kind, packet, code) => {
    const { notices, kinds } = tell(capture([UDP4, packet, packet, packet]));
    expect(kinds).toEqual({ [kind]: 3 });
    expect(notices).toEqual([
      expect.stringContaining(`${code} 2 3 packets of ${kind}: capture`.replace(/capture$/, '')),
    ]);
  });

  test('an unknown link type: number, name and what to do', () => {
    const { notices, kinds } = tell(capture([TCP4, TCP4], 189));
    expect(kinds).toEqual({ 'link type 189 (usb-linux)': 2 });
    expect(notices).toEqual([
      expect.stringMatching(
        /^link-type-unsupported 1 2 packets of link type 189 \(usb-linux\): .*tcpdump -D/,
      ),
    ]);
  });

  test('each kind has a line of its own on standard error', async () => {
    const file = capture([ip4(50, zeros(40)), ip4(50, zeros(40)), datagram(WIREGUARD, 51_820)]);
    const { said } = await runCli(['analyze', '-'], file);
    const lines = said.split('\n').filter((line) => line.startsWith('notice: '));
    expect(lines[0]).toMatch(/packet 1: encrypted packets .*\(2 packets of ESP \(IPsec\): /);
    expect(lines[1]).toMatch(/packet 3: encrypted packets .*\(1 packet of WireGuard: .*-i wg0\)$/);
  });
});

describe('packets that hide nothing', () => {
  const arp = ethernet(0x0806, zeros(28));
  const initial = [...hex('c0 00000001'), ...zeros(1195)];

  test('are counted without a notice', () => {
    const frames = [
      arp,
      arp,
      ethernet(0x0800, datagram(initial, 443)),
      ethernet(0x88cc, zeros(40)),
    ];
    expect(tell(capture(frames, 1))).toEqual({
      notices: [],
      kinds: { ARP: 2, QUIC: 1, LLDP: 1 },
    });
  });

  test('are told where there is no TLS, and the report says what there is', async () => {
    const file = capture([arp, arp, ethernet(0x0800, UDP4), ethernet(0x0800, TCP4)], 1);
    const { stdout } = await runCli(['analyze', '-'], file);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'It holds 1 TCP stream without TLS, 1 UDP flow without DTLS, 2 packets of ARP.',
    );
  });

  test('are told on standard error where the report has no words for it', async () => {
    const file = capture([arp, ethernet(0x0800, TCP4)], 1);
    for (const argv of [
      ['analyze', '--json', '-'],
      ['connections', '-'],
    ]) {
      const { said } = await runCli(argv, file);
      expect(said).toContain(
        'so nothing was judged. It holds 1 TCP stream without TLS, 1 packet of ARP.\n',
      );
    }
  });

  test('are in the JSON report, with numbers as in the file', async () => {
    const { stdout } = await runCli(
      ['analyze', '--json', '-'],
      capture([ethernet(0x0800, UDP4), arp], 1),
    );
    expect(JSON.parse(stdout).captures[0].passedOver).toEqual([
      { kind: 'ARP', packets: 1, firstPacket: 2 },
    ]);
  });

  test('an empty capture says so', async () => {
    const { stdout } = await runCli(['analyze', '-'], capture([]));
    expect(stdout).toContain('It holds no packet.');
  });
});

const newBook = (): PassedOverBook => new PassedOverBook(new NoticeBook(false));

function listOf(book: PassedOverBook): readonly PassedOver[] {
  const facts = emptyFacts('', null);
  book.end([facts]);
  return facts.passedOver ?? [];
}

reaches('passedOverKinds', 8, 'kinds beyond the limit are counted together', (bound) => {
  const book = newBook();
  const kinds = bound + 5;
  for (let type = 0; type < kinds; type++)
    book.passedOver(SPACE.etherType | (0x6000 + type), type + 1);
  const told = listOf(book);
  expect(told).toHaveLength(bound + 1);
  expect(told[0]).toEqual({
    kind: 'other kinds',
    packets: 5,
    firstPacket: bound + 1,
  });
});

test('numbers that share a name are told together', () => {
  const book = newBook();
  book.passedOver(SPACE.pppProtocol | 0xc021, 7);
  book.passedOver(SPACE.pppProtocol | 0x8021, 3);
  expect(listOf(book)).toEqual([{ kind: 'PPP control', packets: 2, firstPacket: 3 }]);
});

test('every kind of ours has a name of its own', () => {
  const names = Object.values(PASSED).map(passedOverName);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => name === 'other kinds')).toHaveLength(1);
});

test('each capture of a run is counted by itself', () => {
  const { result } = analyse([capture([ip4(50, zeros(9))]), capture([UDP4])]);
  expect(result.captures.map(({ passedOver }) => passedOver?.length)).toEqual([1, 0]);
});

test('link types are counted for each interface that has one', () => {
  const file = pcapngFile({
    blocks: [
      interfaceBlock({ linkType: 189 }),
      interfaceBlock({ linkType: 101 }),
      ...[0, 1, 0].map((interfaceId) =>
        enhancedPacket({ octets: Uint8Array.from(UDP4), interfaceId }),
      ),
    ],
  });
  expect(tell(file).kinds).toEqual({ 'link type 189 (usb-linux)': 2 });
});

describe('datagrams that are no DTLS', () => {
  const kindOf = (octets: Octets, one: number, other = 50_000): number =>
    hidingDatagram(Uint8Array.from(octets), 0, octets.length, octets.length, one, other);

  test.each<[string, Octets, number, number]>([
    ['WireGuard initiation', [1, ...zeros(147)], 51_820, PASSED.wireGuard],
    ['WireGuard response', [2, ...zeros(91)], 9999, PASSED.wireGuard],
    ['WireGuard cookie', [3, ...zeros(63)], 9999, PASSED.wireGuard],
    ['WireGuard data', WIREGUARD, 9999, PASSED.wireGuard],
    ['its length is not that of WireGuard', [1, ...zeros(146)], 51_820, 0],
    ['its counter is too high for WireGuard', WIREGUARD.with(15, 1), 51_820, 0],
    ['IKE', zeros(28), 500, PASSED.ike],
    ['IKE beside ESP in UDP', zeros(32), 4500, PASSED.ike],
    ['keep-alive of ESP in UDP', [0xff], 4500, 0],
    ['QUIC, short header', [0x41, ...zeros(30)], 443, PASSED.quic],
    ['short header of who knows what', [0x41, ...zeros(30)], 8443, 0],
    ['RTP', [0x80, ...zeros(30)], 443, 0],
    ['a name server', [0x12, 0x34, ...zeros(30)], 53, 0],
    ['text', [...HELLO, ...zeros(20)], 514, 0],
  ])('%s', (_, octets, port, expected) => {
    expect(kindOf(octets, port)).toBe(expected);
    expect(kindOf(octets, 50_000, port)).toBe(expected);
  });
});
