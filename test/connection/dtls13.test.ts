/** Associations of DTLS 1.3 (RFC 9147): what is known of them without secrets, and what secrets open. */
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { analyse } from '../support/analyse.ts';
import { Association } from '../support/conversation.ts';
import { Dtls13Association, type Dtls13Spec } from '../support/dtls13-conversation.ts';
import { concat, filled, hex, type Octets, vector } from '../support/hello-builder.ts';
import { captureFile, MS, twice, UDP_HOSTS, UdpFlow } from '../support/network.ts';
import { reaches } from '../support/reaches.ts';

const read = (flow: UdpFlow, ...keyLogs: readonly Octets[]) =>
  analyse(
    captureFile(flow.frames),
    keyLogs.length > 0 ? { secrets: { keyLogs, rsaKeys: [], psks: [] } } : {},
  );
const withKeys = (a: Dtls13Association) => read(a.flow, a.keyLog);
const severe = ({ findings }: ReturnType<typeof analyse>) =>
  findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule);
const kinds = ({ connections }: ReturnType<typeof analyse>) =>
  connections.flatMap(({ dtls }) => dtls?.anomalies.map(({ kind }) => kind) ?? []);

const WHOLE: readonly [string, Dtls13Spec][] = [
  ['AES-128-GCM', {}],
  ['AES-256-GCM', { suite: 0x1302 }],
  ['ChaCha20', { suite: 0x1303 }],
  ['CCM', { suite: 0x1304 }],
  ['CCM_8', { suite: 0x1305 }],
  ['a cookie', { retry: true }],
  ['early data', { earlyData: true }],
  ['early data that a HelloRetryRequest refuses', { earlyData: true, retry: true }],
  ['connection ids', { cids: { client: hex('c1c2c3c4'), server: hex('5152535455565758') } }],
  ['an id of one side', { cids: { client: new Uint8Array(0), server: hex('51') } }],
  ['one octet of number', { header: { shortNumber: true } }],
  ['no lengths', { header: { withoutLength: true } }],
  ['small fragments', { fragmentOctets: 70 }],
  ['draft 43 of NSS', { draft: true }],
];

describe.each(WHOLE)('%s', (_name, spec) => {
  const a = new Dtls13Association(new UdpFlow(), spec).handshake();
  for (let i = 0; i < 5; i++) a.data('client').data('server');
  const update = a.keyUpdate('client', 3);
  a.send('client', update).send('server', [a.ack('server', 3, ...update)]);
  a.data('client', 4).data('server').close('client', 4).close('server');
  const sealed = [...a.next.client, ...a.next.server]
    .filter(([epoch]) => epoch > 0)
    .reduce((sum, [, count]) => sum + count, 0);

  it('is established without secrets, and no rule says anything', () => {
    const result = read(a.flow);
    expect(result.connections).toHaveLength(1);
    const [h] = result.connections;
    expect(h).toMatchObject({ outcome: 'established', stage: 'done', version: 0xfefc });
    const { client, server } = h?.records ?? {};
    expect((client?.applicationData ?? 0) + (server?.applicationData ?? 0)).toBe(sealed);
    expect(h?.alerts).toEqual([]);
    expect(kinds(result)).toEqual([]);
    expect(severe(result)).toEqual([]);
  });

  it('opens to the last record with secrets', () => {
    const result = withKeys(a);
    const [h] = result.connections;
    expect(h?.decryption).toMatchObject({ authenticated: sealed, failed: 0, skipped: 0 });
    for (const role of ['client', 'server'] as const)
      expect(h?.decryption?.finished[role]).toMatchObject({
        verified: true,
        isTranscriptWhole: true,
      });
    expect(h?.messages.map(({ type }) => type)).toEqual([
      1,
      ...(spec.retry ? [0x102, 1] : []),
      ...[2, 8, 11, 15, 20, 20, 24],
    ]);
    expect(h?.alerts).toMatchObject([
      { from: 'client', level: 1, description: 0, epoch: 4, encrypted: true },
      { from: 'server', level: 1, description: 0, epoch: 3, encrypted: true },
    ]);
    expect(h?.dtls?.epochs.client.map(({ epoch }) => epoch)).toEqual(
      spec.earlyData ? [0, 1, 2, 3, 4] : [0, 2, 3, 4],
    );
    const [ofFinished, ofUpdate, ...others] = h?.dtls?.acks ?? [];
    expect(ofFinished?.received).toEqual([{ epoch: 2, sequence: 0 }]);
    expect(ofUpdate?.received).toEqual([{ epoch: 3, sequence: 5 }]);
    expect(others).toEqual([]);
    expect(kinds(result)).toEqual([]);
    expect(severe(result)).toEqual([]);
  });

  it('is the same however the capture cuts its packets', () => {
    for (const octets of [16, 60, 90]) {
      const frames = a.flow.frames.map(({ octets: whole, nanos }) => ({
        octets: whole.subarray(0, 42 + octets),
        nanos,
        originalLength: whole.length,
      }));
      const file = captureFile(frames);
      const secrets = { keyLogs: [a.keyLog], rsaKeys: [], psks: [] };
      for (const how of [{}, { secrets }]) {
        const result = analyse(file, how);
        expect(severe(result)).toEqual([]);
        expect(result.connections.every(({ decryption }) => (decryption?.failed ?? 0) === 0)).toBe(
          true,
        );
      }
    }
  });
});

describe('records of one datagram', () => {
  it('are told apart, also behind plaintext ones, and the last one without a length', () => {
    const a = new Dtls13Association();
    a.send('client', a.clientHello());
    const flight = [...a.serverHello(), ...a.serverFlight()];
    a.together('server', flight);
    const finished = a.finished('client');
    const last = a.sealed('client', 3, 23, filled(30, 7), { header: { withoutLength: true } });
    a.together('client', [...finished, last]);
    a.send('server', [a.ack('server', 3, ...finished)]);
    expect(withKeys(a).connections[0]?.decryption).toMatchObject({ authenticated: 7, failed: 0 });
    const [h] = read(a.flow).connections;
    expect(h?.records.server).toMatchObject({ handshake: 1, applicationData: 5 });
    expect(h?.records.client).toMatchObject({ handshake: 1, applicationData: 2 });
    expect(h?.outcome).toBe('established');
  });
});

describe('how far a handshake came, without secrets', () => {
  it.each([
    ['the ServerHello', 1, 'server-flight', 'incomplete'],
    ['the server’s flight', 5, 'client-flight', 'incomplete'],
    ['the client’s Finished', 6, 'done', 'established'],
  ] as const)('%s is the last that was captured', (_name, records, stage, outcome) => {
    const a = new Dtls13Association();
    a.send('client', a.clientHello());
    const rest = [...a.serverHello(), ...a.serverFlight()];
    a.send('server', rest.slice(0, records));
    if (records > 5) a.send('client', a.finished('client'));
    expect(read(a.flow).connections[0]).toMatchObject({ stage, outcome });
  });

  it('an ACK for a part of the flight is no Finished', () => {
    for (let count = 0; count < 5; count++) {
      const a = new Dtls13Association();
      a.send('client', a.clientHello());
      const flight = [...a.serverHello(), ...a.serverFlight()];
      a.send('server', flight);
      a.send('client', [a.ack('client', 2, ...flight.slice(0, count))]);
      expect(read(a.flow).connections[0]?.stage).toBe('client-flight');
    }
  });

  it('an ACK in the clear for the ClientHello shows that it arrived, where no answer follows', () => {
    const timeouts = (...sent: readonly number[]) => {
      const a = new Dtls13Association();
      const hello = a.clientHello();
      a.send('client', hello);
      a.send('server', [a.ack('server', 0, ...sent.flatMap((at) => hello[at] ?? []))]);
      const hosts = { ...UDP_HOSTS, client: { ...UDP_HOSTS.client, port: 40_077 } };
      const later = new UdpFlow({ hosts, startNanos: 20_000 * MS });
      const other = new Dtls13Association(later, { seed: 2 }).handshake();
      const frames = [...a.flow.frames, ...other.flow.frames];
      return analyse(captureFile(frames)).findings.map(({ rule, severity }) => [rule, severity]);
    };
    expect(timeouts(0)).toEqual([['handshake-timeout', 'info']]);
    // It asks for the flight again.
    expect(timeouts()).toEqual([]);
  });

  it('an alert in the clear that refuses the ClientHello fails it', () => {
    const a = new Dtls13Association();
    a.send('client', a.clientHello()).send('server', [a.alert('server', 0, 2, 40)]);
    expect(read(a.flow).connections[0]).toMatchObject({ outcome: 'failed' });
  });

  it('a fatal alert that secrets open fails it, whatever its level', () => {
    const a = new Dtls13Association();
    a.send('client', a.clientHello());
    a.send('server', [...a.serverHello(), ...a.serverFlight()]);
    a.send('client', [a.alert('client', 2, 1, 42)]);
    expect(withKeys(a).connections[0]).toMatchObject({
      outcome: 'failed',
      alerts: [{ from: 'client', description: 42, epoch: 2 }],
    });
  });
});

describe('other protocols', () => {
  it('keep their datagrams where nobody speaks DTLS 1.3', () => {
    const flow = new UdpFlow();
    const old = new Association(flow).handshake().data('client');
    const [before] = read(flow).connections;
    flow.datagram('client', concat(hex('2f 0001 0020'), filled(32, 9)));
    flow.datagram('server', filled(60, 0x3c));
    const [h] = read(flow).connections;
    expect(h?.records).toEqual(before?.records);
    expect(old.suite).toBe(h?.cipherSuite);
  });

  it('are no records where their lengths disagree', () => {
    const a = new Dtls13Association().handshake();
    const before = read(a.flow).connections[0]?.records;
    a.flow.datagram('client', concat(hex('2f 0001 0040'), filled(32, 9)));
    a.flow.datagram('client', hex('2f'));
    expect(read(a.flow).connections[0]?.records).toEqual(before);
  });

  it('a record with a connection id that nobody negotiated is not read', () => {
    const a = new Dtls13Association().handshake();
    const before = read(a.flow).connections[0]?.records;
    const header = { cid: hex('aabb') };
    a.send('client', [a.sealed('client', 3, 23, filled(9, 1), { header })]);
    expect(read(a.flow).connections[0]?.records).toEqual(before);
  });
});

describe('the same octets again', () => {
  const a = new Dtls13Association().handshake().data('client').data('client');
  const again = a.sealed('client', 3, 23, filled(40, 5));
  a.send('client', [again]);
  a.flow.nanos += 3000 * MS;
  a.send('client', [again]).data('client').data('server');

  it('are a replay, also where the number is encrypted', () => {
    for (const result of [read(a.flow), withKeys(a)]) {
      expect(kinds(result)).toEqual(['replay']);
      expect(result.findings.map(({ rule }) => rule)).toContain('dtls-replay');
    }
    const [without] = read(a.flow).findings;
    expect(without?.summary).toContain('number encrypted');
    expect(without?.summary).not.toContain('-1');
  });

  it('are none where the capture saw every packet twice', () => {
    const healthy = new Dtls13Association().handshake().data('client').data('server');
    const file = captureFile(twice(healthy.flow.frames));
    for (const how of [{}, { secrets: { keyLogs: [healthy.keyLog], rsaKeys: [], psks: [] } }])
      expect(kinds(analyse(file, how))).toEqual([]);
  });

  it('a number used for other octets is found with secrets', () => {
    const b = new Dtls13Association().handshake().data('client').data('client');
    b.send('client', [b.sealed('client', 3, 23, filled(41, 6), { sequence: 1 })]).data('client');
    expect(kinds(read(b.flow))).toEqual([]);
    expect(kinds(withKeys(b))).toEqual(['sequence-reuse']);
  });
});

describe('several associations on one 5-tuple', () => {
  it('a restart is answered, and late records are the older one’s', () => {
    const flow = new UdpFlow();
    const first = new Dtls13Association(flow).handshake().data('client').data('server');
    const second = new Dtls13Association(flow, { seed: 2 });
    second.send('client', second.clientHello());
    first.data('client');
    second.send('server', [...second.serverHello(), ...second.serverFlight()]);
    const finished = second.finished('client');
    second.send('client', finished).send('server', [second.ack('server', 3, ...finished)]);
    first.data('server');
    second.data('client').data('server');
    const blind = read(flow);
    expect(blind.connections.map(({ outcome }) => outcome)).toEqual(['established', 'established']);
    // The second late record shows nothing that tells the associations apart.
    expect(kinds(blind)).toEqual(['late']);
    const keyed = read(flow, first.keyLog, second.keyLog);
    expect(keyed.connections.map(({ decryption }) => decryption?.failed)).toEqual([0, 0]);
    expect(keyed.connections.map(({ decryption }) => decryption?.authenticated)).toEqual([10, 8]);
    expect(kinds(keyed)).toEqual(['late', 'late']);
    // The keys of one alone accuse nobody of the other's records.
    const half = read(flow, second.keyLog);
    expect(half.connections.map(({ decryption }) => decryption?.failed)).toEqual([0, 0]);
  });

  it('data behind the peer’s close_notify is not late, an alert is', () => {
    const a = new Dtls13Association().handshake().data('client').close('server');
    a.flow.nanos += 1000 * MS;
    a.data('client').close('client');
    expect(kinds(withKeys(a))).toEqual(['late']);
    expect(kinds(read(a.flow))).toEqual([]);
  });
});

describe('connection ids', () => {
  it('name the association from another port, also one that was announced later', () => {
    const cids = { client: hex('c1c2c3c4c5'), server: hex('5152535455565758') };
    const a = new Dtls13Association(new UdpFlow(), { cids }).handshake().data('client');
    const announced = hex('a1a2a3a4a5a6a7a8');
    const body = concat(vector(2, vector(1, announced)), Uint8Array.of(1));
    a.send('server', a.message('server', 3, 10, body));
    const moved = new UdpFlow({
      hosts: { ...UDP_HOSTS, client: { address: '192.0.2.99', port: 50_001 } },
      startNanos: a.flow.nanos + 1000 * MS,
    });
    moved.datagram('client', a.sealed('client', 3, 23, filled(20, 1)).octets);
    const header = { cid: announced };
    moved.datagram('client', a.sealed('client', 3, 23, filled(20, 2), { header }).octets);
    const file = captureFile([...a.flow.frames, ...moved.frames]);
    const secrets = { keyLogs: [a.keyLog], rsaKeys: [], psks: [] };
    const keyed = analyse(file, { secrets }).connections;
    expect(keyed).toHaveLength(1);
    expect(keyed[0]?.decryption).toMatchObject({ authenticated: 10, failed: 0 });
    expect(keyed[0]?.dtls?.paths).toHaveLength(1);
    // The id that was announced under protection is known to those with the keys only.
    const [blind, ...others] = analyse(file).connections;
    expect(others).toEqual([]);
    expect(blind?.records.client.applicationData).toBe(3);
  });
});

describe('what secrets prove', () => {
  const failuresOf = (a: Dtls13Association) =>
    withKeys(a).connections[0]?.decryption?.failures ?? [];

  it.each([
    ['epoch-in-nonce', { slips: { server: { epochInNonce: true } } }],
    [
      'encrypted-number-authenticated',
      { slips: { server: { authenticates: 'encrypted-number' } } },
    ],
    ['tls-header-authenticated', { slips: { server: { authenticates: 'tls-fefd' } } }],
    ['record-number-unencrypted', { slips: { server: { mask: 'none' } } }],
    ['record-number-encrypted-otherwise', { slips: { server: { mask: hex('a55a') } } }],
    ['other-label-prefix', { prefixes: { server: 'tls13 ' } }],
  ] as const)('%s of one side', (hypothesis, spec) => {
    const a = new Dtls13Association(new UdpFlow(), spec).handshake();
    const failures = failuresOf(a);
    expect(failures.length).toBeGreaterThan(0);
    for (const { from, explanation } of failures.slice(0, LIMITS.explainedRecords))
      expect([from, explanation?.hypothesis]).toEqual(['server', hypothesis]);
    const { findings } = withKeys(a);
    expect(findings.map(({ rule }) => rule)).toEqual(['record-mac-mismatch']);
  });

  it('keys of the handshake in the data, as many as there are', () => {
    const a = new Dtls13Association().handshake();
    for (let i = 0; i < 3; i++)
      a.send('client', [a.sealed('client', 3, 23, filled(30, i), { keys: a.keys('client', 2) })]);
    a.data('server');
    const { findings } = withKeys(a);
    expect(findings.map(({ rule, severity }) => [rule, severity])).toEqual([
      ['dtls13-ack-or-finished-loss', 'error'],
    ]);
    expect(findings[0]?.packets[0]).toBe(failuresOf(a)[0]?.packet);
    expect(severe(read(a.flow))).toEqual([]);
  });

  it('keys of before a KeyUpdate', () => {
    const a = new Dtls13Association().handshake().data('client');
    const update = a.keyUpdate('client', 3);
    a.send('client', update).send('server', [a.ack('server', 3, ...update)]);
    a.send('client', [a.sealed('client', 4, 23, filled(30, 1), { keys: a.keys('client', 3) })]);
    expect(withKeys(a).findings.map(({ rule }) => rule)).toEqual(['keyupdate-desync']);
  });

  it('a Finished over another transcript', () => {
    const a = new Dtls13Association();
    a.send('client', a.clientHello());
    a.send('server', [...a.serverHello(), ...a.serverFlight()]);
    a.send('client', a.message('client', 2, 20, filled(32, 3)));
    const [h] = withKeys(a).connections;
    expect(h?.decryption?.finished.client).toMatchObject({ verified: false });
    expect(h?.decryption?.finished.server).toMatchObject({ verified: true });
  });

  it('nothing of a key log of another run', () => {
    const a = new Dtls13Association().handshake().data('client');
    const other = new Dtls13Association(new UdpFlow(), { seed: 1 });
    const text = new TextDecoder()
      .decode(other.keyLog)
      .replaceAll(/[0-9a-f]{64}\n/g, `${'ab'.repeat(32)}\n`);
    const result = read(a.flow, new TextEncoder().encode(text));
    expect(result.connections[0]?.decryption).toMatchObject({
      authenticated: 0,
      obstacle: 'secret-does-not-fit',
    });
    expect(severe(result)).toEqual([]);
  });

  it('records lost in the capture, in any epoch, accuse nobody', () => {
    const a = new Dtls13Association(new UdpFlow(), { header: { shortNumber: true } }).handshake();
    for (let i = 0; i < 12; i++) a.data('client').data('server');
    const update = a.keyUpdate('server', 3);
    a.send('server', update)
      .send('client', [a.ack('client', 3, ...update)])
      .data('server', 4);
    const { frames } = a.flow;
    for (let lost = 0; lost < frames.length; lost++) {
      const file = captureFile(frames.filter((_, i) => i !== lost && i !== lost + 3));
      for (const how of [{}, { secrets: { keyLogs: [a.keyLog], rsaKeys: [], psks: [] } }]) {
        const result = analyse(file, how);
        expect(severe(result), `without packet ${lost + 1}`).toEqual([]);
        for (const { decryption } of result.connections) expect(decryption?.failed ?? 0).toBe(0);
      }
    }
  });
});

describe('bounds', () => {
  const acksOf = (acks: number, numbers: number) => {
    const a = new Dtls13Association().handshake();
    const many = Array.from({ length: numbers }, (_, sequence) => ({
      octets: new Uint8Array(0),
      epoch: 3,
      sequence,
    }));
    for (let i = 0; i < acks; i++) a.send('client', [a.ack('client', 3, ...many)]);
    return withKeys(a).connections[0]?.dtls?.acks ?? [];
  };

  reaches('acksPerConnection', 8, 'of ACKs', (bound) => {
    expect(acksOf(bound + 3, 1)).toHaveLength(bound);
  });

  reaches('recordNumbersPerAck', 8, 'of the numbers in one ACK', (bound) => {
    const [whole, cut] = [acksOf(1, bound), acksOf(1, bound + 6)].map((acks) => acks.at(-1));
    expect(whole).toMatchObject({ omitted: 0 });
    expect(cut).toMatchObject({ omitted: 6, received: whole?.received });
  });

  reaches('announcedConnectionIds', 3, 'of the ids in one NewConnectionId', (bound) => {
    const cids = { client: hex('c1c2c3c4'), server: hex('51525354') };
    const a = new Dtls13Association(new UdpFlow(), { cids }).handshake();
    const ids = Array.from({ length: bound + 1 }, (_, i) => filled(4, i + 1));
    const body = concat(vector(2, ...ids.map((id) => vector(1, id))), Uint8Array.of(0));
    a.send('server', a.message('server', 3, 10, body));
    // On another 5-tuple an id that is not known is nobody's.
    const moved = new UdpFlow({
      hosts: { ...UDP_HOSTS, client: { address: '192.0.2.99', port: 50_001 } },
      startNanos: a.flow.nanos,
    });
    for (const cid of ids)
      moved.datagram(
        'client',
        a.sealed('client', 3, 23, filled(20, 1), { header: { cid } }).octets,
      );
    const secrets = { keyLogs: [a.keyLog], rsaKeys: [], psks: [] };
    const [h] = analyse(captureFile([...a.flow.frames, ...moved.frames]), { secrets }).connections;
    expect(h?.decryption?.authenticated).toBe(7 + bound);
  });

  reaches('epochsPerHalf', 2, 'of epochs that are kept', (bound) => {
    const a = new Dtls13Association().handshake();
    for (let epoch = 3; epoch < 12; epoch++) {
      const update = a.keyUpdate('client', epoch);
      a.send('client', update).data('client', epoch + 1);
    }
    expect(withKeys(a).connections[0]?.decryption).toMatchObject({ failed: 0, skipped: 0 });
    expect(withKeys(a).connections[0]?.dtls?.epochs.client.length).toBeLessThanOrEqual(
      1 + 2 * bound + 1,
    );
  });
});
