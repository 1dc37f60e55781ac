import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ETHER,
  ethernet,
  HELLO,
  hex,
  ip4,
  ip6,
  type Octets,
  summed,
  TCP4,
  TCP6,
  tcp,
  u16,
  udp,
  zeros,
} from './build.ts';
import { decodeOne } from './decode.ts';

const PORT = 5555;
const TCP = summed(TCP4);
const UDP6 = ip6(17, udp(HELLO));

/** What is told behind the datagram itself. */
const inside = (payload: Octets, wireLength?: number): number => {
  const octets = ip4(17, udp(payload, 40_000, PORT));
  const { told, notices, passed } = decodeOne(101, octets, wireLength);
  expect(told[0]?.kind).toBe('udp');
  expect(passed).toEqual([]);
  if (wireLength === undefined) expect(notices).toEqual([]);
  return told.length - 1;
};

const flipped = (octets: Octets, at: number): Octets =>
  octets.map((octet, i) => (i === at ? octet ^ 0x10 : octet));

const HEADERS: readonly (readonly [name: string, header: Octets])[] = [
  ['nothing', []],
  ['GUE', hex('00040000')],
  ['GUE with a field', hex('01048000 00000001')],
  ['GRE', hex('00000800')],
  ['GRE with checksum, key and number', hex('b0000800 00000000 00000001 00000002')],
  ['GUE and GRE', hex('002f0000 00000800')],
  ['VXLAN', [...hex('08000000 00000100'), ...ethernet(ETHER.ip4, [])]],
];

describe('a packet in a datagram on a port of no tunnel', () => {
  test.each(HEADERS)('is read behind %s', (_, header) => {
    expect(inside([...header, ...TCP])).toBe(1);
  });

  test.each(HEADERS)('is none behind %s if any octet of its header is another', (_, header) => {
    for (let at = 0; at < 20; at++) expect(inside([...header, ...flipped(TCP, at)])).toBe(0);
  });

  test.each(HEADERS)('is none behind %s if it does not fill the datagram', (_, header) => {
    for (const beyond of [1, 2, 40])
      expect(inside([...header, ...TCP, ...zeros(60), ...zeros(beyond)])).toBe(0);
    expect(inside([...header, ...TCP.slice(0, -1)])).toBe(0);
    const short = summed(ip4(6, tcp(HELLO), { totalLength: 44 }));
    expect(inside([...header, ...short])).toBe(header.length === 22 ? 1 : 0);
  });

  test('is read where the capture cut it', () => {
    const whole = ip4(17, udp([...hex('00040000'), ...TCP], 40_000, PORT));
    const { told } = decodeOne(101, whole.slice(0, -4), whole.length);
    expect(told.map(({ kind }) => kind)).toEqual(['udp', 'tcp']);
  });

  test('Ethernet may have padding up to its least length, and no more', () => {
    const small = ethernet(ETHER.ip4, summed(ip4(6, tcp([]))));
    const vxlan = hex('08000000 00000100');
    expect(inside([...vxlan, ...small, ...zeros(60 - small.length)])).toBe(1);
    expect(inside([...vxlan, ...small, ...zeros(61 - small.length)])).toBe(0);
  });

  test.each([
    ['TCP', TCP6],
    ['UDP', UDP6],
  ])('of IPv6 has to be %s with a header that agrees', (_, packet) => {
    expect(inside(packet)).toBe(1);
    expect(inside([...hex('00290000'), ...packet])).toBe(1);
    for (const [at, value] of [
      [0, 0x50],
      [5, 0xff],
      [6, 50],
      [8, 0xff],
      [24, 0],
      [6, packet[6] === 6 ? 17 : 6],
    ] as const)
      expect(inside(packet.map((octet, i) => (i === at ? value : octet)))).toBe(0);
  });

  test.each([
    ['a control message of GUE', [...hex('20040000'), ...TCP]],
    ['a later version of GUE', [...hex('80040000'), ...TCP]],
    ['GUE with another protocol', [...hex('00320000'), ...TCP]],
    ['GRE of version 1', [...hex('00010800'), ...TCP]],
    ['GRE with a route', [...hex('40000800 00000000'), ...TCP]],
    ['VXLAN without its flag', [...hex('00000000 00000100'), ...ethernet(ETHER.ip4, TCP)]],
    ['ARP in VXLAN', [...hex('08000000 00000100'), ...ethernet(0x0806, zeros(46))]],
  ])('%s is none', (_, payload) => {
    expect(inside(payload)).toBe(0);
  });

  test('no other octets are taken for one, nor read beyond their end', () => {
    const first = fc.constantFrom(0, 1, 8, 0x20, 0x30, 0x45, 0x60, 0x6f, 0x80);
    fc.assert(
      fc.property(first, fc.uint8Array({ maxLength: 90 }), (octet, rest) => {
        expect(inside([octet, ...rest])).toBe(0);
      }),
    );
  });

  test.each(HEADERS)('cut at any octet behind %s reads nothing beyond', (_, header) => {
    const payload = [...header, ...TCP];
    const whole = ip4(17, udp(payload, 40_000, PORT));
    for (let left = 28; left < whole.length; left++)
      decodeOne(101, whole.slice(0, left), whole.length);
    for (let left = 1; left < payload.length; left++)
      expect(inside(payload.slice(0, left))).toBe(0);
  });

  test('lengths that the datagram has decide, not the ones of a frame around it', () => {
    const octets = ethernet(ETHER.ip4, ip4(17, udp(TCP, 40_000, PORT)));
    const padded = [...octets, ...u16(0), ...zeros(20)];
    expect(decodeOne(1, padded).told.map(({ kind }) => kind)).toEqual(['udp', 'tcp']);
  });
});
