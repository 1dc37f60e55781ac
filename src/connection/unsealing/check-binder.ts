import { sameOctets } from '../../bytes/concat.ts';
import { explainBinder } from '../../crypto/binder.ts';
import type { HashName } from '../../crypto/hash.ts';
import type { Explanation as Comparison } from '../../crypto/hypothesis.ts';
import type { Psk } from '../../crypto/psk.ts';
import type { TranscriptMessage } from '../../crypto/transcript.ts';
import { CLIENT_HELLO, SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import { cipherSuite } from '../../model/code-points/suites.ts';
import type { BinderCheck } from '../../model/decryption.ts';
import type { At } from '../../model/history.ts';
import { explanationOf } from './explanation.ts';
import type { KeyedHandshake } from './keyed-handshake.ts';

/** A binder recomputed, and the key with which it verifies as specified. */
export interface CheckedBinder {
  readonly check: BinderCheck;
  readonly index: number;
  readonly key: Uint8Array | undefined;
}

/**
 * Recomputes the binder of an identity that one of the keys is for, of several the first that does not verify. A key
 * without an identity counts where it verifies, or where a known mistake does with it: else it may be somebody else's.
 * RFC 8446 §4.2.11.2.
 */
export function checkBinder(
  psks: readonly Psk[],
  handshake: KeyedHandshake,
  message: TranscriptMessage,
  at: At,
): CheckedBinder | undefined {
  const identities = handshake.clientHello?.pskIdentities ?? [];
  if (psks.length === 0 || identities.length === 0) return undefined;
  const retry = retryBefore(handshake, message);
  if (retry === 'unknown') return undefined;
  const hashes = hashesOf(handshake);
  let verified: CheckedBinder | undefined;
  for (const [index, { identity, obfuscatedTicketAge }] of identities.entries()) {
    let wrong: BinderCheck | undefined;
    let right: CheckedBinder | undefined;
    for (const psk of psks) {
      const isNamed = psk.identity !== undefined;
      // A ticket's key is in no list. RFC 8446 §4.2.11: the age of other identities is 0.
      if (
        psk.identity === undefined ? obfuscatedTicketAge !== 0 : !sameOctets(psk.identity, identity)
      )
        continue;
      const comparison = compare(psk.key, index, hashes, message, retry);
      if (comparison.kind === 'verified') {
        const check = { ...at, verified: true, explanation: undefined, excluded: [] };
        right = { check, index, key: psk.key };
        break;
      }
      if (comparison.kind === 'explained' || (isNamed && comparison.kind === 'unexplained'))
        wrong = better(wrong, {
          ...at,
          verified: false,
          explanation: explanationOf(comparison, BINDER_BITS),
          excluded: comparison.kind === 'unexplained' ? comparison.tried : [],
        });
    }
    if (right !== undefined) verified ??= right;
    else if (wrong !== undefined) return { check: wrong, index, key: undefined };
  }
  return verified;
}

/** The shortest binder there is. */
const BINDER_BITS = 256;

function better(one: BinderCheck | undefined, other: BinderCheck): BinderCheck {
  return one === undefined || (one.explanation === undefined && other.explanation) ? other : one;
}

/** First ClientHello and HelloRetryRequest, if this ClientHello answers one; `unknown` if they are not all there. */
function retryBefore(
  { transcript, earlier, hasRetry }: KeyedHandshake,
  message: TranscriptMessage,
): Retry | undefined | 'unknown' {
  const before = transcript.before(message);
  if (before.length === 0) return earlier.length > 0 || hasRetry ? 'unknown' : undefined;
  const [clientHello, request, ...more] = before;
  const isRetry =
    hasRetry &&
    more.length === 0 &&
    clientHello?.type === CLIENT_HELLO &&
    request?.type === SERVER_HELLO;
  return isRetry ? { clientHello: clientHello.octets, request: request.octets } : 'unknown';
}

interface Retry {
  readonly clientHello: Uint8Array;
  readonly request: Uint8Array;
}

/** The hash belongs to the key, and no message names it: it is the one with which the binder verifies. RFC 8446 §4.2.11. */
function compare(
  psk: Uint8Array,
  index: number,
  hashes: ReadonlySet<HashName>,
  { octets, messageSeq }: TranscriptMessage,
  retry: Retry | undefined,
): Comparison {
  const input = { clientHello: octets, retry, index, psk, label: 'ext binder' } as const;
  const dtls = messageSeq !== undefined;
  let result: Comparison | undefined;
  for (const hash of hashes) {
    const comparison = explainBinder({ ...input, hash, dtls });
    if (comparison.kind === 'verified') return comparison;
    if (comparison.kind === 'not-comparable') {
      // It might verify under a hash that this machine lacks.
      if (comparison.why !== 'length') return comparison;
    } else if (result === undefined || comparison.kind === 'explained') result = comparison;
  }
  return result ?? { kind: 'not-comparable', why: 'length' };
}

function hashesOf({ clientHello }: KeyedHandshake): Set<HashName> {
  const hashes = new Set<HashName>(['sha256', 'sha384']);
  for (const code of clientHello?.cipherSuites ?? []) {
    const suite = cipherSuite(code);
    if (suite?.tls13 && suite.prfHash !== 'gost') hashes.add(suite.prfHash);
  }
  return hashes;
}
