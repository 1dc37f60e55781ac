import { describe, expect, test } from 'vitest';
import { explainBinder } from '../../src/crypto/binder.ts';
import { explainFinished } from '../../src/crypto/finished.ts';
import { keyBlock } from '../../src/crypto/key-block.ts';
import { KeyLog } from '../../src/crypto/key-log.ts';
import { trafficKeys } from '../../src/crypto/key-schedule.ts';
import { explainMaster } from '../../src/crypto/master-secret.ts';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import { RsaKeys } from '../../src/crypto/rsa-keys.ts';
import { explainParameters } from '../../src/crypto/signatures.ts';
import type { TranscriptMessage } from '../../src/crypto/transcript.ts';
import { cipherSuite } from '../../src/model/code-points/suites.ts';
import { chosen, type LiveKeys, messagesOf } from '../support/live-handshake.ts';
import { hex } from '../support/octets.ts';
import {
  dtlsMessages,
  sampleFile,
  sampleNames,
  tlsConnections,
} from '../support/sample-handshakes.ts';

/** What every Finished is said to be that is not right: sample, client port, connection, handshake, sender. */
const WRONG: Readonly<Record<string, string>> = {
  'tls-finished-decrypt-error 40001 1 1 client': 'unexplained',
  'tls-finished-decrypt-error 40002 1 1 client': 'unexplained',
  'tls-finished-with-hello-request 40001 1 2 client': 'hello-request-hashed',
  'tls-finished-without-status 40001 1 1 client': 'message-left-out: certificate_status',
  'tls-finished-without-ticket 40001 1 1 server': 'message-left-out: new_session_ticket',
  'tls-finished-wrong-hash 40001 1 1 client': 'other-prf-hash: SHA-256',
  'tls-finished-wrong-label 40001 1 1 client': 'finished-label-swapped',
  'tls13-finished-transcript 40001 1 1 client': 'message-left-out: finished',
};

const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';

/** The negotiated parameters of the last handshake, and the secrets that the key log has for it. */
function negotiatedIn(messages: readonly TranscriptMessage[], log: KeyLog) {
  const hello = messages.findLast(({ type }) => type === 1)?.octets;
  const answer = messages.findLast(
    ({ type, octets }) =>
      type === 2 && Buffer.from(octets.slice(6, 38)).toString('hex') !== RETRY_RANDOM,
  )?.octets;
  if (hello === undefined || answer === undefined) return undefined;
  const { version, suite: code, extensions } = chosen(answer);
  const suite = cipherSuite(code);
  if (suite === undefined) return undefined;
  const randoms = { clientRandom: hello.slice(6, 38), serverRandom: answer.slice(6, 38) };
  const encryptThenMac = suite.mode === 'cbc' && extensions.has(22);
  return {
    ...randoms,
    version,
    suite,
    extended: extensions.has(23),
    protection: { suite, version, encryptThenMac, truncatedHmac: extensions.has(4) },
    master: log.find('CLIENT_RANDOM', randoms.clientRandom),
    client: log.find('CLIENT_HANDSHAKE_TRAFFIC_SECRET', randoms.clientRandom),
    server: log.find('SERVER_HANDSHAKE_TRAFFIC_SECRET', randoms.clientRandom),
  };
}

function keysIn(messages: readonly TranscriptMessage[], log: KeyLog): LiveKeys | undefined {
  const known = negotiatedIn(messages, log);
  if (known === undefined) return undefined;
  const { protection, suite, master, clientRandom, serverRandom } = known;
  if (master !== undefined) {
    const keys = keyBlock(protection, master, clientRandom, serverRandom);
    return keys === undefined ? undefined : { protection, ...keys };
  }
  const client = known.client && trafficKeys(suite, known.client);
  const server = known.server && trafficKeys(suite, known.server);
  return client === undefined || server === undefined ? undefined : { protection, client, server };
}

/** Every Finished among the messages of a connection, by its name, and what is said about it. */
function finishedAmong(
  name: string,
  messages: readonly TranscriptMessage[],
  log: KeyLog,
): [string, string][] {
  const said: [string, string][] = [];
  let [start, finished, handshake] = [0, 0, 1];
  for (const [index, { type, from, octets }] of messages.entries()) {
    if (type !== 20) continue;
    const own = messages.slice(start, index);
    const known = negotiatedIn(own, log);
    const secret = known?.master ?? known?.[from];
    if (known !== undefined && secret !== undefined) {
      const { version, suite } = known;
      const earlier = messages.slice(0, start);
      const verifyData = octets.slice(4);
      const explanation = explainFinished({
        version,
        suite,
        from,
        messages: own,
        earlier,
        secret,
        verifyData,
      });
      said.push([`${name} ${handshake} ${from}`, inWords(explanation)]);
    }
    if (++finished % 2 === 0) [start, handshake] = [index + 1, handshake + 1];
  }
  return said;
}

function inWords(explanation: ReturnType<typeof explainFinished>): string {
  if (explanation.kind !== 'explained') return explanation.kind;
  return explanation.matches
    .map(({ hypothesis, detail }) =>
      detail === undefined ? hypothesis.id : `${hypothesis.id}: ${detail}`,
    )
    .join(', ');
}

function logOf(sample: string): KeyLog {
  const log = new KeyLog();
  log.add(sampleFile(sample, 'keys.log'));
  return log;
}

const withKeys = sampleNames().filter((name) => {
  try {
    return sampleFile(name, 'keys.log').length > 0;
  } catch {
    return false;
  }
});

describe('Finished messages of the samples', () => {
  test('TLS: all are right but for those whose sender made a mistake, which is named', () => {
    const said = withKeys
      .filter((name) => !name.startsWith('dtls-'))
      .flatMap((sample) => {
        const log = logOf(sample);
        return tlsConnections(sample).flatMap((connection) =>
          finishedAmong(
            connection.name,
            messagesOf(connection, (messages) => keysIn(messages, log)),
            log,
          ),
        );
      });
    expect(Object.fromEntries(said.filter(([, words]) => words !== 'verified'))).toEqual(WRONG);
    expect(said.length).toBeGreaterThan(200);
  });

  test('DTLS: all are right, through cookies, fragments and retransmissions', () => {
    const said = withKeys
      .filter((name) => name.startsWith('dtls-') && name !== 'dtls-fragmented-flight')
      .flatMap((sample) => {
        const log = logOf(sample);
        return finishedAmong(
          sample,
          dtlsMessages(sample, (messages) => keysIn(messages, log)),
          log,
        );
      });
    expect(said.filter(([, words]) => words !== 'verified')).toEqual([]);
    expect(said.length).toBeGreaterThan(30);
  });
});

describe('master secrets of the samples that come with the server’s RSA key', () => {
  test.each([
    ['tls-ems-unused', 'classic-master-secret'],
    ['tls-ems-unasked', 'extended-master-secret'],
    ['tls-premaster-version', 'verified'],
  ])('%s: %s', (sample, said) => {
    const keys = new RsaKeys();
    expect(keys.add(sampleFile(sample, 'server.key'))).toEqual({ kind: 'added', keys: 1 });
    const [connection] = tlsConnections(sample);
    if (connection === undefined) throw new Error('no connection');
    const messages = messagesOf(connection);
    const known = negotiatedIn(messages, new KeyLog());
    const exchange = messages.find(({ type }) => type === 16)?.octets;
    const certificate = messages.find(({ type }) => type === 11)?.octets;
    if (known === undefined || exchange === undefined || certificate === undefined)
      throw new Error('incomplete');
    const key = keys.forCertificate(certificate.slice(10));
    const hello = messages[0]?.octets ?? new Uint8Array(0);
    const offered = ((hello[4] as number) << 8) | (hello[5] as number);
    const decryption = key?.decrypt(exchange.slice(6), offered, known.version);
    if (decryption?.kind !== 'premaster') throw new Error('not decrypted');
    expect(decryption.version).toBe(sample === 'tls-premaster-version' ? 'negotiated' : 'offered');
    const record = connection.records.filter(({ from }) => from === 'client').at(-1);
    if (record === undefined) throw new Error('no record');
    const { fragment: bytes, type, version } = record;
    const source = {
      kind: 'rsa',
      premaster: decryption.premaster,
      offered,
      negotiated: known.version,
    } as const;
    const { explanation } = explainMaster({ ...known, messages, source }, (master) => {
      const block = keyBlock(known.protection, master, known.clientRandom, known.serverRandom);
      if (block === undefined) return false;
      const opener = new RecordOpener(known.protection, block.client);
      return (
        opener.open({ type, version, bytes, start: 0, end: bytes.length }, 0).kind === 'opened'
      );
    });
    expect(inWords(explanation)).toBe(said);
  });
});

test('binders of an external key: the client of 40001 has another one', () => {
  const said = tlsConnections('tls13-binder-mismatch').flatMap((connection) => {
    const clientHello = messagesOf(connection)[0]?.octets ?? new Uint8Array(0);
    return ['00112233445566778899aabbccddeefe', '00112233445566778899aabbccddeeff'].map(
      (digits) => {
        const psk = hex(digits);
        return explainBinder({
          clientHello,
          index: 0,
          psk,
          hash: 'sha256',
          label: 'ext binder',
          dtls: false,
        }).kind;
      },
    );
  });
  expect(said).toEqual(['verified', 'unexplained', 'unexplained', 'verified']);
});

test('pre-shared keys up to TLS 1.2: the client’s opens what it sent, the server’s does not', () => {
  for (const connection of tlsConnections('tls-psk-mismatch').slice(0, 2)) {
    const messages = messagesOf(connection);
    const known = negotiatedIn(messages, new KeyLog());
    const record = connection.records.filter(({ from }) => from === 'client').at(-1);
    if (known === undefined || record === undefined) throw new Error('incomplete');
    const { fragment: bytes, type, version } = record;
    const saidOf = (digits: string) => {
      const source = { kind: 'psk', key: hex(digits) } as const;
      const { explanation } = explainMaster({ ...known, messages, source }, (master) => {
        const block = keyBlock(known.protection, master, known.clientRandom, known.serverRandom);
        if (block === undefined) return false;
        const opener = new RecordOpener(known.protection, block.client);
        return (
          opener.open({ type, version, bytes, start: 0, end: bytes.length }, 0).kind === 'opened'
        );
      });
      return explanation.kind;
    };
    expect(saidOf('6a6f686e20646f66')).toBe('verified');
    expect(saidOf('6a6f686e20646f65')).toBe('unexplained');
  }
});

test('signatures of ServerKeyExchange in the samples verify without any secret', () => {
  let verified = 0;
  // Not those whose makers signed what they should not, or whose certificate cannot be read.
  const honest = /^tls(?!-signature-|-certificates-malformed)/;
  for (const sample of sampleNames().filter((name) => honest.test(name))) {
    for (const connection of tlsConnections(sample)) {
      const messages = messagesOf(connection);
      const known = negotiatedIn(messages, new KeyLog());
      const body = messages.find(({ type }) => type === 12)?.octets.slice(4);
      const certificate = messages.find(({ type }) => type === 11)?.octets;
      if (known === undefined || body === undefined || certificate === undefined || body[0] !== 3)
        continue;
      const end = 4 + (body[3] as number);
      const scheme = known.version === 0x0303 ? 2 : 0;
      const explanation = explainParameters({
        ...known,
        certificate: certificate.slice(10),
        parameters: body.slice(0, end),
        signatureScheme:
          scheme === 0 ? undefined : ((body[end] as number) << 8) | (body[end + 1] as number),
        signature: body.slice(end + scheme + 2),
      });
      expect([connection.name, explanation]).toEqual([connection.name, { kind: 'verified' }]);
      verified++;
    }
  }
  expect(verified).toBeGreaterThan(20);
});
