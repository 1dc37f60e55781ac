import { describe, expect, test } from 'vitest';
import { Expectations } from '../../src/checks/expectations.ts';
import type { ExpectEntry } from '../../src/checks/files.ts';
import { handshakeTime } from '../../src/checks/handshake-time.ts';
import { Parties } from '../../src/checks/parties.ts';
import type { ExpectationResult } from '../../src/model/check.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { ConnectionHistory } from '../../src/model/history.ts';
import { MILLISECOND } from '../../src/model/time.ts';
import { fakeClientHello } from '../support/fake-hello.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeMessage,
  fakeRecord,
} from '../support/fake-history.ts';
import { fakeFinding } from '../support/fake-run.ts';
import { reaches } from '../support/reaches.ts';

interface There {
  readonly connections?: readonly ConnectionHistory[];
  readonly findings?: readonly Finding[];
  readonly omitted?: readonly string[];
}

/** What an entry with one assertion comes to. */
function held(entry: ExpectEntry, there: There = {}): ExpectationResult {
  const parties = new Parties();
  const expectations = new Expectations('ci.json', [entry]);
  for (const history of there.connections ?? [])
    expectations.connection(history, parties.add(history));
  for (const finding of there.findings ?? []) expectations.finding(finding, parties.of(finding));
  const { results } = expectations.end(there.omitted ?? []);
  expect(results).toHaveLength(1);
  return results[0] as ExpectationResult;
}

const whole: FakeHistory = {
  messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 6)],
  protectedRecords: {
    client: { first: fakeRecord(22, 'client', 9) },
    server: { first: fakeRecord(22, 'server', 11) },
  },
};
const alerted: FakeHistory = {
  id: 2,
  outcome: 'failed',
  version: undefined,
  cipherSuite: undefined,
  alerts: [fakeAlert(40, 'server', 7)],
};
const established = fakeHistory(whole);
const failed = fakeHistory(alerted);
const reset = fakeHistory({
  id: 3,
  outcome: 'aborted',
  tcp: { rst: { client: undefined, server: { ...at(8), withAck: true, window: 0 } } },
});
const cut = fakeHistory({
  id: 4,
  outcome: 'incomplete',
  version: undefined,
  cipherSuite: undefined,
});
const late = fakeHistory({ id: 5, outcome: 'no-handshake' });
const atServer = (name: string, id: number) => fakeHistory({ ...whole, id, serverName: name });

describe('a verdict', () => {
  test.each<[string, ExpectEntry, There, string, number, string[]]>([
    ['enough', { connections: { atLeast: 1 } }, { connections: [established] }, 'met', 1, []],
    ['none', { connections: { atLeast: 1 } }, {}, 'failed', 1, ['0/0 there are 0']],
    ['none wanted', { connections: { atMost: 0 } }, {}, 'met', 1, []],
    [
      'handshakes that succeed',
      { handshakes: 'succeed' },
      { connections: [established] },
      'met',
      1,
      [],
    ],
    [
      'one that does not',
      { handshakes: 'succeed' },
      { connections: [established, failed, reset] },
      'failed',
      3,
      ['2/7 fatal alert handshake_failure from the server', '3/8 TCP reset from the server'],
    ],
    [
      'one that is not in the capture',
      { handshakes: 'succeed' },
      { connections: [established, cut, late] },
      'unproven',
      1,
      [
        '4/1 the capture ends or has a hole before the handshake does',
        '5/1 its handshake is not in the capture',
      ],
    ],
    [
      'the same, where that is allowed',
      { handshakes: 'succeed', allowUnproven: true },
      { connections: [established, cut] },
      'met',
      1,
      ['4/1 the capture ends or has a hole before the handshake does'],
    ],
    ['no handshake at all', { handshakes: 'succeed' }, {}, 'unproven', 0, []],
    [
      'handshakes that fail',
      { handshakes: 'fail' },
      { connections: [failed, reset] },
      'met',
      2,
      [],
    ],
    [
      'one that does not fail',
      { handshakes: 'fail' },
      { connections: [failed, established] },
      'failed',
      2,
      ['1/11 the handshake succeeded'],
    ],
    [
      'a version that is allowed',
      { versions: { only: ['TLS 1.2'] } },
      { connections: [established] },
      'met',
      1,
      [],
    ],
    [
      'a version that is not',
      { versions: { only: ['TLS 1.3'] } },
      { connections: [established] },
      'failed',
      1,
      ['1/6 TLS 1.2'],
    ],
    [
      'one that is forbidden',
      { versions: { forbid: ['TLS 1.2'] } },
      { connections: [established] },
      'failed',
      1,
      ['1/6 TLS 1.2'],
    ],
    [
      'handshakes that failed before they had a version',
      { versions: { only: ['TLS 1.3'] } },
      { connections: [failed] },
      'unproven',
      0,
      [],
    ],
    [
      'a version that a record claims and no handshake',
      { versions: { only: ['TLS 1.3'] } },
      { connections: [late] },
      'unproven',
      0,
      ['5/1 its handshake is not in the capture'],
    ],
    [
      'a suite of a forbidden kind',
      { suites: { forbid: ['*_GCM_*'] } },
      { connections: [established] },
      'failed',
      1,
      ['1/6 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
    ],
    [
      'a suite of another kind',
      { suites: { forbid: ['*_CBC_*'] } },
      { connections: [established] },
      'met',
      1,
      [],
    ],
    ['fast enough', { handshakeMs: { atMost: 7 } }, { connections: [established] }, 'met', 1, []],
    [
      'too slow',
      { handshakeMs: { atMost: 6.9 } },
      { connections: [established, failed] },
      'failed',
      1,
      ['1/11 took 7.00 ms'],
    ],
    [
      'a handshake whose end is not seen',
      { handshakeMs: { atMost: 7 } },
      { connections: [fakeHistory()] },
      'unproven',
      0,
      ['1/1 the capture does not show when the handshake was complete'],
    ],
    [
      'silence about connections',
      { findings: { only: [] } },
      { connections: [established] },
      'met',
      1,
      [],
    ],
    ['silence about nothing', { findings: { only: [] } }, {}, 'unproven', 0, []],
    [
      'a finding',
      { findings: { only: [] } },
      { connections: [established], findings: [fakeFinding()] },
      'failed',
      2,
      ['1/4 error fake-rule: Something is wrong'],
    ],
    [
      'a finding that is allowed',
      { findings: { only: ['fake-rule'] } },
      { connections: [established], findings: [fakeFinding()] },
      'met',
      2,
      [],
    ],
    [
      'a finding that is too mild to count',
      { findings: { only: [] } },
      { connections: [established], findings: [fakeFinding({ severity: 'info' })] },
      'met',
      1,
      [],
    ],
    [
      'a finding that nobody forbade',
      { findings: { forbid: ['other-rule'] } },
      { connections: [established], findings: [fakeFinding()] },
      'met',
      2,
      [],
    ],
    [
      'one that has to be there, however mild',
      { findings: { require: ['fake-rule'] } },
      { connections: [established], findings: [fakeFinding({ severity: 'info' })] },
      'met',
      1,
      [],
    ],
    [
      'one that is missing',
      { findings: { require: ['other-rule'] } },
      { connections: [established], findings: [fakeFinding()] },
      'failed',
      1,
      ['0/0 there is no finding of other-rule'],
    ],
    [
      'findings that were counted only',
      { findings: { forbid: ['fake-rule'] } },
      { connections: [established], omitted: ['fake-rule', 'other-rule'] },
      'unproven',
      1,
      ['0/0 further findings of fake-rule were counted only'],
    ],
  ])('%s', (_, entry, there, verdict, assessed, places) => {
    const result = held(entry, there);
    const cases = [...result.failures, ...result.unproven];
    expect({
      verdict: result.verdict,
      assessed: result.assessed,
      places: cases.map(({ connection, packet, text }) => `${connection}/${packet} ${text}`),
    }).toEqual({ verdict, assessed, places });
    expect([result.failureCount, result.unprovenCount]).toEqual([
      result.failures.length,
      result.unproven.length,
    ]);
  });
});

describe('an entry for some connections', () => {
  const connections = [
    atServer('api.example.org', 1),
    atServer('www.example.com', 2),
    fakeHistory({ id: 3 }),
  ];

  test.each<[ExpectEntry['for'], number]>([
    [{}, 3],
    [{ name: '*.example.org' }, 1],
    [{ name: '*' }, 2],
    [{ server: '192.0.2.2' }, 3],
    [{ server: '192.0.2.1' }, 0],
    [{ client: '192.0.2.1', port: 443 }, 3],
    [{ port: 444 }, 0],
  ])('%j', (scope, count) => {
    const expected = { atLeast: count, atMost: count };
    expect(held({ for: scope, connections: expected }, { connections }).verdict).toBe('met');
  });

  test('counts findings about one of them, and those about a server alone', () => {
    const server = { address: '192.0.2.2', port: 443 };
    const findings = [
      fakeFinding({ connections: [2, 1] }),
      fakeFinding({ connections: [], server }),
      fakeFinding({ connections: [], server: { ...server, port: 444 } }),
    ];
    const entry: ExpectEntry = { for: { port: 443 }, findings: { only: [] } };
    expect(held(entry, { connections, findings }).failureCount).toBe(2);
    const named: ExpectEntry = { for: { name: 'api*' }, findings: { only: [] } };
    expect(held(named, { connections, findings }).failureCount).toBe(1);
  });

  test('does not hold while nobody knows whom a finding is about', () => {
    const entry: ExpectEntry = { for: { port: 443 }, findings: { only: [] } };
    const findings = [fakeFinding({ connections: [] }), fakeFinding({ connections: [99] })];
    const { verdict, unproven } = held(entry, { connections, findings });
    expect(verdict).toBe('unproven');
    expect(unproven.map(({ text }) => text)).toEqual(
      Array(2).fill('error fake-rule: Something is wrong (about whom is not known)'),
    );
  });
});

reaches('expectationCases', 5, 'places are named up to a limit and counted beyond', (bound) => {
  const connections = Array.from({ length: bound + 5 }, (_, index) =>
    fakeHistory({ ...alerted, id: index + 1 }),
  );
  const result = held({ handshakes: 'succeed' }, { connections });
  expect(result.failures).toHaveLength(bound);
  expect(result.failureCount).toBe(connections.length);
});

describe('the time of a handshake', () => {
  const hello = fakeMessage(1, 'client', 4);
  const earlyData = {
    ...fakeClientHello(),
    extensions: [{ type: 42, data: new Uint8Array() }],
  };
  const tls13 = {
    version: 0x0304,
    messages: [hello],
    clientHello: fakeClientHello(),
    protectedRecords: {
      client: { first: fakeRecord(23, 'client', 9) },
      server: { first: fakeRecord(23, 'server', 6) },
    },
  };

  test.each<[string, Parameters<typeof fakeHistory>[0], number | undefined]>([
    ['of TLS 1.2 ends with the later Finished', whole, 7],
    ['of TLS 1.3 ends with the first protected record of the client', tls13, 5],
    ['of TLS 1.3 with early data is not known', { ...tls13, clientHello: earlyData }, undefined],
    [
      'of TLS 1.3 with early data and secrets ends with the Finished',
      {
        ...tls13,
        clientHello: earlyData,
        messages: [hello, fakeMessage(20, 'server', 7), fakeMessage(20, 'client', 12)],
      },
      8,
    ],
    [
      'that ends before it begins is not known',
      { ...tls13, messages: [fakeMessage(1, 'client', 20)] },
      undefined,
    ],
    ['of half a connection is not known', { messages: [hello] }, undefined],
    ['without a beginning is not known', { ...whole, messages: [] }, undefined],
  ])('%s', (_, given, milliseconds) => {
    const time = handshakeTime(fakeHistory(given))?.nanos;
    expect(time).toBe(milliseconds === undefined ? undefined : milliseconds * MILLISECOND);
  });
});
