import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  explainFinished,
  FINISHED_HYPOTHESES,
  type FinishedInput,
  verifyData,
} from '../../src/crypto/finished.ts';
import type { PrfKind } from '../../src/crypto/hash.ts';
import { prf } from '../../src/crypto/prf.ts';
import type { TranscriptMessage } from '../../src/crypto/transcript.ts';
import { someOctets, text } from '../support/octets.ts';
import { SIMPLE } from '../support/rfc8448.ts';
import {
  ALTERED_HELLOS,
  DTLS12,
  dtlsOctets,
  message,
  octetsOf,
  retried,
  TLS12,
} from '../support/wrong-handshakes.ts';

type Octets = Uint8Array;

const SECRET = someOctets(48, 40);
const OTHER_SECRET = someOctets(48, 41);

const hashed = (hash: string, parts: readonly Octets[]): Buffer =>
  createHash(hash).update(Buffer.concat(parts)).digest();

/** verify_data of TLS 1.2, with the PRF that `derivation.test.ts` holds against published vectors. */
function finished12(
  parts: readonly Octets[],
  {
    label = 'client',
    hash = 'sha256',
    transcript,
    secret = SECRET,
  }: { label?: string; hash?: PrfKind; transcript?: string; secret?: Octets } = {},
): Octets {
  const transcriptHash = transcript ?? hash;
  const both = () => Buffer.concat([hashed('md5', parts), hashed('sha1', parts)]);
  const digest = transcriptHash === 'md5-sha1' ? both() : hashed(transcriptHash, parts);
  return prf(hash, secret, `${label} finished`, digest, 12);
}

/** verify_data of TLS 1.3, its labels written out. */
function finished13(
  parts: readonly Octets[],
  {
    hash = 'sha256',
    transcript,
    prefix = 'tls13 ',
    derived = true,
    secret = SECRET,
  }: {
    hash?: string;
    transcript?: string;
    prefix?: string;
    derived?: boolean;
    secret?: Octets;
  } = {},
): Octets {
  const octets = createHash(hash).digest().length;
  const label = text(`${prefix}finished`);
  const info = Buffer.concat([Uint8Array.of(0, octets, label.length), label, Uint8Array.of(0)]);
  // HKDF-Expand alone; one block is enough for a key as long as the hash.
  const key = createHmac(hash, secret).update(info).update(Uint8Array.of(1)).digest();
  const mac = createHmac(hash, derived ? key : secret);
  return Uint8Array.from(mac.update(hashed(transcript ?? hash, parts)).digest());
}

interface Row {
  readonly id: string;
  readonly detail?: string;
  readonly verifyData: Octets;
}

const TLS12_INPUT: Omit<FinishedInput, 'verifyData'> = {
  version: 0x0303,
  suite: 0xc02f,
  from: 'client',
  secret: SECRET,
  messages: [TLS12.helloRequest, ...TLS12.rest],
  earlier: [message('client', 1, someOctets(50, 20)), message('server', 2, someOctets(40, 21))],
  otherSecrets: [{ name: 'master secret of the handshake before', secret: OTHER_SECRET }],
};
const own = octetsOf(TLS12.rest);
const [, ...afterHello] = own;
const altered = (hello: TranscriptMessage): Octets => finished12([hello.octets, ...afterHello]);

const TLS12_ROWS: readonly Row[] = [
  { id: 'hello-request-hashed', verifyData: finished12([TLS12.helloRequest.octets, ...own]) },
  {
    id: 'transcript-not-reset',
    verifyData: finished12([...octetsOf(TLS12_INPUT.earlier ?? []), ...own]),
  },
  ...[
    'client_hello',
    'server_hello',
    'certificate',
    'certificate_status',
    'server_hello_done',
    'certificate',
    'client_key_exchange',
    'certificate_verify',
  ].flatMap((detail, index) => [
    { id: 'message-left-out', detail, verifyData: finished12(own.toSpliced(index, 1)) },
    {
      id: 'message-hashed-twice',
      detail,
      verifyData: finished12(own.toSpliced(index, 0, own[index] as Octets)),
    },
  ]),
  { id: 'client-hello-reordered', verifyData: altered(ALTERED_HELLOS.sorted()) },
  {
    id: 'client-hello-extension-left-out',
    detail: 'extended_master_secret',
    verifyData: altered(ALTERED_HELLOS.without(23)),
  },
  {
    id: 'client-hello-extension-left-out',
    detail: 'supported_groups',
    verifyData: altered(ALTERED_HELLOS.without(10)),
  },
  {
    id: 'client-hello-version-altered',
    detail: 'TLS 1.0',
    verifyData: altered(ALTERED_HELLOS.version(0x0301)),
  },
  { id: 'other-prf-hash', detail: 'SHA-384', verifyData: finished12(own, { hash: 'sha384' }) },
  {
    id: 'other-prf-hash',
    detail: 'MD5 and SHA-1',
    verifyData: finished12(own, { hash: 'md5-sha1' }),
  },
  {
    id: 'other-transcript-hash',
    detail: 'SHA-384',
    verifyData: finished12(own, { transcript: 'sha384' }),
  },
  {
    id: 'other-transcript-hash',
    detail: 'MD5 and SHA-1',
    verifyData: finished12(own, { transcript: 'md5-sha1' }),
  },
  {
    id: 'other-finished-hash',
    detail: 'SHA-384',
    verifyData: finished12(own, { hash: 'sha384', transcript: 'sha256' }),
  },
  { id: 'finished-label-swapped', verifyData: finished12(own, { label: 'server' }) },
  {
    id: 'finished-other-secret',
    detail: 'master secret of the handshake before',
    verifyData: finished12(own, { secret: OTHER_SECRET }),
  },
];

const DTLS12_INPUT: Omit<FinishedInput, 'verifyData'> = {
  version: 0xfefd,
  suite: 0xc02f,
  from: 'client',
  secret: SECRET,
  messages: [...DTLS12.cookieExchange, ...DTLS12.rest],
};
const dtls = DTLS12.rest.map((each) => dtlsOctets(each));
const cookies = DTLS12.cookieExchange.map((each) => dtlsOctets(each));
const [firstHello, verifyRequest] = cookies as [Octets, Octets];
const certificate = DTLS12.rest[2] as TranscriptMessage;

const DTLS12_ROWS: readonly Row[] = [
  {
    id: 'cookie-exchange-hashed',
    detail: 'client_hello and hello_verify_request',
    verifyData: finished12([...cookies, ...dtls]),
  },
  {
    id: 'cookie-exchange-hashed',
    detail: 'client_hello',
    verifyData: finished12([firstHello, ...dtls]),
  },
  {
    id: 'cookie-exchange-hashed',
    detail: 'hello_verify_request',
    verifyData: finished12([verifyRequest, ...dtls]),
  },
  { id: 'dtls-header-dropped', verifyData: finished12(octetsOf(DTLS12.rest)) },
  {
    id: 'message-seq-restarted',
    verifyData: finished12(
      DTLS12.rest.map((each, messageSeq) => dtlsOctets({ ...each, messageSeq })),
    ),
  },
  {
    id: 'fragments-hashed-separately',
    verifyData: finished12([
      ...dtls.slice(0, 2),
      dtlsOctets(certificate, [0, 200]),
      dtlsOctets(certificate, [200, 300]),
      ...dtls.slice(3),
    ]),
  },
  {
    id: 'message-left-out',
    detail: 'server_hello_done',
    verifyData: finished12(dtls.toSpliced(3, 1)),
  },
  {
    id: 'client-hello-version-altered',
    detail: 'DTLS 1.0',
    verifyData: finished12([
      Uint8Array.from(dtls[0] as Octets).fill(0xff, 13, 14),
      ...dtls.slice(1),
    ]),
  },
];

const retriedTls = retried(false);
const messageHash = (hash: string, hello: Octets): Octets[] => {
  const digest = hashed(hash, [hello]);
  return [Uint8Array.of(254, 0, 0, digest.length), digest];
};
const tls13 = (hash = 'sha256'): Octets[] => [
  ...messageHash(hash, retriedTls.firstHello.octets),
  retriedTls.request.octets,
  ...octetsOf(retriedTls.rest),
];
const TLS13_INPUT: Omit<FinishedInput, 'verifyData'> = {
  version: 0x0304,
  suite: 0x1301,
  from: 'client',
  secret: SECRET,
  messages: [retriedTls.firstHello, retriedTls.request, ...retriedTls.rest, retriedTls.ticket],
  otherSecrets: [{ name: 'server handshake traffic secret', secret: OTHER_SECRET }],
};

const TLS13_ROWS: readonly Row[] = [
  {
    id: 'post-handshake-message-hashed',
    verifyData: finished13([...tls13(), retriedTls.ticket.octets]),
  },
  {
    id: 'hello-retry-not-replaced',
    verifyData: finished13([
      retriedTls.firstHello.octets,
      retriedTls.request.octets,
      ...octetsOf(retriedTls.rest),
    ]),
  },
  { id: 'hello-retry-left-out', verifyData: finished13(octetsOf(retriedTls.rest)) },
  {
    id: 'message-left-out',
    detail: 'certificate_verify',
    verifyData: finished13(tls13().toSpliced(7, 1)),
  },
  {
    id: 'message-hashed-twice',
    detail: 'encrypted_extensions',
    verifyData: finished13(tls13().toSpliced(5, 0, tls13()[5] as Octets)),
  },
  {
    id: 'other-prf-hash',
    detail: 'SHA-384',
    verifyData: finished13(tls13('sha384'), { hash: 'sha384' }),
  },
  {
    id: 'other-transcript-hash',
    detail: 'SHA-384',
    verifyData: finished13(tls13('sha384'), { transcript: 'sha384' }),
  },
  {
    id: 'other-finished-hash',
    detail: 'SHA-384',
    verifyData: finished13(tls13(), { hash: 'sha384', transcript: 'sha256' }),
  },
  { id: 'label-prefix', detail: '"dtls13"', verifyData: finished13(tls13(), { prefix: 'dtls13' }) },
  {
    id: 'label-prefix',
    detail: '"TLS 1.3, "',
    verifyData: finished13(tls13(), { prefix: 'TLS 1.3, ' }),
  },
  { id: 'finished-key-not-derived', verifyData: finished13(tls13(), { derived: false }) },
  {
    id: 'finished-other-secret',
    detail: 'server handshake traffic secret',
    verifyData: finished13(tls13(), { secret: OTHER_SECRET }),
  },
];

const retriedDtls = retried(true);
const DTLS13_INPUT: Omit<FinishedInput, 'verifyData'> = {
  version: 0xfefc,
  suite: 0x1301,
  from: 'server',
  secret: SECRET,
  messages: retriedDtls.rest,
};
const DTLS13_ROWS: readonly Row[] = [
  {
    id: 'dtls-header-kept',
    verifyData: finished13(
      retriedDtls.rest.map((each) => dtlsOctets(each)),
      { prefix: 'dtls13' },
    ),
  },
  { id: 'label-prefix', detail: '"tls13 "', verifyData: finished13(octetsOf(retriedDtls.rest)) },
  {
    id: 'label-prefix',
    detail: '"dtls13 "',
    verifyData: finished13(octetsOf(retriedDtls.rest), { prefix: 'dtls13 ' }),
  },
];

const CONTEXTS = [
  { name: 'TLS 1.2', input: TLS12_INPUT, right: finished12(own), rows: TLS12_ROWS },
  { name: 'DTLS 1.2', input: DTLS12_INPUT, right: finished12(dtls), rows: DTLS12_ROWS },
  { name: 'TLS 1.3', input: TLS13_INPUT, right: finished13(tls13()), rows: TLS13_ROWS },
  {
    name: 'DTLS 1.3',
    input: DTLS13_INPUT,
    right: finished13(octetsOf(retriedDtls.rest), { prefix: 'dtls13' }),
    rows: DTLS13_ROWS,
  },
];

describe.each(CONTEXTS)('Finished in $name', ({ input, right, rows }) => {
  test('what is right verifies', () => {
    expect(explainFinished({ ...input, verifyData: right })).toEqual({ kind: 'verified' });
    expect(verifyData(input)).toEqual(Uint8Array.from(right));
  });

  test.each(rows)(
    '$id ($detail) is told as that and as nothing else',
    ({ id, detail, verifyData }) => {
      const explanation = explainFinished({ ...input, verifyData });
      const matches = explanation.kind === 'explained' ? explanation.matches : [];
      expect(matches.map((each) => [each.hypothesis.id, each.detail])).toEqual([[id, detail]]);
    },
  );

  test('octets that nothing makes are not explained', () => {
    const wrong = Uint8Array.from(right);
    wrong[0] = (wrong[0] as number) ^ 1;
    const explanation = explainFinished({ ...input, verifyData: wrong });
    expect(explanation).toMatchObject({ kind: 'unexplained' });
    const shorter = explainFinished({ ...input, verifyData: wrong.subarray(1) });
    expect(shorter).toEqual({ kind: 'not-comparable', why: 'length' });
  });
});

test('every row of the table is tried above', () => {
  const made = new Set(CONTEXTS.flatMap(({ rows }) => rows.map(({ id }) => id)));
  expect(FINISHED_HYPOTHESES.map(({ id }) => id).filter((id) => !made.has(id))).toEqual([]);
  expect(new Set(FINISHED_HYPOTHESES.map(({ id }) => id)).size).toBe(FINISHED_HYPOTHESES.length);
});

describe('published and older forms', () => {
  const handshake = [
    message('client', 1, SIMPLE.clientHello.slice(4)),
    message('server', 2, SIMPLE.serverHello.slice(4)),
    message('server', 8, SIMPLE.encryptedExtensions.slice(4)),
    message('server', 11, SIMPLE.certificate.slice(4)),
    message('server', 15, SIMPLE.certificateVerify.slice(4)),
  ];

  test('RFC 8448 §3', () => {
    const input = { version: 0x0304, suite: 0x1301 };
    expect(
      explainFinished({
        ...input,
        from: 'server',
        messages: handshake,
        secret: SIMPLE.serverHandshakeTraffic,
        verifyData: SIMPLE.serverFinished.slice(4),
      }),
    ).toEqual({ kind: 'verified' });
    const finished = message('server', 20, SIMPLE.serverFinished.slice(4));
    expect(
      explainFinished({
        ...input,
        from: 'client',
        messages: [...handshake, finished],
        secret: SIMPLE.clientHandshakeTraffic,
        verifyData: SIMPLE.clientFinished.slice(4),
      }),
    ).toEqual({ kind: 'verified' });
  });

  test('SSL 3.0 nests hashes around the sender’s name', () => {
    const input = {
      version: 0x0300,
      suite: 0x002f,
      from: 'server',
      messages: TLS12.rest,
      secret: SECRET,
    } as const;
    const side = (hash: string, pad: number) =>
      hashed(hash, [
        SECRET,
        Buffer.alloc(pad, 0x5c),
        hashed(hash, [...own, text('SRVR'), SECRET, Buffer.alloc(pad, 0x36)]),
      ]);
    const right = Uint8Array.from(Buffer.concat([side('md5', 48), side('sha1', 40)]));
    expect(explainFinished({ ...input, verifyData: right })).toEqual({ kind: 'verified' });
    expect(explainFinished({ ...input, from: 'client', verifyData: right })).toMatchObject({
      matches: [{ hypothesis: { id: 'finished-label-swapped' } }],
    });
  });

  test('DTLS as OpenSSL spoke it before the RFC hashes the bodies of all messages', () => {
    const { messages } = DTLS12_INPUT;
    const input = { ...DTLS12_INPUT, version: 0x0100, suite: 0x002f };
    const ofBodies = (these: readonly TranscriptMessage[]) =>
      finished12(
        octetsOf(these).map((octets) => octets.slice(4)),
        { hash: 'md5-sha1' },
      );
    expect(explainFinished({ ...input, verifyData: ofBodies(messages) })).toEqual({
      kind: 'verified',
    });
    expect(explainFinished({ ...input, verifyData: ofBodies(DTLS12.rest) })).toMatchObject({
      kind: 'unexplained',
    });
  });

  test('without a known suite nothing is said', () => {
    expect(
      explainFinished({ ...TLS12_INPUT, suite: 0xfafa, verifyData: someOctets(12, 1) }),
    ).toEqual({ kind: 'not-comparable', why: 'unsupported' });
  });
});

test('any messages are hashed without an exception, and nothing by chance is explained', () => {
  const anyMessage = fc.record({
    from: fc.constantFrom('client' as const, 'server' as const),
    type: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 11, 16, 20, 24, 254), fc.nat(255)),
    octets: fc.uint8Array({ maxLength: 60 }),
    messageSeq: fc.nat(0xffff),
    fragments: fc.option(fc.array(fc.nat(30), { maxLength: 4 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 8 }),
      fc.constantFrom(0x0300, 0x0301, 0x0303, 0x0304, 0xfeff, 0xfefd, 0xfefc, 0x0100, 0),
      fc.constantFrom(0x002f, 0xc030, 0x1301, 0x0081, 0xffff),
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array({ minLength: 12, maxLength: 48 }),
      (messages, version, suite, secret, data) => {
        const { kind } = explainFinished({
          version,
          suite,
          from: 'client',
          messages,
          secret,
          verifyData: data,
        });
        expect(['unexplained', 'not-comparable']).toContain(kind);
      },
    ),
  );
});
