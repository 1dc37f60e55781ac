import { ascii, concat, sameOctets } from '../bytes/concat.ts';
import type { CipherSuite } from '../model/code-points/suites.ts';
import { isTls13 } from '../model/code-points/versions.ts';
import { digest, HASH_OCTETS, hmac, type PrfKind, prfKind, transcriptHash } from './hash.ts';
import { labelPrefix } from './hkdf.ts';
import { type Explanation, explain, type Hypothesis } from './hypothesis.ts';
import { finishedKey } from './key-schedule.ts';
import { OTHER_HASHES, OTHER_PREFIXES } from './other-choices.ts';
import { prf } from './prf.ts';
import {
  messageHashName,
  specifiedTranscript,
  type Transcript,
  transcriptOctets,
} from './transcript.ts';
import { TRANSCRIPT_VARIANTS, type TranscriptInput } from './transcript-variants.ts';

/** What verify_data is computed from, with the one that was sent. */
export interface FinishedInput extends TranscriptInput {
  /** Code or properties of the negotiated suite. */
  readonly suite: number | CipherSuite;
  /** Who sent this Finished. */
  readonly from: 'client' | 'server';
  /** Up to TLS 1.2 the master secret; in TLS 1.3 the sender's handshake traffic secret. */
  readonly secret: Uint8Array;
  /** Body of the Finished. */
  readonly verifyData: Uint8Array;
  /** Secrets that the sender may have taken by mistake: of the other side, of an earlier handshake. */
  readonly otherSecrets?: readonly NamedSecret[] | undefined;
}

/** A secret of the wrong kind or connection that a sender may have used. */
export interface NamedSecret {
  /** What reports may call it; never the secret. */
  readonly name: string;
  readonly secret: Uint8Array;
}

/** Everything that verify_data is computed from. */
interface FinishedRecipe {
  readonly tls13: boolean;
  /** Of the PRF, or of HMAC and HKDF. */
  readonly kind: PrfKind;
  readonly transcriptKind: PrfKind;
  readonly transcript: Transcript;
  readonly label: 'client' | 'server';
  readonly prefix: string;
  readonly secret: Uint8Array;
  /** False where the traffic secret itself keys the HMAC. TLS 1.3. */
  readonly keyDerived: boolean;
}

interface DetailedRecipe {
  readonly recipe: FinishedRecipe;
  readonly detail?: string | undefined;
}

/** A way to get verify_data wrong; `variants` gives the recipes that it leads to. */
export interface FinishedHypothesis extends Hypothesis {
  readonly variants: (input: FinishedInput, specified: FinishedRecipe) => Iterable<DetailedRecipe>;
}

/**
 * The verify_data that the sender should have sent; undefined where this machine cannot compute it.
 * RFC 5246 §7.4.9, RFC 2246 §7.4.9, RFC 6101 §5.6.9, RFC 8446 §4.4.4.
 */
export function verifyData(input: Omit<FinishedInput, 'verifyData'>): Uint8Array | undefined {
  const recipe = specifiedRecipe(input);
  return recipe === undefined ? undefined : compute(recipe);
}

/** Compares a Finished with what it should be and, if it is wrong, with what known mistakes make of it. */
export function explainFinished(input: FinishedInput): Explanation {
  const recipe = specifiedRecipe(input);
  if (recipe === undefined) return { kind: 'not-comparable', why: 'unsupported' };
  const expected = compute(recipe);
  if (sameOctets(expected, input.verifyData)) return { kind: 'verified' };
  const explanation = explain(attempts(input, recipe));
  return explanation.kind === 'unexplained' && expected.length !== input.verifyData.length
    ? { kind: 'not-comparable', why: 'length' }
    : explanation;
}

function* attempts(input: FinishedInput, specified: FinishedRecipe) {
  for (const hypothesis of FINISHED_HYPOTHESES)
    for (const { recipe, detail } of hypothesis.variants(input, specified))
      yield { hypothesis, detail, value: () => sameOctets(compute(recipe), input.verifyData) };
}

function specifiedRecipe(input: Omit<FinishedInput, 'verifyData'>): FinishedRecipe | undefined {
  const { suite, version, messages, from, secret } = input;
  const kind = prfKind(suite, version);
  if (kind === undefined) return undefined;
  return {
    tls13: isTls13(version),
    kind,
    transcriptKind: kind,
    transcript: specifiedTranscript(messages, version),
    label: from,
    prefix: labelPrefix(version),
    secret,
    keyDerived: true,
  };
}

const VERIFY_DATA_OCTETS = 12;

function compute(recipe: FinishedRecipe): Uint8Array {
  const { tls13, kind, transcriptKind, transcript, label, prefix, secret } = recipe;
  const octets = transcriptOctets(transcript, messageHashName(transcriptKind));
  if (kind === 'ssl3') return ssl3VerifyData(label, secret, octets);
  const hash = transcriptHash(transcriptKind, ...octets);
  if (!tls13 || kind === 'md5-sha1')
    return prf(kind, secret, `${label} finished`, hash, VERIFY_DATA_OCTETS);
  return hmac(kind, recipe.keyDerived ? finishedKey(kind, secret, prefix) : secret, hash);
}

/** MD5 and SHA-1 side by side, each nested around pads that HMAC later took another form of. RFC 6101 §5.6.9. */
function ssl3VerifyData(
  label: 'client' | 'server',
  master: Uint8Array,
  octets: readonly Uint8Array[],
): Uint8Array {
  const sender = ascii(label === 'client' ? 'CLNT' : 'SRVR');
  const side = (hash: 'md5' | 'sha1', pad: number): Uint8Array => {
    const inner = digest(hash, ...octets, sender, master, new Uint8Array(pad).fill(0x36));
    return digest(hash, master, new Uint8Array(pad).fill(0x5c), inner);
  };
  return concat(side('md5', 48), side('sha1', 40));
}

const KEY_HYPOTHESES: readonly FinishedHypothesis[] = [
  {
    id: 'other-prf-hash',
    meaning: 'another hash was used for keys and transcript than the suite says',
    source: 'RFC 5246 §5',
    variants: (_, specified) => otherHashes(specified, (kind) => ({ kind, transcriptKind: kind })),
  },
  {
    id: 'other-transcript-hash',
    meaning: 'the messages were hashed with another hash than the suite says',
    source: 'RFC 5246 §7.4.9',
    variants: (_, specified) => otherHashes(specified, (transcriptKind) => ({ transcriptKind })),
  },
  {
    id: 'other-finished-hash',
    meaning: 'the messages were hashed as they should, and verify_data derived with another hash',
    source: 'RFC 5246 §7.4.9',
    variants: (_, specified) => otherHashes(specified, (kind) => ({ kind })),
  },
  {
    id: 'finished-label-swapped',
    meaning: 'verify_data was computed with the label of the other side',
    source: 'RFC 5246 §7.4.9',
    *variants(_, specified) {
      if (!specified.tls13)
        yield {
          recipe: { ...specified, label: specified.label === 'client' ? 'server' : 'client' },
        };
    },
  },
  {
    id: 'finished-other-secret',
    meaning: 'verify_data was keyed with another secret of the connection',
    source: 'RFC 8446 §4.4.4',
    *variants({ otherSecrets = [] }, specified) {
      for (const { name, secret } of otherSecrets)
        yield { recipe: { ...specified, secret }, detail: name };
    },
  },
  {
    id: 'label-prefix',
    meaning: 'secrets were derived with the label prefix of another protocol version',
    source: 'RFC 9147 §5.9',
    *variants(_, specified) {
      if (!specified.tls13) return;
      for (const prefix of OTHER_PREFIXES)
        if (prefix !== specified.prefix)
          yield { recipe: { ...specified, prefix }, detail: `"${prefix}"` };
    },
  },
  {
    id: 'finished-key-not-derived',
    meaning: 'verify_data was keyed with the traffic secret itself',
    source: 'RFC 8446 §4.4.4',
    *variants(_, specified) {
      if (specified.tls13) yield { recipe: { ...specified, keyDerived: false } };
    },
  },
];

function* otherHashes(
  specified: FinishedRecipe,
  change: (kind: PrfKind) => Partial<FinishedRecipe>,
): Iterable<DetailedRecipe> {
  if (specified.kind === 'ssl3') return;
  for (const { kind, name } of OTHER_HASHES) {
    if (kind === specified.kind || (specified.tls13 && kind === 'md5-sha1')) continue;
    yield { recipe: { ...specified, ...change(kind) }, detail: name };
  }
}

/** Tried in order, after the specified way failed. Each row is one mistake of an implementation. */
export const FINISHED_HYPOTHESES: readonly FinishedHypothesis[] = [
  ...TRANSCRIPT_VARIANTS.map(({ id, meaning, source, variants }) => ({
    id,
    meaning,
    source,
    *variants(input: FinishedInput, specified: FinishedRecipe) {
      for (const { transcript, detail } of variants(input, specified.transcript))
        yield { recipe: { ...specified, transcript }, detail };
    },
  })),
  ...KEY_HYPOTHESES,
];

/** Octets of an honest verify_data. RFC 5246 §7.4.9, RFC 8446 §4.4.4, RFC 6101 §5.6.9. */
export function verifyDataOctets(suite: number | CipherSuite, version: number): number | undefined {
  const kind = prfKind(suite, version);
  if (kind === undefined) return undefined;
  if (kind === 'ssl3') return 36;
  return isTls13(version) && kind !== 'md5-sha1' ? HASH_OCTETS[kind] : VERIFY_DATA_OCTETS;
}
