/** A connection that was captured on both sides of an address translator is one, and so is what went wrong in it. */
import { describe, expect, it } from 'vitest';
import { captureOf, harmed, readSample, type Taken } from '../properties/scrambled.ts';
import { OUTSIDE } from '../properties/views.ts';
import { analyse } from '../support/analyse.ts';
import { MS } from '../support/network.ts';

const isOutside = ({ octets }: Taken): boolean =>
  [26, 30].some((at) => octets.subarray(at, at + 4).join('.') === OUTSIDE);

/** A sample as it is, and as two points have it whose clocks differ, with a translator between them. */
function seenTwice(packets: readonly Taken[], clock: number): Taken[] {
  const both = harmed(packets, [{ kind: 'translated', share: 1, late: 20_000, seed: 1 }]);
  const told = both.map((one) => (isOutside(one) ? { ...one, nanos: one.nanos + clock } : one));
  return told.sort((a, b) => a.nanos - b.nanos);
}

/** What accuses, by rule and title, in the order of the alphabet. */
const accused = (packets: readonly Taken[]): string[] =>
  analyse(captureOf(packets, 1))
    .findings.filter(({ severity }) => severity !== 'info')
    .map(({ rule, title }) => `${rule}: ${title}`)
    .sort();

describe('what both sides of a translator show, whose clocks are apart', () => {
  it.each([
    'tls-premaster-version',
    'tls-parameters-refused',
    'tls-signature-flipped',
    'tls-certificates-refused',
    'proxy-reflects-record',
    'proxy-doubles-record',
    'dtls-cookie-loop',
  ])('%s is told once for each connection', (name) => {
    const { packets } = readSample(name);
    const whole = accused(packets);
    expect(whole).not.toEqual([]);
    for (const clock of [-40 * MS, 300 * MS])
      expect(accused(seenTwice(packets, clock))).toEqual(whole);
  });
});
