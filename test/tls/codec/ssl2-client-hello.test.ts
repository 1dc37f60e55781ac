import { describe, expect, it } from 'vitest';
import { KeyedHandshake } from '../../../src/connection/unsealing/keyed-handshake.ts';
import { decodeClientHello } from '../../../src/tls/codec/client-hello.ts';
import { asClientHello } from '../../../src/tls/codec/ssl2-client-hello.ts';
import { concat, uint } from '../../support/hello-builder.ts';

const SPECS = Uint8Array.from([0, 0, 0x2f, 7, 0, 0xc0, 0, 0xc0, 0x13, 1, 0, 0x80]);

function ssl2(version: number, session: Uint8Array, challenge: Uint8Array): Uint8Array {
  const lengths = [SPECS, session, challenge].map(({ length }) => uint(length, 2));
  return concat(Uint8Array.of(1), uint(version, 2), ...lengths, SPECS, session, challenge);
}

const octets = (length: number, from: number) => Uint8Array.from({ length }, (_, i) => from + i);

describe('a ClientHello in the form of SSL 2.0', () => {
  it.each([16, 20, 32])('has a challenge of %i octets for its random', (length) => {
    const challenge = octets(length, 0x40);
    const body = asClientHello(ssl2(0x0301, octets(0, 0), challenge));
    const { message, shortfalls } = decodeClientHello(body as Uint8Array, false);
    expect(shortfalls).toEqual([]);
    expect(message).toMatchObject({
      legacyVersion: 0x0301,
      random: concat(new Uint8Array(32 - length), challenge),
      sessionId: new Uint8Array(),
      compressionMethods: [0],
      extensions: [],
    });
    // Those of SSL 2.0 alone are no suites of TLS.
    expect(message.cipherSuites).toEqual([0x002f, 0xc013]);
  });

  it('keeps its session', () => {
    const session = octets(16, 0x80);
    const body = asClientHello(ssl2(0x0300, session, octets(16, 1))) as Uint8Array;
    expect(decodeClientHello(body, false).message).toMatchObject({
      legacyVersion: 0x0300,
      sessionId: session,
    });
  });

  it('that offers SSL 2.0 alone is none of TLS', () => {
    expect(asClientHello(ssl2(0x0002, octets(0, 0), octets(16, 1)))).toBeUndefined();
  });

  it('is hashed as it was sent', () => {
    const message = ssl2(0x0301, octets(0, 0), octets(16, 1));
    const handshake = new KeyedHandshake({ octets: 0 });
    handshake.ssl2Hello(message, asClientHello(message) as Uint8Array);
    expect(handshake.clientRandom).toEqual(concat(new Uint8Array(16), octets(16, 1)));
    expect(handshake.transcript.ordered().map((one) => one.octets)).toEqual([message]);
  });
});
