/** What taps do to captures without losing anything: packets out of order, twice, or seen on both sides of a translator. */
import { Cipherlike } from '../support/protection.ts';
import type { Taken } from './scrambled.ts';

/** Times are in nanoseconds; the seed says which packets, and by how much. */
export type View =
  /** Each packet is late by up to `most`. */
  | { readonly kind: 'shaken'; readonly most: number; readonly seed: number }
  /** The packets of one direction come through another queue. */
  | { readonly kind: 'late-way'; readonly late: number; readonly way: number }
  /** A mirror port has a share of the packets twice. */
  | {
      readonly kind: 'doubled';
      readonly share: number;
      readonly late: number;
      readonly seed: number;
    }
  /** Two points of the way, whose clocks are apart, each with a share of the packets. */
  | {
      readonly kind: 'two-points';
      readonly share: number;
      readonly late: number;
      readonly seed: number;
    }
  /** Both sides of an address translator, each with a share of the packets. */
  | {
      readonly kind: 'translated';
      readonly share: number;
      readonly late: number;
      readonly seed: number;
    };

/** Shares of one, as many as asked for. */
function chances(seed: number, count: number): number[] {
  const octets = new Cipherlike(seed).octets(2 * count);
  return Array.from(
    { length: count },
    (_, i) => ((octets[2 * i] as number) * 256 + (octets[2 * i + 1] as number)) / 65_536,
  );
}

const inTime = (packets: readonly Taken[]): Taken[] =>
  [...packets].sort((a, b) => a.nanos - b.nanos);

export function viewed(packets: readonly Taken[], view: View, linkType: number): Taken[] {
  switch (view.kind) {
    case 'shaken': {
      const late = chances(view.seed, packets.length);
      return inTime(
        packets.map((packet, i) => ({
          ...packet,
          nanos: packet.nanos + 1000 * Math.floor(((late[i] as number) * view.most) / 1000),
        })),
      );
    }
    case 'late-way':
      return inTime(
        packets.map((packet) =>
          wayOf(packet, linkType) === view.way
            ? { ...packet, nanos: packet.nanos + view.late }
            : packet,
        ),
      );
    case 'doubled': {
      const lucky = chances(view.seed, packets.length);
      return inTime(
        packets.flatMap((packet, i) =>
          (lucky[i] as number) < view.share
            ? [packet, { ...packet, nanos: packet.nanos + view.late }]
            : [packet],
        ),
      );
    }
    case 'two-points': {
      const lucky = chances(view.seed, 2 * packets.length);
      return inTime(
        packets.flatMap((packet, i) =>
          [packet, { ...packet, nanos: packet.nanos + view.late }].filter(
            (_, point) => (lucky[2 * i + point] as number) < view.share,
          ),
        ),
      );
    }
    case 'translated':
      return bothSides(packets, view, linkType);
  }
}

const ipAt = (linkType: number): number => (linkType === 1 ? 14 : 20);

/** Which of two directions, by the addresses: the same for all packets of a flow. */
export function wayOf({ octets }: Taken, linkType: number): number {
  const ip = ipAt(linkType);
  const v6 = (octets[ip] ?? 0) >> 4 === 6;
  const [at, size] = v6 ? [ip + 8, 16] : [ip + 12, 4];
  const source = octets.subarray(at, at + size);
  const target = octets.subarray(at + size, at + 2 * size);
  return Buffer.compare(source, target) < 0 ? 0 : 1;
}

/** What the translator puts in place of the host that spoke first, and of its ports. */
export const OUTSIDE = '203.0.113.77';
export const outsidePort = (port: number): number => port ^ 0x4000;

function bothSides(
  packets: readonly Taken[],
  { share, late, seed }: Extract<View, { kind: 'translated' }>,
  linkType: number,
): Taken[] {
  const ip = ipAt(linkType);
  const sourceOf = ({ octets }: Taken): string => octets.subarray(ip + 12, ip + 16).join('.');
  const [first] = packets;
  if (first === undefined) return [];
  const inside = sourceOf(first);
  const lucky = chances(seed, 2 * packets.length);
  return inTime(
    packets.flatMap((packet, i) => {
      const other = translated(packet, ip, inside);
      if (other === undefined) return [packet];
      // What goes out is seen inside first, what comes in outside.
      const nanos = packet.nanos + (sourceOf(packet) === inside ? late : -late);
      return [packet, { ...other, nanos }].filter(
        (_, side) => (lucky[2 * i + side] as number) < share,
      );
    }),
  );
}

/** The packet on the other side; undefined for what is not translated. */
function translated(packet: Taken, ip: number, inside: string): Taken | undefined {
  const octets = Uint8Array.from(packet.octets);
  if ((octets[ip] ?? 0) >> 4 !== 4) return undefined;
  const header = 4 * ((octets[ip] as number) & 15);
  for (const [address, port] of [
    [ip + 12, ip + header],
    [ip + 16, ip + header + 2],
  ] as const) {
    if (octets.subarray(address, address + 4).join('.') !== inside) continue;
    octets.set(OUTSIDE.split('.').map(Number), address);
    octets[port] = (octets[port] ?? 0) ^ 0x40;
    octets[ip + 8] = (octets[ip + 8] as number) - 1;
    return { ...packet, octets };
  }
  return undefined;
}
