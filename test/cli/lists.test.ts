import { describe, expect, test } from 'vitest';
import { COLUMNS } from '../../src/report/connection-list.ts';
import { fakeDecryption } from '../support/fake-decryption.ts';
import { fakeAlert, fakeHistory } from '../support/fake-history.ts';
import { file, run } from './harness.ts';

const capture = file('list.pcap');
const connections = [
  fakeHistory({ serverName: 'example.org', alpn: 'h2', decryption: fakeDecryption() }),
  fakeHistory({
    id: 2,
    stream: 1,
    client: { address: '2001:db8::1', port: 50_001 },
    serverName: 'a\tb\n\u001b[2J例え',
    version: undefined,
    cipherSuite: undefined,
    resumed: undefined,
    outcome: 'failed',
    stage: 'server-hello',
    alerts: [fakeAlert(40, 'server', 4), fakeAlert(undefined, 'client', 5)],
    blindSpots: ['no-secrets', 'lost-bytes'],
    decryption: fakeDecryption({ authenticated: 0, skipped: 3, obstacle: 'no-matching-secret' }),
  }),
];

describe('connections', () => {
  test('are separated by tabs when piped, with a heading and nothing that breaks a line', async () => {
    const { status, stdout, stderr } = await run(['connections', capture], { connections });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "id	stream	client	server	version	suite	sni	outcome	first	last
      1	tcp:0	192.0.2.1:50000	192.0.2.2:443	TLS 1.2	TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256	example.org	established	1	20
      2	tcp:1	[2001:db8::1]:50001	192.0.2.2:443	-	-	a\\tb\\n\\e[2J例え	failed	1	20
      "
    `);
    for (const line of stdout.trimEnd().split('\n')) expect(line.split('\t')).toHaveLength(10);
  });

  test('stand in columns on a terminal', async () => {
    const { stdout } = await run(['connections', '-q', capture], { connections, tty: true });
    expect(stdout).toMatchInlineSnapshot(`
      "id  stream  client               server         version  suite                                  sni              outcome      first  last
      1   tcp:0   192.0.2.1:50000      192.0.2.2:443  TLS 1.2  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256  example.org      established  1      20
      2   tcp:1   [2001:db8::1]:50001  192.0.2.2:443  -        -                                      a\\tb\\n\\e[2J例え  failed       1      20
      "
    `);
  });

  test('show the columns asked for', async () => {
    const names = Object.keys(COLUMNS).join(',');
    const { stdout } = await run(['connections', '--columns', names, capture], { connections });
    const [heading, ...rows] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(
      rows.map((row) => Object.fromEntries(row.map((cell, i) => [heading?.[i], cell]))),
    ).toEqual([
      expect.objectContaining({
        id: '1',
        capture: '0',
        alpn: 'h2',
        resumed: 'no',
        alert: '-',
        start: '2024-05-01T12:00:00.001000000Z',
        duration: '19.0 ms',
        decryption: '6 of 6',
        blind: '-',
      }),
      expect.objectContaining({
        client: '[2001:db8::1]:50001',
        version: '-',
        suite: '-',
        resumed: '-',
        stage: 'server-hello',
        alert: 'handshake_failure (server)',
        decryption: 'no-matching-secret',
        blind: 'no-secrets,lost-bytes',
      }),
    ]);
  });

  test('tell what columns there are', async () => {
    const { status, stdout } = await run(['connections', '--columns', 'help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^id {10}number of the connection\n/);
  });

  test('beyond those that are measured come in the same columns', async () => {
    const many = Array.from({ length: 1200 }, (_, index) => fakeHistory({ id: index + 1 }));
    const { stdout } = await run(['connections', '-q', capture], { connections: many, tty: true });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1201);
  });

  test('take secrets as analyze does, and say which of them they do not understand', async () => {
    const keys = file('keys.log', 'CLIENT_RANDOM 00 11\n');
    const { journal } = await run(['connections', '--keylog', keys, '--psk', 'a:00ff', capture], {
      connections,
    });
    expect(journal.options[0]?.secrets).toMatchObject({ psks: ['a:00ff'] });
    expect(journal.options[0]?.secrets?.keyLogs).toHaveLength(1);
    const { status, stderr } = await run(['connections', '--psk', 'secret', capture]);
    expect(status).toBe(2);
    expect(stderr).not.toContain('secret:');
  });

  test('run no rules', async () => {
    const { journal } = await run(['connections', capture], { connections });
    expect(journal.options[0]?.rules).toEqual(new Set());
  });
});

describe('rules', () => {
  test('are separated by tabs when piped', async () => {
    const { stdout } = await run(['rules']);
    expect(stdout).toBe(
      [
        'id\tseverity\tgroup\ttitle',
        'dtls-late-close-notify\tinfo\thandshake\tTitle of dtls-late-close-notify',
        'handshake-alert\terror\thandshake\tTitle of handshake-alert',
        '',
      ].join('\n'),
    );
  });

  test('stand in columns on a terminal', async () => {
    const { stdout } = await run(['rules'], { tty: true });
    expect(stdout).toBe(
      [
        'dtls-late-close-notify  info   Title of dtls-late-close-notify',
        'handshake-alert         error  Title of handshake-alert',
        '',
      ].join('\n'),
    );
  });

  test('are explained with links to their sources', async () => {
    const { status, stdout } = await run(['explain', 'handshake-alert'], {
      tty: true,
      columns: 70,
      env: { NO_COLOR: '1', LANG: 'C.UTF-8' },
    });
    expect(status).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "handshake-alert  error  handshake
      Title of handshake-alert

      What it reports
        What it reports, said at some length so that the line has to be
        broken somewhere.

      Why it matters
        Why it matters.

      How it decides
        How it decides.

      What it needs
        The capture alone: what it looks at is not encrypted.

      When it stays silent
        When it is silent.

      What to do
        - look at SERVER
        $ openssl s_client -connect HOST:PORT

      How to see it, in a clone of the project
        $ tlsdiag analyze samples/one/capture.pcap

      Sources
        RFC 6347 §4.2.8  https://www.rfc-editor.org/rfc/rfc6347#section-4.2.8
        RFC 5246 §A.3    https://www.rfc-editor.org/rfc/rfc5246#appendix-A.3
        Somebody’s blog
      "
    `);
  });
});

test('schema prints JSON Schema', async () => {
  const { status, stdout } = await run(['schema']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: [
      'schema',
      'tool',
      'captures',
      'connections',
      'findings',
      'faults',
      'quic',
      'summary',
    ],
  });
});

test.each(['expect', 'baseline'])('schema %s prints that of a file', async (document) => {
  const { status, stdout } = await run(['schema', document]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    $id: `https://tlsdiag.invalid/tlsdiag.${document}/1`,
    type: 'object',
  });
});
