import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { RecentRandoms } from '../../src/connection/recent-randoms.ts';
import { type Analysed, analyse } from '../support/analyse.ts';
import type { Octets } from '../support/hello-builder.ts';
import { messagesOf } from '../support/live-handshake.ts';
import {
  dtlsMessages,
  sampleFile,
  sampleNames,
  tlsConnections,
} from '../support/sample-handshakes.ts';

const RULE = 'key-exchange-signature-invalid';
const CERTIFICATE = 11;
/** ServerKeyExchange and CertificateVerify. */
const SIGNED = [12, 15];
const HEADER = 24;
const PACKET_HEADER = 16;

const capture = (sample: string): Octets => Uint8Array.from(sampleFile(sample, 'capture.pcap'));

/** A classic pcap, little-endian, with its first packets only. */
function cut(file: Octets, packets: number): Octets {
  const view = new DataView(file.buffer);
  let at = HEADER;
  for (let n = 0; n < packets; n++) at += PACKET_HEADER + view.getUint32(at + 8, true);
  return file.slice(0, at);
}

const spoken = ({ findings }: Analysed) => findings.filter(({ rule }) => rule === RULE);

/** Not those whose makers signed what they should not, where a message was exchanged on its way, or the certificate is none. */
const isHonest = (sample: string) =>
  !sample.startsWith('tls-signature-') &&
  !['proxy-swaps-server-hello', 'tls-certificates-malformed'].includes(sample);

test.each([
  ['tls-parameters-refused', [23, 24, 29]],
  ['dtls-orderly-reconnect', [29]],
])('%s: the curve of ServerKeyExchange is known once both Finished were seen', (sample, curves) => {
  const known = analyse(capture(sample)).connections.flatMap(({ curve, outcome, version }) => {
    // A handshake that failed has none, nor has TLS 1.3.
    if (outcome !== 'established' || version === 0x0304) expect(curve).toBeUndefined();
    return curve === undefined ? [] : [curve];
  });
  expect(known.length).toBeGreaterThan(0);
  for (const curve of known) expect(curves).toContain(curve);
});

describe('of every sample', () => {
  test.each(sampleNames().filter(isHonest))('%s, all signatures verify', (sample) => {
    const file = capture(sample);
    for (const { id, messages } of analyse(file).connections) {
      // Without a certificate nothing is signed.
      if (!messages.some(({ type }) => type === CERTIFICATE)) continue;
      const signed = messages.filter(({ type }) => SIGNED.includes(type));
      if (signed.length === 0) continue;
      const needed = [16, CERTIFICATE, ...SIGNED];
      const packets = messages.flatMap(({ type, packet }) => (needed.includes(type) ? packet : []));
      // Before the server's Finished they are all still there; the certificate may be whole after the rest.
      const { connections } = analyse(cut(file, Math.max(...packets)));
      const checks = connections.find((each) => each.id === id)?.signatures ?? [];
      expect(checks.map(({ type, verdict }) => [type, verdict])).toEqual(
        signed.map(({ type }) => [type, 'verified']),
      );
    }
  });

  test('what was kept is given back when both Finished were seen', () => {
    const { connections } = analyse(capture('tls-client-certificate'));
    const established = connections.filter(({ outcome }) => outcome === 'established');
    expect(established.length).toBeGreaterThan(0);
    for (const { signatures } of established) expect(signatures).toEqual([]);
  });
});

describe('an octet that is not what was signed', () => {
  /** Where in the file randoms, the server's public value and its signature lie. */
  function places(file: Octets, messages: readonly { type: number; octets: Octets }[]): number[] {
    // A ClientHello that is sent again with a cookie is the one whose random counts.
    const of = (type: number, start: number, end?: number) => {
      const octets = messages.find((message) => message.type === type)?.octets;
      if (octets === undefined) throw new Error(`no message ${type}`);
      const part = octets.subarray(start, end);
      const at = Buffer.from(file.buffer).lastIndexOf(part);
      if (at < 0) throw new Error(`message ${type} is not in one piece`);
      return Array.from(part, (_, i) => at + i);
    };
    const exchange = messages.find(({ type }) => type === 12)?.octets.subarray(4);
    if (exchange === undefined) throw new Error('no ServerKeyExchange');
    // ECDHE: curve type, curve, public value with its length; scheme and length of the signature.
    const signature = 4 + 4 + (exchange[3] as number) + 4;
    return [...of(1, 6, 38), ...of(2, 6, 38), ...of(12, 8, signature - 4), ...of(12, signature)];
  }

  const tls = (sample: string, index: number) => {
    const connection = tlsConnections(sample)[index];
    if (connection === undefined) throw new Error('no such connection');
    return places(capture(sample), messagesOf(connection));
  };

  test.each<[string, number[], boolean]>([
    ['tls-finished-decrypt-error', tls('tls-finished-decrypt-error', 0), true],
    ['go-panic-single', tls('go-panic-single', 3), true],
    [
      'dtls-corrupt-finished-etm',
      places(
        capture('dtls-corrupt-finished-etm'),
        dtlsMessages('dtls-corrupt-finished-etm', () => undefined),
      ),
      true,
    ],
    ['tls-mixed-suites-healthy', tls('tls-mixed-suites-healthy', 0), false],
  ])('is told in %s if and only if the handshake failed', (sample, offsets, hasFailed) => {
    const file = capture(sample);
    expect(spoken(analyse(file))).toEqual([]);
    fc.assert(
      fc.property(fc.constantFrom(...offsets), fc.nat(7), (offset, bit) => {
        const altered = file.with(offset, (file[offset] as number) ^ (1 << bit));
        expect(spoken(analyse(altered))).toHaveLength(hasFailed ? 1 : 0);
      }),
      { numRuns: 30 },
    );
  });
});

describe('TLS 1.3, with secrets', () => {
  const judged = (sample: string) => {
    const keyLogs = [sampleFile(sample, 'keys.log')];
    const { connections } = analyse(capture(sample), {
      secrets: { keyLogs, rsaKeys: [], psks: [] },
    });
    return connections.map(({ signatures = [] }) =>
      signatures.map(({ from, verdict }) => `${from} ${verdict}`),
    );
  };

  test('signatures of both sides verify, over TLS and DTLS, also behind a HelloRetryRequest', () => {
    expect(judged('tls13-hrr').flat()).toContain('server verified');
    expect(judged('tls13-client-certificate-refused').flat()).toContain('client verified');
    expect(new Set(judged('dtls13-healthy').flat())).toEqual(new Set(['server verified']));
  });

  test('another key than that of the certificate is told', () => {
    expect(judged('tls13-signature-other-key')).toEqual([['server wrong'], ['server verified']]);
  });

  test('nothing is said where the Finished of the signer is wrong, nor of drafts that hash otherwise', () => {
    expect(judged('tls13-finished-transcript').flat()).not.toContain('client wrong');
    expect(judged('dtls13-draft43-nss').flat()).toEqual([]);
  });

  test('without secrets nothing is known of them', () => {
    const { connections } = analyse(capture('tls13-signature-other-key'));
    expect(connections.flatMap(({ signatures = [] }) => signatures)).toEqual([]);
  });
});

test('the recorded mistakes of signers are told apart', () => {
  const said = (sample: string) =>
    analyse(capture(sample)).connections.map(({ signatures = [] }) =>
      signatures.map(({ verdict, explanation }) => [
        verdict,
        explanation?.hypothesis,
        explanation?.details['detail'],
      ]),
    );
  expect(said('tls-signature-randoms')).toEqual([
    [['wrong', 'signature-randoms-swapped', undefined]],
    [],
    [['wrong', 'signature-random-of-other-handshake', 'server_random of connection 2']],
    [],
  ]);
  expect(said('tls-signature-flipped')).toEqual([[['wrong', undefined, undefined]], []]);

  // After so many, each is still wrong, and no more.
  const enough = vi.spyOn(RecentRandoms.prototype, 'around').mockReturnValue(undefined);
  const wrong = [['wrong', undefined, undefined]];
  expect(said('tls-signature-randoms')).toEqual([wrong, [], wrong, []]);
  expect(enough).toHaveBeenCalledTimes(2);
  enough.mockRestore();
});
