import { describe, expect, test } from 'vitest';
import { reportSchema } from '../../src/report/schema.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { fakeFinding } from '../support/fake-run.ts';
import { file, run } from './harness.ts';

const ESCAPE = '\u001b[';
const capture = file('case.pcap');
const healthy = { connections: [fakeHistory({ serverName: 'example.org' })] };
const broken = { ...healthy, findings: [fakeFinding()] };

describe('notices', () => {
  const notice = {
    code: 'capture-truncated',
    packetNumber: 34,
    offset: 0,
    needed: 9,
    available: 1,
  } as const;

  test('go to standard error in text, condensed, and into the document in JSON', async () => {
    const script = {
      ...healthy,
      result: { notices: [[notice, notice]], noticesOmitted: [{ 'capture-truncated': 5 }] },
    };
    const text = await run(['analyze', capture], script);
    expect(text.stderr).toMatch(
      /^notice: .*case\.pcap, packet 34: the capture breaks off .* 9 octets needed, 1 there; 6 more like this\n$/,
    );
    const json = await run(['analyze', '--json', capture], script);
    expect(json.stderr).toBe('');
    expect(reportSchema.parse(JSON.parse(json.stdout)).captures[0]?.notices).toHaveLength(2);
    expect((await run(['analyze', '-q', capture], script)).stderr).toBe('');
  });

  test('say so where there is no TLS, with status 0', async () => {
    const { status, stdout, stderr } = await run(['analyze', capture]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^notice: no TLS or DTLS in .*case\.pcap, so nothing was judged\n$/);
    expect(stdout).toContain('nothing was judged');
  });

  test('progress is for terminals, erased at the end, and can be turned off', async () => {
    const onTerminal = await run(['analyze', capture], { ...healthy, tty: true });
    const [first, line] = onTerminal.stderr.split(`\r${ESCAPE}K`);
    expect([first, onTerminal.stderr.endsWith(`\r${ESCAPE}K`)]).toEqual(['', true]);
    expect(line).toBe('reading: 100 % of 1 kB, 34 packets, 0 connections, 0 findings');
    const both = await run(['analyze', capture, file('next.pcap', 'x'.repeat(3000))], {
      ...healthy,
      tty: true,
    });
    expect(both.stderr).toMatch(/reading: \d{1,2} % of 4 kB, /);
    expect(
      (await run(['analyze', '--no-progress', capture], { ...healthy, tty: true })).stderr,
    ).toBe('');
    expect((await run(['analyze', '-q', capture], { ...healthy, tty: true })).stderr).toBe('');
    expect((await run(['analyze', capture], healthy)).stderr).toBe('');
  });
});

describe('colour', () => {
  test.each<[boolean, string, readonly string[], boolean, Record<string, string>]>([
    [true, 'on a terminal', [], true, {}],
    [false, 'into a pipe', [], false, {}],
    [false, 'with NO_COLOR', [], true, { NO_COLOR: '1' }],
    [true, 'with an empty NO_COLOR', [], true, { NO_COLOR: '' }],
    [false, 'on a dumb terminal', [], true, { TERM: 'dumb' }],
    [true, 'with FORCE_COLOR', [], false, { FORCE_COLOR: '1' }],
    [false, 'with FORCE_COLOR=0', [], true, { FORCE_COLOR: '0' }],
    [true, 'with --color against NO_COLOR', ['--color'], false, { NO_COLOR: '1' }],
    [false, 'with --no-color against FORCE_COLOR', ['--no-color'], true, { FORCE_COLOR: '1' }],
    [false, 'into a file', ['-o', '/dev/null'], true, {}],
  ])('%s %s', async (expected, _, options, tty, env) => {
    const { stdout } = await run(['analyze', '--no-progress', ...options, capture], {
      ...broken,
      tty,
      env: { LANG: 'C.UTF-8', ...env },
    });
    expect(stdout.includes(ESCAPE)).toBe(expected);
  });

  test.each([
    [true, { LANG: 'C' }],
    [true, {}],
    [false, { LC_ALL: 'de_DE.utf8', LANG: 'C' }],
    [true, { LC_ALL: 'C', LANG: 'en_US.UTF-8' }],
  ])('ASCII only: %s for %j', async (ascii, env) => {
    const { stdout } = await run(['analyze', capture], { ...broken, env });
    expect(/^[\n -~]*$/.test(stdout)).toBe(ascii);
  });
});

describe('the width of the text report', () => {
  const widest = (text: string): number =>
    Math.max(...text.split('\n').map((line) => [...line].length));

  test.each([
    ['that of the terminal', { tty: true, columns: 60 }, 60],
    ['what COLUMNS asks for where there is none', { env: { COLUMNS: '70' } }, 70],
    ['no terminal’s that nobody can read', { tty: true, columns: 20 }, 60],
    ['100 where COLUMNS is no number', { env: { COLUMNS: 'wide' } }, 100],
  ])('is %s', async (_, situation, most) => {
    const { stdout } = await run(['explain', 'handshake-alert'], situation);
    const prose = stdout.split('\n').filter((line) => !/https?:|\$ /.test(line));
    expect(widest(prose.join('\n'))).toBeLessThanOrEqual(most);
    expect(widest(prose.join('\n'))).toBeGreaterThan(most - 20);
  });
});
