import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze, type Report } from '../../src/index.ts';

/*
 * Whose fault it was is known of the samples: the READMEs tell who was patched, or where a bit was flipped. What is said
 * without secrets and with them is held against that: it may be right or undecided, never wrong.
 */

type Culprit = 'client' | 'server' | 'network';

/** Null where both sides are in their right, or none is known to be wrong. By connection where they differ. */
const CULPRITS: Readonly<Record<string, Culprit | null | Readonly<Record<number, Culprit>>>> = {
  'dtls-cid-draft-mac': 'client',
  'dtls-corrupt-finished-etm': 'network',
  'dtls-psk-alerts': null,
  'dtls13-psk': null,
  'go-panic-graceful-alert': 'server',
  'go-panic-on-resumption': 'server',
  'go-panic-process-death': 'server',
  'go-panic-recovered': 'server',
  'go-panic-single': 'server',
  'http-on-tls-port': 'client',
  'proxy-strips-encrypt-then-mac': 'network',
  'proxy-strips-extended-master-secret': 'network',
  'proxy-swaps-server-hello': 'network',
  'tls-accept-queue-overflow': 'server',
  'tls-aead-wrong-length': 'client',
  'tls-aead-wrong-nonce': 'client',
  'tls-alert-no-shared-cipher': null,
  'tls-certificates-in-wrong-order': 'server',
  'tls-certificates-refused': 'server',
  'tls-close-after-clienthello': 'server',
  'tls-downgrade-on-the-way': 'network',
  'tls-ecdhe-zeros-stripped': 'client',
  'tls-ems-required': null,
  'tls-ems-unasked': 'client',
  'tls-ems-unused': 'client',
  'tls-etm-unused': 'client',
  'tls-etm-wrong-length': 'client',
  'tls-finished-corrupted-cbc': 'network',
  'tls-finished-corrupted-gcm': 'network',
  'tls-finished-decrypt-error': 'client',
  'tls-finished-without-status': 'client',
  'tls-finished-wrong-hash': 'client',
  'tls-finished-wrong-label': 'client',
  'tls-key-block-swapped': 'client',
  'tls-handshake-timeout': { 1: 'server', 3: 'client', 4: 'client' },
  'tls-legacy-renegotiation': 'server',
  'tls-mac-seq-ahead': 'client',
  'tls-mac-wrong-hash': 'client',
  'tls-mac-wrong-type': 'client',
  'tls-mac-wrong-version': 'client',
  'tls-middlebox-reset': 'network',
  'tls-on-plaintext-port': null,
  'tls-pq-clienthello-intolerant': 'server',
  'tls-premaster-version': 'client',
  'tls-psk-mismatch': null,
  'tls-reset-mid-handshake': { 1: 'client', 2: 'server' },
  'tls-signature-flipped': 'network',
  'tls-signature-randoms': 'server',
  'tls-upgrades-refused': { 1: 'client', 2: 'client', 3: 'server', 4: 'server' },
  'tls13-binder-mismatch': null,
  'tls13-binder-transcript': 'client',
  'tls13-client-rejects-certificate': null,
  'tls13-finished-corrupted': 'network',
  'tls13-hrr-transcript': 'client',
  'tls13-label-prefix': 'client',
  'tls13-psk-unknown-identity': null,
  'tls13-signature-other-key': 'server',
};

const folder = new URL('../../samples/', import.meta.url);
const pathOf = (name: string, file: string): string =>
  fileURLToPath(new URL(`${name}/${file}`, folder));

function culpritOf(name: string, connection: number): Culprit | null | undefined {
  const given = CULPRITS[name];
  return given === null || typeof given === 'string' ? given : given?.[connection];
}

function score(name: string, { faults }: Report) {
  const counts = { right: 0, undecided: 0, wrong: [] as string[] };
  for (const { connection, likelier } of faults) {
    if (likelier === 'undecided') counts.undecided++;
    else if (likelier === culpritOf(name, connection)) counts.right++;
    else counts.wrong.push(`${name}, connection ${connection}: ${likelier}`);
  }
  return counts;
}

describe('faults of the samples', () => {
  const totals = { 'without secrets': [0, 0, 0], 'with secrets': [0, 0, 0] };

  it.each(Object.keys(CULPRITS))('%s', async (name) => {
    const plain = await analyze(pathOf(name, 'capture.pcap'));
    const keys = pathOf(name, 'keys.log');
    const keyLogs = existsSync(keys) ? [readFileSync(keys, 'utf8')] : [];
    const keyed = await analyze(pathOf(name, 'capture.pcap'), { secrets: { keyLogs } });
    for (const [how, report] of [
      ['without secrets', plain],
      ['with secrets', keyed],
    ] as const) {
      const failed = report.connections.filter(({ outcome }) => /failed|aborted/.test(outcome));
      expect(report.faults.map(({ connection }) => connection).sort()).toEqual(
        failed.map(({ id }) => id).sort(),
      );
      const { right, undecided, wrong } = score(name, report);
      expect(wrong, how).toEqual([]);
      const total = totals[how];
      for (const [at, count] of [right, undecided, wrong.length].entries())
        total[at] = (total[at] ?? 0) + count;
    }
  });

  it('are right or undecided, and never wrong', () => {
    console.log(
      Object.entries(totals)
        .map(
          ([how, [right, undecided, wrong]]) =>
            `${how.padEnd(16)} right ${right}, undecided ${undecided}, wrong ${wrong}`,
        )
        .join('\n'),
    );
    const [right = 0] = totals['without secrets'];
    const [rightWithSecrets = 0] = totals['with secrets'];
    expect(right).toBeGreaterThan(15);
    expect(rightWithSecrets).toBeGreaterThan(right + 10);
  });
});
