import { describe, expect, test } from 'vitest';
import { TlsUnsealed } from '../../src/connection/unsealing/tls-unsealed.ts';
import { Vault } from '../../src/connection/unsealing/vault.ts';
import type { HashName } from '../../src/crypto/hash.ts';
import { digest, hmac } from '../../src/crypto/hash.ts';
import { binderKey, earlySecret, finishedKey } from '../../src/crypto/key-schedule.ts';
import { analyse } from '../support/analyse.ts';
import {
  clientHello,
  concat,
  ext,
  filled,
  handshakeMessage,
  type Octets,
  serverHello,
  vector,
} from '../support/hello-builder.ts';
import { hex, text } from '../support/octets.ts';
import { sampleFile } from '../support/sample-handshakes.ts';

const RIGHT = '00112233445566778899aabbccddeeff';
const OTHER = '00112233445566778899aabbccddeefe';

describe('binders of a capture, with the keys given', () => {
  const checks = (sample: string, psks: readonly string[]) =>
    analyse(sampleFile(sample, 'capture.pcap'), {
      secrets: { keyLogs: [], rsaKeys: [], psks },
    }).connections.map(({ decryption }) => decryption?.binder);

  test('the key of the server shows that the client has another', () => {
    expect(checks('tls13-binder-mismatch', [`sensor-7:${RIGHT}`])).toMatchObject([
      { packet: 4, verified: false, explanation: undefined },
      { packet: 14, verified: true },
    ]);
  });

  test('a key without an identity accuses nobody', () => {
    const [first, second] = checks('tls13-binder-mismatch', [RIGHT]);
    expect(first).toBeUndefined();
    expect(second).toMatchObject({ verified: true, excluded: [] });
  });

  test('one of several keys for an identity is enough', () => {
    const both = [`sensor-7:${OTHER}`, `sensor-7:${RIGHT}`];
    expect(checks('tls13-binder-mismatch', both)).toMatchObject([
      { verified: true },
      { verified: true },
    ]);
  });

  test.each([
    ['of another identity', 'tls13-binder-mismatch', [`sensor-8:${RIGHT}`]],
    ['and the identities are tickets', 'tls13-binder-transcript', [RIGHT]],
    ['and nothing is offered', 'tls13-hrr', [RIGHT]],
  ])('keys %s: nothing is said', (_, sample, psks) => {
    expect(checks(sample, psks)).toEqual([undefined, undefined]);
  });
});

describe('a ClientHello', () => {
  const AT = { packet: 3, nanos: 5 };
  const key = hex(RIGHT);

  function checked(
    psks: readonly string[],
    ...messages: readonly (readonly [number, Uint8Array])[]
  ) {
    const unsealed = new TlsUnsealed(new Vault({ keyLogs: [], rsaKeys: [], psks }));
    for (const [type, octets] of messages)
      unsealed.message(type === 1 ? 'client' : 'server', type, octets.subarray(4), AT, false);
    return unsealed.tally.facts().binder;
  }

  const request = retryRequest();

  test('after a HelloRetryRequest has a binder over the first as well', () => {
    const first = offerOf('sensor-7', (cut) => binderOf(key, 'sha256', cut));
    const before = concat(hex('fe000020'), digest('sha256', first), request);
    const second = offerOf('sensor-7', (cut) => binderOf(key, 'sha256', before, cut));
    const psks = [`sensor-7:${RIGHT}`];
    expect(checked(psks, [1, first], [2, request], [1, second])).toMatchObject({ verified: true });
    expect(checked(psks, [1, first], [2, request], [1, first])).toMatchObject({
      verified: false,
      explanation: { hypothesis: 'binder-retry-left-out' },
    });
    // The request was not captured, or the first ClientHello was not.
    expect(checked(psks, [1, first], [1, second])).toBeUndefined();
    expect(checked(psks, [2, request], [1, second])).toBeUndefined();
  });

  test('has binders as long as the hash of its key', () => {
    const sent = offerOf('sensor-7', (cut) => binderOf(key, 'sha384', cut), 48);
    expect(checked([RIGHT], [1, sent])).toMatchObject({ verified: true });
    const alone = offerOf('sensor-7', (cut) => binderOf(key, 'sha384', cut), 48, [0x1301]);
    expect(checked([RIGHT], [1, alone])).toMatchObject({ verified: true });
  });

  test('made with the digits of the key as text is explained, whoever it is for', () => {
    const sent = offerOf('sensor-7', (cut) => binderOf(text(RIGHT), 'sha256', cut));
    for (const psk of [RIGHT, `sensor-7:${RIGHT}`])
      expect(checked([psk], [1, sent])).toMatchObject({
        verified: false,
        explanation: { hypothesis: 'binder-psk-encoding' },
      });
  });
});

/** A ClientHello with this identity, and the binder that is made of its octets up to the binders. RFC 8446 §4.2.11.2. */
function offerOf(
  identity: string,
  binder: (cut: Octets) => Octets,
  octets = 32,
  cipherSuites = [0x1301, 0x1302],
): Octets {
  const hello = (value: Octets) => {
    const { data = hex('') } = ext.offeredPsk(identity);
    const identities = data.subarray(0, data.length - 35);
    const psk = { type: 41, data: concat(identities, vector(2, vector(1, value))) };
    const extensions = [ext.supportedVersions([0x0304]), ext.pskModes([1]), psk];
    return handshakeMessage(1, clientHello({ cipherSuites, extensions }));
  };
  return hello(binder(hello(filled(octets, 0)).subarray(0, -(octets + 3))));
}

function binderOf(key: Octets, hash: HashName, ...parts: readonly Octets[]): Octets {
  const base = binderKey(hash, earlySecret(hash, key), 'ext binder');
  return hmac(hash, finishedKey(hash, base), digest(hash, ...parts));
}

function retryRequest(): Octets {
  const random = hex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c');
  const extensions = [ext.selectedVersion(0x0304), ext.keyShareRequest(24)];
  return handshakeMessage(2, serverHello({ random, cipherSuite: 0x1301, extensions }));
}
