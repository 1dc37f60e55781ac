import { prfKind, transcriptHash } from '../../crypto/hash.ts';
import { prf } from '../../crypto/prf.ts';
import type { FinishedCheck } from '../../model/decryption.ts';
import type { At } from '../../model/history.ts';
import type { KeyedHandshake } from './keyed-handshake.ts';
import type { TrafficSecrets } from './traffic-secrets.ts';
import type { TranscriptMessage } from './transcript.ts';

/** Recomputes the verify_data of a Finished; undefined where something that it needs is not known. */
export function checkFinished(
  handshake: KeyedHandshake,
  message: TranscriptMessage,
  _secrets: TrafficSecrets | undefined,
  at: At,
): FinishedCheck | undefined {
  const { protection, found, transcript } = handshake;
  if (protection === undefined || found === undefined) return undefined;
  const kind = prfKind(protection.suite, protection.version);
  if (kind === undefined) return undefined;
  const label = message.from === 'client' ? 'client finished' : 'server finished';
  const before = transcript.before(message).filter((m) => m.type !== 0);
  const data = prf(
    kind,
    found.master,
    label,
    transcriptHash(kind, ...before.map((m) => m.octets)),
    12,
  );
  const verified = Buffer.from(data).equals(message.octets.subarray(4));
  return {
    ...at,
    from: message.from,
    verified,
    explanation: undefined,
    excluded: [],
    isTranscriptWhole: transcript.isWhole,
  };
}
