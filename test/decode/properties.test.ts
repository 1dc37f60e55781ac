import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ethernet, fragment6, ip4, ip6, type Octets, udp } from './build.ts';
import { type Given, run } from './decode.ts';
import { ALL_CASES } from './tunnel-cases.ts';

const SEED = { seed: 20_080 };
const LINK_TYPES = [...new Set(ALL_CASES.map((one) => one.linkType))];

const octetList = (maxLength: number) => fc.array(fc.integer({ min: 0, max: 255 }), { maxLength });

/** Without a margin, reading outside the packet throws; with one, it changes what is told. */
function decodesAlone(packets: readonly Given[]): void {
  const alone = run(packets);
  for (const filler of [0x00, 0x45, 0xff]) {
    expect(run(packets, { margin: 48, filler })).toEqual(alone);
  }
}

describe.each(LINK_TYPES)('link type %i', (linkType) => {
  test('takes any octets', () => {
    fc.assert(
      fc.property(octetList(160), (octets) => decodesAlone([{ linkType, octets }])),
      { ...SEED, numRuns: 200 },
    );
  });
});

test('real headers with flipped octets, cut anywhere, never do harm', () => {
  const flips = fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
  fc.assert(
    fc.property(
      fc.constantFrom(...ALL_CASES),
      flips,
      fc.nat(200),
      fc.nat(40),
      (one, all, cut, more) => {
        const octets = [...one.octets];
        for (const [at, octet] of all) if (at < octets.length) octets[at] = octet;
        const captured = octets.slice(0, Math.max(octets.length - cut, 0));
        const originalLength = captured.length + more;
        decodesAlone([{ linkType: one.linkType, octets: captured, originalLength }]);
      },
    ),
    { ...SEED, numRuns: 3000 },
  );
});

/** Cuts a datagram at multiples of eight octets, then mixes the pieces. */
const mixedPieces = fc
  .record({
    payload: octetList(400),
    cuts: fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 12 }),
    again: fc.array(fc.nat(12), { maxLength: 6 }),
    version6: fc.boolean(),
  })
  .chain(({ payload, cuts, again, version6 }) => {
    const datagram = udp(payload);
    const inside = cuts.map((unit) => unit * 8).filter((at) => at < datagram.length);
    const bounds = [...new Set([0, ...inside, datagram.length])].toSorted((a, b) => a - b);
    const pieces = bounds.slice(0, -1).map((at, i) => {
      const part = datagram.slice(at, bounds[i + 1]);
      const more = bounds[i + 1] !== datagram.length;
      return version6
        ? ethernet(0x86dd, ip6(44, fragment6(17, 3, at, more, part)))
        : ethernet(0x0800, ip4(17, part, { id: 3, offset: at, more }));
    });
    const all = [...pieces, ...pieces.filter((_, i) => again.includes(i))];
    return fc.record({
      order: fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
      payload: fc.constant(payload),
    });
  });

test('fragments in any order, some of them twice, give the datagram', () => {
  fc.assert(
    fc.property(mixedPieces, ({ order, payload }) => {
      const { told, notices } = run(
        order.map((octets: Octets) => ({ octets })),
        { end: false },
      );
      expect(told[0]?.payload).toBe(Buffer.from(payload).toString('latin1'));
      expect(notices).toEqual([]);
    }),
    { ...SEED, numRuns: 500 },
  );
});

test('fragments that contradict each other never do harm', () => {
  const piece = fc.record({
    at: fc.nat(12),
    octets: octetList(40),
    more: fc.boolean(),
    version6: fc.boolean(),
    seconds: fc.nat(100),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      decodesAlone(
        pieces.map(({ at, octets, more, version6, seconds }) => ({
          linkType: 101,
          seconds,
          octets: version6
            ? ip6(44, fragment6(17, 3, at * 8, more, octets))
            : ip4(17, octets, { id: 3, offset: at * 8, more }),
        })),
      );
    }),
    { ...SEED, numRuns: 1000 },
  );
});
