import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openInnerHello } from '../../src/connection/unsealing/decode-inner-hello.ts';
import {
  findInnerRandom,
  InnerHello,
  offersEncryptedHello,
} from '../../src/connection/unsealing/inner-hello.ts';
import { KeyedHandshake } from '../../src/connection/unsealing/keyed-handshake.ts';
import { Vault } from '../../src/connection/unsealing/vault.ts';
import { KeyLog } from '../../src/crypto/key-log.ts';
import { analyse } from '../support/analyse.ts';
import { EchHandshake, echConfig, hpkeSeal } from '../support/ech-builder.ts';
import {
  ascii,
  clientHello,
  concat,
  type ExtensionSpec,
  ext,
  filled,
  handshakeMessage,
  hex,
  type Octets,
  serverHello,
  tlsRecord,
  u8,
  u16,
  vector,
} from '../support/hello-builder.ts';
import { captureFile, type Frame, HOSTS, TcpFlow } from '../support/network.ts';
import { reaches } from '../support/reaches.ts';
import { runCli } from '../support/run-cli.ts';
import { type SampleConnection, sampleFile, tlsConnections } from '../support/sample-handshakes.ts';

/** encrypted_client_hello of the outer form. RFC 9849 §5. */
const OUTER = {
  type: 0xfe0d,
  data: concat(
    u8(0),
    hex('0001 0001 2a'),
    vector(2, filled(32, 0xec)),
    vector(2, filled(144, 0x5e)),
  ),
};

/**
 * What is seen of a connection whose ClientHello was the encrypted one: the same but for the ClientHello, which has another
 * random and the extension. Secrets are logged for the random that it had.
 */
function outerHello(record: Octets, random: Octets, name = 'public.example'): Octets {
  const body = record.subarray(4);
  const session = 35 + (body[34] as number);
  const suites = session + 2 + (((body[session] as number) << 8) | (body[session + 1] as number));
  const at = suites + 1 + (body[suites] as number);
  const list = body.subarray(at + 2);
  const extensions: Octets[] = [];
  for (let i = 0; i < list.length; ) {
    const end = i + 4 + (((list[i + 2] as number) << 8) | (list[i + 3] as number));
    const type = ((list[i] as number) << 8) | (list[i + 1] as number);
    if (type !== 0) extensions.push(list.subarray(i, end));
    i = end;
  }
  const sni = ext.serverName(name).data ?? new Uint8Array(0);
  return handshakeMessage(
    1,
    concat(
      body.subarray(0, 2),
      random,
      body.subarray(34, at),
      vector(2, u16(0), vector(2, sni), u16(OUTER.type), vector(2, OUTER.data), ...extensions),
    ),
  );
}

function flowOf({ records }: SampleConnection, random: Octets, port = 40_001): Frame[] {
  const flow = new TcpFlow({ hosts: { ...HOSTS, client: { ...HOSTS.client, port } } }).open();
  for (const { from, type, version, fragment } of records) {
    const isHello = from === 'client' && type === 22 && fragment[0] === 1;
    flow.send(from, tlsRecord(type, version, isHello ? outerHello(fragment, random) : fragment));
  }
  return flow.frames;
}

const SAMPLE = 'tls13-hrr';
const all = tlsConnections('tls13-keyupdate');
const keys = new Uint8Array(sampleFile('tls13-keyupdate', 'keys.log'));
const secrets = (...keyLogs: Octets[]) => ({ keyLogs, rsaKeys: [], psks: [] });
const first = all[0] as SampleConnection;

/** Lines for connections that are not there, as long as those of the sample. */
function otherLines(count: number): Octets {
  const octets = (keys.length > 0 && keyOctets()) as number;
  const lines = Array.from(
    { length: count },
    (_, n) =>
      `SERVER_HANDSHAKE_TRAFFIC_SECRET ${n.toString(16).padStart(64, 'f')} ${n.toString(16).padStart(2 * octets, '7')}\n`,
  );
  return new TextEncoder().encode(lines.join(''));
}

function keyOctets(): number {
  const line = new TextDecoder().decode(keys).match(/^SERVER_HANDSHAKE_TRAFFIC_SECRET \S+ (\S+)/m);
  return (line?.[1]?.length ?? 0) / 2;
}

describe('an encrypted ClientHello that the server accepted', () => {
  const file = captureFile(flowOf(first, filled(32, 0x0e)));

  test('is told by secrets of another random under which records open', () => {
    const { connections, findings, result } = analyse(file, { secrets: secrets(keys) });
    expect(findings).toEqual([]);
    const [only] = connections;
    expect(only).toMatchObject({ ech: 'accepted', serverName: 'public.example' });
    expect(only?.decryption).toMatchObject({ source: 'key-log', failed: 0, isInnerHello: true });
    expect(only?.decryption?.authenticated).toBeGreaterThan(3);
    // Their transcript begins with a hello that nobody saw.
    expect(only?.decryption?.finished).toEqual({ client: undefined, server: undefined });
    expect(result.internalErrors).toBe(0);
  });

  test('the report says that the name is the public one', async () => {
    const keyLog = fileURLToPath(
      new URL('../../samples/tls13-keyupdate/keys.log', import.meta.url),
    );
    const text = await runCli(['analyze', '--keylog', keyLog, '-'], file);
    expect(text.stdout.replaceAll(/\s+/g, ' ')).toContain(
      '1 connection with an encrypted ClientHello that the server accepted: their names are the public ones',
    );
    const json = await runCli(['analyze', '--json', '--keylog', keyLog, '-'], file);
    expect(JSON.parse(json.stdout)).toMatchObject({
      connections: [
        { ech: 'accepted', serverName: 'public.example', clientRandom: '0e'.repeat(32) },
      ],
    });
  });

  test('each of several finds its own secrets, behind those of others', () => {
    const frames = all.flatMap((connection, n) =>
      flowOf(connection, filled(32, n + 1), 41_000 + n),
    );
    const { connections, findings } = analyse(captureFile(frames), {
      secrets: secrets(otherLines(40), keys),
    });
    expect(connections).toHaveLength(all.length);
    expect(connections.map(({ ech }) => ech)).toEqual(all.map(() => 'accepted'));
    expect(connections.every(({ decryption }) => decryption?.failed === 0)).toBe(true);
    expect(findings).toEqual([]);
  });

  test('behind a HelloRetryRequest too', () => {
    const [one] = tlsConnections(SAMPLE);
    const log = new Uint8Array(sampleFile(SAMPLE, 'keys.log'));
    const { connections, findings } = analyse(
      captureFile(flowOf(one as SampleConnection, filled(32, 3))),
      { secrets: secrets(log) },
    );
    expect(connections[0]).toMatchObject({ ech: 'accepted', decryption: { failed: 0 } });
    expect(findings).toEqual([]);
  });

  test('without its secrets nothing is said about it', () => {
    const alone = analyse(file);
    expect(alone.connections[0]).toMatchObject({ ech: 'offered', blindSpots: ['no-secrets'] });
    expect(alone.findings).toEqual([]);
    const others = analyse(file, { secrets: secrets(otherLines(5)) });
    expect(others.connections[0]).toMatchObject({
      ech: 'offered',
      decryption: { authenticated: 0, failed: 0, obstacle: 'no-matching-secret' },
    });
    expect(others.connections[0]?.decryption?.skipped).toBeGreaterThan(3);
    expect(others.findings).toEqual([]);
  });

  test('without the offer secrets of other randoms are left alone', () => {
    const flow = new TcpFlow().open();
    for (const { from, type, version, fragment } of first.records) {
      const isHello = from === 'client' && type === 22 && fragment[0] === 1;
      const octets = fragment.slice();
      if (isHello) octets.fill(0x0e, 6, 38);
      flow.send(from, tlsRecord(type, version, octets));
    }
    const { connections } = analyse(captureFile(flow.frames), { secrets: secrets(keys) });
    expect(connections[0]).toMatchObject({ ech: undefined, decryption: { authenticated: 0 } });
  });
});

describe('an encrypted ClientHello that the key log opens', () => {
  test.each([false, true])(
    'gives its name, and the Finished can be checked (HelloRetryRequest: %s)',
    (retry) => {
      const made = new EchHandshake({ retry });
      const file = captureFile(made.flow.frames);
      const { connections, findings } = analyse(file, { secrets: secrets(made.keyLog()) });
      expect(findings).toEqual([]);
      expect(connections[0]).toMatchObject({
        ech: 'accepted',
        serverName: 'public.example',
        clientRandom: made.outerRandom,
        decryption: {
          source: 'key-log',
          innerServerName: 'private.example',
          failed: 0,
          authenticated: 9,
          finished: { client: { verified: true }, server: { verified: true } },
        },
      });
    },
  );

  test('the server’s signal alone shows that it was accepted', () => {
    const made = new EchHandshake();
    const { connections } = analyse(captureFile(made.flow.frames), {
      secrets: secrets(made.keyLog('ech')),
    });
    expect(connections[0]).toMatchObject({
      ech: 'accepted',
      decryption: { innerServerName: 'private.example', authenticated: 0, failed: 0 },
    });
  });

  test('and without what opens it the records do', () => {
    const made = new EchHandshake({ retry: true });
    const { connections, findings } = analyse(captureFile(made.flow.frames), {
      secrets: secrets(made.keyLog('traffic')),
    });
    expect(findings).toEqual([]);
    expect(connections[0]).toMatchObject({
      ech: 'accepted',
      decryption: { innerServerName: undefined, authenticated: 9, failed: 0 },
    });
  });

  test('without the signal nothing is said to be accepted', () => {
    const made = new EchHandshake({ isRefused: true });
    const { connections, findings } = analyse(captureFile(made.flow.frames), {
      secrets: secrets(made.keyLog('ech')),
    });
    expect(connections[0]).toMatchObject({ ech: 'offered' });
    expect(connections[0]?.decryption?.innerServerName).toBeUndefined();
    expect(findings).toEqual([]);
  });

  test('the report shows the name', async () => {
    const made = new EchHandshake();
    const { lines } = analyse(captureFile(made.flow.frames), { secrets: secrets(made.keyLog()) });
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      serverName: 'public.example',
      innerServerName: 'private.example',
      ech: 'accepted',
    });
  });

  test('lines that do not fit open nothing, whatever they are', () => {
    const made = new EchHandshake();
    const keyLog = new TextDecoder().decode(made.keyLog('ech'));
    for (const damaged of [
      keyLog.replace(/(ECH_SECRET \S+ )../, '$100'),
      keyLog.replace(/(ECH_CONFIG \S+ )..../, '$1fe0a'),
      keyLog.replace(/(ECH_CONFIG \S+ ....)\S+/, '$100'),
      keyLog.replace(/ECH_CONFIG.*\n/, ''),
    ]) {
      const { connections, result } = analyse(captureFile(made.flow.frames), {
        secrets: secrets(ascii(damaged)),
      });
      expect(connections[0]).toMatchObject({ ech: 'offered' });
      expect(result.internalErrors).toBe(0);
    }
  });

  test('octets that decrypt to no hello are none', () => {
    const hello = (content: Octets): Octets => {
      const outer = (payload: Octets) =>
        clientHello({
          random: filled(32, 0x0e),
          sessionId: filled(4, 1),
          extensions: [
            { type: 5, data: filled(3, 5) },
            { type: 0xfe0d, data: concat(hex('00 0001 0001 2a'), vector(2), vector(2, payload)) },
          ],
        });
      const info = concat(ascii('tls ech'), u8(0), echConfig('a.example'));
      const aad = outer(filled(content.length + 16, 0));
      return handshakeMessage(1, outer(hpkeSeal(filled(32, 1), info, 0, aad, content)));
    };
    const keyLog = new KeyLog();
    const random = '0e'.repeat(32);
    const config = Buffer.from(echConfig('a.example')).toString('hex');
    keyLog.add(ascii(`ECH_SECRET ${random} ${'01'.repeat(32)}\nECH_CONFIG ${random} ${config}\n`));
    const inner = (extensions: ExtensionSpec[], sessionId: Octets = new Uint8Array(0)) =>
      clientHello({ sessionId, extensions });
    const named = (...types: number[]) => ({ type: 0xfd00, data: vector(1, ...types.map(u16)) });
    const good = openInnerHello(keyLog, hello(inner([named(5)])), 0);
    const expected = clientHello({
      sessionId: filled(4, 1),
      extensions: [{ type: 5, data: filled(3, 5) }],
    });
    expect(good).toEqual(handshakeMessage(1, expected));
    for (const content of [
      filled(40, 1),
      filled(0, 0),
      inner([named(6)]),
      inner([], filled(4, 1)),
      concat(inner([]), hex('0001')),
      inner([named(5)]).subarray(0, 45),
    ])
      expect(openInnerHello(keyLog, hello(content), 0)).toBeUndefined();
  });
});

describe('an encrypted ClientHello that is not accepted, or GREASE', () => {
  test('a version below TLS 1.3 cannot accept it', () => {
    const hello = tlsRecord(22, 0x0301, handshakeMessage(1, clientHello({ extensions: [OUTER] })));
    const flow = new TcpFlow().open().send('client', hello);
    flow.send('server', tlsRecord(22, 0x0303, handshakeMessage(2, serverHello())));
    const { connections } = analyse(captureFile(flow.frames));
    expect(connections[0]).toMatchObject({ version: 0x0303, ech: 'rejected' });
  });

  test('the alert ech_required says so, and is explained', () => {
    const hello = tlsRecord(22, 0x0301, handshakeMessage(1, clientHello({ extensions: [OUTER] })));
    const flow = new TcpFlow().open().send('client', hello);
    flow.send('client', tlsRecord(21, 0x0303, hex('0279')));
    const { connections, findings } = analyse(captureFile(flow.frames));
    expect(connections[0]).toMatchObject({ ech: 'rejected', outcome: 'failed' });
    expect(findings[0]?.causes.join()).toContain('encrypted ClientHello');
  });

  test.each([
    ['the inner form', concat(u8(1))],
    ['too short for the outer form', concat(u8(0), filled(9, 1))],
    ['empty', new Uint8Array(0)],
  ])('%s is no offer', (_name, data) => {
    const body = clientHello({ extensions: [{ type: 0xfe0d, data }] });
    expect(offersEncryptedHello(handshakeMessage(1, body))).toBe(false);
    expect(offersEncryptedHello(handshakeMessage(1, clientHello({ extensions: [OUTER] })))).toBe(
      true,
    );
  });
});

describe('bounds', () => {
  const file = captureFile(flowOf(first, filled(32, 0x0e)));

  reaches('echTrials', 32, 'secrets beyond the limit for one connection are not tried', (bound) => {
    const near = analyse(file, { secrets: secrets(otherLines(bound - 8), keys) });
    expect(near.connections[0]?.ech).toBe('accepted');
    const far = analyse(file, { secrets: secrets(otherLines(bound), keys) });
    expect(far.connections[0]?.ech).toBe('offered');
  });

  test('hellos beyond the second are not opened', () => {
    const keyLog = new KeyLog();
    const random = '0e'.repeat(32);
    const config = Buffer.from(echConfig('a.example')).toString('hex');
    keyLog.add(ascii(`ECH_SECRET ${random} ${'01'.repeat(32)}\nECH_CONFIG ${random} ${config}\n`));
    let lookedUp = 0;
    const counting = Object.assign(Object.create(keyLog) as KeyLog, {
      find: (...wanted: Parameters<KeyLog['find']>) => {
        if (wanted[0] === 'ECH_SECRET') lookedUp++;
        return keyLog.find(...wanted);
      },
    });
    const inner = new InnerHello();
    for (let sequence = 0; sequence < 5; sequence++) {
      const outer = (payload: Octets): Octets =>
        clientHello({
          random: filled(32, 0x0e),
          extensions: [
            { type: 0xfe0d, data: concat(hex('00 0001 0001 2a'), vector(2), vector(2, payload)) },
          ],
        });
      const content = clientHello({ sessionId: new Uint8Array(0), extensions: [] });
      const info = concat(ascii('tls ech'), u8(0), echConfig('a.example'));
      const aad = outer(filled(content.length + 16, 0));
      const wire = outer(hpkeSeal(filled(32, 1), info, sequence, aad, content));
      inner.clientHello(counting, handshakeMessage(1, wire));
    }
    expect(inner.isOffered).toBe(true);
    expect(lookedUp).toBe(2);
  });

  reaches('echTrialsInAll', 4096, 'nor beyond that for the run', (bound) => {
    const vault = new Vault(secrets(keys));
    const server = first.records.filter(({ from }) => from === 'server');
    const record = server.find(({ type }) => type === 23);
    const handshake = new KeyedHandshake(vault.transcripts);
    handshake.message('server', 2, server[0]?.fragment.subarray(4) as Octets, 0, false);
    const { type, version, fragment } = record as (typeof server)[number];
    const wire = {
      type,
      version,
      bytes: fragment,
      start: 0,
      end: fragment.length,
      packet: 1,
      nanos: 1,
    };
    vault.echTrials = bound;
    expect(vault.mayFindInner).toBe(false);
    expect(findInnerRandom(vault, handshake, wire)).toBeUndefined();
    vault.echTrials = bound - all.length;
    expect(vault.mayFindInner).toBe(true);
    expect(findInnerRandom(vault, handshake, wire)).toHaveLength(32);
  });
});
