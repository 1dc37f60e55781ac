import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DtlsSink } from '../../src/model/record.ts';
import { DtlsDatagrams } from '../../src/tls/record-dtls.ts';
import {
  clientHello,
  concat,
  dtlsFragment,
  dtlsRecord,
  filled,
  hex,
  uint,
} from '../support/hello-builder.ts';

interface Taken {
  readonly isDtls: boolean;
  /** Type, version, epoch, sequence number, length; octets that were captured. */
  readonly records: readonly string[];
}

/** Looks at a datagram with other octets around it. */
function take(octets: Uint8Array, wireLength = octets.length): Taken {
  const records: string[] = [];
  const sink: DtlsSink = {
    connectionIdLength: () => 2,
    recordWithId: (
      flow,
      side,
      version,
      epoch,
      sequence,
      idLength,
      length,
      bytes,
      start,
      end,
      packet,
      nanos,
      ipId,
    ) => {
      const id = Buffer.from(bytes.subarray(start - 2 - idLength, start - 2)).toString('hex');
      sink.record(
        flow,
        side,
        25,
        version,
        epoch,
        sequence,
        length,
        bytes,
        start,
        end,
        packet,
        nanos,
        ipId,
      );
      records.push(`${records.pop()} of ${id}`);
    },
    company: () => undefined,
    misfit: () => {
      records.push('misfit');
    },
    record: (
      flow,
      side,
      type,
      version,
      epoch,
      sequence,
      length,
      bytes,
      start,
      end,
      packet,
      nanos,
      ipId,
    ) => {
      expect([flow, side, packet, nanos, ipId]).toEqual([3, 1, 7, 8, 9]);
      expect(start).toBeGreaterThanOrEqual(5);
      expect(end).toBeLessThanOrEqual(5 + octets.length);
      const body = Buffer.from(bytes.subarray(start, end)).toString('hex');
      const name = version.toString(16).padStart(4, '0');
      records.push(`${type} ${name} ${epoch}/${sequence} ${length} ${body}`);
    },
    unified: () => 0,
  };
  const datagrams = new DtlsDatagrams(sink, { notice: () => undefined });
  const block = concat(filled(5, 0x16), octets, filled(40, 0x16));
  const isDtls = datagrams.datagram(3, 1, block, 5, 5 + octets.length, wireLength, 7, 8, 9);
  expect(isDtls || records.length === 0).toBe(true);
  return { isDtls, records };
}

const data = (length: number, sequence = 1) =>
  dtlsRecord(23, 0xfefd, 1, sequence, filled(length, 0xab));
const HELLO = dtlsRecord(
  22,
  0xfeff,
  0,
  0,
  dtlsFragment(1, 0, clientHello({ cookie: new Uint8Array(0) })),
);

describe('DtlsDatagrams', () => {
  test('one record', () => {
    expect(take(data(3))).toEqual({ isDtls: true, records: ['23 fefd 1/1 3 ababab'] });
    expect(take(HELLO).records[0]).toMatch(/^22 feff 0\/0 56 01/);
  });

  test('several records', () => {
    const finished = dtlsRecord(22, 0xfefd, 1, 0, filled(2, 2));
    const ccs = dtlsRecord(20, 0xfefd, 0, 5, filled(1, 1));
    expect(take(concat(ccs, finished, data(1, 9))).records).toEqual([
      '20 fefd 0/5 1 01',
      '22 fefd 1/0 2 0202',
      '23 fefd 1/9 1 ab',
    ]);
  });

  test('an empty record, and every content type', () => {
    expect(take(data(0)).records).toEqual(['23 fefd 1/1 0 ']);
    for (let type = 0; type < 256; type++) {
      expect(take(dtlsRecord(type, 0xfefd, 0, 0, filled(20, 1))).isDtls).toBe(
        type >= 20 && type <= 26,
      );
    }
  });

  test.each([
    [0xfeff, true],
    [0xfefd, true],
    [0x0100, true],
    [0xfefe, false],
    [0x0303, false],
    [0xfefc, false],
  ])('version %i', (version, isDtls) => {
    expect(take(dtlsRecord(22, version, 0, 0, filled(20, 1))).isDtls).toBe(isDtls);
  });

  test.each([
    [0, 0],
    [1, 0x7fff_ffff],
    [2, 0x8000_0000],
    [0xffff, 0xffff_ffff],
    [3, 0x1_0000_0000],
    [65_535, 0xffff_ffff_ffff],
  ])('epoch %i, sequence number %i', (epoch, sequence) => {
    expect(take(dtlsRecord(23, 0xfefd, epoch, sequence, filled(1, 7))).records).toEqual([
      `23 fefd ${epoch}/${sequence} 1 07`,
    ]);
  });

  test('a length beyond the limit, or beyond the datagram', () => {
    expect(take(data(18_432)).isDtls).toBe(true);
    expect(take(data(18_433)).isDtls).toBe(false);
    expect(take(data(40).subarray(0, 50)).isDtls).toBe(false);
  });

  test('a second record beyond the datagram ends it', () => {
    expect(take(concat(data(1), data(40)).subarray(0, 50)).records).toEqual(['23 fefd 1/1 1 ab']);
  });

  test('a cut datagram: the captured octets of the last record', () => {
    const octets = concat(data(2), data(100));
    expect(take(octets.subarray(0, 31), octets.length).records).toEqual([
      '23 fefd 1/1 2 abab',
      '23 fefd 1/1 100 ababab',
    ]);
    expect(take(octets.subarray(0, 20), octets.length).records).toEqual(['23 fefd 1/1 2 abab']);
    expect(take(octets.subarray(0, 14), octets.length).records).toEqual(['23 fefd 1/1 2 ab']);
    expect(take(octets.subarray(0, 12), octets.length).isDtls).toBe(false);
  });

  test('a few octets behind the last record end the datagram', () => {
    expect(take(concat(data(2), filled(5, 0xcc))).records).toEqual(['23 fefd 1/1 2 abab']);
    expect(take(concat(data(2), data(1), filled(50, 0xcc))).records).toHaveLength(2);
  });

  test('a unified header of DTLS 1.3 may follow', () => {
    const hello = dtlsRecord(22, 0xfefd, 0, 1, dtlsFragment(2, 0, filled(60, 1)));
    expect(take(concat(hello, hex('2e 0001 0020'), filled(32, 0x77))).records).toHaveLength(1);
  });

  test.each([
    ['STUN', concat(hex('0001 0000 2112a442'), filled(12, 1))],
    ['TURN channel data', concat(hex('4000 0010'), filled(16, 1))],
    ['RTP', concat(hex('8060 0001 00000001 00000002'), filled(160, 1))],
    ['QUIC', concat(hex('c3 00000001 08'), filled(60, 1))],
    ['DNS', concat(hex('1601 0100 0001 0000 0000 0000 03777777'), filled(20, 1))],
    ['a record, then what is none', concat(data(2), filled(50, 0xcc))],
    ['nothing', new Uint8Array(0)],
  ])('%s is no DTLS', (_name, octets) => {
    expect(take(octets)).toEqual({ isDtls: false, records: [] });
  });

  test('random datagrams with a true type and version need a length that agrees', () => {
    const body = fc.uint8Array({ minLength: 10, maxLength: 300 });
    let taken = 0;
    fc.assert(
      fc.property(body, (octets) => {
        if (take(concat(hex('17 fefd'), octets)).isDtls) taken++;
      }),
      { seed: 6347, numRuns: 5000 },
    );
    expect(taken).toBeLessThan(5);
  });

  test('no octets whatsoever throw, wherever they are cut', () => {
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(HELLO, data(3), data(0), hex('16 fefd 0000 000000000000')),
      fc.nat(60).map((length) => concat(hex('16 feff 0000 000000000001'), uint(length, 2))),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), fc.nat(60), fc.nat(60), (parts, cut, more) => {
        const octets = concat(...parts);
        const captured = octets.subarray(0, Math.max(0, octets.length - cut));
        take(captured, captured.length + more);
      }),
      { seed: 6347, numRuns: 2000 },
    );
  });
});
