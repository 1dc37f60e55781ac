import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze, type Report } from '../../src/index.ts';

/** What a report says about a sample, without its prose. Written and reviewed by hand, from the packets. */
interface Expectation {
  readonly connections: readonly unknown[];
  readonly findings: Findings;
  /** With `keys.log`, where that changes anything. */
  readonly findingsWithKeys?: Findings;
  /** With `server.key` alone, where there is one. */
  readonly findingsWithServerKey?: Findings;
  /** With pre-shared keys alone: what each side holds, and what is told if that key is at hand. */
  readonly findingsWithPsk?: readonly {
    readonly of: string;
    readonly psk: string;
    readonly findings: Findings;
  }[];
  /** Where the tool is known to fall short: the value it gives `now` at `path`, or only `why`. */
  readonly pending?: readonly Shortfall[];
}

type Findings = readonly { readonly rule: string; readonly severity: string }[];

interface Shortfall {
  readonly path?: string;
  readonly now?: unknown;
  readonly why: string;
}

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));
/** `lab` holds what the recipes share, and `honest`, `suites` and `tunnels` have tests of their own. */
const names = readdirSync(SAMPLES, { withFileTypes: true })
  .filter(
    (entry) => entry.isDirectory() && !['honest', 'lab', 'suites', 'tunnels'].includes(entry.name),
  )
  .map(({ name }) => name);

const index = readFileSync(`${SAMPLES}README.md`, 'utf8');

const fileOf = (name: string, file: string): string => `${SAMPLES}${name}/${file}`;
const textOf = (name: string, file: string): string => readFileSync(fileOf(name, file), 'utf8');
const captureOf = (name: string): string => fileOf(name, 'capture.pcap');

function digestOf({ connections, findings }: Report) {
  return {
    connections: connections.map(
      ({ id, transport, stream, outcome, stage, version, cipherSuite }) => ({
        id,
        stream: `${transport}:${stream}`,
        outcome,
        stage,
        version,
        suite: cipherSuite?.name ?? null,
      }),
    ),
    findings: findings.map(({ rule, severity, confidence, connections, packets, title }) => ({
      rule,
      severity,
      confidence,
      connections,
      packets,
      title,
    })),
  };
}

type Tree = Record<string, unknown>;

/** Goes from a tree to the node that holds the last step of a path like `connections.0.outcome`. */
function holderOf(tree: unknown, path: string): [holder: Tree, key: string] {
  const steps = path.split('.');
  const key = steps.pop() ?? '';
  const holder = steps.reduce<unknown>((node, step) => (node as Tree)[step], tree);
  return [holder as Tree, key];
}

function valueAt(tree: unknown, path: string): unknown {
  const [holder, key] = holderOf(tree, path);
  return holder[key];
}

describe.each(names)('sample %s', (name) => {
  const {
    pending = [],
    findingsWithKeys,
    findingsWithServerKey,
    findingsWithPsk = [],
    ...expected
  }: Expectation = JSON.parse(textOf(name, 'expected.json'));
  const isUntroubled = expected.findings.every(({ severity }) => severity === 'info');

  it('is explained and can be made again', () => {
    const readme = textOf(name, 'README.md');
    expect(readme).toMatch(/^# \S/);
    expect(readme).toContain('## Expected');
    expect(existsSync(captureOf(name))).toBe(true);
    expect(readdirSync(`${SAMPLES}${name}`)).toContain('recipe.py');
    expect(index).toContain(`[${name}](${name}/README.md)`);
    // The list of healthy samples is the same for the reader and for the test.
    expect(/no finding\s+above info/i.test(readme)).toBe(isUntroubled);
  });

  it('gets the report that its README promises', async () => {
    const report = digestOf(await analyze(captureOf(name)));
    for (const { path, now, why } of pending) {
      console.log(`${name}: pending: ${why}`);
      if (path === undefined) continue;
      expect(valueAt(report, path), `no longer pending: ${path}`).not.toEqual(
        valueAt(expected, path),
      );
      const [holder, key] = holderOf(expected, path);
      holder[key] = now;
    }
    expect(report).toEqual(expected);
    if (isUntroubled)
      expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });

  it.each(['keys.log'].filter((file) => existsSync(fileOf(name, file))))(
    'tells with its %s what is right',
    async (file) => {
      const secrets = { keyLogs: [textOf(name, file)] };
      const { connections, ...report } = await analyze(captureOf(name), { secrets });
      const wanted = findingsWithKeys ?? expected.findings;
      expect(digestOf({ connections, ...report }).findings).toEqual(wanted);
      if (findingsWithKeys !== undefined || !isUntroubled) return;
      for (const { decryption } of connections) expect(decryption?.failed).toBe(0);
    },
  );

  it.each(['server.key'].filter((file) => existsSync(fileOf(name, file))))(
    'tells with the RSA key in %s what is right',
    async (file) => {
      const secrets = { rsaKeys: [textOf(name, file)] };
      const report = await analyze(captureOf(name), { secrets });
      expect(digestOf(report).findings).toEqual(findingsWithServerKey);
    },
  );

  it.each(findingsWithPsk)(
    'tells with the pre-shared key of the $of what is right',
    async (one) => {
      const report = await analyze(captureOf(name), { secrets: { psks: [one.psk] } });
      expect(digestOf(report).findings).toEqual(one.findings);
    },
  );

  it('is the same to the other packet reader', async () => {
    const [native, other] = await Promise.all([
      analyze(captureOf(name)),
      analyze(captureOf(name), { reader: 'pcap-parser' }),
    ]);
    expect(other).toEqual(native);
  });
});

describe('the server that dies of HMAC-SHA1', () => {
  it('is compared with the handshakes that it survived', async () => {
    const { findings } = await analyze(captureOf('go-panic-process-death'));
    expect(findings.find(({ rule }) => rule === 'handshake-kills-server')?.table).toEqual([
      ['suite', 'record MAC', 'established', 'died'],
      ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'HMAC-SHA1', '0', '2'],
      ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'AEAD', '8', '0'],
      ['TLS_AES_128_GCM_SHA256', 'AEAD', '1', '0'],
    ]);
  });
});
