import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sameOctets } from '../../src/bytes/concat.ts';
import {
  explainMaster,
  MASTER_HYPOTHESES,
  type MasterInput,
  masterSecret,
} from '../../src/crypto/master-secret.ts';
import { prf } from '../../src/crypto/prf.ts';
import { concat } from '../support/hello-builder.ts';
import { hex, someOctets, text } from '../support/octets.ts';
import { DTLS12, dtlsOctets, octetsOf, TLS12 } from '../support/wrong-handshakes.ts';

type Octets = Uint8Array;

const [clientRandom, serverRandom] = [someOctets(32, 1), someOctets(32, 2)];
const premaster = concat(hex('0303'), someOctets(46, 3));

const classic = (secret: Octets, hash: 'sha256' | 'sha384' | 'md5-sha1' = 'sha256') =>
  prf(hash, secret, 'master secret', concat(clientRandom, serverRandom), 48);
const extended = (secret: Octets, parts: readonly Octets[], hash: 'sha256' | 'sha384' = 'sha256') =>
  prf(
    hash,
    secret,
    'extended master secret',
    createHash(hash)
      .update(concat(...parts))
      .digest(),
    48,
  );

const base = {
  version: 0x0303,
  suite: 0x009c,
  clientRandom,
  serverRandom,
  messages: [TLS12.helloRequest, ...TLS12.rest],
};
const rsa = { kind: 'rsa', premaster, offered: 0x0303, negotiated: 0x0301 } as const;
const session = octetsOf(TLS12.rest).slice(0, 7);

const EXTENDED: MasterInput = { ...base, extended: true, source: rsa };
const CLASSIC: MasterInput = { ...base, extended: false, source: rsa };
const DTLS: MasterInput = {
  ...base,
  version: 0xfefd,
  messages: [...DTLS12.cookieExchange, ...DTLS12.rest],
  extended: true,
  source: rsa,
};
const key = text('6b6579');
const PSK: MasterInput = { ...base, extended: false, source: { kind: 'psk', key } };
const layout = (psk: Octets) =>
  concat(
    hex('00'),
    Uint8Array.of(psk.length),
    new Uint8Array(psk.length),
    hex('00'),
    Uint8Array.of(psk.length),
    psk,
  );
const shared = concat(hex('0000'), someOctets(30, 9));
const SHARED: MasterInput = {
  ...base,
  extended: false,
  source: { kind: 'shared', premaster: shared },
};
const dtls = DTLS12.rest.map((each) => dtlsOctets(each));
const cookies = DTLS12.cookieExchange.map((each) => dtlsOctets(each));

const ROWS: readonly [
  name: string,
  input: MasterInput,
  master: Octets,
  id: string,
  detail?: string,
][] = [
  ['EMS', EXTENDED, classic(premaster), 'classic-master-secret'],
  ['EMS', EXTENDED, extended(premaster, octetsOf(TLS12.rest)), 'session-hash-range'],
  ['EMS', EXTENDED, extended(premaster, session, 'sha384'), 'other-prf-hash', 'SHA-384'],
  [
    'EMS',
    EXTENDED,
    extended(premaster, session.slice(0, 6)),
    'message-left-out',
    'client_key_exchange',
  ],
  [
    'EMS',
    EXTENDED,
    extended(premaster, [TLS12.helloRequest.octets, ...session]),
    'hello-request-hashed',
  ],
  [
    'EMS',
    EXTENDED,
    extended(concat(hex('0301'), premaster.slice(2)), session),
    'premaster-version',
    '0x0301',
  ],
  ['classic', CLASSIC, extended(premaster, session), 'extended-master-secret'],
  ['classic', CLASSIC, classic(premaster, 'md5-sha1'), 'other-prf-hash', 'MD5 and SHA-1'],
  [
    'classic',
    CLASSIC,
    prf('sha256', premaster, 'master secret', concat(serverRandom, clientRandom), 48),
    'master-randoms-swapped',
  ],
  [
    'DTLS',
    DTLS,
    extended(premaster, [...cookies, ...dtls]),
    'cookie-exchange-hashed',
    'client_hello and hello_verify_request',
  ],
  ['DTLS', DTLS, extended(premaster, octetsOf(DTLS12.rest)), 'dtls-header-dropped'],
  ['PSK', PSK, classic(layout(text('366236353739'))), 'psk-encoding', 'hexadecimal digits as text'],
  ['PSK', PSK, classic(layout(concat(key, hex('00')))), 'psk-encoding', 'with a zero at its end'],
  ['PSK', PSK, classic(layout(text('key'))), 'psk-encoding', 'text read as hexadecimal digits'],
  ['PSK', PSK, classic(key), 'psk-premaster-layout', 'key alone'],
  [
    'PSK',
    PSK,
    classic(concat(hex('0000'), hex('0006'), key)),
    'psk-premaster-layout',
    'no zeros for the other secret',
  ],
  ['shared secret', SHARED, classic(shared.slice(2)), 'premaster-leading-zeros'],
  ['shared secret', SHARED, classic(shared.toReversed()), 'premaster-reversed'],
];

describe('MASTER_HYPOTHESES', () => {
  test.each([
    ['EMS', EXTENDED, extended(premaster, session)],
    ['classic', CLASSIC, classic(premaster)],
    ['DTLS', DTLS, extended(premaster, dtls)],
    ['PSK', PSK, classic(layout(key))],
    ['shared secret', SHARED, classic(shared)],
  ])('%s: what is right is right', (_, input, master) => {
    expect(masterSecret(input)).toEqual(master);
    expect(explainMaster(input, (candidate) => sameOctets(candidate, master))).toEqual({
      explanation: { kind: 'verified' },
      master,
    });
  });

  test.each(ROWS)(
    '%s: row %#, told as itself and as nothing else',
    (_, input, master, id, detail) => {
      const result = explainMaster(input, (candidate) => sameOctets(candidate, master));
      const matches = result.explanation.kind === 'explained' ? result.explanation.matches : [];
      expect(matches.map((each) => [each.hypothesis.id, each.detail])).toEqual([[id, detail]]);
      expect(result.master).toEqual(master);
    },
  );

  test('nothing fits: nothing is told', () => {
    for (const input of [EXTENDED, CLASSIC, DTLS, PSK, SHARED]) {
      const { explanation, master } = explainMaster(input, () => false);
      expect(explanation.kind).toBe('unexplained');
      expect(master).toBeUndefined();
    }
    expect(explainMaster({ ...EXTENDED, suite: 0x0081 }, () => true).explanation).toEqual({
      kind: 'not-comparable',
      why: 'unsupported',
    });
  });

  test('every row of its own is tried above', () => {
    const made = new Set(ROWS.map(([, , , id]) => id));
    const own = MASTER_HYPOTHESES.filter(
      ({ id }) => !/^(client-hello|hello-retry|message|dtls|fragments|post|transcript)/.test(id),
    );
    expect(own.map(({ id }) => id).filter((id) => !made.has(id))).toEqual([]);
  });
});
