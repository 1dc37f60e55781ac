/** What lengths and moments of protected records of TLS 1.3 say without secrets. */
import { describe, expect, it } from 'vitest';
import { emptyCertificateLength13, finishedLength13 } from '../../src/connection/record-sizes.ts';
import { analyse } from '../support/analyse.ts';
import {
  clientHello,
  filled,
  handshakeMessage,
  serverHello,
  tlsRecord,
  u8,
  u16,
  vector,
} from '../support/hello-builder.ts';
import { captureFile, MS, TcpFlow } from '../support/network.ts';
import { Cipherlike } from '../support/protection.ts';

const SHA256 = 0x1301;
const SHA384 = 0x1302;
const CCM_8 = 0x1305;

interface Talk {
  readonly suite?: number;
  /** Lengths of the client's records behind the server's flight. */
  readonly client: readonly number[];
  /** Lengths of the server's records behind them. */
  readonly server?: readonly number[];
  /** Before the server speaks again, in milliseconds. */
  readonly pause?: number;
  /** Before the last record of the client. */
  readonly clientPause?: number;
  readonly extension?: number;
  readonly ends?: boolean;
}

function talk({ suite = SHA256, client, server = [], pause = 1, ...more }: Talk) {
  const cipher = new Cipherlike(suite);
  const records = (lengths: readonly number[]) =>
    lengths.map((length) => tlsRecord(23, 0x0303, cipher.octets(length)));
  const offer = { type: 43, data: vector(1, u16(0x0304)) };
  const extra = more.extension === undefined ? [] : [{ type: more.extension }];
  const hello = clientHello({ cipherSuites: [suite], extensions: [offer, ...extra] });
  const answer = serverHello({
    random: filled(32, 0x77),
    cipherSuite: suite,
    extensions: [{ type: 43, data: u16(0x0304) }],
  });
  const flow = new TcpFlow().open();
  flow.send('client', tlsRecord(22, 0x0301, handshakeMessage(1, hello)));
  flow.send(
    'server',
    tlsRecord(22, 0x0303, handshakeMessage(2, answer)),
    ...records([100, 1715, 281, 53]),
  );
  flow.send('client', tlsRecord(20, 0x0303, u8(1)), ...records(client.slice(0, -1)));
  flow.wait((more.clientPause ?? 0) * MS).send('client', ...records(client.slice(-1)));
  flow.wait(pause * MS).send('server', ...records(server));
  if (more.ends !== false) flow.fin('server').fin('client');
  const { connections, findings } = analyse(captureFile(flow.frames));
  return {
    outcome: connections[0]?.outcome,
    shape: connections[0]?.clientFlight?.shape,
    rules: findings.map(({ rule, confidence }) => [rule, confidence]),
    causes: findings.flatMap(({ causes }) => causes).join(' '),
  };
}

const REQUIRED = [['client-cert-required', 'likely']];
const ALERT = [['handshake-alert', 'likely']];

describe('the client’s flight of TLS 1.3', () => {
  it.each<[string, Talk, string, readonly (readonly string[])[]]>([
    ['an empty certificate', { client: [25, 53], server: [19] }, 'empty-certificate', REQUIRED],
    ['one together with Finished', { client: [61], server: [19] }, 'empty-certificate', REQUIRED],
    [
      'one under SHA-384',
      { suite: SHA384, client: [25, 69], server: [19] },
      'empty-certificate',
      REQUIRED,
    ],
    [
      'one together with Finished under SHA-384',
      { suite: SHA384, client: [77], server: [19] },
      'empty-certificate',
      REQUIRED,
    ],
    [
      'one with short tags',
      { suite: CCM_8, client: [17, 45], server: [11] },
      'empty-certificate',
      REQUIRED,
    ],
    ['a certificate', { client: [897, 281, 53], server: [19] }, 'certificate', ALERT],
    ['one with its signature', { client: [1178, 53], server: [19] }, 'certificate', ALERT],
    ['nothing but Finished', { client: [53], server: [19] }, 'finished', ALERT],
  ])('that the server refuses is %s', (_, spec, shape, rules) => {
    expect(talk(spec)).toMatchObject({ outcome: 'failed', shape, rules });
  });

  it('is told of where the alert cannot be read', () => {
    expect(talk({ client: [897, 281, 53], server: [19] }).causes).toMatch(
      /the client had sent a certificate/,
    );
    expect(talk({ client: [53], server: [19] }).causes).toMatch(/and no certificate/);
  });

  it.each<[string, Talk]>([
    ['goes on', { client: [25, 53], server: [300, 19] }],
    ['sends a ticket', { client: [25, 53], server: [250, 19], pause: 1 }],
    ['closes when it is tired of waiting', { client: [25, 53], server: [19], pause: 5000 }],
    ['closes so behind a certificate', { client: [897, 281, 53], server: [19], pause: 5000 }],
    ['closes so behind nothing but Finished', { client: [53], server: [19], pause: 5000 }],
    ['answers a request', { client: [53, 120], server: [500, 19] }],
    ['closes behind a request', { client: [25, 53, 120], server: [19] }],
    ['is still there', { client: [25, 53], server: [], ends: false }],
  ])('is accepted where the server %s', (_, spec) => {
    const { outcome, rules } = talk(spec);
    expect(outcome).toBe('established');
    expect(rules.filter(([rule]) => rule !== 'tls-truncated-close')).toEqual([]);
  });

  it.each<[string, Talk]>([
    ['early data comes before it', { client: [25, 53], extension: 42 }],
    ['its last record comes late', { client: [200, 53], clientPause: 80 }],
    ['no record has the size of a Finished', { client: [25, 54] }],
    ['it has more records than a flight', { client: [200, 300, 300, 53] }],
    ['the hash is not known', { suite: 0x1399, client: [25, 53] }],
  ])('is not known where %s', (_, spec) => {
    expect(talk({ ...spec, server: [400] }).shape).toBeUndefined();
  });
});

it('knows the sizes', () => {
  const sizes = [SHA256, SHA384, CCM_8].map((suite) => [
    emptyCertificateLength13(suite),
    finishedLength13(suite),
    finishedLength13(suite, true),
  ]);
  // As recorded from real stacks, but for CCM_8.
  expect(sizes).toEqual([
    [25, 53, 61],
    [25, 69, 77],
    [17, 45, 53],
  ]);
});
