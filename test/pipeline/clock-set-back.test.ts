/** A clock that is set back while packets are captured. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { at, fileOf, partsOf } from '../support/pcap-packets.ts';

const HOUR = 3600e6;
const sample = path.join(
  import.meta.dirname,
  '../../samples/tls-certificates-refused/capture.pcap',
);
const parts = partsOf(readFileSync(sample));
const count = parts.records.length;

/** The sample, whose certificates were made minutes before it, with packets from `from` on captured so much earlier. */
const earlier = (from: number, micros: number) =>
  analyse(
    fileOf(
      parts,
      parts.records.map((one, n) => (n < from ? one : at(one, one.micros - micros))),
    ),
  );
const early = ({ findings }: ReturnType<typeof analyse>) =>
  findings.filter(({ rule }) => rule === 'cert-not-yet-valid').length;
const told = ({ result }: ReturnType<typeof analyse>) =>
  result.notices[0]?.filter(({ code }) => code === 'clock-set-back');

describe('a clock set back', () => {
  it('by an hour is told, and makes no certificate too young', () => {
    const read = earlier(1, HOUR);
    expect(told(read)).toMatchObject([{ packetNumber: 2, detail: 'by about 60.0 min' }]);
    expect(early(read)).toBe(early(earlier(count, HOUR)));
  });

  it('before the capture makes them so', () => {
    const read = earlier(0, HOUR);
    expect(told(read)).toEqual([]);
    expect(early(read)).toBeGreaterThan(early(earlier(count, HOUR)));
  });

  it('leaves certificates that are much too young', () => {
    const read = earlier(1, HOUR);
    const year = analyse(
      fileOf(
        parts,
        parts.records.map((one, n) => at(one, one.micros - 9000 * HOUR - (n === 0 ? 0 : HOUR))),
      ),
    );
    expect(early(year)).toBeGreaterThan(early(read));
    expect(told(year)).toHaveLength(1);
  });
});
