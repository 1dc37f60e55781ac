import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eachCryptoFrame } from '../../../src/tls/quic/crypto-frames.ts';
import {
  LongHeaderScan,
  numberAt,
  QUIC_PACKET,
  sizeAt,
} from '../../../src/tls/quic/long-header.ts';
import { concat, filled, hex, type Octets, uint } from '../../support/hello-builder.ts';
import {
  cryptoFrame,
  initialPacket,
  longPacket,
  V1,
  V2,
  varint,
} from '../../support/quic-builder.ts';

const ID = filled(8, 0x1d);
const SCID = filled(5, 0x5c);

function scan(octets: Octets, wireLength = octets.length): LongHeaderScan | undefined {
  const header = new LongHeaderScan();
  const block = concat(filled(3, 0xc0), octets, filled(40, 0x01));
  return header.scan(block, 3, 3 + octets.length, 3 + wireLength) ? header : undefined;
}

const body = (octets: number): Octets => concat(varint(octets), filled(octets, 9));

describe('LongHeaderScan', () => {
  test.each([
    [V1, ['initial', 'zeroRtt', 'handshake', 'retry']],
    [V2, ['retry', 'initial', 'zeroRtt', 'handshake']],
    [0xff00001d, ['initial', 'zeroRtt', 'handshake', 'retry']],
    [0x51303436, ['other', 'other', 'other', 'other']],
  ] as const)('types of version 0x%i (RFC 9000 §17.2, RFC 9369 §3.2)', (version, kinds) => {
    kinds.forEach((kind, type) => {
      const rest = kind === 'initial' ? concat(varint(3), filled(3, 7), body(40)) : body(40);
      const found = scan(concat(longPacket(type, version, ID, SCID, rest), filled(6, 1)));
      expect(found?.kind).toBe(QUIC_PACKET[kind]);
      expect(found?.version).toBe(version);
      if (kind === 'initial') expect(found?.packetEnd).toBe(3 + 20 + 4 + 1 + 40);
    });
  });

  test('connection ids of any length there is', () => {
    for (const to of [0, 1, 20])
      for (const from of [0, 20]) {
        const found = scan(longPacket(2, V1, filled(to, 1), filled(from, 2), body(30)));
        expect([found?.destinationIdLength, found?.sourceIdLength]).toEqual([to, from]);
      }
    expect(scan(longPacket(2, V1, filled(21, 1), SCID, body(30)))).toBeUndefined();
    expect(scan(longPacket(2, V1, ID, filled(21, 1), body(30)))).toBeUndefined();
  });

  test('the fixed bit may be random (RFC 9287)', () => {
    const packet = longPacket(2, V1, ID, SCID, body(30));
    packet[0] = 0xa0;
    expect(scan(packet)?.kind).toBe(QUIC_PACKET.handshake);
    packet[0] = 0x60;
    expect(scan(packet)).toBeUndefined();
  });

  test('Version Negotiation lists a version that is known', () => {
    const negotiation = (...versions: number[]) =>
      longPacket(0, 0, ID, SCID, concat(...versions.map((version) => uint(version, 4))));
    expect(scan(negotiation(0x1a2a3a4a, V1))?.kind).toBe(QUIC_PACKET.negotiation);
    expect(scan(negotiation(0x1a2a3a4a))).toBeUndefined();
    expect(scan(negotiation())).toBeUndefined();
    expect(scan(concat(negotiation(V1), hex('00')))).toBeUndefined();
  });

  test('unknown versions, and lengths beyond the datagram, are none', () => {
    expect(scan(longPacket(0, 0x0a0a0a0a, ID, SCID, body(30)))).toBeUndefined();
    expect(scan(longPacket(2, V1, ID, SCID, concat(varint(31), filled(30, 1))))).toBeUndefined();
    expect(scan(hex('80 00000001 00 00 01 01'))).toBeUndefined();
    expect(scan(longPacket(3, V1, ID, SCID, filled(16, 1)))).toBeUndefined();
  });

  test('no octets whatsoever throw, wherever they are cut', () => {
    const packet = initialPacket({
      keysOf: ID,
      source: SCID,
      frames: cryptoFrame(0, filled(90, 1)),
    });
    for (let end = 0; end <= packet.length; end++)
      expect(scan(packet.subarray(0, end), packet.length) !== undefined).toBe(end >= 23);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        scan(concat(hex('c0 00000001'), octets));
      }),
      { seed: 9000, numRuns: 3000 },
    );
  });

  test.each([
    ['25', 37],
    ['40 25', 37],
    ['7b bd', 15_293],
    ['9d 7f 3e 7d', 494_878_333],
    ['c0 00 00 20 00 00 00 01', 0x20_0000_0001],
  ])('variable-length integer %s (RFC 9000 appendix A.1)', (digits, value) => {
    expect(sizeAt(hex(digits), 0)).toBe(hex(digits).length);
    expect(numberAt(hex(digits), 0)).toBe(value);
  });
});

describe('eachCryptoFrame', () => {
  const frames = (...parts: Octets[]): string[] => {
    const found: string[] = [];
    const payload = concat(...parts);
    eachCryptoFrame(payload, (offset, start, end) => found.push(`${offset}+${end - start}`));
    return found;
  };

  test('among padding, pings and acknowledgements', () => {
    const ack = concat(hex('02 05 40 10 01 00'), hex('00 00'));
    const ecn = concat(hex('03 05 10 00 00'), hex('01 02 03'));
    expect(
      frames(
        cryptoFrame(0, filled(3, 1)),
        hex('00 01'),
        ack,
        ecn,
        cryptoFrame(70_000, filled(2, 1)),
      ),
    ).toEqual(['0+3', '70000+2']);
  });

  test('up to a frame of another kind, or one that is damaged', () => {
    const first = cryptoFrame(0, filled(3, 1));
    expect(frames(first, hex('1c 41 00 00 00'), first)).toEqual(['0+3']);
    expect(frames(first, hex('06 00 05 01'))).toEqual(['0+3']);
    expect(frames(first, hex('06 40'))).toEqual(['0+3']);
    expect(frames(first, hex('02 05 10 4f ff 00'), first)).toEqual(['0+3']);
    expect(frames()).toEqual([]);
  });
});
