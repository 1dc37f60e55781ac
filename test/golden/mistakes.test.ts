import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DecryptionFacts, SecretsInput } from '../../src/model/decryption.ts';
import { analyse } from '../support/analyse.ts';

/** One mistake each: who made it, in which packet it shows first, and which hypothesis reproduces it. */
const MISTAKES: readonly (readonly [
  sample: string,
  from: 'client' | 'server',
  packet: number,
  hypothesis: string | undefined,
  details: Readonly<Record<string, string | number>>,
])[] = [
  ['tls-mac-seq-ahead', 'client', 8, 'sequence-offset', { offset: 1, sequence: 1 }],
  ['tls-mac-seq-restart', 'client', 17, 'sequence-offset', { offset: -3, sequence: 0 }],
  ['tls-forked-writer', 'client', 15, 'sequence-offset', { offset: -1, sequence: 2 }],
  ['tls-mac-wrong-hash', 'client', 8, 'other-mac-hash', { hash: 'sha256' }],
  ['tls-mac-wrong-version', 'client', 8, 'other-version', { version: 'TLS 1.0' }],
  ['tls-mac-wrong-type', 'client', 8, 'other-type', { type: 23 }],
  ['tls-mac-zero-key', 'server', 9, 'mac-key-empty', {}],
  [
    'tls-key-block-swapped',
    'client',
    8,
    'key-block-cut-otherwise',
    { slicing: 'keys-first, 20 octets of MAC key, 0 of IV' },
  ],
  ['tls-aead-wrong-nonce', 'client', 8, 'other-nonce', { nonceSequence: 1, nonceEpoch: 0 }],
  ['tls-aead-wrong-length', 'client', 8, 'other-length', { length: 'fragment' }],
  ['tls-etm-unused', 'client', 8, 'encrypt-then-mac-swapped', {}],
  ['tls-etm-wrong-length', 'client', 8, 'other-length', { length: 'fragment' }],
  ['tls-finished-corrupted-cbc', 'client', 8, 'bit-damage', { damage: 'octet 20 (mask 0x10)' }],
  ['tls-finished-corrupted-gcm', 'client', 8, 'bit-damage', { damage: 'octet 20 (mask 0x10)' }],
  ['tls13-finished-corrupted', 'client', 8, 'bit-damage', { damage: 'octet 20 (mask 0x10)' }],
  ['dtls-cid-draft-mac', 'client', 5, 'connection-id-draft', {}],
  ['dtls-corrupt-finished-etm', 'client', 5, 'bit-damage', { damage: 'octet 20 (mask 0x10)' }],
  [
    'tls13-keyupdate-unused',
    'client',
    23,
    'other-key-generation',
    { generation: 'previous', sequence: 3, offset: 3 },
  ],
  ['tls13-hrr-transcript', 'client', 14, undefined, {}],
  ['tls13-label-prefix', 'client', 8, undefined, {}],
  ['tls-finished-wrong-label', 'client', 8, 'finished-label-swapped', {}],
  ['tls-finished-wrong-hash', 'client', 8, 'other-prf-hash', { detail: 'SHA-256' }],
  ['tls-finished-decrypt-error', 'client', 8, undefined, {}],
  ['tls-finished-with-hello-request', 'client', 16, 'hello-request-hashed', {}],
  [
    'tls-finished-without-status',
    'client',
    10,
    'message-left-out',
    { detail: 'certificate_status' },
  ],
  [
    'tls-finished-without-ticket',
    'server',
    9,
    'message-left-out',
    { detail: 'new_session_ticket' },
  ],
  ['tls13-finished-transcript', 'client', 8, 'message-left-out', { detail: 'finished' }],
];

const DERIVATIONS = [
  ['tls-ems-unused', 'classic-master-secret', {}],
  ['tls-ems-unasked', 'extended-master-secret', {}],
  ['tls-premaster-version', 'premaster-version', { detail: '0x0301 in place of 0x0303' }],
] as const;

const fileOf = (sample: string, file: string): string => `samples/${sample}/${file}`;

/** The first connection on which something failed. */
function failed(sample: string, secrets: Partial<SecretsInput>): DecryptionFacts | undefined {
  const octets = Uint8Array.from(readFileSync(fileOf(sample, 'capture.pcap')));
  const { connections } = analyse(octets, {
    secrets: { keyLogs: [], rsaKeys: [], psks: [], ...secrets },
  });
  return connections
    .map(({ decryption }) => decryption)
    .find((facts) => facts !== undefined && mistakeOf(facts) !== undefined);
}

function mistakeOf({ failures, finished, masterExplanation }: DecryptionFacts) {
  const [record] = failures;
  const check = [finished.client, finished.server].find((one) => one?.verified === false);
  return record ?? check ?? masterExplanation;
}

describe('mistakes', () => {
  it.each(MISTAKES)('%s: %s, packet %i, %s', (sample, from, packet, hypothesis, details) => {
    const facts = failed(sample, { keyLogs: [readFileSync(fileOf(sample, 'keys.log'))] });
    const mistake = facts && mistakeOf(facts);
    expect(mistake).toMatchObject({ from, packet });
    const { explanation } = mistake as { explanation?: { hypothesis: string; details: object } };
    expect(explanation?.hypothesis).toBe(hypothesis);
    expect(explanation?.details ?? {}).toEqual(details);
  });

  it.each(DERIVATIONS)('%s: %s', (sample, hypothesis, details) => {
    expect(existsSync(fileOf(sample, 'server.key'))).toBe(true);
    const facts = failed(sample, { rsaKeys: [readFileSync(fileOf(sample, 'server.key'), 'utf8')] });
    expect(facts?.masterExplanation).toMatchObject({ from: 'client', hypothesis, details });
  });
});
