import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SoundOddity } from '../../../src/model/sound-oddities.ts';
import { SOUND_ODDITIES } from '../../../src/model/sound-oddities.ts';
import { healthyOddities } from '../../../src/rules/handshake/healthy-oddities.ts';
import { analyse } from '../../support/analyse.ts';
import { at } from '../../support/fake-history.ts';
import { fakeIndex } from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

const oddity = (kind: SoundOddity, packet: number) => ({
  kind,
  connections: packet,
  first: { ...at(packet), connection: 1 },
});

testCaptureRule(healthyOddities, [
  { name: 'has nothing to say where there is nothing odd', index: fakeIndex([]), want: [] },
  {
    name: 'tells all kinds in one finding',
    index: fakeIndex([], { oddities: SOUND_ODDITIES.map((kind, n) => oddity(kind, n + 1)) }),
    want: [
      {
        message: 'seen',
        severity: 'info',
        confidence: 'likely',
        packets: [1, 2, 3, 4, 5, 6, 7],
        connections: [],
      },
    ],
  },
]);

const SAMPLES = new URL('../../../samples/', import.meta.url);

/** What the samples show, by their stories. */
const SHOWN: readonly [string, Partial<Record<SoundOddity, number>>][] = [
  ['dtls-mutual-close', { 'hello-verify-request': 1, 'answered-close': 1 }],
  ['dtls-small-mtu', { 'repeated-flight': 1, 'hello-verify-request': 1, 'answered-close': 1 }],
  ['tls-rst-after-close-notify', { 'dummy-ccs': 1, 'reset-after-close': 2 }],
  ['tls13-hrr', { 'hello-retry-request': 2, 'dummy-ccs': 2, 'answered-close': 2 }],
  // Handshakes that did not come to their end.
  ['dtls-fragment-loss', {}],
  ['dtls-cookie-loop', {}],
  // Resets that cost octets.
  ['tls-write-after-close', { 'dummy-ccs': 1 }],
];

describe('what samples have', () => {
  it.each(SHOWN)('%s', (name, wanted) => {
    const capture = new Uint8Array(readFileSync(new URL(`${name}/capture.pcap`, SAMPLES)));
    const { result, findings } = analyse(capture);
    const counts = Object.fromEntries(
      result.oddities.map(({ kind, connections }) => [kind, connections]),
    );
    expect(counts).toEqual(wanted);
    // It is in no report unless somebody asks.
    expect(findings.map(({ rule }) => rule)).not.toContain('healthy-oddities');
    const asked = analyse(capture, { rules: new Set(['healthy-oddities']) });
    const isOdd = Object.keys(wanted).length > 0;
    expect(asked.findings.map(({ rule }) => rule)).toEqual(isOdd ? ['healthy-oddities'] : []);
  });
});
