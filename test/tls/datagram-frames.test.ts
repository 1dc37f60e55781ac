import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DatagramFrames } from '../../src/tls/datagram-frames.ts';
import { ascii, concat, filled, hex, type Octets, u16 } from '../support/hello-builder.ts';
import {
  channelData,
  classicStun,
  OTHER_PROTOCOLS,
  rtp,
  stun,
  zrtp,
} from '../support/udp-neighbours.ts';

const text = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const prefixed = (datagram: Octets): Octets => concat(u16(datagram.length), datagram);
const dtls = concat(hex('16fefd0000000000000000 0018 0e00000000000000000000 00'), filled(12, 3));

class Reader {
  readonly told: string[] = [];
  readonly frames = new DatagramFrames({
    framed: (row, side, bytes, start, end) => {
      this.told.push(`${row}.${side} ${text(bytes.subarray(start, end))}`);
    },
  });
  begun = false;

  /** One segment, with octets of others around it; as whoever calls it does. */
  send(octets: Octets, half = 6): this {
    const block = concat(filled(3, 0x16), octets, filled(9, 1));
    const end = 3 + octets.length;
    if (!this.begun) this.begun = this.frames.begins(half, block, 3, end);
    if (this.begun && this.frames.take(half, block, 3, end, 1, 1) >= 0) this.begun = false;
    block.fill(0xee);
    return this;
  }

  gap(length: number): this {
    this.begun = this.frames.gap(6, length);
    return this;
  }
}

const begins = (octets: Octets): boolean => new Reader().send(octets).begun;
const told = (datagrams: readonly Octets[]): string[] => datagrams.map((one) => `3.0 ${text(one)}`);

const DATAGRAMS = [
  stun(1),
  dtls,
  rtp(1),
  zrtp(),
  stun(0x101),
  channelData(0x4000, dtls),
  filled(0, 0),
];
const RELAYED = [
  stun(3),
  channelData(0x4000, dtls),
  channelData(0x4fff, filled(5, 1)),
  stun(0x103),
];
const padded = (octets: Octets): Octets => concat(octets, new Uint8Array(-octets.length & 3));

describe('datagrams in a TCP stream', () => {
  test.each([
    ['RFC 4571', DATAGRAMS, concat(...DATAGRAMS.map(prefixed)), 2 + stun(1).length],
    ['TURN', RELAYED, concat(...RELAYED.map(padded)), stun(3).length],
  ] as const)('%s: are the same wherever segments end', (_, datagrams, stream, first) => {
    expect(new Reader().send(stream).told).toEqual(told(datagrams));
    const cuts = fc.array(fc.integer({ min: first, max: stream.length }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, (places) => {
        const reader = new Reader();
        let from = 0;
        for (const to of [...places.toSorted((a, b) => a - b), stream.length]) {
          if (to > from) reader.send(stream.subarray(from, to));
          from = to;
        }
        expect(reader.told).toEqual(told(datagrams));
      }),
    );
  });

  test('are found by STUN, or by DTLS that fills its frame', () => {
    expect(begins(stun(1))).toBe(true);
    expect(begins(prefixed(stun(1)))).toBe(true);
    expect(begins(prefixed(dtls))).toBe(true);
    expect(begins(concat(prefixed(dtls), prefixed(dtls)))).toBe(true);
  });

  test.each([
    ['STUN without its cookie', classicStun()],
    ['a header of STUN that is cut', stun(1).subarray(0, 16)],
    ['STUN in a frame that is longer', concat(u16(stun(1).length + 4), stun(1), filled(4, 0))],
    ['DTLS without a frame', dtls],
    ['DTLS in a frame that is shorter', concat(u16(dtls.length - 1), dtls)],
    ['DTLS in a frame that is longer', concat(u16(dtls.length + 1), dtls, filled(1, 0))],
    ['a TLS record', hex('1603010005 0100000100')],
    ['a request of HTTP', ascii('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n')],
    ['ChannelData alone', channelData(0x4000, dtls)],
    ['nothing', hex('')],
  ])('are not found in %s', (_, octets) => {
    expect(begins(octets)).toBe(false);
  });

  test('are not found in what others say, with a length before it or not', () => {
    for (const [name, octets] of OTHER_PROTOCOLS) {
      if (name === 'STUN') continue;
      expect([name, begins(octets), begins(prefixed(octets))]).toEqual([name, false, false]);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        expect(begins(octets)).toBe(false);
      }),
    );
  });

  test('a missing piece of a frame costs that frame', () => {
    const reader = new Reader()
      .send(stun(3))
      .send(channelData(0x4000, filled(100, 1)).subarray(0, 50));
    reader.gap(54).send(channelData(0x4000, dtls, true));
    expect(reader.told).toEqual(told([stun(3), channelData(0x4000, dtls)]));
  });

  test('where the next frame begins is not known: segments that begin with some are waited for', () => {
    const reader = new Reader().send(stun(3)).gap(8).send(filled(60, 0x16));
    expect(reader.begun).toBe(false);
    reader.send(concat(channelData(0x4000, dtls, true), channelData(0x4001, dtls, true)));
    expect(reader.told).toEqual(
      told([stun(3), channelData(0x4000, dtls), channelData(0x4001, dtls)]),
    );
    expect(new Reader().send(stun(3)).send(ascii('220 mail')).begun).toBe(false);
  });

  test('the peer’s form tells that of a side which begins with data', () => {
    const reader = new Reader().send(stun(3));
    reader.begun = false;
    reader.send(channelData(0x4000, dtls, true), 7);
    expect(reader.told.at(-1)).toBe(`3.1 ${text(channelData(0x4000, dtls))}`);
    reader.frames.forget(6);
    reader.frames.forget(7);
    reader.begun = false;
    reader.send(channelData(0x4000, dtls, true), 7);
    expect(reader.begun).toBe(false);
  });
});
