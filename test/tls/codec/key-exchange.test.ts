import { describe, expect, it } from 'vitest';
import type { CipherSuite } from '../../../src/model/code-points/suites.ts';
import { cipherSuite } from '../../../src/model/code-points/suites.ts';
import { decodeClientKeyExchange } from '../../../src/tls/codec/client-key-exchange.ts';
import type { Decoded } from '../../../src/tls/codec/decoded.ts';
import { decodeServerKeyExchange } from '../../../src/tls/codec/server-key-exchange.ts';
import { codecCases } from '../../support/codec-cases.ts';
import { hex } from '../../support/hello-builder.ts';

const suite = (code: number) => cipherSuite(code) as CipherSuite;
const ECDHE_RSA = suite(0xc02f);
const DHE_RSA = suite(0x0033);
const ECDH_ANON = suite(0xc018);
const ECDHE_PSK = suite(0xc035);
const DHE_PSK = suite(0x0090);
const PSK = suite(0x008c);
const RSA_PSK = suite(0x0094);
const RSA_EXPORT = suite(0x0003);
const SRP = suite(0xc01d);
const SRP_RSA = suite(0xc01e);
const GOST = suite(0x0081);

const server = (of: CipherSuite, version: number) => (body: Uint8Array) =>
  decodeServerKeyExchange(body, of, version) as Decoded<object>;
const client = (of: CipherSuite, version: number) => (body: Uint8Array) =>
  decodeClientKeyExchange(body, of, version) as Decoded<object>;

describe('decodeServerKeyExchange', () => {
  codecCases(server(ECDHE_RSA, 0x0303), [
    {
      name: 'ECDHE of TLS 1.2, with the signature scheme',
      hex: `03 001d 04 aabbccdd 0804 0003 010203`,
      value: {
        curveType: 3,
        namedGroup: 29,
        publicKeyOctets: 4,
        signatureScheme: 0x0804,
        signatureOctets: 3,
      },
    },
  ]);
  codecCases(server(ECDHE_RSA, 0x0301), [
    {
      name: 'ECDHE of TLS 1.0, without it',
      hex: `03 0017 04 aabbccdd 0003 010203`,
      value: { namedGroup: 23, signatureScheme: undefined, signatureOctets: 3 },
    },
  ]);
  codecCases(server(DHE_RSA, 0xfefd), [
    {
      name: 'DHE of DTLS 1.2',
      hex: `0003 ffffff 0001 02 0002 abcd 0401 0002 0102`,
      value: { modulusOctets: 3, publicKeyOctets: 2, signatureScheme: 0x0401, signatureOctets: 2 },
    },
  ]);
  codecCases(server(ECDH_ANON, 0x0303), [
    {
      name: 'anonymous ECDHE, unsigned',
      hex: `03 0017 02 abcd`,
      value: { publicKeyOctets: 2, signatureOctets: undefined },
    },
  ]);
  codecCases(server(ECDHE_PSK, 0x0303), [
    {
      name: 'ECDHE_PSK, with a hint and unsigned',
      hex: `0004 68696e74 03 001d 02 abcd`,
      value: { pskIdentityHint: hex('68696e74'), namedGroup: 29, publicKeyOctets: 2 },
    },
  ]);
  codecCases(server(DHE_PSK, 0x0303), [
    {
      name: 'DHE_PSK, likewise',
      hex: `0001 68 0002 ffff 0001 02 0002 abcd`,
      value: { pskIdentityHint: hex('68'), modulusOctets: 2, publicKeyOctets: 2 },
    },
  ]);
  codecCases(server(RSA_PSK, 0x0303), [
    { name: 'RSA_PSK, only a hint', hex: '0000', value: { pskIdentityHint: new Uint8Array(0) } },
  ]);
  codecCases(server(RSA_EXPORT, 0x0301), [
    {
      name: 'export RSA',
      hex: '0002 ffff 0001 03 0001 00',
      value: { modulusOctets: 2, signatureOctets: 1 },
    },
  ]);
  codecCases(server(SRP_RSA, 0x0303), [
    {
      name: 'SRP with a certificate',
      hex: '0002 ffff 0001 02 02 5a5a 0002 abcd 0401 0001 00',
      value: { modulusOctets: 2, publicKeyOctets: 2, signatureOctets: 1 },
    },
  ]);
  codecCases(server(SRP, 0x0303), [
    {
      name: 'SRP without one',
      hex: '0002 ffff 0001 02 02 5a5a 0002 abcd',
      value: { publicKeyOctets: 2, signatureOctets: undefined },
    },
  ]);

  it('stops at the type of a curve that is given explicitly', () => {
    expect(decodeServerKeyExchange(hex('01 0123456789'), ECDHE_RSA, 0x0303)).toMatchObject({
      message: { curveType: 1, namedGroup: undefined, signatureOctets: undefined },
      shortfalls: [],
      strayOctets: 0,
    });
  });

  it('does not guess at key exchanges it does not know', () => {
    expect(decodeServerKeyExchange(hex('00'), GOST, 0x0303)).toBeUndefined();
  });
});

describe('decodeClientKeyExchange', () => {
  codecCases(client(suite(0x002f), 0x0303), [
    { name: 'RSA', hex: '0004 01020304', value: { encryptedPremasterOctets: 4 } },
  ]);
  codecCases(client(ECDHE_RSA, 0x0303), [
    {
      name: 'ECDHE',
      hex: '04 01020304',
      value: { publicKeyOctets: 4, pskIdentity: undefined },
      legalCuts: { 0: 'the public value is in the certificate' },
    },
  ]);
  codecCases(client(DHE_RSA, 0x0303), [
    {
      name: 'DHE',
      hex: '0004 01020304',
      value: { publicKeyOctets: 4 },
      legalCuts: { 0: 'the public value is in the certificate' },
    },
  ]);
  codecCases(client(PSK, 0x0303), [
    { name: 'PSK', hex: '0003 616263', value: { pskIdentity: hex('616263') } },
  ]);
  codecCases(client(RSA_PSK, 0x0303), [
    {
      name: 'RSA_PSK',
      hex: '0001 61 0002 0102',
      value: { pskIdentity: hex('61'), encryptedPremasterOctets: 2 },
    },
  ]);
  codecCases(client(ECDHE_PSK, 0x0303), [
    {
      name: 'ECDHE_PSK',
      hex: '0001 61 02 0102',
      value: { pskIdentity: hex('61'), publicKeyOctets: 2 },
      legalCuts: { 3: 'the public value is in the certificate' },
    },
  ]);
  codecCases(client(DHE_PSK, 0x0303), [
    {
      name: 'DHE_PSK',
      hex: '0001 61 0001 01',
      value: { pskIdentity: hex('61'), publicKeyOctets: 1 },
      legalCuts: { 3: 'the public value is in the certificate' },
    },
  ]);
  codecCases(client(SRP, 0x0303), [
    { name: 'SRP', hex: '0002 0102', value: { publicKeyOctets: 2 } },
  ]);

  it('takes the whole body as the secret in SSL 3.0, which gives no length', () => {
    expect(decodeClientKeyExchange(hex('01020304'), suite(0x0005), 0x0300)?.message).toMatchObject({
      encryptedPremasterOctets: 4,
    });
  });

  it('does not guess at key exchanges it does not know', () => {
    expect(decodeClientKeyExchange(hex('00'), GOST, 0x0303)).toBeUndefined();
  });
});
