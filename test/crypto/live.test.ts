import { describe, expect, test } from 'vitest';
import { sameOctets } from '../../src/bytes/concat.ts';
import { explainFinished, verifyDataOctets } from '../../src/crypto/finished.ts';
import { keyBlock } from '../../src/crypto/key-block.ts';
import { KeyLog } from '../../src/crypto/key-log.ts';
import { trafficKeys } from '../../src/crypto/key-schedule.ts';
import {
  explainMaster,
  masterSecret,
  type PremasterSource,
} from '../../src/crypto/master-secret.ts';
import { RsaKeys } from '../../src/crypto/rsa-keys.ts';
import { explainCertificateVerify, explainParameters } from '../../src/crypto/signatures.ts';
import type { TranscriptMessage } from '../../src/crypto/transcript.ts';
import { type CipherSuite, cipherSuite } from '../../src/model/code-points/suites.ts';
import {
  type LiveHandshake,
  type LiveOptions,
  liveHandshake,
  messagesOf,
} from '../support/live-handshake.ts';
import { someOctets, text } from '../support/octets.ts';
import { der, THROW_AWAY } from '../support/throw-away-keys.ts';

/** What the hellos of a live handshake say, and what the key log has for it. */
interface Read {
  readonly live: LiveHandshake;
  readonly log: KeyLog;
  readonly suite: CipherSuite;
  readonly version: number;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
  readonly plain: readonly TranscriptMessage[];
}

const VERSIONS = { TLSv1: 0x0301, 'TLSv1.1': 0x0302, 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 };

async function hold(options: LiveOptions): Promise<Read> {
  const live = await liveHandshake(options);
  const plain = messagesOf(live);
  const log = new KeyLog();
  log.add(text(live.keyLog));
  const hello = found(plain, 1);
  const answer = found(plain.toReversed(), 2);
  const suiteAt = 39 + (answer[38] as number);
  const suite = cipherSuite(((answer[suiteAt] as number) << 8) | (answer[suiteAt + 1] as number));
  if (suite === undefined) throw new Error('no such suite');
  return {
    live,
    log,
    suite,
    version: VERSIONS[options.version],
    clientRandom: hello.slice(6, 38),
    serverRandom: answer.slice(6, 38),
    plain,
  };
}

function found(messages: readonly TranscriptMessage[], type: number): Uint8Array {
  const message = messages.find((each) => each.type === type);
  if (message === undefined) throw new Error(`no message of type ${type}`);
  return message.octets;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing there');
  return value;
}

/** All messages of a handshake up to TLS 1.2, Finished too, opened with the master secret of the key log. */
function openedMessages(read: Read): { master: Uint8Array; messages: TranscriptMessage[] } {
  const { log, suite, version, clientRandom, serverRandom, live } = read;
  const master = required(log.find('CLIENT_RANDOM', clientRandom));
  const encryptThenMac = suite.mode === 'cbc';
  const protection = { suite, version, encryptThenMac, truncatedHmac: false };
  const keys = required(keyBlock(protection, master, clientRandom, serverRandom));
  return { master, messages: messagesOf(live, () => ({ protection, ...keys })) };
}

function checkFinished(
  read: Read,
  messages: readonly TranscriptMessage[],
  secretOf: (from: 'client' | 'server') => Uint8Array,
): number {
  let count = 0;
  for (const [index, { from, type, octets }] of messages.entries()) {
    if (type !== 20) continue;
    const { suite, version } = read;
    const input = {
      suite,
      version,
      from,
      messages: messages.slice(0, index),
      secret: secretOf(from),
      verifyData: octets.slice(4),
    };
    expect(explainFinished(input)).toEqual({ kind: 'verified' });
    expect(octets.length - 4).toBe(verifyDataOctets(suite, version));
    count++;
  }
  return count;
}

describe('handshakes up to TLS 1.2, held by OpenSSL', () => {
  test.each<LiveOptions>([
    { version: 'TLSv1', ciphers: 'AES128-SHA' },
    { version: 'TLSv1.1', ciphers: 'ECDHE-RSA-AES256-SHA' },
    { version: 'TLSv1.2', ciphers: 'AES128-SHA256' },
    { version: 'TLSv1.2', ciphers: 'AES256-GCM-SHA384' },
    { version: 'TLSv1.2', ciphers: 'ECDHE-RSA-CHACHA20-POLY1305' },
    { version: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA384', key: 'ec' },
    { version: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', clientKey: 'ec' },
  ])('$version $ciphers: keys open both Finished, and they verify', async (options) => {
    const read = await hold(options);
    const { master, messages } = openedMessages(read);
    expect(checkFinished(read, messages, () => master)).toBe(2);
  });

  test.each<LiveOptions>([
    { version: 'TLSv1', ciphers: 'AES128-SHA' },
    { version: 'TLSv1.2', ciphers: 'AES128-SHA256', clientKey: 'rsa' },
    { version: 'TLSv1.2', ciphers: 'AES256-GCM-SHA384' },
  ])('$version $ciphers: the server’s RSA key leads to the master secret', async (options) => {
    const read = await hold(options);
    const master = required(read.log.find('CLIENT_RANDOM', read.clientRandom));
    const keys = new RsaKeys();
    keys.add(text(THROW_AWAY.rsa.key));
    const key = required(keys.forCertificate(der(THROW_AWAY.rsa.certificate)));
    const exchange = found(read.plain, 16).slice(6);
    const { version } = read;
    const decryption = key.decrypt(exchange, version, version);
    if (decryption.kind !== 'premaster') throw new Error(decryption.kind);
    expect(decryption.version).toBe('offered');
    const source: PremasterSource = {
      kind: 'rsa',
      premaster: decryption.premaster,
      offered: version,
      negotiated: version,
    };
    const input = { ...read, messages: read.plain, extended: true, source };
    expect(masterSecret(input)).toEqual(master);
    const isRight = (candidate: Uint8Array) => sameOctets(candidate, master);
    expect(explainMaster(input, isRight).explanation).toEqual({ kind: 'verified' });
    // Said the other way round: who believes that the extension was not negotiated sees the other side use it.
    const { explanation, master: right } = explainMaster({ ...input, extended: false }, isRight);
    expect(right).toEqual(master);
    expect(explanation).toMatchObject({
      matches: [{ hypothesis: { id: 'extended-master-secret' } }],
    });
  });

  test.each(['PSK-AES128-GCM-SHA256', 'PSK-AES256-CBC-SHA384'])(
    '%s: the pre-shared key leads to the master secret',
    async (ciphers) => {
      const psk = someOctets(20, 3);
      const read = await hold({ version: 'TLSv1.2', ciphers, psk });
      const master = required(read.log.find('CLIENT_RANDOM', read.clientRandom));
      const input = {
        ...read,
        messages: read.plain,
        extended: true,
        source: { kind: 'psk', key: psk } as const,
      };
      expect(masterSecret(input)).toEqual(master);
    },
  );

  test.each<LiveOptions>([
    { version: 'TLSv1', ciphers: 'ECDHE-RSA-AES128-SHA' },
    { version: 'TLSv1.1', ciphers: 'ECDHE-ECDSA-AES128-SHA', key: 'ec' },
    { version: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA', sigalgs: 'RSA+SHA256' },
    { version: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA', sigalgs: 'rsa_pss_rsae_sha384' },
    { version: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA', key: 'ec', sigalgs: 'ECDSA+SHA512' },
    { version: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA', key: 'ed25519' },
  ])('$version $ciphers $sigalgs: the signature of ServerKeyExchange verifies', async (options) => {
    const read = await hold(options);
    const body = found(read.plain, 12).slice(4);
    const parametersEnd = 4 + (body[3] as number);
    const at = read.version === 0x0303 ? parametersEnd + 2 : parametersEnd;
    const input = {
      ...read,
      certificate: der(THROW_AWAY[options.key ?? 'rsa'].certificate),
      parameters: body.slice(0, parametersEnd),
      signatureScheme:
        at === parametersEnd ? undefined : Buffer.from(body).readUInt16BE(parametersEnd),
      signature: body.slice(at + 2),
    };
    expect(explainParameters(input)).toEqual({ kind: 'verified' });
    const swapped = {
      ...input,
      clientRandom: input.serverRandom,
      serverRandom: input.clientRandom,
    };
    expect(explainParameters(swapped)).toMatchObject({
      kind: 'explained',
      matches: [{ hypothesis: { id: 'signature-randoms-swapped' } }],
    });
  });

  test.each<LiveOptions>([
    { version: 'TLSv1', ciphers: 'AES128-SHA', clientKey: 'rsa' },
    { version: 'TLSv1.1', ciphers: 'AES128-SHA', clientKey: 'ec' },
    { version: 'TLSv1.2', ciphers: 'AES128-SHA', clientKey: 'rsa' },
    { version: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', clientKey: 'ec' },
  ])(
    '$version with a client certificate ($clientKey): CertificateVerify verifies',
    async (options) => {
      const read = await hold(options);
      const index = read.plain.findIndex(({ type }) => type === 15);
      const body = found(read.plain, 15).slice(4);
      const at = read.version === 0x0303 ? 2 : 0;
      const input = {
        version: read.version,
        messages: read.plain.slice(0, index),
        certificate: der(THROW_AWAY[options.clientKey ?? 'rsa'].certificate),
        signatureScheme: at === 0 ? undefined : Buffer.from(body).readUInt16BE(0),
        signature: body.slice(at + 2),
      };
      expect(explainCertificateVerify(input)).toEqual({ kind: 'verified' });
      const withOneMore = { ...input, messages: read.plain.slice(0, index + 1) };
      expect(explainCertificateVerify(withOneMore)).toMatchObject({
        kind: 'explained',
        matches: [{ hypothesis: { id: 'message-left-out' }, detail: 'certificate_verify' }],
      });
    },
  );
});

describe('handshakes of TLS 1.3, held by OpenSSL', () => {
  test.each<LiveOptions>([
    { version: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' },
    { version: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384', clientKey: 'ec' },
    { version: 'TLSv1.3', ciphers: 'TLS_CHACHA20_POLY1305_SHA256', key: 'ed25519' },
    // The client's first share is for a group that the server does not have: HelloRetryRequest.
    {
      version: 'TLSv1.3',
      ciphers: 'TLS_AES_256_GCM_SHA384',
      groups: { client: 'X25519:P-256', server: 'P-256' },
    },
  ])('$ciphers $groups: both Finished verify', async (options) => {
    const read = await hold(options);
    const { log, suite, version, clientRandom, live } = read;
    const secrets = {
      client: required(log.find('CLIENT_HANDSHAKE_TRAFFIC_SECRET', clientRandom)),
      server: required(log.find('SERVER_HANDSHAKE_TRAFFIC_SECRET', clientRandom)),
    };
    const keys = {
      client: required(trafficKeys(suite, secrets.client)),
      server: required(trafficKeys(suite, secrets.server)),
    };
    const protection = { suite, version, encryptThenMac: false, truncatedHmac: false };
    const messages = messagesOf(live, () => ({ protection, ...keys }));
    expect(checkFinished(read, messages, (from) => secrets[from])).toBe(2);
    expect(messages.filter(({ type }) => type === 1)).toHaveLength(
      options.groups === undefined ? 1 : 2,
    );
  });
});
