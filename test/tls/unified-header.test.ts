import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONTENT_TYPE, type DtlsSink } from '../../src/model/record.ts';
import { DtlsDatagrams } from '../../src/tls/record-dtls.ts';
import {
  emptyUnifiedHeader,
  hasConnectionId,
  isUnified,
  readUnifiedHeader,
} from '../../src/tls/unified-header.ts';
import { concat, dtlsRecord, filled, hex, type Octets, u8, u16 } from '../support/hello-builder.ts';

interface Form {
  readonly cid: number;
  readonly long: boolean;
  readonly length: boolean;
  readonly epoch: number;
  readonly body: number;
}

const written = ({ cid, long, length, epoch, body }: Form): Octets =>
  concat(
    u8(0x20 | (cid > 0 ? 16 : 0) | (long ? 8 : 0) | (length ? 4 : 0) | epoch),
    filled(cid, 0xcc),
    filled(long ? 2 : 1, 0x77),
    length ? u16(body) : new Uint8Array(0),
    filled(body, 0xab),
  );

const forms = fc.record({
  cid: fc.integer({ min: 0, max: 20 }),
  long: fc.boolean(),
  length: fc.boolean(),
  epoch: fc.nat(3),
  body: fc.integer({ min: 1, max: 60 }),
});

describe('the unified header', () => {
  test('every form is read back, wherever it lies', () => {
    fc.assert(
      fc.property(forms, fc.nat(9), fc.nat(9), (form, before, behind) => {
        const record = written(form);
        const end = before + record.length;
        const bytes = concat(filled(before, 1), record, filled(behind, 2));
        const header = emptyUnifiedHeader();
        const wireEnd = form.length ? end + behind : end;
        expect(readUnifiedHeader(bytes, before, wireEnd, wireEnd, form.cid, header)).toBe(true);
        const cidStart = before + 1;
        expect(header).toEqual({
          epochBits: form.epoch,
          cidStart,
          cidEnd: cidStart + form.cid,
          start: end - form.body,
          length: form.body,
          next: end,
        });
        expect(isUnified(record[0] ?? 0)).toBe(true);
        expect(hasConnectionId(record[0] ?? 0)).toBe(form.cid > 0);
      }),
    );
  });

  test('no length that goes beyond the datagram, and none of nothing', () => {
    const header = emptyUnifiedHeader();
    const long = hex('2f 0001 0020');
    const cut = concat(long, filled(31, 1));
    expect(readUnifiedHeader(cut, 0, cut.length, cut.length, 0, header)).toBe(false);
    // The capture lacks some of it, the datagram does not.
    expect(readUnifiedHeader(cut, 0, 20, 37, 0, header)).toBe(true);
    for (let end = 1; end < 5; end++)
      expect(readUnifiedHeader(long, 0, end, 37, 0, header)).toBe(false);
    const empty = hex('2f 0001 0000');
    expect(readUnifiedHeader(empty, 0, 5, 5, 0, header)).toBe(false);
    expect(readUnifiedHeader(hex('22 01'), 0, 2, 2, 0, header)).toBe(false);
  });

  test('only the three bits 001 are one', () => {
    const unified = Array.from({ length: 256 }, (_, octet) => octet).filter(isUnified);
    expect([unified[0], unified.at(-1), unified.length]).toEqual([32, 63, 32]);
  });
});

/** What the sink is told of a datagram, if it takes unified records for `takes` octets each. */
function told(octets: Octets, takes: (at: number) => number): { isDtls: boolean; log: string[] } {
  const log: string[] = [];
  const sink: DtlsSink = {
    record: (_flow, _side, type, _version, epoch) => log.push(`${type}/${epoch}`),
    unified: (_flow, _side, _bytes, at, end, wireEnd) => {
      log.push(`unified ${at}..${end}/${wireEnd}`);
      return takes(at);
    },
    connectionIdLength: () => 0,
    recordWithId: () => undefined,
    company: () => undefined,
    misfit: () => undefined,
  };
  const isDtls = new DtlsDatagrams(sink, { notice: () => undefined }).datagram(
    0,
    0,
    octets,
    0,
    octets.length,
    octets.length,
    1,
    0,
    0,
  );
  return { isDtls, log };
}

describe('datagrams with unified headers', () => {
  const plain = dtlsRecord(22, 0xfefd, 0, 1, filled(20, 1));
  const unified = written({ cid: 0, long: true, length: true, epoch: 2, body: 20 });
  const isRecord = (at: number) => at + unified.length;

  test('one record, several, and behind plaintext ones', () => {
    expect(told(unified, isRecord)).toEqual({ isDtls: true, log: ['unified 0..25/25'] });
    expect(told(concat(unified, unified), isRecord).log).toHaveLength(2);
    const mixed = told(concat(plain, unified, plain), isRecord);
    expect(mixed).toEqual({ isDtls: true, log: ['22/0', 'unified 33..91/91', '22/0'] });
  });

  test('what the sink does not take ends the datagram, and is no DTLS alone', () => {
    expect(told(unified, () => 0)).toMatchObject({ isDtls: false });
    expect(told(concat(plain, unified, plain), () => 0)).toMatchObject({ isDtls: true });
    expect(told(concat(plain, unified, plain), () => 0).log).toHaveLength(2);
  });

  test('an ACK in the clear is a record', () => {
    const ack = dtlsRecord(CONTENT_TYPE.ack, 0xfefd, 0, 3, filled(18, 0));
    expect(told(ack, isRecord).log).toEqual(['26/0']);
  });

  test.each([
    ['STUN', '0001 0000 2112a442'],
    ['ZRTP', '1000 0000 5a525450'],
    ['TURN', '4000 0010 11111111'],
    ['RTP', '8060 0001 00000001'],
    ['QUIC', 'c300 0000 01080000'],
  ])('%s is not offered', (_name, octets) => {
    expect(told(concat(hex(octets), filled(30, 0x2f)), isRecord)).toEqual({
      isDtls: false,
      log: [],
    });
  });
});
