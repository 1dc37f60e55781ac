/** No secret appears in any output, whatever the format, the verbosity, or the mistake in the command line. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/index.ts';
import { leaksOf, secretsOfKeyLog } from '../support/leaks.ts';
import { reaches } from '../support/reaches.ts';
import { runCli as run } from '../support/run-cli.ts';
import { THROW_AWAY } from '../support/throw-away-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'tlsdiag-secrets-'));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const TLS13 = 'samples/tls13-keyupdate';
const TLS12 = 'samples/tls-finished-corrupted-gcm';
const DTLS = 'samples/dtls-renegotiation';
const EMBEDDED = 'samples/suites/dtls12-suites.pcapng';
const PSK_CAPTURE = 'samples/tls-psk-mismatch/capture.pcap';
const logOf = (sample: string) => readFileSync(`${sample}/keys.log`, 'latin1');
const embeddedLog = readFileSync(EMBEDDED, 'latin1').match(/^[A-Z_]{6,} [0-9a-f]{64} [0-9a-f]+$/gm);

const PSK = 'f00dbabe5ec2e7a1f00dbabe5ec2e7a2';
const PEM = THROW_AWAY.rsa.key;
const SECRETS: Readonly<Record<string, Uint8Array>> = {
  ...Object.assign(
    {},
    ...[TLS13, TLS12, DTLS].map((sample) => secretsOfKeyLog(sample, logOf(sample))),
  ),
  ...secretsOfKeyLog('a block', (embeddedLog ?? []).join('\n')),
  PSK: Uint8Array.from(Buffer.from(PSK, 'hex')),
  'RSA key': Uint8Array.from(Buffer.from(PEM.replace(/-.*-|\s/g, ''), 'base64')),
};

/** The lines of a key log, each damaged in another way. */
function damaged(log: string): string {
  const ways: ((line: string) => string)[] = [
    (line) => line.slice(0, -1),
    (line) => line.slice(0, -4),
    (line) => `${line}zz`,
    (line) => line.replace(/ /g, ';'),
    (line) => line.toLowerCase(),
    (line) => line.replace(/^\S+ \S+ /, ''),
    (line) => line.replace(/^\S+ /, '$&00'),
    (line) => `${line} ${line}`,
    (line) => `X${line}`,
  ];
  return log
    .split('\n')
    .map((line, index) => ways[index % ways.length]?.(line) ?? line)
    .join('\n');
}

const good = file('good.log', [TLS13, TLS12, DTLS].map(logOf).join('\n'));
const bad = file('bad.log', damaged(readFileSync(good, 'latin1')));
const wide = file('wide.log', Buffer.from(readFileSync(good, 'latin1'), 'utf16le'));
const pem = file('key.pem', PEM);
const cutPem = file('cut.pem', `${PEM.slice(0, 600)}\n-----END PRIVATE KEY-----\n`);
const noPem = file('no.pem', PEM.replace(/-----.*-----/g, ''));
const pskFile = file('psk.txt', `# of the lab\nclient:${PSK}\n${PSK}\n`);
const badPskFile = file('bad-psk.txt', `client:${PSK}\n${PSK}q\n`);
const directory = join(folder, 'directory');
mkdirSync(directory);
const embedded = file('embedded.pcapng', readFileSync(EMBEDDED));

const CAPTURES = [TLS13, TLS12, DTLS].map((sample) => `${sample}/capture.pcap`);
const FORMATS: readonly (readonly string[])[] = [
  ['analyze'],
  ['analyze', '-v'],
  ['analyze', '--json'],
  ['analyze', '--format', 'ndjson'],
  ['analyze', '--reader', 'pcap-parser', '-v'],
  ['connections'],
];

test('what looks for secrets finds them', () => {
  const secret = Uint8Array.from({ length: 16 }, (_, i) => 0xe7 + 5 * i);
  const part = Buffer.from(secret.subarray(3, 11));
  const around = Buffer.concat([Buffer.from('a'), part, Buffer.from('b')]);
  for (const text of [
    part.toString('hex'),
    part.toString('hex').toUpperCase(),
    part.toString('hex').replace(/..(?=.)/g, '$&:'),
    part.toString('base64'),
    around.toString('base64'),
    around.toString('latin1'),
    JSON.stringify([...part]),
    JSON.stringify(Uint8Array.from(part)),
  ])
    expect(leaksOf(`before ${text} behind`, { it: secret })).not.toEqual([]);
  expect(leaksOf(`x ${part.toString('hex').slice(2)} x`, { it: secret })).toEqual([]);
});

test('the planted secrets are there', () => {
  expect(embeddedLog?.length).toBeGreaterThan(1);
  expect(Object.keys(SECRETS).length).toBeGreaterThan(12);
  expect(Object.keys(SECRETS).filter((name) => (SECRETS[name]?.length ?? 0) < 16)).toEqual([]);
});

describe.each(FORMATS.map((words) => [words.join(' '), words] as const))('%s', (_name, words) => {
  test('with secrets that open records', async () => {
    const { output, status } = await run([...words, '--keylog', good, ...CAPTURES]);
    expect(status).toBeLessThan(2);
    expect(leaksOf(output, SECRETS)).toEqual([]);
  });

  test('with embedded secrets, from a file and from a pipe', async () => {
    expect(leaksOf((await run([...words, embedded])).output, SECRETS)).toEqual([]);
    const piped = await run([...words, '-'], readFileSync(EMBEDDED));
    expect(piped.status).toBeLessThan(2);
    expect(leaksOf(piped.output, SECRETS)).toEqual([]);
  });

  test('with a key log of damaged lines, or in UTF-16', async () => {
    for (const log of [bad, wide]) {
      const { output } = await run([...words, '--keylog', log, ...CAPTURES]);
      expect(output).toContain('key log');
      expect(leaksOf(output, SECRETS)).toEqual([]);
    }
  });

  test('with an RSA key and PSKs, right and wrong ones', async () => {
    const options = [
      '--rsa-key',
      pem,
      '--psk',
      PSK,
      '--psk',
      `client:${PSK}`,
      '--psk',
      `@${pskFile}`,
    ];
    const { output, status } = await run([...words, ...options, PSK_CAPTURE]);
    expect(status).toBeLessThan(2);
    expect(leaksOf(output, SECRETS)).toEqual([]);
  });
});

test.each([
  [['--keylog', directory], 'is a directory'],
  [['--keylog', join(folder, 'nowhere')], 'does not exist'],
  [['--keylog', embedded], 'is a capture'],
  [['--keylog', CAPTURES[0] as string], 'is a capture'],
  [['--rsa-key', cutPem], `--rsa-key ${cutPem} holds a private key that cannot be read`],
  [['--rsa-key', pem, '--rsa-key', noPem], `--rsa-key ${noPem} holds no private key in PEM form`],
  [['--rsa-key', good], 'no private key'],
  [['--psk', `${PSK}q`], 'IDENTITY'],
  [['--psk', `client:${PSK}:`], 'IDENTITY'],
  [['--psk', `@${badPskFile}`], 'IDENTITY'],
  [['--psk', `@${good}`], 'IDENTITY'],
  [['--psk', `@${pem}`], 'IDENTITY'],
  [['--psk', `@${directory}`], 'is a directory'],
  [[`--pks=${PSK}`], "'--pks'"],
  [[`--rsa-kye=${PEM}`], "'--rsa-kye'"],
] as const)('a mistaken command line is told without what is in it: %#', async (options, what) => {
  for (const command of ['analyze', 'connections']) {
    const { status, said, output } = await run([command, ...options, CAPTURES[0] as string]);
    expect(status).toBe(2);
    expect(said.trim().split('\n')).toHaveLength(1);
    expect(said).toContain(what);
    expect(leaksOf(output, SECRETS)).toEqual([]);
  }
});

reaches(
  'secretFileOctets',
  400,
  'a file with secrets that is too large is refused',
  async (bound) => {
    const large = `${PEM}${' '.repeat(bound)}`;
    for (const [option, path] of [
      ['--keylog', file('large.keys', large)],
      ['--rsa-key', file('large.pem', large)],
      ['--psk', `@${file('large.psk', large)}`],
    ] as const) {
      const { status, said, output } = await run(['analyze', option, path, CAPTURES[0] as string]);
      expect(status).toBe(2);
      expect(said).toContain(`has ${large.length} octets, more than ${bound}`);
      expect(leaksOf(output, SECRETS)).toEqual([]);
    }
  },
);

test('a key log or a PEM file in place of the capture is not quoted', async () => {
  for (const path of [good, pem, wide])
    expect(leaksOf((await run(['analyze', '-v', path])).output, SECRETS)).toEqual([]);
});

test('a key log in place of a PEM file, and the other way round', async () => {
  const capture = CAPTURES[0] as string;
  const asKeyLog = await run(['analyze', '-v', '--keylog', pem, capture]);
  expect(asKeyLog.output).toContain('is a PEM file; an RSA private key is for --rsa-key');
  const asPem = await run(['analyze', '-v', '--rsa-key', good, capture]);
  expect(asPem.output).toContain('holds no private key in PEM form');
  expect(leaksOf(asKeyLog.output + asPem.output, SECRETS)).toEqual([]);
});

describe('the library', () => {
  const everything = (value: unknown) =>
    `${JSON.stringify(value)} ${inspect(value, { depth: 12, maxArrayLength: null })}`;

  test('gives a report without secrets', async () => {
    const secrets = {
      keyLogs: [readFileSync(good), readFileSync(bad, 'latin1')],
      rsaKeys: [PEM],
      psks: [PSK],
    };
    const report = await analyze([...CAPTURES, PSK_CAPTURE, EMBEDDED], { secrets });
    expect(report.connections.some(({ decryption }) => (decryption?.authenticated ?? 0) > 0)).toBe(
      true,
    );
    expect(leaksOf(everything(report), SECRETS)).toEqual([]);
  });

  test.each([
    { rsaKeys: [readFileSync(cutPem, 'latin1')] },
    { rsaKeys: [PSK] },
    { psks: [`${PSK}q`] },
    { psks: [PEM] },
  ])('throws errors without secrets: %#', async (secrets) => {
    const error = await analyze(CAPTURES, { secrets }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Error);
    const { message, stack } = error as Error;
    expect(leaksOf(`${message} ${stack} ${everything(error)}`, SECRETS)).toEqual([]);
  });
});
