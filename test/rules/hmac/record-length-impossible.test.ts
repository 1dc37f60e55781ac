import { describe, expect, it } from 'vitest';
import type { OddityFact } from '../../../src/model/history.ts';
import type { ServerHello } from '../../../src/model/message.ts';
import { recordLengthImpossible } from '../../../src/rules/hmac/record-length-impossible.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeConflict,
  fakeHistory,
  fakeMessage,
} from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const CBC_SHA = 0xc013;
const odd = (packet: number, length: number): OddityFact => ({
  ...at(packet),
  kind: 'impossible-length',
  from: 'client',
  length,
  contentType: 23,
  octets: undefined,
});
const given = { cipherSuite: CBC_SHA, oddities: [odd(20, 50)] };
const truncated: ServerHello = {
  legacyVersion: 0x0303,
  random: new Uint8Array(32),
  sessionId: new Uint8Array(0),
  cipherSuite: CBC_SHA,
  compressionMethod: 0,
  extensions: [{ type: 4, data: new Uint8Array(0) }],
  version: 0x0303,
  alpn: undefined,
  helloRetryRequest: false,
  keyShareGroup: undefined,
  selectedPsk: undefined,
};
const found = (
  severity: 'error' | 'warning',
  confidence: 'proven' | 'likely',
  packets: readonly number[],
) => [{ message: 'impossible', severity, confidence, packets } as const];

testConnectionRule(
  recordLengthImpossible,
  [
    {
      name: 'proves a length that is no multiple of the block, with the alert in answer',
      history: fakeHistory({ ...given, alerts: [fakeAlert(undefined, 'server', 21)] }),
      want: found('error', 'proven', [20, 21]),
    },
    {
      name: 'tells a close in answer, and further such records',
      history: fakeHistory({
        ...given,
        oddities: [odd(20, 50), odd(21, 51)],
        tcp: { fin: { client: undefined, server: at(22) } },
      }),
      want: found('error', 'proven', [20, 21, 22]),
    },
    {
      name: 'does not judge after a renegotiation: its suite is encrypted',
      history: fakeHistory({
        ...given,
        messages: [fakeMessage(-1, 'client', 8), fakeMessage(-1, 'client', 17)],
      }),
      want: { missing: 'no-secrets' },
    },
    {
      name: 'leaves records behind a renegotiation that secrets opened to those who check their MAC',
      history: fakeHistory({
        ...given,
        messages: [fakeMessage(20, 'client', 8), fakeMessage(20, 'client', 17)],
      }),
      want: 'pass',
    },
    {
      name: 'knows what a record needs at least and may have at most',
      history: fakeHistory({ oddities: [odd(20, 12)] }),
      want: found('error', 'proven', [20]),
    },
    {
      name: 'knows that TLS 1.3 allows less',
      history: fakeHistory({ version: 0x0304, cipherSuite: 0x1301, oddities: [odd(20, 17_000)] }),
      want: found('error', 'proven', [20]),
    },
    {
      name: 'is less sure where copies of a segment differ',
      history: fakeHistory({ ...given, tcp: { conflicts: [fakeConflict(19)] } }),
      want: found('error', 'likely', [20]),
    },
    {
      name: 'warns only over DTLS, where the record is dropped',
      history: fakeHistory({ ...given, protocol: 'DTLS' }),
      want: found('warning', 'proven', [20]),
    },
    {
      name: 'does not judge where octets of that direction are missing',
      history: fakeHistory({ ...given, tcp: { lostOctets: { client: 1, server: 0 } } }),
      want: { missing: 'lost-bytes' },
    },
    {
      name: 'passes a length that the negotiation as it is known in the end allows',
      history: fakeHistory({
        cipherSuite: CBC_SHA,
        encryptThenMac: true,
        oddities: [odd(20, 68)],
      }),
      want: 'pass',
    },
    {
      name: 'passes what a truncated MAC makes possible',
      history: fakeHistory({ ...given, serverHello: truncated }),
      want: 'pass',
    },
    {
      name: 'takes two octets of an alert for an alert in the clear',
      history: fakeHistory({ oddities: [{ ...odd(20, 2), contentType: 21 }] }),
      want: 'not-applicable',
    },
    {
      name: 'has nothing to do with other oddities',
      history: fakeHistory({ oddities: [{ ...odd(20, 5), kind: 'not-a-record' }] }),
      want: 'not-applicable',
    },
    { name: 'leaves healthy connections alone', history: fakeHistory(), want: 'not-applicable' },
  ],
  {},
);

describe('the other order of MAC and encryption', () => {
  const causes = (history: FakeHistory): string => {
    const verdict = recordLengthImpossible.check(fakeHistory(history), {
      previous: undefined,
      next: undefined,
    });
    return 'causes' in verdict ? (verdict.causes ?? []).join() : '';
  };

  it('is named where the length of an HMAC-SHA1 record fits it', () => {
    const record = { cipherSuite: CBC_SHA, oddities: [odd(20, 68)] };
    expect(causes({ ...record, encryptThenMac: false })).toContain('fits encrypt-then-MAC');
    expect(causes({ ...record, oddities: [odd(20, 64)], encryptThenMac: true })).toContain(
      'fits MAC-then-encrypt',
    );
  });

  it('is not named where no order fits, nor for a MAC of whole blocks', () => {
    expect(causes({ cipherSuite: CBC_SHA, oddities: [odd(20, 50)] })).toBe('');
    expect(causes({ cipherSuite: 0xc027, oddities: [odd(20, 50)] })).toBe('');
  });
});
