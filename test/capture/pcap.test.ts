import { describe, expect, it } from 'vitest';
import {
  enhancedPacket,
  interfaceBlock,
  type PacketSpec,
  type PcapSpec,
  payload,
  pcapFile,
  pcapngFile,
  pcapRecord,
} from '../support/capture-builder.ts';
import { concat } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';
import { readCapture } from '../support/read-capture.ts';

const PACKETS: readonly PacketSpec[] = [
  { octets: payload(60, 1), seconds: 1_700_000_000, nanos: 123_456_000 },
  { octets: payload(0, 2), seconds: 1_700_000_001, nanos: 0 },
  { octets: payload(1, 3), seconds: 1_700_000_001, nanos: 999_999_000 },
  { octets: payload(200, 4), seconds: 1_700_000_002, nanos: 1000, originalLength: 1500 },
];

const VARIANTS: readonly (readonly [string, PcapSpec])[] = [
  ['little endian, microseconds', {}],
  ['big endian, microseconds', { order: 'big' }],
  ['little endian, nanoseconds', { nanos: true }],
  ['big endian, nanoseconds', { order: 'big', nanos: true }],
  ['longer record headers', { modified: true }],
  ['longer record headers, big endian', { modified: true, order: 'big' }],
];

const READERS = ['native', 'pcap-parser'] as const;

describe.each(READERS)('classic pcap through %s', (reader) => {
  it.each(VARIANTS)('reads %s', (_, variant) => {
    const { packets, notices, facts } = readCapture(
      pcapFile({ ...variant, packets: PACKETS }),
      undefined,
      { reader },
    );
    expect(packets).toEqual(
      PACKETS.map(({ octets, seconds, nanos, originalLength }, index) => ({
        packetNumber: index + 1,
        seconds,
        nanos,
        capturedLength: octets.length,
        originalLength: originalLength ?? octets.length,
        linkType: 1,
        interfaceIndex: 0,
        octets: Buffer.from(octets),
      })),
    );
    expect(notices).toEqual([]);
    expect(facts).toMatchObject({
      format: 'pcap',
      packets: 4,
      cutPackets: 1,
      firstTime: { seconds: 1_700_000_000, nanos: 123_456_000 },
      lastTime: { seconds: 1_700_000_002, nanos: 1000 },
      interfaces: [{ linkType: 1, snapLength: 65_535 }],
    });
  });

  it.each(VARIANTS)('does not depend on how %s is cut into chunks', (_, variant) => {
    const file = pcapFile({ ...variant, packets: PACKETS });
    const whole = readCapture(file, undefined, { reader });
    for (let size = 1; size <= 64; size += 1) {
      expect(readCapture(file, size, { reader })).toEqual(whole);
    }
  });

  it.each(VARIANTS)('tells where %s breaks off', (_, variant) => {
    const file = pcapFile({ ...variant, packets: PACKETS });
    const starts = recordStarts(variant);
    for (let length = 24; length < file.length; length += 1) {
      const { packets, notices, problem } = readCapture(file.subarray(0, length), 7, { reader });
      const whole = starts.filter((start) => start <= length).length - 1;
      expect(problem).toBeUndefined();
      expect(packets.length).toBe(whole);
      const start = starts[whole] as number;
      if (start === length) {
        expect(notices.map(({ code }) => code)).toEqual(whole === 0 ? ['capture-empty'] : []);
        continue;
      }
      const header = variant.modified ? 24 : 16;
      const available = length - start;
      const needed = available < header ? header : (starts[whole + 1] as number) - start;
      expect(notices[0]).toEqual({
        code: 'capture-truncated',
        packetNumber: whole + 1,
        offset: start,
        needed,
        available,
      });
    }
  });

  it('numbers packets from where the captures before ended', () => {
    const file = pcapFile({ packets: PACKETS });
    const { packets, facts } = readCapture(file, 10, { reader, firstPacketNumber: 101 });
    expect(packets.map(({ packetNumber }) => packetNumber)).toEqual([101, 102, 103, 104]);
    expect(facts.packets).toBe(4);
  });

  it('masks what stands above the link type, and reports reserved bits', () => {
    const withFcs = readCapture(pcapFile({ linkType: 0x24000001, packets: PACKETS }), 99, {
      reader,
    });
    expect(withFcs.packets[0]?.linkType).toBe(1);
    expect(withFcs.notices).toEqual([]);
    const reserved = readCapture(pcapFile({ linkType: 0x00010071, packets: PACKETS }), 99, {
      reader,
    });
    expect(reserved.packets[0]?.linkType).toBe(113);
    expect(reserved.notices).toMatchObject([{ code: 'capture-odd-header', offset: 20 }]);
  });

  it.each([
    [2, 2],
    [2, 3],
    [543, 0],
  ] as const)('reads version %i.%i with its lengths the other way round', (major, minor) => {
    const spec: PcapSpec = { version: [major, minor], lengthsSwapped: true };
    const { packets, notices } = readCapture(pcapFile({ ...spec, packets: PACKETS }), 50, {
      reader,
    });
    expect(packets.map((packet) => [packet.capturedLength, packet.originalLength])).toEqual([
      [60, 60],
      [0, 0],
      [1, 1],
      [200, 1500],
    ]);
    expect(notices).toMatchObject([{ code: 'capture-odd-header', offset: 4 }]);
  });

  it('carries a fraction that runs over into the seconds', () => {
    const file = pcapFile({ packets: [{ octets: payload(4), seconds: 10, nanos: 2_500_000_000 }] });
    const { packets } = readCapture(file, undefined, { reader });
    expect(packets[0]).toMatchObject({ seconds: 12, nanos: 500_000_000 });
  });

  it('reads times beyond 2038 as unsigned', () => {
    const file = pcapFile({ packets: [{ octets: payload(4), seconds: 0xfffffffe }] });
    expect(readCapture(file, undefined, { reader }).packets[0]?.seconds).toBe(0xfffffffe);
  });

  it('goes on behind a record of absurd length', () => {
    const good = (seed: number) => pcapRecord({ octets: payload(80, seed) });
    const damaged = pcapRecord({ octets: payload(50, 9), capturedLength: 0x7fffffff });
    const file = concat(pcapFile(), good(1), good(2), damaged, good(3), good(4), good(5), good(6));
    for (const size of [1, 13, file.length]) {
      const { packets, notices } = readCapture(file, size, { reader });
      expect(packets.map(({ octets }) => octets)).toEqual(
        [1, 2, 3, 4, 5, 6].map((seed) => Buffer.from(payload(80, seed))),
      );
      expect(notices).toEqual([
        {
          code: 'capture-damaged',
          packetNumber: 3,
          offset: 24 + 2 * 96,
          needed: 0x7fffffff,
          available: 262_144,
          detail: `reading went on ${damaged.length} octets further`,
        },
      ]);
    }
  });

  it('stops at damage with nothing readable behind it', () => {
    const damaged = pcapRecord({ octets: new Uint8Array(100_000), capturedLength: 0xffffffff });
    const file = concat(pcapFile({ packets: PACKETS }), damaged);
    for (const size of [1000, file.length]) {
      const { packets, notices } = readCapture(file, size, { reader });
      expect(packets.length).toBe(4);
      expect(notices).toMatchObject([
        { code: 'capture-damaged', packetNumber: 5, needed: 0xffffffff },
      ]);
      expect(notices[0]?.detail).toContain('stopped');
    }
  });

  it('believes the snap length over the usual limit of a packet', () => {
    const packets = [{ octets: payload(300_000) }, { octets: payload(60) }];
    expect(readCapture(pcapFile({ snapLength: 1 << 20, packets }), 4096, { reader })).toMatchObject(
      {
        notices: [],
        packets: [{ capturedLength: 300_000 }, { capturedLength: 60 }],
      },
    );
    const usual = readCapture(pcapFile({ packets }), 4096, { reader });
    expect(usual.notices).toMatchObject([{ code: 'capture-damaged', needed: 300_000 }]);
  });
});

reaches('packetOctets', 500, 'a packet longer than any is damage, not read', (bound) => {
  const packets = [bound, bound + 1, 60].map((octets) => ({ octets: payload(octets) }));
  const classic = readCapture(pcapFile({ snapLength: 1 << 20, packets }));
  expect(classic.packets.map(({ capturedLength }) => capturedLength)).toEqual([bound, 60]);
  expect(classic.notices).toMatchObject([{ code: 'capture-damaged', needed: bound + 1 }]);
  const blocks = [interfaceBlock(), ...packets.map((packet) => enhancedPacket(packet))];
  const blockwise = readCapture(pcapngFile({ blocks }));
  expect(blockwise.packets.map(({ capturedLength }) => capturedLength)).toEqual([bound, 60]);
  expect(blockwise.notices).toMatchObject([{ code: 'capture-damaged' }]);
});

describe('altered octets', () => {
  it('never make a reader throw or find more packets than fit', () => {
    const file = pcapFile({ packets: PACKETS });
    for (const reader of READERS) {
      for (let at = 4; at < file.length; at += 1) {
        for (const flip of [0x01, 0x80, 0xff]) {
          const altered = file.slice();
          altered[at] = (altered[at] as number) ^ flip;
          const { packets, facts } = readCapture(altered, 40, { reader });
          expect(packets.length).toBeLessThanOrEqual(PACKETS.length);
          expect(facts.packets).toBe(packets.length);
        }
      }
    }
  });
});

describe('a long search', () => {
  it('gives up after the limit of octets and drops the rest', () => {
    const damaged = pcapRecord({ octets: new Uint8Array(1_100_000), capturedLength: 0xffffffff });
    const tail = pcapFile({ packets: PACKETS }).subarray(24);
    const file = concat(pcapFile(), damaged, tail, new Uint8Array(1_000_000));
    const { packets, notices } = readCapture(file, 65_536);
    expect(packets).toEqual([]);
    expect(notices.map(({ code }) => code)).toEqual(['capture-damaged', 'capture-empty']);
  });

  reaches('captureResynchronisations', 4, 'gives up after the limit of resumptions', (bound) => {
    const good = pcapRecord({ octets: payload(20) });
    const damaged = pcapRecord({ octets: payload(20), capturedLength: 0xfffffff0 });
    const unit = concat(damaged, good, good, good);
    const { packets, notices } = readCapture(
      concat(pcapFile(), ...Array.from({ length: bound + 2 }, () => unit)),
    );
    expect(notices.map(({ code }) => code)).toEqual(Array(bound + 1).fill('capture-damaged'));
    expect(notices.at(-1)?.detail).toContain('reading stopped here');
    expect(packets.length).toBe(bound * 3);
  });
});

/** Offsets of the records of a file with PACKETS, and its end. */
function recordStarts(spec: PcapSpec): number[] {
  const starts = [24];
  for (const packet of PACKETS) {
    starts.push((starts.at(-1) as number) + pcapRecord(packet, spec).length);
  }
  return starts;
}
