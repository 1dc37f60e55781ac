import { explainFinished, type NamedSecret } from '../../crypto/finished.ts';
import type { Explanation as Comparison } from '../../crypto/hypothesis.ts';
import type { TranscriptMessage } from '../../crypto/transcript.ts';
import type { Explanation, FinishedCheck } from '../../model/decryption.ts';
import type { At, Role } from '../../model/history.ts';
import type { KeyedHandshake } from './keyed-handshake.ts';
import type { TrafficSecrets } from './traffic-secrets.ts';

/** Recomputes the verify_data of a Finished; undefined where something that it needs is not known. */
export function checkFinished(
  handshake: KeyedHandshake,
  message: TranscriptMessage,
  secrets: TrafficSecrets | undefined,
  at: At,
): FinishedCheck | undefined {
  const { protection, transcript, earlier } = handshake;
  const { from } = message;
  const secret = handshake.isTls13
    ? secrets?.of(from, 0)
    : (handshake.deviating[from] ?? handshake.found?.master);
  if (protection === undefined || secret === undefined) return undefined;
  const comparison = explainFinished({
    suite: protection.suite,
    version: protection.version,
    messages: transcript.before(message),
    earlier,
    from,
    secret,
    verifyData: message.octets.subarray(4),
    otherSecrets: otherSecrets(from, secrets),
  });
  if (comparison.kind === 'not-comparable') return undefined;
  return {
    ...at,
    from,
    verified: comparison.kind === 'verified',
    explanation: explanationOf(comparison, VERIFY_DATA_BITS),
    excluded: comparison.kind === 'unexplained' ? comparison.tried : [],
    isTranscriptWhole: transcript.isWhole && !transcript.hasHoles,
  };
}

/** The shortest verify_data there is. */
const VERIFY_DATA_BITS = 96;

/** Secrets that a TLS 1.3 sender may have taken by mistake. */
function otherSecrets(from: Role, secrets: TrafficSecrets | undefined): NamedSecret[] {
  const peer = from === 'client' ? 'server' : 'client';
  const named = [
    { name: `the ${peer}’s handshake traffic secret`, secret: secrets?.of(peer, 0) },
    { name: `the ${from}’s application traffic secret`, secret: secrets?.of(from, 1) },
  ];
  return named.flatMap(({ name, secret }) => (secret === undefined ? [] : [{ name, secret }]));
}

/** A comparison as the fact that histories hold. @param bits of the value compared */
export function explanationOf(comparison: Comparison, bits: number): Explanation | undefined {
  if (comparison.kind !== 'explained') return undefined;
  const [{ hypothesis, detail }, ...others] = comparison.matches;
  return {
    hypothesis: hypothesis.id,
    meaning: hypothesis.meaning,
    source: hypothesis.source,
    details: {
      ...(detail !== undefined && { detail }),
      ...(others.length > 0 && { alike: others.map((other) => other.hypothesis.id).join(', ') }),
    },
    trials: MOST_HYPOTHESES,
    oddsLog2: Math.ceil(Math.log2(MOST_HYPOTHESES)) - bits,
  };
}

/** More than all variants of all hypotheses about one value. */
const MOST_HYPOTHESES = 1024;
