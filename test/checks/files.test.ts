import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import {
  checkFileSchema,
  parseBaseline,
  parseExpectations,
  untilOf,
  type Vocabulary,
} from '../../src/checks/files.ts';
import { parseHost } from '../../src/cli/selection.ts';
import { afresh, reaches } from '../support/reaches.ts';

type Files = typeof import('../../src/checks/files.ts');

const vocabulary: Vocabulary = { rules: new Set(['handshake-alert']), address: parseHost };

const expectFile = (...expect: unknown[]) => JSON.stringify({ schema: 'tlsdiag.expect/1', expect });
const baselineFile = (...known: unknown[]) =>
  JSON.stringify({ schema: 'tlsdiag.baseline/1', known });

/** What is wrong with a file, in the line that a user gets. */
function complaint(parse: typeof parseExpectations | typeof parseBaseline, text: string): string {
  try {
    parse(text, vocabulary);
  } catch (error) {
    return String(error);
  }
  return 'nothing';
}

describe('expectations', () => {
  const everything = {
    for: { client: '2001:DB8:0::1', server: '192.0.2.1', port: 443, name: '*.example.org' },
    note: 'said where it fails',
    connections: { atLeast: 1, atMost: 9 },
    handshakes: 'succeed',
    versions: { only: ['TLS 1.2', 'DTLS 1.3'] },
    suites: { forbid: ['*_CBC_*', 'SSL_CK_*'] },
    handshakeMs: { atMost: 0.5 },
    findings: { severity: 'info', only: [], require: ['handshake-alert'] },
    allowUnproven: true,
  };

  test('may hold everything at once; addresses get the form that histories have', () => {
    const { expect: entries } = parseExpectations(`\ufeff${expectFile(everything)}`, vocabulary);
    expect(entries).toEqual([{ ...everything, for: { ...everything.for, client: '2001:db8::1' } }]);
  });

  test.each<[string, string]>([
    ['', 'is no JSON ('],
    ['{"schema": "tlsdiag.expect/1", }', 'is no JSON ('],
    ['[]', 'expected object, received array'],
    ['{"expect": []}', 'has no "schema": "tlsdiag.expect/1", so it is not of that kind'],
    [baselineFile(), 'has no "schema": "tlsdiag.expect/1"'],
    [expectFile(), 'expect: '],
    [expectFile({}), 'expect[0]: expects nothing; give one of connections, handshakes'],
    [
      expectFile({ conections: { atLeast: 1 } }),
      "expect[0]: there is nothing called 'conections' here; tlsdiag schema expect",
    ],
    [expectFile({ connections: { atLeast: -1 } }), 'expect[0].connections.atLeast: '],
    [expectFile({ connections: { atLeast: 3, atMost: 2 } }), 'atLeast is more than atMost'],
    [expectFile({ handshakes: 'work' }), 'expect[0].handshakes: takes one of succeed, fail'],
    [expectFile({ versions: {} }), 'expect[0].versions: give only or forbid'],
    [
      expectFile({ versions: { only: ['TLS 1.2', 'TLSv1.3'] } }),
      'expect[0].versions.only[1]: takes one of SSL 2.0, ',
    ],
    [expectFile({ suites: { only: ['AES128'] } }), 'suites.only[0]: matches no cipher suite'],
    [
      expectFile({ findings: { forbid: ['handshake-alarm'] } }),
      "expect[0].findings.forbid[0]: there is no rule 'handshake-alarm'",
    ],
    [expectFile({ findings: { severity: 'info' } }), 'give only, forbid or require'],
    [expectFile({ findings: { only: [], forbid: ['handshake-alert'] } }), 'give only or forbid'],
    [
      expectFile({ handshakes: 'fail', for: { server: 'example.org' } }),
      "expect[0].for.server: 'example.org' is no IP address",
    ],
    [expectFile({ handshakes: 1, versions: {} }), '(and 1 more)'],
  ])('%s', (text, says) => {
    const line = complaint(parseExpectations, text);
    expect(line).toContain(says);
    expect(line).not.toContain('\n');
  });

  reaches('expectations', 3, 'of more entries than anybody writes are refused', async (bound) => {
    const { parseExpectations: parse }: Files = await afresh('checks/files.ts');
    const entries = Array.from({ length: bound + 1 }, () => ({ handshakes: 'fail' }));
    expect(complaint(parse, expectFile(...entries))).toContain('expect: ');
    expect(complaint(parse, expectFile(...entries.slice(1)))).toBe('nothing');
  });
});

describe('a baseline', () => {
  const entry = { rule: 'handshake-alert', server: '::FFFF:192.0.2.1', reason: 'as agreed' };

  test('gives addresses the form that histories have', () => {
    const { known } = parseBaseline(baselineFile(entry), vocabulary);
    expect(known).toEqual([{ ...entry, server: '::ffff:192.0.2.1' }]);
  });

  test.each<[unknown, string]>([
    [{ ...entry, reason: undefined }, 'known[0].reason: '],
    [{ ...entry, reason: ' ' }, 'known[0].reason: is empty; say why the finding is accepted'],
    [{ ...entry, rule: 'none' }, "known[0].rule: there is no rule 'none'"],
    [{ ...entry, until: '2026-02-30' }, 'known[0].until: is no date; write 2026-12-31'],
    [{ ...entry, until: 'tomorrow' }, 'is no date'],
    [{ ...entry, sni: 'x' }, "there is nothing called 'sni' here"],
    [{ ...entry, severity: 'fatal' }, 'takes one of critical, error, warning, info'],
  ])('%j', (known, says) => {
    expect(complaint(parseBaseline, baselineFile(known))).toContain(says);
  });

  test.each([
    ['2024-05-01', Date.UTC(2024, 4, 1) / 1000 + 86_399, 999_999_999],
    ['2024-05-01T12:00:00Z', Date.UTC(2024, 4, 1, 12) / 1000, 0],
    ['2024-05-01T12:00:00+02:00', Date.UTC(2024, 4, 1, 10) / 1000, 0],
  ])('holds until %s', (text, seconds, nanos) => {
    expect(untilOf(text)).toEqual({ seconds, nanos });
  });
});

test.each(['expect', 'baseline'] as const)('the published schema of %s is one', (which) => {
  const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(
    checkFileSchema(which),
  );
  const good = {
    expect: expectFile({ handshakes: 'succeed', suites: { forbid: ['*_CBC_*'] } }),
    baseline: baselineFile({ rule: 'any', reason: 'as agreed', until: '2026-12-31' }),
  }[which];
  expect(validate(JSON.parse(good)), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...JSON.parse(good), more: 1 })).toBe(false);
});
