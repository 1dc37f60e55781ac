import { ascii, concat } from '../bytes/concat.ts';
import type { CipherSuite } from '../model/code-points/suites.ts';
import { type PrfKind, prfKind, transcriptHash } from './hash.ts';
import type { Explanation } from './hypothesis.ts';
import { OTHER_HASHES } from './other-choices.ts';
import {
  judge,
  SIGNING_HYPOTHESES,
  type SignatureHypothesis,
  type SignatureRecipe,
  type SignedInput,
} from './signatures.ts';
import {
  messageHashName,
  specifiedTranscript,
  type Transcript,
  transcriptOctets,
} from './transcript.ts';
import { TRANSCRIPT_VARIANTS, type TranscriptInput } from './transcript-variants.ts';

/** A CertificateVerify of TLS 1.3, with the messages before it. */
export interface SignedTranscript13 extends SignedInput, TranscriptInput {
  readonly from: 'client' | 'server';
  /** Negotiated: its hash is that of the transcript. */
  readonly suite: number | CipherSuite;
}

/**
 * Does the signature in CertificateVerify verify under the certificate that was shown, and if it does not, which mistake
 * makes it? What is signed begins with 64 spaces and a text that names the side. RFC 8446 §4.4.3.
 */
export function explainCertificateVerify13(input: SignedTranscript13): Explanation {
  const kind = prfKind(input.suite, input.version);
  if (kind === undefined) return { kind: 'not-comparable', why: 'unsupported' };
  const specified = specifiedTranscript(input.messages, input.version);
  return judge(input, signed(input.from, hashOf(specified, kind)), hypotheses(specified, kind));
}

const PADDING = new Uint8Array(64).fill(0x20);

function signed(from: 'client' | 'server', hash: Uint8Array): Uint8Array {
  return concat(PADDING, ascii(`TLS 1.3, ${from} CertificateVerify`), Uint8Array.of(0), hash);
}

function hashOf(transcript: Transcript, kind: PrfKind): Uint8Array {
  return transcriptHash(kind, ...transcriptOctets(transcript, messageHashName(kind)));
}

/** Tried in order, after the specified way failed. Each row is one mistake. */
function hypotheses(
  specified: Transcript,
  kind: PrfKind,
): readonly SignatureHypothesis<SignedTranscript13>[] {
  const other = (recipe: SignatureRecipe, data: Uint8Array) => ({ recipe: { ...recipe, data } });
  return [
    {
      id: 'signature-context-swapped',
      meaning: 'the text of the other side was signed before the hash',
      source: 'RFC 8446 §4.4.3',
      *variants({ from }, recipe) {
        const peer = from === 'client' ? 'server' : 'client';
        yield other(recipe, signed(peer, hashOf(specified, kind)));
      },
    },
    {
      id: 'signature-context-left-out',
      meaning: 'the hash or the messages were signed without the text before them',
      source: 'RFC 8446 §4.4.3',
      *variants(_, recipe) {
        const octets = transcriptOctets(specified, messageHashName(kind));
        yield { ...other(recipe, hashOf(specified, kind)), detail: 'the hash alone' };
        yield { ...other(recipe, concat(...octets)), detail: 'the messages, as in TLS 1.2' };
      },
    },
    {
      id: 'other-transcript-hash',
      meaning: 'the messages were hashed with another hash than the suite says',
      source: 'RFC 8446 §4.4.1',
      *variants({ from }, recipe) {
        for (const { kind: wrong, name } of OTHER_HASHES)
          if (wrong !== kind)
            yield { ...other(recipe, signed(from, hashOf(specified, wrong))), detail: name };
      },
    },
    ...TRANSCRIPT_VARIANTS.map(({ id, meaning, source, variants }) => ({
      id,
      meaning,
      source,
      *variants(input: SignedTranscript13, recipe: SignatureRecipe) {
        for (const { transcript, detail } of variants(input, specified))
          yield { ...other(recipe, signed(input.from, hashOf(transcript, kind))), detail };
      },
    })),
    ...SIGNING_HYPOTHESES,
  ];
}
