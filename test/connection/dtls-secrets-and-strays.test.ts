/** Records of an earlier association are tried on the one that is being set up, and spoil nothing of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SecretsInput } from '../../src/model/decryption.ts';
import { analyse } from '../support/analyse.ts';
import { captureFile, UdpFlow } from '../support/network.ts';
import { type Datagram, datagramsOf, fileOf } from '../support/sample-datagrams.ts';

const keyLogOf = (sample: string): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, '../../samples', sample, 'keys.log')));
const NONE: SecretsInput = { keyLogs: [], rsaKeys: [], psks: [] };

describe('a client that begins again while the server goes on with the old association', () => {
  it('has both opened by a key log of both', () => {
    const sample = 'dtls-restart-ignored';
    const secrets = { ...NONE, keyLogs: [keyLogOf(sample)] };
    const { connections } = analyse(fileOf(sample), { secrets });
    expect(connections.map(({ decryption }) => decryption)).toMatchObject([
      { source: 'key-log', authenticated: 7, skipped: 0 },
      { source: 'key-log', authenticated: 6, skipped: 0 },
    ]);
  });
});

describe('a protected record of nobody known, at every place of a handshake', () => {
  const SAMPLE = 'dtls-nat-rebind-no-cid'; // its key stands in lab/dtls_mbedtls_cid.c
  const datagrams = datagramsOf(SAMPLE);
  const psk = Buffer.from('a key of the lab').toString('hex');
  const stray = Uint8Array.of(
    23,
    0xfe,
    0xfd,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    77,
    0,
    32,
    ...new Array(32).fill(9),
  );
  const opened = (all: readonly Datagram[], secrets: SecretsInput) => {
    const flow = new UdpFlow();
    for (const { from, octets, nanos } of all) {
      flow.nanos = nanos;
      flow.datagram(from, octets);
    }
    const { connections } = analyse(captureFile(flow.frames), { secrets });
    return connections.reduce((sum, c) => sum + (c.decryption?.authenticated ?? 0), 0);
  };

  it.each<[string, SecretsInput]>([
    ['a key log', { ...NONE, keyLogs: [keyLogOf(SAMPLE)] }],
    ['a pre-shared key', { ...NONE, psks: [psk] }],
  ])('leaves what %s opens', (_, secrets) => {
    const all = opened(datagrams, secrets);
    expect(all).toBeGreaterThan(4);
    for (const from of ['client', 'server'] as const)
      for (let at = 1; at <= datagrams.length; at++) {
        const nanos = (datagrams[at - 1] as Datagram).nanos + 1;
        const strayed = datagrams.toSpliced(at, 0, { from, octets: stray, nanos });
        expect([from, at, opened(strayed, secrets)]).toEqual([from, at, all]);
      }
  });
});
