import { explainFinished, type NamedSecret } from '../../crypto/finished.ts';
import type { TranscriptMessage } from '../../crypto/transcript.ts';
import type { FinishedCheck } from '../../model/decryption.ts';
import type { At, Role } from '../../model/history.ts';
import { explanationOf } from './explanation.ts';
import type { KeyedHandshake } from './keyed-handshake.ts';
import type { TrafficSecrets } from './traffic-secrets.ts';

/** Recomputes the verify_data of a Finished; undefined where something that it needs is not known. */
export function checkFinished(
  handshake: KeyedHandshake,
  message: TranscriptMessage,
  secrets: TrafficSecrets | undefined,
  at: At,
): FinishedCheck | undefined {
  const { protection, transcript, earlier, requests } = handshake;
  const { from } = message;
  const secret = handshake.isTls13
    ? secrets?.of(from, 0)
    : (handshake.deviating[from] ?? handshake.found?.master);
  if (protection === undefined || secret === undefined) return undefined;
  const comparison = explainFinished({
    suite: protection.suite,
    version: protection.version,
    messages: [...requests, ...transcript.before(message)],
    earlier,
    from,
    secret,
    verifyData: message.octets.subarray(4),
    otherSecrets: otherSecrets(from, secrets),
  });
  if (comparison.kind === 'not-comparable') return undefined;
  const isOfDraft =
    protection.isDraft43 === true &&
    comparison.kind === 'explained' &&
    comparison.matches.some(({ hypothesis }) => hypothesis.id === 'dtls-header-kept');
  return {
    ...at,
    from,
    verified: comparison.kind === 'verified' || isOfDraft,
    explanation: isOfDraft ? undefined : explanationOf(comparison, VERIFY_DATA_BITS),
    excluded: comparison.kind === 'unexplained' ? comparison.tried : [],
    isTranscriptWhole:
      transcript.isWhole && !transcript.hasHoles && transcript.hasFinishedBefore(message),
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
