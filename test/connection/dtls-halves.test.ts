import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowTape } from '../../src/bytes/row-tape.ts';
import { AssociationPool } from '../../src/connection/dtls-association.ts';
import {
  FLOATS,
  HOT_FLOATS,
  HOT_INTS,
  INTS,
  RECENT,
  SETTLED_FLOATS,
  SETTLED_INTS,
} from '../../src/connection/dtls-half-layout.ts';
import type { DtlsHalf, DtlsHalves } from '../../src/connection/dtls-halves.ts';
import { takeNumber } from '../../src/connection/dtls-numbers.ts';
import { emptyRecord } from '../../src/connection/dtls-record.ts';
import { CONTENT_TYPE } from '../../src/model/record.ts';

const EPOCH = 1;
const APPLICATION_DATA = CONTENT_TYPE.applicationData;

/** A record of application data, told apart by its number. */
function recordOf(sequence: number) {
  return {
    ...emptyRecord(),
    contentType: APPLICATION_DATA,
    epoch: EPOCH,
    sequence,
    length: 40 + (sequence % 7),
    print: sequence * 31,
    packet: 1000 + sequence,
    nanos: sequence * 10 + 0.5,
  };
}

function longWay(half: DtlsHalf, sequence: number): void {
  const r = recordOf(sequence);
  half.countRecord(r.contentType);
  half.countProtected(r.contentType, r.length, r.packet, r.nanos);
  takeNumber(half, r);
}

function shortWay(halves: DtlsHalves, sequence: number): boolean {
  const r = recordOf(sequence);
  return halves.nextData(0, EPOCH, sequence, r.length, r.print, 0, r.packet, r.nanos);
}

function numbersOf(half: DtlsHalf) {
  return {
    window: [half.windowLow, half.windowHigh],
    counts: [half.count, half.protectedCount, half.applicationData],
    last: [half.lastPacket, half.lastRecord, half.lastNanos, half.lastSequence],
    data: [half.dataPacket, half.dataLength, half.dataNanos],
    numbers: [half.first, half.highest],
    recent: Array.from({ length: RECENT }, (_, i) => [
      half.recentPrint(i),
      half.recentPacket(i),
      half.recentRecord(i),
      half.recentSequence(i),
      half.recentNanos(i),
    ]),
  };
}

function begin() {
  const pool = new AssociationPool();
  const [half] = pool.take().sides;
  half.epoch = EPOCH;
  return { halves: pool.halves, half };
}

describe('DtlsHalves', () => {
  it('says the same of records that went the short way, wherever it was asked and whatever came between', () => {
    // Each step is a run of next numbers by the short way, and how many numbers are left out before the next run.
    const step = fc.record({ run: fc.nat(90), skipped: fc.nat(70), asked: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const short = begin();
        const long = begin();
        let sequence = 1;
        for (const { run, skipped, asked } of steps) {
          sequence += skipped;
          longWay(short.half, sequence);
          longWay(long.half, sequence);
          for (let n = 0; n < run; n++) {
            sequence++;
            expect(shortWay(short.halves, sequence)).toBe(true);
            longWay(long.half, sequence);
          }
          if (asked) expect(numbersOf(short.half)).toEqual(numbersOf(long.half));
          sequence++;
        }
        expect(numbersOf(short.half)).toEqual(numbersOf(long.half));
      }),
    );
  });

  it('comes back as it was in the place of another one', () => {
    const ints = [...HOT_INTS, ...SETTLED_INTS, ...INTS];
    const floats = [...HOT_FLOATS, ...SETTLED_FLOATS, ...FLOATS];
    const someInts = fc.array(fc.integer(), { minLength: 64, maxLength: 64 });
    const float = fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0));
    const someFloats = fc.array(float, { minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(someInts, someFloats, fc.nat(9), (whole, broken, records) => {
        const pool = new AssociationPool();
        const [one, other] = pool.take().sides;
        for (const [at, name] of ints.entries()) one[name] = whole[at] ?? 0;
        for (const [at, name] of floats.entries()) one[name] = broken[at] ?? 0;
        for (let n = 0; n < records; n++)
          one.remember(whole[n] ?? 0, n + 1, whole[n + 9] ?? 0, broken[n] ?? 0, n / 7);
        other.highest = 99;
        const all = (half: DtlsHalf) => ({
          ...numbersOf(half),
          named: [...ints, ...floats].map((name) => half[name]),
        });
        const tape = new RowTape(2048);
        pool.halves.write(0, tape);
        tape.rewind();
        pool.halves.read(1, tape);
        expect(all(other)).toEqual(all(one));
      }),
    );
  });

  it('has nothing open after a reset', () => {
    const { halves, half } = begin();
    longWay(half, 1);
    shortWay(halves, 2);
    half.reset();
    expect(half.count).toBe(0);
    expect(half.lastPacket).toBe(0);
  });
});
