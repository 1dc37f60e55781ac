import { concat, u16 } from '../bytes/concat.ts';
import { CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE } from '../model/code-points/handshake-types.ts';
import type { CipherSuite } from '../model/code-points/suites.ts';
import { type PrfKind, prfKind, transcriptHash } from './hash.ts';
import { type Explanation, explain, type Hypothesis } from './hypothesis.ts';
import { classicMaster, extendedMaster } from './key-block.ts';
import { OTHER_HASHES } from './other-choices.ts';
import { otherPskForms, pskPremaster } from './psk.ts';
import { specifiedTranscript, type Transcript, transcriptOctets } from './transcript.ts';
import { TRANSCRIPT_VARIANTS, type TranscriptInput } from './transcript-variants.ts';

/** What the peers start from. */
export type PremasterSource =
  /** RSA: the 48 octets that were encrypted, and the versions that their first two could be. */
  | {
      readonly kind: 'rsa';
      readonly premaster: Uint8Array;
      readonly offered: number;
      readonly negotiated: number;
    }
  /** PSK; `other` for RSA_PSK. */
  | { readonly kind: 'psk'; readonly key: Uint8Array; readonly other?: Uint8Array | undefined }
  /** What a Diffie-Hellman exchange came to, from a key log. */
  | { readonly kind: 'shared'; readonly premaster: Uint8Array };

/** What a master secret is computed from; `source` is what is known of the premaster secret. */
export interface MasterInput extends TranscriptInput {
  readonly suite: number | CipherSuite;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
  /** Was extended_master_secret negotiated? RFC 7627 §5.1. */
  readonly extended: boolean;
  readonly source: PremasterSource;
}

interface MasterRecipe {
  readonly kind: PrfKind;
  readonly premaster: Uint8Array;
  readonly extended: boolean;
  /** What session_hash is over. */
  readonly session: Transcript;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

interface DetailedRecipe {
  readonly recipe: MasterRecipe;
  readonly detail?: string | undefined;
}

/** A way to get the master secret wrong; `variants` gives the recipes that it leads to. */
export interface MasterHypothesis extends Hypothesis {
  readonly variants: (input: MasterInput, specified: MasterRecipe) => Iterable<DetailedRecipe>;
}

/** The master secret as specified; undefined where the suite or its hash is not known. RFC 5246 §8.1, RFC 7627 §4. */
export function masterSecret(input: MasterInput): Uint8Array | undefined {
  const recipe = specifiedRecipe(input);
  return recipe === undefined ? undefined : compute(recipe);
}

/**
 * Tries master secrets on something that shows whether one is right: a record that opens, a Finished that verifies.
 *
 * @param isRight called with the specified one first, then, if it is wrong, with one for each mistake
 * @returns what was wrong, and the secret that is right
 */
export function explainMaster(
  input: MasterInput,
  isRight: (master: Uint8Array) => boolean,
): { readonly explanation: Explanation; readonly master: Uint8Array | undefined } {
  const recipe = specifiedRecipe(input);
  if (recipe === undefined)
    return { explanation: { kind: 'not-comparable', why: 'unsupported' }, master: undefined };
  const specified = compute(recipe);
  if (isRight(specified)) return { explanation: { kind: 'verified' }, master: specified };
  let right: Uint8Array | undefined;
  const explanation = explain(
    attempts(input, recipe, (master) => {
      const matches = isRight(master);
      if (matches) right ??= master;
      return matches;
    }),
  );
  return { explanation, master: right };
}

function* attempts(
  input: MasterInput,
  specified: MasterRecipe,
  isRight: (master: Uint8Array) => boolean,
) {
  for (const hypothesis of MASTER_HYPOTHESES)
    for (const { recipe, detail } of hypothesis.variants(input, specified))
      yield { hypothesis, detail, value: () => isRight(compute(recipe)) };
}

function specifiedRecipe(input: MasterInput): MasterRecipe | undefined {
  const { suite, version, source, extended, clientRandom, serverRandom } = input;
  const kind = prfKind(suite, version);
  if (kind === undefined) return undefined;
  const premaster =
    source.kind === 'psk' ? pskPremaster(source.key, source.other) : source.premaster;
  const session = specifiedTranscript(upTo(input, CLIENT_KEY_EXCHANGE), version);
  return { kind, premaster, extended, session, clientRandom, serverRandom };
}

/** Messages up to the last one of this type; all if there is none. RFC 7627 §3. */
function upTo({ messages }: MasterInput, type: number): MasterInput['messages'] {
  const last = messages.findLastIndex((message) => message.type === type);
  return last < 0 ? messages : messages.slice(0, last + 1);
}

function compute({
  kind,
  premaster,
  extended,
  session,
  clientRandom,
  serverRandom,
}: MasterRecipe): Uint8Array {
  return extended
    ? extendedMaster(kind, premaster, transcriptHash(kind, ...transcriptOctets(session, undefined)))
    : classicMaster(kind, premaster, clientRandom, serverRandom);
}

const DERIVATION_HYPOTHESES: readonly MasterHypothesis[] = [
  {
    id: 'classic-master-secret',
    meaning:
      'the master secret was derived from the randoms although extended_master_secret was negotiated',
    source: 'RFC 7627 §4',
    *variants(_, specified) {
      if (specified.extended) yield { recipe: { ...specified, extended: false } };
    },
  },
  {
    id: 'extended-master-secret',
    meaning:
      'the master secret was derived from the session hash although extended_master_secret was not negotiated',
    source: 'RFC 7627 §4',
    *variants(_, specified) {
      if (!specified.extended && specified.kind !== 'ssl3')
        yield { recipe: { ...specified, extended: true } };
    },
  },
  {
    id: 'session-hash-range',
    meaning: 'the session hash went over CertificateVerify as well',
    source: 'RFC 7627 §3',
    *variants(input, specified) {
      const messages = upTo(input, CERTIFICATE_VERIFY);
      const session = specifiedTranscript(messages, input.version);
      if (specified.extended && session.messages.length > specified.session.messages.length)
        yield { recipe: { ...specified, session } };
    },
  },
  {
    id: 'other-prf-hash',
    meaning: 'the master secret was derived with another hash than the suite says',
    source: 'RFC 5246 §5',
    *variants(_, specified) {
      if (specified.kind === 'ssl3') return;
      for (const { kind, name } of OTHER_HASHES)
        if (kind !== specified.kind) yield { recipe: { ...specified, kind }, detail: name };
    },
  },
  {
    id: 'master-randoms-swapped',
    meaning: 'the randoms were taken in the wrong order',
    source: 'RFC 5246 §8.1',
    *variants(_, specified) {
      const { clientRandom, serverRandom } = specified;
      if (!specified.extended)
        yield { recipe: { ...specified, clientRandom: serverRandom, serverRandom: clientRandom } };
    },
  },
];

const PREMASTER_HYPOTHESES: readonly MasterHypothesis[] = [
  {
    id: 'premaster-version',
    meaning: 'the version in the premaster secret was replaced by another one',
    source: 'RFC 5246 §7.4.7.1',
    *variants({ source }, specified) {
      if (source.kind !== 'rsa') return;
      for (const version of new Set([source.offered, source.negotiated, 0]))
        yield {
          recipe: { ...specified, premaster: concat(u16(version), source.premaster.subarray(2)) },
          detail: `0x${version.toString(16).padStart(4, '0')}`,
        };
    },
  },
  {
    id: 'premaster-leading-zeros',
    meaning: 'leading zeros of the premaster secret were stripped',
    source: 'RFC 8422 §5.10',
    *variants({ source }, specified) {
      if (source.kind !== 'shared') return;
      const start = source.premaster.findIndex((octet) => octet !== 0);
      if (start > 0)
        yield { recipe: { ...specified, premaster: source.premaster.subarray(start) } };
    },
  },
  {
    id: 'premaster-reversed',
    meaning: 'the premaster secret was taken in the wrong order of octets',
    source: 'RFC 8422 §5.10',
    *variants({ source }, specified) {
      if (source.kind === 'shared')
        yield { recipe: { ...specified, premaster: source.premaster.toReversed() } };
    },
  },
  {
    id: 'psk-encoding',
    meaning: 'the pre-shared key was entered in another form',
    source: 'RFC 4279 §2',
    *variants({ source }, specified) {
      if (source.kind !== 'psk') return;
      for (const { key, detail } of otherPskForms(source.key))
        yield { recipe: { ...specified, premaster: pskPremaster(key, source.other) }, detail };
    },
  },
  {
    id: 'psk-premaster-layout',
    meaning: 'the premaster secret was put together from the pre-shared key in another way',
    source: 'RFC 4279 §2',
    *variants({ source }, specified) {
      if (source.kind !== 'psk') return;
      const { key } = source;
      yield { recipe: { ...specified, premaster: key }, detail: 'key alone' };
      yield {
        recipe: { ...specified, premaster: concat(u16(key.length), key) },
        detail: 'without the zeros in front',
      };
      yield {
        recipe: { ...specified, premaster: concat(u16(0), u16(key.length), key) },
        detail: 'no zeros for the other secret',
      };
    },
  },
];

/** Tried in order, after the specified way failed. */
export const MASTER_HYPOTHESES: readonly MasterHypothesis[] = [
  ...DERIVATION_HYPOTHESES,
  ...TRANSCRIPT_VARIANTS.map(({ id, meaning, source, variants }) => ({
    id,
    meaning,
    source,
    *variants(input: MasterInput, specified: MasterRecipe) {
      if (!specified.extended) return;
      const session = { ...input, messages: upTo(input, CLIENT_KEY_EXCHANGE) };
      for (const { transcript, detail } of variants(session, specified.session))
        yield { recipe: { ...specified, session: transcript }, detail };
    },
  })),
  ...PREMASTER_HYPOTHESES,
];
