/** Records of an earlier association are tried on the one that is being set up, and spoil nothing of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SecretsInput } from '../../src/model/decryption.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { analyse } from '../support/analyse.ts';
import { type Octets, uint } from '../support/hello-builder.ts';
import { captureFile, MS, UDP_HOSTS, UdpFlow } from '../support/network.ts';
import { type Datagram, datagramsOf, fileOf } from '../support/sample-datagrams.ts';

const keyLogOf = (sample: string): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, '../../samples', sample, 'keys.log')));
/** In a datagram of one ClientHello: behind the headers of record and message, and the version. */
const RANDOM_AT = 13 + 12 + 2;
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

describe('a record of another client while a ClientHello waits for its answer', () => {
  const SAMPLE = 'dtls-nat-rebind-no-cid';
  const datagrams = datagramsOf(SAMPLE);
  const isData = ({ from, octets }: Datagram) => from === 'client' && octets[0] === 23;
  const { address, port } = UDP_HOSTS.client;

  /** The first data of the client arrives from another port, which has just sent a ClientHello; `change` makes it what it was not. */
  function crossed(count: number, change = (octets: Octets) => octets) {
    const own = new UdpFlow();
    const data = datagrams.findIndex(isData);
    const { octets, nanos } = datagrams[data] as Datagram;
    for (const one of datagrams.slice(0, data)) {
      own.nanos = one.nanos;
      own.datagram(one.from, one.octets);
    }
    const others = Array.from({ length: count }, (_, n) => {
      const hosts = { ...UDP_HOSTS, client: { address, port: port + 1 + n } };
      const other = new UdpFlow({ hosts, startNanos: nanos + n * 2 * MS });
      const hello = Uint8Array.from((datagrams[0] as Datagram).octets);
      hello.set(uint(n + 1, 4), RANDOM_AT);
      return other.datagram('client', hello).datagram('client', change(octets));
    });
    const frames = [own, ...others].flatMap((flow) => flow.frames);
    return analyse(captureFile(frames), { secrets: { ...NONE, keyLogs: [keyLogOf(SAMPLE)] } });
  }

  it('is known by the keys of that client', () => {
    const { connections, findings } = crossed(1);
    expect(connections.map(({ outcome }) => outcome)).toEqual(['established', 'incomplete']);
    expect(
      findings
        .filter(({ severity }) => severity !== 'info')
        .map(({ rule, severity, confidence, connections: of }) =>
          [rule, severity, confidence, ...of].join(' '),
        ),
    ).toEqual(['record-decrypts-under-other-connection critical proven 1 2']);
  });

  it('is nobody’s where no keys open it', () => {
    const flipped = (octets: Octets) => octets.with(-1, (octets.at(-1) as number) ^ 1);
    expect(crossed(1, flipped).findings.map(({ rule, title }) => `${rule}: ${title}`)).toEqual([
      'dtls-stale-record-before-hello: Protected record of no known connection came while a ClientHello waited for its answer',
    ]);
  });

  it('is not kept beyond the number of records that are tried', () => {
    const { findings } = crossed(LIMITS.strayRecords + 2);
    const found = findings.filter(({ rule }) => rule === 'record-decrypts-under-other-connection');
    expect(found).toHaveLength(LIMITS.strayRecords);
  });
});
