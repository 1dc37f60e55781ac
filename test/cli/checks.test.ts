import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lineSchema, reportSchema } from '../../src/report/schema.ts';
import { fakeAlert, fakeHistory } from '../support/fake-history.ts';
import { fakeFinding } from '../support/fake-run.ts';
import { reaches } from '../support/reaches.ts';
import { file, run } from './harness.ts';

const capture = file('case.pcap');
const rule = 'handshake-alert';
const healthy = fakeHistory({ serverName: 'api.example.org' });
const refused = fakeHistory({
  id: 2,
  serverName: 'api.example.org',
  outcome: 'failed',
  alerts: [fakeAlert(40, 'server', 7)],
});
const broken = {
  connections: [healthy, refused],
  findings: [fakeFinding({ rule, connections: [2] })],
};

const expectations = (...expect: unknown[]) =>
  file('ci.json', JSON.stringify({ schema: 'tlsdiag.expect/1', expect }));
const baseline = (...known: unknown[]) =>
  file('known.json', JSON.stringify({ schema: 'tlsdiag.baseline/1', known }));
const analyze = (...more: string[]) => ['analyze', capture, '--fail-on', 'never', ...more];

reaches('checkFileOctets', 200, 'a file that is too large is refused unread', async (bound) => {
  for (const option of ['--expect', '--baseline']) {
    const path = file('large.json', ' '.repeat(bound + 1));
    const { status, stderr } = await run(analyze(option, path), {});
    expect(status).toBe(2);
    expect(stderr).toContain(`has ${bound + 1} octets, more than ${bound}`);
    const fits = file('fits.json', ' '.repeat(bound));
    expect((await run(analyze(option, fits), {})).stderr).not.toContain('octets, more than');
  }
});

describe('--expect', () => {
  test('that holds changes nothing but the text, which says so', async () => {
    const path = expectations({ handshakes: 'succeed', connections: { atLeast: 1 } });
    const { status, stdout, stderr } = await run(analyze('--expect', path), {
      connections: [healthy],
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`expectations of ${path}: 2 met\n`);
  });

  test('that does not hold gives status 1, and the places', async () => {
    const path = expectations({ handshakes: 'succeed', note: 'clients must get in' });
    const { status, stdout } = await run(analyze('--expect', path), broken);
    expect(status).toBe(1);
    expect(stdout).toContain('  failed    handshakes: succeed (clients must get in)\n');
    expect(stdout).toContain(
      '            connection 2, packet 7: fatal alert handshake_failure from the server\n',
    );
  });

  test('that nothing was held against gives status 1', async () => {
    const path = expectations({ for: { port: 1 }, handshakes: 'succeed' });
    const { status, stdout } = await run(analyze('--expect', path), { connections: [healthy] });
    expect(status).toBe(1);
    expect(stdout).toContain('unproven  handshakes: succeed, for port 1');
    expect(stdout).toContain('there is nothing in the capture that it could be held against');
  });

  test('is told in JSON, and on standard error what failed', async () => {
    const path = expectations({ handshakes: 'succeed' });
    const { stdout, stderr } = await run(analyze('--json', '--expect', path), broken);
    expect(reportSchema.parse(JSON.parse(stdout)).expectations).toEqual({
      path,
      results: [
        {
          expectation: 'handshakes: succeed',
          scope: '',
          note: '',
          verdict: 'failed',
          assessed: 2,
          failures: [
            {
              connection: 2,
              capture: 0,
              packet: 7,
              text: 'fatal alert handshake_failure from the server',
            },
          ],
          failureCount: 1,
          unproven: [],
          unprovenCount: 0,
        },
      ],
    });
    expect(stderr).toBe(
      'expectation failed: handshakes: succeed\n  connection 2, packet 7: fatal alert handshake_failure from the server\n',
    );
  });

  test('is told in the last line of NDJSON', async () => {
    const path = expectations({ handshakes: 'fail' });
    const { stdout } = await run(analyze('--format', 'ndjson', '--expect', path), broken);
    const line = lineSchema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
    expect(line).toMatchObject({
      kind: 'summary',
      expectations: { results: [{ failureCount: 1 }] },
    });
  });

  test.each([
    ['missing.json', 'does not exist; check the path'],
    ['.', 'is a directory; check the path'],
    [file('broken.json', '{'), '; tlsdiag schema expect says what it may hold'],
    [file('ci-2.json', '{"schema":"tlsdiag.expect/1","expect":[{}]}'), 'expects nothing'],
  ])('%s is refused in one line', async (path, says) => {
    const { status, stdout, stderr } = await run(analyze('--expect', path), broken);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`error: --expect ${path}`);
    expect(stderr).toContain(says);
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});

test('a report that goes into a file is summed up on standard error', async () => {
  const ci = expectations({ handshakes: 'succeed' });
  const { stderr } = await run(analyze('--expect', ci, '-o', file('report.txt')), broken);
  expect(stderr).toContain('expectation failed: handshakes: succeed\n');
});

describe('--baseline', () => {
  const known = { rule, name: '*.example.org', reason: 'the old client goes in May' };

  test('takes what is known out of the report and of the exit status, and says so', async () => {
    const path = baseline(known);
    const argv = ['analyze', capture, '--baseline', path];
    const { status, stdout } = await run(argv, broken);
    expect(status).toBe(0);
    expect(stdout).toContain('no findings; 1 known one hidden\n');
    expect(stdout).toContain('Nothing else wrong was found in 2 connections.');
    expect(stdout).toContain(`1 known finding hidden by ${path}\n`);
    expect(stdout.replace(/\n {4}/g, ' ')).toContain(
      `  ${rule}, name *.example.org: hid 1 finding; reason: the old client goes in May\n`,
    );
    expect((await run(['analyze', capture], broken)).status).toBe(1);
  });

  test('is told in JSON, apart from the findings', async () => {
    const path = baseline(known);
    const { stdout } = await run(analyze('--json', '--baseline', path), broken);
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report.findings).toEqual([]);
    expect(report.summary.findings.error).toBe(0);
    expect(report.baseline).toEqual({
      path,
      entries: [
        {
          rule,
          scope: 'name *.example.org',
          severity: null,
          reason: known.reason,
          until: null,
          state: 'used',
          findings: 1,
          connections: 2,
        },
      ],
      suppressed: [
        {
          entry: 0,
          rule,
          severity: 'error',
          title: 'Something is wrong',
          connections: [2],
          packets: [4],
        },
      ],
      suppressedCount: 1,
    });
  });

  test('that is out of date is told on standard error, unless a part was looked at', async () => {
    const path = baseline(known);
    const healthyRun = { connections: [healthy] };
    const argv = analyze('--json', '--baseline', path);
    const { stderr } = await run(argv, healthyRun);
    expect(stderr).toContain(`notice: stale in ${path}: ${rule}, name *.example.org: `);
    expect((await run([...argv, '--skip', rule], healthyRun)).stderr).toBe('');
    expect((await run([...argv, '--port', '443'], healthyRun)).stderr).toBe('');
  });

  test('leaves what it hides out of what is expected', async () => {
    const path = baseline(known);
    const ci = expectations({ findings: { only: [] } });
    expect((await run(analyze('--expect', ci), broken)).status).toBe(1);
    expect((await run(analyze('--expect', ci, '--baseline', path), broken)).status).toBe(0);
  });

  test('may know findings about connections that were not asked for', async () => {
    const path = baseline(known);
    const stranger = fakeHistory({ id: 3, server: { address: '192.0.2.9', port: 1 } });
    const findings = [fakeFinding({ rule, connections: [2, 3] })];
    const situation = { connections: [...broken.connections, stranger], findings };
    const argv = ['analyze', capture, '--port', '443', '--baseline', path];
    expect((await run(argv, situation)).status).toBe(1);
  });
});

describe('--write-baseline', () => {
  test('writes a file that is taken once it has reasons', async () => {
    const path = file('new.json', '');
    const { stderr } = await run(analyze('--write-baseline', path), broken);
    expect(stderr).toContain(`notice: ${path}: 1 new entry; put a reason into each`);
    const text = readFileSync(path, 'utf8');
    const argv = ['analyze', capture, '--baseline'];
    expect((await run([...argv, path], broken)).stderr).toContain('known[0].reason: is empty');
    const done = file('done.json', text.replace('"reason":""', '"reason":"as agreed"'));
    expect((await run([...argv, done], broken)).status).toBe(0);
  });

  test.each<[string, string[], string]>([
    ['a capture', ['--write-baseline', capture], `${capture} would overwrite a file that is read`],
    ['standard output', ['--write-baseline', '-'], 'takes a file'],
    ['nowhere', ['--write-baseline', 'no/where.json'], 'there is no such directory'],
    [
      'the report',
      ['--write-baseline', 'new.json', '-o', './new.json'],
      '--write-baseline and --output both name ./new.json',
    ],
  ])('does not write into %s, and says so before it reads', async (_, words, says) => {
    const { status, stderr, journal } = await run(analyze(...words), broken);
    expect({ status, read: journal.read }).toEqual({ status: 2, read: [] });
    expect(stderr).toContain(says);
  });

  test('does not let a report overwrite what is expected or known', async () => {
    const ci = expectations({ handshakes: 'succeed' });
    const path = baseline();
    const over = (...words: string[]) => run(analyze(...words), broken);
    expect((await over('--expect', ci, '-o', ci)).stderr).toContain('the file of --expect');
    expect((await over('--baseline', path, '-o', path)).stderr).toContain('the file of --baseline');
    expect((await over('--expect', ci, '--write-baseline', ci)).stderr).toContain('of --expect');
    expect((await over('--baseline', path, '--write-baseline', path)).status).toBe(0);
  });

  test('of a run without findings is empty, and no more', async () => {
    const path = file('empty.json', '');
    await run(analyze('--write-baseline', path), { connections: [healthy] });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      schema: 'tlsdiag.baseline/1',
      known: [],
    });
  });
});
