import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/model/history.ts';
import type { StackName } from '../../src/model/stack.ts';
import { createAnalysis } from '../../src/pipeline/analysis.ts';

/*
 * What TLS stack each side has is known of the samples. A guess may be right or missing, never wrong. SUITES=FOLDER holds
 * the guesses against every suite of three stacks as well (samples/suites/record.mjs).
 */

type Truth = readonly StackName[];
type Counts = { right: number; none: number; wrong: number };

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));

/** How samples/README.md calls what has one of the stacks; anything else has none of them. */
const CALLED: Readonly<Record<string, StackName>> = {
  OpenSSL: 'OpenSSL',
  Python: 'OpenSSL',
  curl: 'OpenSSL',
  ngtcp2: 'GnuTLS',
  Chromium: 'BoringSSL',
  GnuTLS: 'GnuTLS',
  Go: 'Go crypto/tls',
  'Mbed TLS': 'Mbed TLS',
  NSS: 'NSS',
  JSSE: 'JSSE',
  wolfSSL: 'wolfSSL',
};

/** Stacks of each side by the server's port in samples/tls-stacks. */
const ONE_EACH: Readonly<Record<number, readonly [client: StackName, server: StackName]>> = {
  9001: ['OpenSSL', 'OpenSSL'],
  9002: ['Go crypto/tls', 'OpenSSL'],
  9003: ['GnuTLS', 'OpenSSL'],
  9004: ['NSS', 'OpenSSL'],
  9005: ['JSSE', 'OpenSSL'],
  9006: ['wolfSSL', 'OpenSSL'],
  9007: ['Mbed TLS', 'OpenSSL'],
  9008: ['GnuTLS', 'OpenSSL'],
  9009: ['OpenSSL', 'OpenSSL'],
  9010: ['BoringSSL', 'OpenSSL'],
  9101: ['OpenSSL', 'OpenSSL'],
  9102: ['OpenSSL', 'Go crypto/tls'],
  9103: ['OpenSSL', 'GnuTLS'],
  9104: ['OpenSSL', 'NSS'],
  9105: ['OpenSSL', 'JSSE'],
  9106: ['OpenSSL', 'wolfSSL'],
  9107: ['OpenSSL', 'Mbed TLS'],
};

const totals = new Map<string, Counts>();
const wrong: string[] = [];

/** Compares every guess about a capture with the truth, and counts. */
function judge(
  path: string,
  truthOf: (role: Role, serverPort: number) => Truth,
): ReadonlyMap<string, StackName | undefined> {
  const guesses = new Map<string, StackName | undefined>();
  const analysis = createAnalysis({
    connection({ id, fingerprints, clientHello, serverHello, server }) {
      for (const role of ['client', 'server'] as const) {
        if ((role === 'client' ? clientHello : serverHello) === undefined) continue;
        const guess = fingerprints?.stacks?.[role];
        const truth = truthOf(role, server.port);
        const place = `${server.port} ${role}`;
        guesses.set(place, guess?.stack ?? guesses.get(place));
        const key = `${truth.join(' or ') || 'another'} ${role}`;
        const counts = totals.get(key) ?? { right: 0, none: 0, wrong: 0 };
        totals.set(key, counts);
        if (guess === undefined) counts.none++;
        else if (truth.includes(guess.stack)) counts.right++;
        else {
          counts.wrong++;
          wrong.push(
            `${path}, connection ${id}, ${role}: ${guess.stack} (${guess.habits.join('; ')})`,
          );
        }
      }
    },
    finding() {},
  });
  const intake = analysis.beginCapture(path, null);
  const octets = readFileSync(path);
  intake.push(octets);
  intake.end(octets.length);
  analysis.end();
  return guesses;
}

const namesIn = (cell = ''): Truth => [
  ...new Set(cell.split(',').flatMap((name) => CALLED[name.trim()] ?? [])),
];

describe('stacks', () => {
  it('are not guessed wrongly in any sample', () => {
    const index = readFileSync(`${SAMPLES}README.md`, 'utf8');
    const rows = [...index.matchAll(/^\| \[([\w-]+)\]\([^)]*\) \|[^|]*\|([^|]*)\|/gm)];
    expect(rows.length).toBeGreaterThan(100);
    for (const [, name = '', stacks = ''] of rows) {
      const path = `${SAMPLES}${name}/capture.pcap`;
      const [server, client] = stacks.split(';').map(namesIn);
      if (name === 'tls-stacks' || !existsSync(path)) continue;
      judge(path, (role) => (role === 'client' ? client : server) ?? []);
    }
    expect(wrong).toEqual([]);
  });

  it('are guessed of one client of each, and of the servers that show enough', () => {
    const guesses = judge(`${SAMPLES}tls-stacks/capture.pcap`, (role, port) => {
      const [client, server] = ONE_EACH[port] ?? [];
      return [role === 'client' ? client : server].filter((name) => name !== undefined);
    });
    expect(wrong).toEqual([]);
    for (const [port, [client, server]] of Object.entries(ONE_EACH)) {
      expect(guesses.get(`${port} client`), `client of ${port}`).toBe(client);
      if (SHOWN.has(Number(port)))
        expect(guesses.get(`${port} server`), `server of ${port}`).toBe(server);
    }
  });

  it.each([`${SAMPLES}suites`, process.env['SUITES'] ?? ''].filter(Boolean))(
    'are not guessed wrongly by the suites in %s',
    (folder) => {
      const cases = readFileSync(`${folder}/index.jsonl`, 'utf8')
        .trim()
        .split('\n')
        .map((line): { file: string; stack: string; port: number } => JSON.parse(line));
      const calls: Readonly<Record<string, StackName>> = {
        openssl: 'OpenSSL',
        gnutls: 'GnuTLS',
        mbedtls: 'Mbed TLS',
      };
      for (const file of new Set(cases.map((one) => one.file))) {
        const stackOf = new Map(
          cases.filter((one) => one.file === file).map(({ port, stack }) => [port, calls[stack]]),
        );
        judge(`${folder}/${file}`, (_, port) => {
          const stack = stackOf.get(port);
          return stack === undefined ? [] : [stack];
        });
      }
      expect(wrong).toEqual([]);
    },
    120_000,
  );

  afterAll(() => {
    const rows = [...totals].sort(([a], [b]) => (a < b ? -1 : 1));
    const width = Math.max(...rows.map(([key]) => key.length));
    console.log(
      [`${'stack and side'.padEnd(width)}  right   none  wrong`]
        .concat(
          rows.map(([key, { right, none, wrong: bad }]) =>
            [key.padEnd(width), ...[right, none, bad].map((n) => String(n).padStart(5))].join('  '),
          ),
        )
        .join('\n'),
    );
  });
});

/** Servers of TLS 1.2 whose hello shows two habits; those of NSS follow their client, and wolfSSL's show one. */
const SHOWN: ReadonlySet<number> = new Set([9007, 9101, 9102, 9103, 9105, 9107]);
