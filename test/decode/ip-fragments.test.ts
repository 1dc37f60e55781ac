import { describe, expect, test } from 'vitest';
import { reaches } from '../support/reaches.ts';
import { ethernet, fragment6, ip4, ip6, type Octets, tcp, text, udp, zeros } from './build.ts';
import { type Given, run } from './decode.ts';

/** 40 octets of payload in a datagram of 48: six pieces of 8. */
const PAYLOAD = text('0123456789abcdefghijABCDEFGHIJ9876543210');
const DATAGRAM = udp(PAYLOAD);
const WHOLE = String.fromCharCode(...PAYLOAD);

interface Piece {
  readonly at: number;
  readonly to: number;
  readonly id?: number;
  readonly seconds?: number;
  /** Puts other octets there. */
  readonly forged?: boolean;
}

type Version = 4 | 6;

function piece(version: Version, { at, to, id = 7, seconds = 0, forged = false }: Piece): Given {
  const octets = DATAGRAM.slice(at, to).map((octet) => (forged ? octet ^ 0xff : octet));
  const more = to < DATAGRAM.length;
  const packet =
    version === 4
      ? ethernet(0x0800, ip4(17, octets, { id, offset: at, more }))
      : ethernet(0x86dd, ip6(44, fragment6(17, id, at, more, octets)));
  return { octets: packet, seconds };
}

const assemble = (version: Version, pieces: readonly Piece[], end = true) =>
  run(
    pieces.map((one) => piece(version, one)),
    { end },
  );

describe.each<Version>([4, 6])('IPv%i fragments', (version) => {
  test.each<[string, readonly Piece[], number[]]>([
    [
      'in order',
      [
        { at: 0, to: 16 },
        { at: 16, to: 32 },
        { at: 32, to: 48 },
      ],
      [1, 2, 3],
    ],
    [
      'in reverse',
      [
        { at: 32, to: 48 },
        { at: 16, to: 32 },
        { at: 0, to: 16 },
      ],
      [3, 2, 1],
    ],
    [
      'with the middle last',
      [
        { at: 0, to: 16 },
        { at: 32, to: 48 },
        { at: 16, to: 32 },
      ],
      [1, 3, 2],
    ],
    [
      'with duplicates',
      [
        { at: 0, to: 16 },
        { at: 0, to: 16 },
        { at: 16, to: 48 },
      ],
      [1, 3],
    ],
    [
      'with equal overlap',
      [
        { at: 8, to: 32 },
        { at: 24, to: 48 },
        { at: 0, to: 16 },
      ],
      [3, 1, 2],
    ],
    [
      'with one over two gaps',
      [
        { at: 8, to: 16 },
        { at: 24, to: 32 },
        { at: 0, to: 40 },
        { at: 40, to: 48 },
      ],
      [3, 1, 2, 4],
    ],
    [
      'of another packet between',
      [
        { at: 0, to: 16 },
        { at: 0, to: 8, id: 8 },
        { at: 16, to: 48 },
      ],
      [1, 3],
    ],
  ])('%s', (_, pieces, fragments) => {
    const { told, notices } = assemble(version, pieces, false);
    const packet = pieces.length;
    expect(told).toMatchObject([{ kind: 'udp', packet, payload: WHOLE, wire: 40 }]);
    expect([...(told[0]?.fragments ?? [])].toSorted()).toEqual(fragments.toSorted());
    expect(told[0]?.fragments).toEqual(fragments);
    expect(told[0]?.flow).toMatch(/:50000 > .*:5684$/);
    expect(notices).toEqual([]);
  });

  test('that differ where they overlap keep the first octets, with one notice', () => {
    const { told, notices } = assemble(version, [
      { at: 0, to: 24 },
      { at: 16, to: 32, forged: true },
      { at: 8, to: 24, forged: true },
      { at: 32, to: 48 },
    ]);
    const forged = [...WHOLE].map((char, i) =>
      i >= 16 && i < 24 ? String.fromCharCode(char.charCodeAt(0) ^ 0xff) : char,
    );
    expect(told).toMatchObject([{ payload: forged.join(''), fragments: [1, 2, 4] }]);
    expect(notices).toMatchObject([{ code: 'ip-fragments-overlap', packetNumber: 2 }]);
  });

  test('that never become whole are a notice at the end', () => {
    const { told, notices } = assemble(version, [
      { at: 8, to: 16 },
      { at: 32, to: 48 },
    ]);
    expect(told).toEqual([]);
    expect(notices).toEqual([
      { code: 'ip-fragments-incomplete', packetNumber: 1, offset: -1, needed: 48, available: 24 },
    ]);
  });

  reaches('ipReassemblyNanos', 10e9, 'that are too old join nothing', (bound) => {
    const seconds = bound / 1e9;
    expect(
      assemble(version, [
        { at: 0, to: 16 },
        { at: 16, to: 48, seconds },
      ]).told,
    ).toHaveLength(1);
    const late = assemble(version, [
      { at: 0, to: 16 },
      { at: 16, to: 48, seconds: seconds + 1 },
    ]);
    expect(late.told).toEqual([]);
    expect(late.notices).toMatchObject([
      { code: 'ip-fragments-incomplete', packetNumber: 1 },
      { code: 'ip-fragments-incomplete', packetNumber: 2 },
    ]);
  });

  reaches(
    'ipReassemblies',
    8,
    'make way from the oldest on when there are too many packets in pieces',
    (bound) => {
      const pieces: Piece[] = [];
      for (let id = 0; id <= bound; id++) pieces.push({ at: 0, to: 16, id });
      const last = bound;
      const { told, notices } = assemble(
        version,
        [...pieces, { at: 16, to: 48, id: last }, { at: 16, to: 48, id: 1 }],
        false,
      );
      expect(told).toMatchObject([
        { fragments: [last + 1, last + 2] },
        { fragments: [2, last + 3] },
      ]);
      expect(notices).toMatchObject([{ code: 'ip-fragments-limit', packetNumber: 1 }]);
    },
  );

  reaches('ipFragments', 8, 'beyond the number one packet may have give it up', (bound) => {
    const packets: Given[] = [];
    for (let i = 0; i < bound; i++) {
      const octets = zeros(8);
      const packet =
        version === 4
          ? ip4(17, octets, { offset: i * 16, more: true })
          : ip6(44, fragment6(17, 7, i * 16, true, octets));
      packets.push({ linkType: 101, octets: packet });
    }
    const { told, notices } = run(packets);
    expect(told).toEqual([]);
    expect(notices).toMatchObject([
      { code: 'ip-fragments-limit', packetNumber: bound, needed: bound },
    ]);
  });

  test('fill 64 KiB and no more', () => {
    const big = udp(zeros(65_504 - 8));
    const part = (at: number, octets: Octets, more: boolean): Given => ({
      linkType: 101,
      octets:
        version === 4
          ? ip4(17, octets, { offset: at, more })
          : ip6(44, fragment6(17, 9, at, more, octets)),
    });
    const cut = 32_768;
    const filled = run([part(cut, big.slice(cut), false), part(0, big.slice(0, cut), true)]);
    expect(filled.told).toMatchObject([{ wire: 65_496, fragments: [2, 1] }]);
    const over = run([part(65_528, zeros(16), false)]);
    expect(over.notices).toMatchObject([{ code: 'packet-malformed' }]);
  });

  test('beyond the end that the last one set are not taken', () => {
    const short = DATAGRAM.slice(0, 24);
    const last: Given = {
      octets:
        version === 4
          ? ethernet(0x0800, ip4(17, short.slice(16), { id: 7, offset: 16 }))
          : ethernet(0x86dd, ip6(44, fragment6(17, 7, 16, false, short.slice(16)))),
    };
    const { told, notices } = run([
      last,
      piece(version, { at: 24, to: 40 }),
      piece(version, { at: 0, to: 16 }),
    ]);
    expect(told).toMatchObject([{ payload: WHOLE.slice(0, 16), fragments: [3, 1] }]);
    // The UDP length tells of more than the fragments gave.
    expect(notices.map(({ code, packetNumber }) => `${code} ${packetNumber}`)).toEqual([
      'packet-malformed 2',
      'packet-malformed 3',
    ]);
  });

  test('cut by the snap length give their ports, if they are the first', () => {
    const first = piece(version, { at: 0, to: 32 });
    const second = piece(version, { at: 32, to: 48 });
    const cut = (given: Given): Given => ({
      octets: given.octets.slice(0, -8),
      originalLength: given.octets.length,
    });
    const { told, notices } = run([cut(first), cut(second)]);
    expect(told).toMatchObject([
      { packet: 1, payload: WHOLE.slice(0, 16), wire: 40, fragments: undefined },
    ]);
    expect(notices.map((notice) => notice.code)).toEqual(['packet-cut', 'packet-cut']);
  });

  test('are told of with the first one, once for each packet', () => {
    const tell = (pieces: readonly Piece[]) =>
      run(
        pieces.map((one) => piece(version, one)),
        { end: false, fragments: true },
      ).told;
    const told = tell([
      { at: 0, to: 16 },
      { at: 0, to: 16 },
      { at: 0, to: 16, id: 8 },
      { at: 16, to: 48, id: 8 },
    ]);
    expect(told.map(({ kind, packet }) => `${kind} ${packet}`)).toEqual([
      'fragment 1',
      'fragment 3',
      'udp 4',
    ]);
    expect(told[0]).toMatchObject({ payload: WHOLE.slice(0, 8), wire: 40, fragments: undefined });
    expect(told[0]?.flow).toMatch(/:50000 > .*:5684$/);
    expect(told[2]?.fragments).toEqual([3, 4]);
    // Where the others were there before, nothing is missing; without ports there is nothing to tell.
    expect(
      tell([
        { at: 16, to: 48 },
        { at: 0, to: 16 },
      ]).map(({ kind }) => kind),
    ).toEqual(['udp']);
    expect(tell([{ at: 16, to: 32 }])).toEqual([]);
  });

  test('without octets are malformed', () => {
    const { notices } = assemble(version, [{ at: 8, to: 8 }]);
    expect(notices).toMatchObject([{ code: 'packet-malformed' }]);
  });
});

test('addresses, identification and protocol keep IPv4 packets apart', () => {
  const at = (offset: number) => ({ id: 7, offset, more: offset === 0 });
  const head = DATAGRAM.slice(0, 16);
  const tail = DATAGRAM.slice(16);
  const packets = [
    ip4(17, head, at(0)),
    ip4(17, tail, { ...at(16), from: '192.0.2.99' }),
    ip4(17, tail, { ...at(16), to: '192.0.2.99' }),
    ip4(6, tail, at(16)),
    ip4(17, tail, { ...at(16), id: 8 }),
  ];
  const { told } = run(packets.map((octets) => ({ linkType: 101, octets })));
  expect(told).toEqual([]);
});

test('IPv6 packets take the next header from their first fragment', () => {
  const segment = tcp(PAYLOAD);
  const { told } = run(
    [
      ip6(44, fragment6(59, 7, 32, false, segment.slice(32))),
      ip6(44, fragment6(6, 7, 0, true, segment.slice(0, 32))),
    ].map((octets) => ({ linkType: 101, octets })),
  );
  expect(told).toMatchObject([{ kind: 'tcp', payload: WHOLE }]);
});

test('a fragmented tunnel packet may hold fragments itself', () => {
  const innerPieces = [
    ip4(17, DATAGRAM.slice(0, 24), { id: 1, offset: 0, more: true }),
    ip4(17, DATAGRAM.slice(24), { id: 1, offset: 24 }),
  ];
  const packets = innerPieces.flatMap((inner, i) => [
    ip4(4, inner.slice(0, 24), { id: 50 + i, offset: 0, more: true }),
    ip4(4, inner.slice(24), { id: 50 + i, offset: 24 }),
  ]);
  const { told, notices } = run(packets.map((octets) => ({ linkType: 101, octets })));
  expect(told).toMatchObject([{ kind: 'udp', packet: 4, payload: WHOLE, fragments: [2, 4] }]);
  expect(notices).toEqual([]);
});

test('buffers that were used before show nothing of it', () => {
  const pieces: Piece[] = [];
  for (let id = 0; id < 40; id++) pieces.push({ at: 0, to: 16, id }, { at: 16, to: 48, id });
  const { told } = assemble(4, pieces);
  expect(told).toHaveLength(40);
  for (const [i, { payload, fragments }] of told.entries()) {
    expect(payload).toBe(WHOLE);
    expect(fragments).toEqual([2 * i + 1, 2 * i + 2]);
  }
});

test('an ordinary packet after a fragmented one has no fragments', () => {
  const { told } = run([
    piece(4, { at: 0, to: 16 }),
    piece(4, { at: 16, to: 48 }),
    { octets: ethernet(0x0800, ip4(17, DATAGRAM)) },
  ]);
  expect(told.map((one) => one.fragments)).toEqual([[1, 2], undefined]);
});
