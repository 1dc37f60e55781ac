import { describe, expect, it } from 'vitest';
import {
  type ByteOrder,
  enhancedPacket,
  interfaceBlock,
  type PcapSpec,
  payload,
  pcapFile,
  pcapngFile,
  pcapRecord,
} from '../support/capture-builder.ts';
import { concat } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';
import { readCapture } from '../support/read-capture.ts';

const READERS = ['native', 'pcap-parser'] as const;
const ORDERS: readonly ByteOrder[] = ['little', 'big'];
const packet = (seed: number, nanos = 5000) => ({ octets: payload(50, seed), nanos });
const octetsOf = (seeds: readonly number[]) => seeds.map((seed) => Buffer.from(payload(50, seed)));

describe.each(READERS)('through %s', (reader) => {
  const read = (file: Uint8Array, size = file.length) => readCapture(file, size, { reader });

  it.each(ORDERS)('files put together are read as one, first in %s endian', (order) => {
    const other = order === 'little' ? 'big' : 'little';
    const first = pcapFile({ order, packets: [packet(1), packet(2)] });
    const second = pcapFile({ order: other, nanos: true, linkType: 101, packets: [packet(3, 7)] });
    const third = pcapFile({ modified: true, packets: [packet(4)] });
    const file = concat(first, second, third);
    for (const size of [1, 13, file.length]) {
      const { packets, notices, facts } = read(file, size);
      expect(packets.map(({ octets }) => octets)).toEqual(octetsOf([1, 2, 3, 4]));
      expect(packets.map(({ linkType }) => linkType)).toEqual([1, 1, 101, 1]);
      expect(packets[2]?.nanos).toBe(7);
      expect(facts.interfaces.map(({ linkType }) => linkType)).toEqual([1, 101]);
      expect(notices).toMatchObject([
        { code: 'capture-odd-header', offset: first.length },
        { code: 'capture-odd-header', offset: first.length + second.length },
      ]);
    }
  });

  it('a header that is cut is told', () => {
    const first = pcapFile({ packets: [packet(1)] });
    const file = concat(first, pcapFile().subarray(0, 20));
    expect(read(file, 9).notices).toMatchObject([
      { code: 'capture-truncated', offset: first.length, needed: 24, available: 20 },
    ]);
  });

  it('a pcapng file behind is named with what reads it', () => {
    const first = pcapFile({ packets: [packet(1)] });
    const blocks = [interfaceBlock(), enhancedPacket({ octets: payload(40, 1) })];
    for (const order of ORDERS) {
      const { packets, notices } = read(concat(first, pcapngFile({ order, blocks })), 11);
      expect(packets.length).toBe(1);
      expect(notices).toMatchObject([{ code: 'capture-odd-header', offset: first.length }]);
      expect(notices[0]?.detail).toContain(`tail -c +${first.length + 1} FILE`);
    }
  });

  reaches('blankRecords', 4, 'few headers of zeros are packets, many are damage', (bound) => {
    const first = pcapFile({ packets: [packet(1)] });
    const few = read(concat(first, new Uint8Array(16 * 3), pcapRecord(packet(2))), 10);
    expect(few.packets.map(({ octets }) => octets.length)).toEqual([50, 0, 0, 0, 50]);
    expect(few.notices).toEqual([]);
    const many = read(concat(first, new Uint8Array(3_000_000)), 65_536);
    expect(many.packets.length).toBe(1 + bound);
    expect(many.notices).toMatchObject([{ code: 'capture-damaged', needed: 0 }]);
  });

  it.each(ORDERS)('Ixia’s files are read, %s endian', (order) => {
    for (const [magic, nanos] of [
      [0x1c0001ac, true],
      [0x1c0001ab, false],
    ] as const) {
      const usual = pcapFile({ order, nanos, packets: [packet(1), packet(2)] });
      const file = concat(usual.subarray(0, 24), new Uint8Array(4), usual.subarray(24));
      new DataView(file.buffer).setUint32(0, magic, order === 'little');
      for (const size of [1, file.length]) {
        const { packets, notices } = read(file, size);
        expect(packets.map(({ octets }) => octets)).toEqual(octetsOf([1, 2]));
        expect(packets[0]?.nanos).toBe(5000);
        expect(notices).toEqual([]);
      }
    }
  });

  it('files of AIX have types of interfaces and nanoseconds', () => {
    const spec: PcapSpec = { nanos: true, version: [2, 2], linkType: 6, lengthsSwapped: true };
    const file = pcapFile({ ...spec, packets: [packet(1, 1234)] });
    new DataView(file.buffer).setUint32(0, 0xa1b2c3d4, true);
    const { packets, facts } = read(file, 10);
    expect(packets).toMatchObject([{ linkType: 1, nanos: 1234, capturedLength: 50 }]);
    expect(facts.interfaces).toMatchObject([{ linkType: 1 }]);
  });

  it.each([
    ['Nokia or SuSE', 4],
    ['Red Hat', 8],
  ])('longer record headers are found out: %s', (writer, octets) => {
    // Read as a length, the fraction of the second is possible or not.
    for (const nanos of [5000, 90_000_000, 900_000_000]) expectLonger(writer, octets, nanos);
  });

  it('a second record that makes no sense either way changes nothing', () => {
    const file = pcapFile({ packets: [packet(1), packet(2), packet(3)] });
    new DataView(file.buffer).setUint32(24 + 16 + 50 + 4, 0xffffffff, true);
    for (const size of [1, 50, file.length]) {
      const { packets, notices } = read(file, size);
      expect(packets.map((one) => one.octets)).toEqual(octetsOf([1, 2, 3]));
      expect(notices).toEqual([]);
    }
  });

  function expectLonger(writer: string, octets: number, nanos: number): void {
    const record = (seed: number) => {
      const usual = pcapRecord(packet(seed, nanos));
      return concat(usual.subarray(0, 16), new Uint8Array(octets).fill(1), usual.subarray(16));
    };
    const file = concat(pcapFile(), ...[1, 2, 3, 4, 5].map(record));
    for (const size of [1, 50, file.length]) {
      const { packets, notices } = read(file, size);
      expect(packets.slice(1).map((one) => one.octets)).toEqual(octetsOf([2, 3, 4, 5]));
      expect(packets.length).toBe(5);
      expect(notices).toMatchObject([{ code: 'capture-odd-header', offset: 0 }]);
      expect(notices[0]?.detail).toContain(writer);
    }
  }

  it.each([0, 1, 40, 0x7fffffff, 0xffffffff])('a snap length of %i cuts nothing', (snapLength) => {
    const { packets, notices } = read(pcapFile({ snapLength, packets: [packet(1)] }), 10);
    expect(packets.map(({ octets }) => octets)).toEqual(octetsOf([1]));
    expect(notices).toEqual([]);
  });

  it.each([0, 1, 0x7fffffff, 0xffffffff])('times may be anything: %i', (seconds) => {
    const packets = [
      { ...packet(1), seconds },
      { ...packet(2), seconds: 5 },
    ];
    expect(read(pcapFile({ packets })).packets.map((one) => one.seconds)).toEqual([seconds, 5]);
  });
});
