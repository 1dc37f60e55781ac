import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tlsEquivalent } from '../../../src/model/code-points/versions.ts';
import type { ClientHello, ServerHello } from '../../../src/model/message.ts';
import { decodeCertificate } from '../../../src/tls/codec/certificate.ts';
import { decodeClientHello } from '../../../src/tls/codec/client-hello.ts';
import type { Decoded } from '../../../src/tls/codec/decoded.ts';
import {
  type Carrier,
  decodeExtension,
  EXTENSION_CODECS,
} from '../../../src/tls/codec/extensions.ts';
import { HelloScan } from '../../../src/tls/codec/hello-scan.ts';
import { decodeServerHello } from '../../../src/tls/codec/server-hello.ts';
import { clientHello, type ExtensionSpec, ext, serverHello } from '../../support/hello-builder.ts';

const code = fc.integer({ min: 0, max: 0xffff });
const octets = (maxLength: number) => fc.uint8Array({ maxLength });
const version = fc.constantFrom(
  ...[0x0002, 0x0300, 0x0301, 0x0303, 0x0304, 0x0305, 0x7f0e, 0x7f15, 0x7f1c, 0xfb1a],
  ...[0x0100, 0xfeff, 0xfefd, 0xfefc, 0x0a0a, 0xfafa],
);

const knownClientExtension: fc.Arbitrary<ExtensionSpec> = fc.oneof(
  fc.constantFrom('a.example', 'b.example').map(ext.serverName),
  fc.array(fc.constantFrom('h2', 'http/1.1', 'x'), { maxLength: 3 }).map((n) => ext.alpn(...n)),
  fc.array(version, { maxLength: 4 }).map(ext.supportedVersions),
  fc.array(code, { maxLength: 4 }).map(ext.supportedGroups),
  fc.array(code, { maxLength: 4 }).map(ext.signatureAlgorithms),
  fc.array(code, { maxLength: 3 }).map((groups) => ext.keyShares(groups, 4)),
  fc.constantFrom({ type: 4 }, ext.encryptThenMac(), ext.extendedMasterSecret(), ext.earlyData()),
  octets(30).map(ext.sessionTicket),
  octets(8).map(ext.connectionId),
);
const knownServerExtension: fc.Arbitrary<ExtensionSpec> = fc.oneof(
  version.map(ext.selectedVersion),
  fc.constantFrom('h2', 'http/1.1').map((n) => ext.alpn(n)),
  code.map((group) => ext.keyShare(group, 4)),
  fc.constantFrom({ type: 4 }, ext.encryptThenMac(), ext.extendedMasterSecret()),
  octets(8).map(ext.connectionId),
);
/** Types that codecs know, with bodies that they do not. */
const oddExtension: fc.Arbitrary<ExtensionSpec> = fc.record({
  type: fc.constantFrom(0, 10, 16, 35, 40, 41, 43, 51, 54, 0x5a5a, 0xff01),
  data: octets(12),
});
const extensionsOf = (known: fc.Arbitrary<ExtensionSpec>) =>
  fc.option(fc.array(fc.oneof({ weight: 3, arbitrary: known }, oddExtension), { maxLength: 8 }), {
    nil: undefined,
  });
const random = fc.uint8Array({ minLength: 32, maxLength: 32 });

const clientHellos = fc.record({
  dtls: fc.boolean(),
  spec: fc.record({
    version,
    random,
    sessionId: octets(32),
    cookie: octets(40),
    cipherSuites: fc.array(code, { maxLength: 20 }),
    compressionMethods: fc.array(fc.nat(255), { maxLength: 3 }),
    extensions: extensionsOf(knownClientExtension),
  }),
});
const serverHellos = fc
  .record({
    version,
    random,
    sessionId: octets(32),
    cipherSuite: code,
    extensions: extensionsOf(knownServerExtension),
  })
  .map((spec) =>
    spec.version >= 0x7f00 && spec.version <= 0x7f15
      ? { ...spec, sessionId: null, compressionMethod: null }
      : spec,
  );

/** What happens to a message between an honest peer and a capture file. */
const damage = fc.oneof(
  fc.constant((body: Uint8Array) => body),
  fc.nat(400).map((length) => (body: Uint8Array) => body.subarray(0, length)),
  fc
    .array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 })
    .map((flips) => (body: Uint8Array) => {
      const flipped = Uint8Array.from(body);
      for (const [at, octet] of flips) if (at < flipped.length) flipped[at] = octet;
      return flipped;
    }),
);

describe('the decoders', () => {
  it('read back what was written', () => {
    fc.assert(
      fc.property(clientHellos, ({ dtls, spec: { cookie, ...spec } }) => {
        const body = clientHello(dtls ? { ...spec, cookie } : spec);
        const { message, strayOctets } = decodeClientHello(body, dtls);
        expect(strayOctets).toBe(0);
        expect(message).toMatchObject({
          legacyVersion: spec.version,
          random: spec.random,
          sessionId: spec.sessionId,
          cookie: dtls ? cookie : undefined,
          cipherSuites: spec.cipherSuites,
          compressionMethods: spec.compressionMethods,
        });
        expect(message.extensions).toEqual(
          (spec.extensions ?? []).map(({ type, data }) => ({ type, data: data ?? octetsOf() })),
        );
      }),
    );
  });

  it('never throw, whatever the octets', () => {
    const carriers: readonly Carrier[] = ['CH', 'SH', 'HRR', 'EE', 'CT', 'CR', 'NST'];
    fc.assert(
      fc.property(octets(80), fc.constantFrom(...carriers), (data, carrier) => {
        for (const type of Object.keys(EXTENSION_CODECS).map(Number)) {
          expect(decodeExtension({ type, data }, carrier)?.shortfalls.length).toBeGreaterThan(-1);
        }
        decodeClientHello(data, true);
        decodeServerHello(data);
        decodeCertificate(data, true);
      }),
    );
  });

  it('find one shortfall in a hello that was whole before it was cut, but at the legal place', () => {
    const whole = clientHellos.map(({ dtls, spec: { cookie, ...spec } }) => {
      const extensions = spec.extensions?.filter((e) => e.data === undefined);
      return { dtls, spec: { ...spec, extensions, ...(dtls ? { cookie } : {}) } };
    });
    fc.assert(
      fc.property(whole, fc.nat(), ({ dtls, spec }, seed) => {
        const body = clientHello(spec);
        const legal = clientHello({ ...spec, extensions: undefined }).length;
        const length = seed % body.length;
        const { shortfalls } = decodeClientHello(body.subarray(0, length), dtls);
        expect(shortfalls).toHaveLength(length === legal ? 0 : 1);
      }),
    );
  });
});

describe('HelloScan', () => {
  const scan = new HelloScan();

  it('agrees with decodeClientHello, and looks at nothing outside the message', () => {
    fc.assert(
      fc.property(
        clientHellos,
        damage,
        fc.nat(3),
        ({ dtls, spec: { cookie, ...spec } }, harm, margin) => {
          const body = harm(clientHello(dtls ? { ...spec, cookie } : spec));
          const bytes = embed(body, margin);
          scan.scanClientHello(bytes, margin, margin + body.length, dtls);
          expect(clientFacts(bytes, scan)).toEqual(
            decodedClientFacts(decodeClientHello(body, dtls)),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('agrees with decodeServerHello, and looks at nothing outside the message', () => {
    fc.assert(
      fc.property(serverHellos, damage, fc.nat(3), (spec, harm, margin) => {
        const body = harm(serverHello(spec));
        const bytes = embed(body, margin);
        scan.scanServerHello(bytes, margin, margin + body.length);
        expect(serverFacts(bytes, scan)).toEqual(decodedServerFacts(decodeServerHello(body)));
      }),
      { numRuns: 2000 },
    );
  });
});

function clientFacts(bytes: Uint8Array, scan: HelloScan) {
  const at = (offset: number, length: number) => bytes.subarray(offset, offset + length);
  return {
    ok: scan.ok,
    legacyVersion: scan.legacyVersion,
    random: scan.randomOffset === 0 ? octetsOf() : at(scan.randomOffset, 32),
    sessionId: at(scan.sessionIdOffset, scan.sessionIdLength),
    cookie: at(scan.cookieOffset, scan.cookieLength),
    suites: scan.suitesLength >> 1,
    extensions: scan.extensionsSeen,
    serverName: latin1(at(scan.serverNameOffset, scan.serverNameLength)),
    alpn: latin1(at(scan.alpnOffset, scan.alpnLength)),
    highestVersion: scan.highestVersion,
    ems: scan.hasExtendedMasterSecret,
    etm: scan.hasEncryptThenMac,
    shortMac: scan.hasTruncatedHmac,
    psk: scan.hasPreSharedKey,
    early: scan.hasEarlyData,
    ticket: scan.ticketLength,
    connectionId:
      scan.connectionIdLength < 0
        ? undefined
        : at(scan.connectionIdOffset, scan.connectionIdLength),
  };
}

function decodedClientFacts({ message, shortfalls }: Decoded<ClientHello>) {
  return {
    ok: isFramed(shortfalls),
    legacyVersion: message.legacyVersion,
    random: message.random,
    sessionId: message.sessionId,
    cookie: message.cookie ?? octetsOf(),
    suites: message.cipherSuites.length,
    serverName: message.serverName ?? '',
    alpn: message.alpn[0] ?? '',
    highestVersion: highest(message.versions),
    ...extensionFacts(message),
  };
}

function serverFacts(bytes: Uint8Array, scan: HelloScan) {
  const { suites, cookie, serverName, highestVersion, ...facts } = clientFacts(bytes, scan);
  return {
    ...facts,
    cipherSuite: scan.cipherSuite,
    version: scan.selectedVersion,
    retry: scan.helloRetryRequest,
  };
}

function decodedServerFacts({ message, shortfalls }: Decoded<ServerHello>) {
  return {
    ok: isFramed(shortfalls),
    legacyVersion: message.legacyVersion,
    random: message.random,
    sessionId: message.sessionId,
    alpn: message.alpn ?? '',
    cipherSuite: message.cipherSuite,
    version: message.version,
    retry: message.helloRetryRequest,
    ...extensionFacts(message),
  };
}

function extensionFacts({ extensions }: ClientHello | ServerHello) {
  const last = (type: number) => extensions.findLast((e) => e.type === type);
  const id = last(54);
  const decodedId = id && decodeExtension(id, 'CH');
  return {
    extensions: extensions.length,
    ems: last(23) !== undefined,
    etm: last(22) !== undefined,
    shortMac: last(4) !== undefined,
    psk: last(41) !== undefined,
    early: last(42) !== undefined,
    ticket: last(35)?.data.length ?? -1,
    connectionId: decodedId?.shortfalls.length === 0 ? decodedId.value : undefined,
  };
}

/** Fields of the message itself; damage inside the body of an extension is not the scan's business. */
function isFramed(shortfalls: readonly { field: string }[]): boolean {
  return shortfalls.every(({ field }) => !FRAMING.test(field));
}

const FRAMING =
  /^(client_version|server_version|random|session_id|cookie|cipher_suites?|CipherSuite|compression_methods?|extensions|extension_type|extension_data)(\.length)?$/;

function highest(versions: readonly number[]): number {
  let best = 0;
  for (const wire of versions) if (tlsEquivalent(wire) > tlsEquivalent(best)) best = wire;
  return best;
}

/** The message between octets that would show up in any result that used them. */
function embed(body: Uint8Array, margin: number): Uint8Array {
  const bytes = new Uint8Array(body.length + 2 * margin).fill(0xee);
  bytes.set(body, margin);
  return bytes;
}

const octetsOf = () => new Uint8Array(0);
const latin1 = (octets: Uint8Array) => Buffer.from(octets).toString('latin1');
