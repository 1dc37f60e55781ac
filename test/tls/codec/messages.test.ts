import { describe, expect, it } from 'vitest';
import { decodeAlert } from '../../../src/tls/codec/alert.ts';
import { decodeCertificate } from '../../../src/tls/codec/certificate.ts';
import { decodeCertificateRequest } from '../../../src/tls/codec/certificate-request.ts';
import { decodeCertificateVerify } from '../../../src/tls/codec/certificate-verify.ts';
import { decodeNewSessionTicket } from '../../../src/tls/codec/new-session-ticket.ts';
import { codecCases } from '../../support/codec-cases.ts';
import { hex } from '../../support/hello-builder.ts';

describe('decodeCertificate', () => {
  codecCases(
    (body) => decodeCertificate(body, false),
    [
      {
        name: 'a chain of two, TLS 1.2',
        hex: '000009 000002 3081 000001 30',
        value: {
          requestContext: undefined,
          entries: [
            { data: hex('3081'), extensions: [] },
            { data: hex('30'), extensions: [] },
          ],
        },
      },
      { name: 'no certificate', hex: '000000', value: { entries: [] } },
    ],
  );
  codecCases(
    (body) => decodeCertificate(body, true),
    [
      {
        name: 'a chain with a stapled answer, TLS 1.3',
        hex: '01 cc 000011 000002 3081 0005 0005 0001 99 000000 0000',
        value: {
          requestContext: hex('cc'),
          entries: [
            { data: hex('3081'), extensions: [{ type: 5, data: hex('99') }] },
            { data: hex(''), extensions: [] },
          ],
        },
      },
    ],
  );
});

describe('a damaged chain', () => {
  it('keeps the certificates before the damage', () => {
    const { message, shortfalls } = decodeCertificate(hex('000009 000002 3081 0000ff 30'), false);
    expect(message.entries).toEqual([{ data: hex('3081'), extensions: [] }]);
    expect(shortfalls).toEqual([{ field: 'cert_data', offset: 11, needed: 255, available: 1 }]);
  });
});

describe('decodeCertificateRequest', () => {
  codecCases(
    (body) => decodeCertificateRequest(body, 0x0301),
    [
      {
        name: 'TLS 1.0: types and authorities',
        hex: '02 0102 0005 0003 300102',
        value: {
          certificateTypes: [1, 2],
          signatureAlgorithms: [],
          authorities: [hex('300102')],
        },
      },
    ],
  );
  codecCases(
    (body) => decodeCertificateRequest(body, 0xfefd),
    [
      {
        name: 'DTLS 1.2: signature algorithms between them',
        hex: '01 40 0004 0403 0804 0000',
        value: { certificateTypes: [64], signatureAlgorithms: [0x0403, 0x0804], authorities: [] },
      },
    ],
  );
  codecCases(
    (body) => decodeCertificateRequest(body, 0x0304),
    [
      {
        name: 'TLS 1.3: all in extensions',
        hex: '01 07 0013 000d 0004 0002 0403 002f 0007 0005 0003 300102',
        value: {
          requestContext: hex('07'),
          certificateTypes: [],
          signatureAlgorithms: [0x0403],
          authorities: [hex('300102')],
        },
      },
    ],
  );
});

describe('decodeCertificateVerify', () => {
  codecCases(
    (body) => decodeCertificateVerify(body, 0x0304),
    [
      {
        name: 'with its scheme',
        hex: '0804 0002 aabb',
        value: { signatureScheme: 0x0804, signatureOctets: 2 },
      },
    ],
  );
  codecCases(
    (body) => decodeCertificateVerify(body, 0x0302),
    [
      {
        name: 'TLS 1.1: a signature alone',
        hex: '0002 aabb',
        value: { signatureScheme: undefined, signatureOctets: 2 },
      },
    ],
  );
});

describe('decodeNewSessionTicket', () => {
  codecCases(
    (body) => decodeNewSessionTicket(body, false),
    [
      {
        name: 'TLS 1.2',
        hex: '00001c20 0003 010203',
        value: { lifetime: 7200, ticket: hex('010203'), ageAdd: undefined, nonce: undefined },
      },
    ],
  );
  codecCases(
    (body) => decodeNewSessionTicket(body, true),
    [
      {
        name: 'TLS 1.3, with early data',
        hex: '0000001e fad6aac5 02 0000 0003 010203 0008 002a 0004 00000400',
        value: {
          lifetime: 30,
          ageAdd: 0xfad6aac5,
          nonce: hex('0000'),
          ticket: hex('010203'),
          extensions: [{ type: 42, data: hex('00000400') }],
        },
      },
    ],
  );
});

describe('decodeAlert', () => {
  codecCases(decodeAlert, [
    { name: 'bad_record_mac', hex: '02 14', value: { level: 2, description: 20 } },
  ]);
});
