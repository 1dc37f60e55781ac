import { describe, expect, it } from 'vitest';
import type { ConnectionSummary } from '../../../src/model/capture-index.ts';
import { keySuspects, rateSuspects } from '../../../src/rules/support/key-suspects.ts';
import { compareWithSuite } from '../../../src/rules/support/same-suite.ts';
import { type FakeHistory, fakeHistory } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';

const negotiated: readonly [string, FakeHistory, readonly RegExp[]][] = [
  ['a PSK suite', { cipherSuite: 0x00a8 }, [/pre-shared keys/, /hashed different/]],
  [
    'DHE without extended master secret',
    { cipherSuite: 0x009e, extendedMasterSecret: false },
    [/one|once in 256/],
  ],
  [
    'a suite with SHA-384',
    { cipherSuite: 0xc030, extendedMasterSecret: false },
    [/leading zero/, /SHA-384/],
  ],
  ['RSA and CBC', { cipherSuite: 0x002f, extendedMasterSecret: false }, [/HMAC-SHA1/]],
  [
    'RSA, CBC and encrypt-then-MAC',
    { cipherSuite: 0x002f, extendedMasterSecret: false, encryptThenMac: true },
    [/encrypt-then-MAC/],
  ],
  [
    'a resumed session with a PSK suite',
    { cipherSuite: 0x00a8, resumed: true },
    [/session that was resumed/],
  ],
  ['TLS 1.3', { version: 0x0304, cipherSuite: 0x1301 }, []],
  ['nothing negotiated', { cipherSuite: undefined }, []],
];

describe('what to suspect where keys differ', () => {
  it.each(negotiated)('follows from %s', (_, given, want) => {
    const causes = keySuspects(fakeHistory(given));
    expect(causes).toEqual(want.map((pattern) => expect.stringMatching(pattern)));
  });
});

const refused = {
  outcome: 'failed',
  stage: 'server-finished',
  fatalAlert: { description: 20, from: 'server', packet: 5 },
} as const;

/** The first connection was refused; so were others, and some succeeded, all with one suite unless given. */
function capture(others: number, established: number, more: Partial<ConnectionSummary> = {}) {
  const rows = Array.from({ length: 1 + others + established }, (_, i) =>
    fakeSummary({ id: i + 1, ...(i <= others ? refused : {}), ...(i > 0 ? more : {}) }),
  );
  return fakeIndex([fakeServer({ connections: rows })]);
}

describe('what the rate of failures adds', () => {
  it('is that it always fails', () => {
    expect(rateSuspects(capture(2, 0), 1)).toEqual([expect.stringMatching(/^all 3 full/)]);
  });

  it('is that it fails as rarely as a leading zero octet', () => {
    expect(rateSuspects(capture(1, 600), 1)).toEqual([
      expect.stringMatching(/^2 of 602 .* one in 256/),
    ]);
  });

  it('is that this is likely, once there are enough of them', () => {
    expect(rateSuspects(capture(3, 1000), 1)).toEqual([
      expect.stringMatching(/^4 of 1004 .*: likely .* one in 256/),
    ]);
  });

  it('is nothing where a leading zero octet would have failed far more often', () => {
    expect(rateSuspects(capture(0, 2000), 1)).toEqual([]);
  });

  it('is nothing for one failure, nor for a rate between', () => {
    expect(rateSuspects(capture(0, 0), 1)).toEqual([]);
    expect(rateSuspects(capture(5, 20), 1)).toEqual([]);
  });

  it('leaves out other suites and resumed sessions', () => {
    expect(rateSuspects(capture(3, 0, { cipherSuite: 0x002f }), 1)).toEqual([]);
    expect(compareWithSuite(capture(0, 7, { resumed: true }), 1)).toBe('');
  });

  it('is told in figures', () => {
    expect(compareWithSuite(capture(2, 40), 1)).toMatch(/ 40 succeeded and 2 failed/);
  });
});
