import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { reaches } from '../support/reaches.ts';
import {
  ETHER,
  ethernet,
  HELLO,
  hex,
  ip4,
  ip6,
  type Octets,
  TCP4,
  tcp,
  u16,
  u32,
  udp,
  zeros,
} from './build.ts';
import { type Case, IP_CASES, LINK_CASES, TCP_4, UDP_4 } from './cases.ts';
import { decodeOne, run, type Told } from './decode.ts';
import { ALL_CASES, TUNNEL_CASES } from './tunnel-cases.ts';

const inner = ({ kind, flow, payload }: Told): string => `${kind} ${flow} ${payload}`;

/** A `*` in the expectation stands for any payload. */
function summary(told: readonly Told[], { expected }: Case): readonly string[] {
  return told.map((one, i) =>
    expected[i]?.endsWith(' *') === true ? `${one.kind} ${one.flow} *` : inner(one),
  );
}

describe.each([
  ['link types', LINK_CASES],
  ['IP headers', IP_CASES],
  ['tunnels', TUNNEL_CASES],
])('%s', (_, cases) => {
  test.each(cases)('$name', (given) => {
    const { told, notices, passed } = decodeOne(given.linkType, given.octets);
    expect(summary(told, given)).toEqual(given.expected);
    expect(notices).toEqual([]);
    expect(passed).toEqual(given.passed ?? []);
  });
});

describe('the cursor', () => {
  test('holds every field of TCP over IPv4', () => {
    const octets = ip4(6, tcp(HELLO, { flags: 0xff }), { id: 0xbeef, ttl: 3 });
    const [told] = decodeOne(1, ethernet(ETHER.ip4, octets)).told;
    expect(told).toMatchObject({
      protocol: 6,
      sequence: 0xfffffff0 | 0,
      acknowledgement: 0x80000001 | 0,
      flags: 0xff,
      window: 0xfedc,
      hopLimit: 3,
      ipId: 0xbeef,
      wire: 5,
      headerAt: 34,
      fragments: undefined,
    });
  });

  test('says the same on the short way and on the ladder', () => {
    for (const octets of [TCP4, ip6(6, tcp(HELLO)), ip4(17, udp(HELLO)), ip6(17, udp(HELLO))]) {
      const type = octets[0] === 0x45 ? ETHER.ip4 : ETHER.ip6;
      const [short] = decodeOne(1, ethernet(type, octets)).told;
      const [long] = decodeOne(1, ethernet(0x8100, [...u16(1), ...u16(type), ...octets])).told;
      expect({ ...long, headerAt: 0 }).toEqual({ ...short, headerAt: 0 });
    }
  });
});

describe('packets that were cut', () => {
  const whole = ethernet(ETHER.ip4, TCP4);
  const cutTo = (length: number) => decodeOne(1, whole.slice(0, length), whole.length);

  test('keep what there is of the payload', () => {
    const { told, notices } = cutTo(whole.length - 2);
    expect(told).toMatchObject([{ payload: 'hel', wire: 5 }]);
    expect(notices).toMatchObject([
      { code: 'packet-cut', packetNumber: 1, offset: 34, needed: 25, available: 23 },
    ]);
  });

  test('keep a TCP header whose options were cut', () => {
    const octets = ethernet(ETHER.ip4, ip4(6, tcp(HELLO, { options: hex('01010101') })));
    const { told, notices } = decodeOne(1, octets.slice(0, 55), octets.length);
    expect(told).toMatchObject([{ payload: '', wire: 5, sequence: 0xfffffff0 | 0 }]);
    expect(notices).toMatchObject([{ code: 'packet-cut', needed: 29, available: 21 }]);
  });

  test('without a whole TCP header are a notice only', () => {
    const { told, notices } = cutTo(53);
    expect(told).toEqual([]);
    expect(notices).toMatchObject([{ code: 'packet-cut', offset: 34, needed: 20, available: 19 }]);
  });

  test('by a tool that forgot the original length are still told from whole ones', () => {
    const { told, notices } = decodeOne(1, whole.slice(0, -2));
    expect(told).toMatchObject([{ payload: 'hel', wire: 5 }]);
    expect(notices).toMatchObject([{ code: 'packet-malformed' }]);
  });
});

describe('lengths that contradict each other', () => {
  const cases: readonly [string, Octets, readonly string[]][] = [
    ['IPv4 header of four words', ip4(6, tcp(HELLO)).with(0, 0x44), []],
    ['total length below the header', ip4(6, tcp(HELLO), { totalLength: 19 }), []],
    ['TCP header of four words', ip4(6, tcp(HELLO).with(12, 0x40)), []],
    ['TCP header beyond its packet', ip4(6, tcp(HELLO).with(12, 0xf0)), []],
    ['UDP length below its header', ip4(17, udp(HELLO, 50000, 5684, 7)), []],
    ['UDP length 0 in an ordinary packet', ip4(17, udp(HELLO, 50000, 5684, 0)), []],
    ['UDP length beyond its packet', ip4(17, udp(HELLO, 50000, 5684, 14)), [UDP_4]],
    [
      'GTP-U extension of length 0',
      ip4(17, udp(hex('34ff 0008 00000001 00000085 00000000'), 1, 2152)),
      ['udp 192.0.2.1:1 > 198.51.100.2:2152 *'],
    ],
  ];
  test.each(cases)('%s', (name, octets, expected) => {
    const { told, notices } = decodeOne(101, octets);
    expect(summary(told, { name, linkType: 101, octets, expected })).toEqual(expected);
    expect(notices.map((notice) => notice.code)).toEqual(['packet-malformed']);
  });

  test('an IP packet ends where PPPoE says, even if it claims more', () => {
    const ack = ip4(6, tcp(zeros(6)));
    const octets = ethernet(0x8864, [...hex('11000001'), ...u16(42), ...hex('0021'), ...ack]);
    const { told, notices } = decodeOne(1, octets);
    expect(told).toMatchObject([{ payload: '', wire: 0 }]);
    expect(notices).toMatchObject([{ code: 'packet-malformed', needed: 46, available: 40 }]);
  });
});

test.each([
  ['radiotap', 127, [...hex('0000 0400'), ...zeros(8)]],
  ['pflog', 117, zeros(8)],
  ['nflog', 239, [...hex('02000000'), ...zeros(8)]],
  ['pktap', 258, zeros(16)],
  ['network service header', 1, ethernet(0x894f, zeros(16))],
])('%s with a length that would stand still', (_, linkType, octets) => {
  const { told, notices } = decodeOne(linkType, octets);
  expect(told).toEqual([]);
  expect(notices.map((notice) => notice.code)).toEqual(['packet-malformed']);
});

describe('jumbograms', () => {
  const body = zeros(70_000);
  const jumbo = (nextHeader: number, octets: Octets, length = octets.length + 8): Octets =>
    ip6(0, [nextHeader, 0, ...hex('c204'), ...u32(length), ...octets], { payloadLength: 0 });

  test('of UDP are as long as the option says, and need no length of their own', () => {
    const octets = [...jumbo(17, udp(body, 50_000, 5684, 0)), ...zeros(5)];
    const { told, notices } = decodeOne(101, octets);
    expect(told).toMatchObject([{ kind: 'udp', wire: 70_000 }]);
    expect(notices).toEqual([]);
  });

  test('of TCP end where the option says', () => {
    const { told, notices } = decodeOne(101, [...jumbo(6, tcp(body)), ...zeros(5)]);
    expect(told).toMatchObject([{ kind: 'tcp', wire: 70_000 }]);
    expect(notices).toEqual([]);
  });

  test('that claim more than was captured are cut', () => {
    const octets = jumbo(6, tcp(body), 80_000);
    const { told, notices } = decodeOne(101, octets, 80_040);
    expect(told[0]?.wire).toBe(79_972);
    expect(notices).toMatchObject([{ code: 'packet-cut' }]);
  });
});

describe('hostile packets', () => {
  /** Frame of an aggregate without anything in it. */
  const empty = (addresses: Octets): Octets => [...addresses, 0, 0, 0, 0];

  test('that carry themselves again and again end with one notice', () => {
    // GTP-U in GTP-U as often as 64 KiB have room for it.
    let octets: Octets = TCP4;
    while (octets.length < 60_000)
      octets = ip4(17, udp([...hex('30ff'), ...u16(octets.length), ...u32(1), ...octets], 1, 2152));
    const { told, notices } = decodeOne(101, octets);
    expect(notices).toMatchObject([{ code: 'limit-reached', packetNumber: 1 }]);
    // IP, UDP and GTP-U are a layer each.
    expect(told).toHaveLength(Math.floor(LIMITS.decodeLayers / 3));
  });

  test('with thousands of frames in one are read once, frame by frame', () => {
    const addresses = zeros(12);
    const frames = Array.from({ length: 4000 }, () => empty(addresses)).flat();
    const head = [...hex('8801 0000'), ...zeros(20), ...hex('8000')];
    const { told, passed, notices } = decodeOne(105, [...head, ...frames]);
    expect(told).toEqual([]);
    // Empty frames end before LLC does.
    expect(notices).toHaveLength(4000);
    expect(passed).toEqual([]);
  });

  test('with frames of many in a frame of many are followed no deeper than one', () => {
    const inside = [...hex('8801 0000'), ...zeros(20), ...hex('8000'), ...zeros(12)];
    const llc = [...hex('aaaa03 000000 0800'), ...TCP4];
    const aggregate = [
      ...inside,
      ...u16(llc.length),
      ...llc,
      ...zeros(-llc.length & 3),
      ...zeros(14),
    ];
    const gre = ip4(47, [...hex('0000 8200'), ...aggregate]);
    const outer = [...hex('aaaa03 000000 0800'), ...gre];
    const padding = zeros(-(14 + outer.length) & 3);
    const octets = [
      ...inside,
      ...u16(outer.length),
      ...outer,
      ...padding,
      ...zeros(12),
      0,
      3,
      1,
      1,
      1,
    ];
    const { told, passed } = decodeOne(105, octets);
    expect(told.map(inner)).toEqual([TCP_4]);
    expect(passed).toEqual(['other kinds', 'LLC without IP (spanning tree and the like)']);
  });
});

reaches('decodeLayers', 9, 'nesting is followed to the limit and no further', (bound) => {
  const nested = (layers: number): Octets => {
    let octets: Octets = TCP4;
    for (let i = 0; i < layers; i++) octets = ip4(4, octets);
    return octets;
  };
  // The innermost IP and TCP are layers too.
  const deepest = decodeOne(101, nested(bound - 2));
  expect(deepest.told.map(inner)).toEqual([TCP_4]);
  expect(deepest.notices).toEqual([]);
  const deeper = decodeOne(101, nested(bound - 1));
  expect(deeper.told).toEqual([]);
  expect(deeper.notices).toMatchObject([{ code: 'limit-reached', packetNumber: 1 }]);
});

describe('ICMP errors', () => {
  const quotedUdp = ip4(17, udp(HELLO).slice(0, 8));
  const quotedTcp6 = ip6(6, tcp(HELLO));
  const message = (type: number, code: number, quoted: Octets): Octets => [
    type,
    code,
    ...zeros(6),
    ...quoted,
  ];

  test('port unreachable names the quoted datagram', () => {
    const octets = ip4(1, message(3, 3, quotedUdp), {
      from: '203.0.113.9',
      to: '192.0.2.1',
      ttl: 9,
    });
    const { told, notices } = decodeOne(101, octets);
    expect(told).toMatchObject([
      {
        kind: 'unreachable',
        protocol: 17,
        flow: '192.0.2.1:50000 > 198.51.100.2:5684',
        icmp: '3/3',
      },
    ]);
    expect(told[0]).toMatchObject({ payload: '', wire: 0, hopLimit: 64 });
    expect(notices).toEqual([]);
  });

  test('ICMPv6 names the quoted segment', () => {
    expect(decodeOne(101, ip6(58, message(1, 4, quotedTcp6))).told).toMatchObject([
      { kind: 'unreachable', protocol: 6, icmp: '1/4', sequence: 0xfffffff0 | 0 },
    ]);
  });

  test('other errors are told apart', () => {
    expect(decodeOne(101, ip4(1, message(11, 0, quotedUdp))).told).toMatchObject([
      { kind: 'quote', icmp: '11/0' },
    ]);
    expect(decodeOne(101, ip6(58, message(2, 0, quotedTcp6))).told).toMatchObject([
      { kind: 'quote', icmp: '2/0' },
    ]);
  });

  test.each<[string, Octets]>([
    ['echo', ip4(1, [8, 0, ...zeros(38)])],
    ['ICMPv6 neighbour solicitation', ip6(58, [135, 0, ...zeros(60)])],
    ['a quote of ICMP', ip4(1, message(3, 1, ip4(1, zeros(8))))],
    ['a quote of a later fragment', ip4(1, message(3, 1, ip4(17, udp(HELLO), { offset: 8 })))],
    ['a quote that ends before the ports', ip4(1, message(3, 3, quotedUdp.slice(0, 24)))],
    ['a quote of no IP', ip4(1, message(3, 3, zeros(40)))],
    ['an ICMPv6 quote of no IPv6', ip6(58, message(1, 4, quotedUdp))],
  ])('%s is passed over', (_, octets) => {
    const name = (octets[0] ?? 0) >>> 4 === 4 ? 'ICMP' : 'ICMPv6';
    expect(decodeOne(101, octets)).toEqual({ told: [], notices: [], passed: [name] });
  });
});

describe('every case', () => {
  test.each(ALL_CASES)('$name, cut at every length', ({ name, linkType, octets, expected }) => {
    // Quotes of ICMP are short by design, and what a pseudowire carries is a guess that takes octets.
    const noticed = !/ICMP|pseudowire/.test(name);
    for (let length = 0; length < octets.length; length++) {
      const cut = octets.slice(0, length);
      decodeOne(linkType, cut);
      const { told, notices } = decodeOne(linkType, cut, octets.length);
      if (noticed && told.length < expected.length) expect(notices, `at ${length}`).not.toEqual([]);
      for (const { code, needed, available } of notices) {
        expect(code, `at ${length}, needed ${needed}`).toBe('packet-cut');
        expect(available).toBeLessThan(needed);
        expect(available).toBeGreaterThanOrEqual(0);
      }
    }
  });

  test.each(ALL_CASES)('$name, whatever stands around it', ({ linkType, octets }) => {
    const packets = [{ linkType, octets: octets.slice(0, -1), originalLength: octets.length }];
    const alone = run(packets);
    expect(run(packets, { margin: 64, filler: 0xff })).toEqual(alone);
    expect(run(packets, { margin: 64, filler: 0x45 })).toEqual(alone);
  });
});
