import { concat, sameOctets, u16, u24 } from '../bytes/concat.ts';
import { ByteReader } from '../bytes/reader.ts';
import { PRE_SHARED_KEY } from '../model/code-points/extensions.ts';
import { CLIENT_HELLO, MESSAGE_HASH } from '../model/code-points/handshake-types.ts';
import { digest, HASH_OCTETS, type HashName, hmac, isHashAvailable } from './hash.ts';
import { helloParts } from './hello-parts.ts';
import { DTLS13_PREFIX, TLS13_PREFIX } from './hkdf.ts';
import { type Explanation, explain, type Hypothesis } from './hypothesis.ts';
import { type BinderLabel, binderKey, earlySecret, finishedKey } from './key-schedule.ts';
import { OTHER_HASHES, OTHER_PREFIXES } from './other-choices.ts';
import { otherPskForms } from './psk.ts';

/** What a binder is computed from, with the binder that was sent. */
export interface BinderInput {
  /** The ClientHello that offers the PSK, with its 4-octet header, also in DTLS. */
  readonly clientHello: Uint8Array;
  /** First ClientHello and HelloRetryRequest, where there was one. */
  readonly retry?: { readonly clientHello: Uint8Array; readonly request: Uint8Array } | undefined;
  /** Which of the identities, from 0. */
  readonly index: number;
  readonly psk: Uint8Array;
  /** Hash of the PSK: the suite's under which it was issued; SHA-256 for an external one without any. RFC 8446 §4.2.11. */
  readonly hash: HashName;
  readonly label: BinderLabel;
  readonly dtls: boolean;
}

/** The octets of a ClientHello around its binders. */
interface Offer {
  readonly message: Uint8Array;
  /** Where the binders list begins, with its length in front: what is hashed ends here. RFC 8446 §4.2.11.2. */
  readonly truncateAt: number;
  readonly extensionsStart: number;
  readonly pskStart: number;
  readonly binders: readonly Uint8Array[];
}

interface BinderRecipe {
  readonly offer: Offer;
  readonly index: number;
  readonly psk: Uint8Array;
  readonly hash: HashName;
  readonly label: BinderLabel;
  readonly prefix: string;
  readonly keyDerived: boolean;
  /** What is hashed before the truncated ClientHello. */
  readonly before: (hash: HashName) => readonly Uint8Array[];
  readonly truncated: (offer: Offer) => Uint8Array;
}

/** A way to get a binder wrong; `variants` gives the recipes that it leads to. */
export interface BinderHypothesis extends Hypothesis {
  readonly variants: (
    input: BinderInput,
    specified: BinderRecipe,
  ) => Iterable<{ recipe: BinderRecipe; detail?: string }>;
}

/**
 * Compares a PSK binder with what it should be for a known PSK and, if it is wrong, with what known mistakes make of it.
 * `unexplained` most often means another key. RFC 8446 §4.2.11.2.
 */
export function explainBinder(input: BinderInput): Explanation {
  const offer = readOffer(input.clientHello, input.dtls);
  const sent = offer?.binders[input.index];
  if (offer === undefined || sent === undefined || !isHashAvailable(input.hash))
    return { kind: 'not-comparable', why: 'unsupported' };
  const recipe = specifiedRecipe(input, offer);
  const expected = compute(recipe);
  if (sameOctets(expected, sent)) return { kind: 'verified' };
  const explanation = explain(attempts(input, recipe, sent));
  return explanation.kind === 'unexplained' && sent.length !== expected.length
    ? { kind: 'not-comparable', why: 'length' }
    : explanation;
}

function* attempts(input: BinderInput, specified: BinderRecipe, sent: Uint8Array) {
  for (const hypothesis of BINDER_HYPOTHESES) {
    for (const { recipe, detail } of hypothesis.variants(input, specified)) {
      const { binders } = recipe.offer;
      const target = recipe.index === input.index ? sent : binders[recipe.index];
      yield {
        hypothesis,
        detail,
        value: () => target !== undefined && sameOctets(compute(recipe), target),
      };
    }
  }
}

function specifiedRecipe(
  { retry, index, psk, hash, label, dtls }: BinderInput,
  offer: Offer,
): BinderRecipe {
  return {
    offer,
    index,
    psk,
    hash,
    label,
    prefix: dtls ? DTLS13_PREFIX : TLS13_PREFIX,
    keyDerived: true,
    before: (hash) =>
      retry === undefined ? [] : [...messageHash(hash, retry.clientHello), retry.request],
    truncated: ({ message, truncateAt }) => message.subarray(0, truncateAt),
  };
}

function compute(recipe: BinderRecipe): Uint8Array {
  const { offer, psk, hash, label, prefix, keyDerived, before, truncated } = recipe;
  const key = binderKey(hash, earlySecret(hash, psk), label, prefix);
  const transcript = digest(hash, ...before(hash), truncated(offer));
  return hmac(hash, keyDerived ? finishedKey(hash, key, prefix) : key, transcript);
}

function messageHash(hash: HashName, clientHello: Uint8Array): Uint8Array[] {
  return [Uint8Array.of(MESSAGE_HASH, 0, 0, HASH_OCTETS[hash]), digest(hash, clientHello)];
}

/** Undefined where ClientHello does not end in pre_shared_key, or is damaged. RFC 8446 §4.2.11. */
function readOffer(message: Uint8Array, dtls: boolean): Offer | undefined {
  if (message[0] !== CLIENT_HELLO) return undefined;
  const parts = helloParts(message, dtls);
  const last = parts?.extensions.at(-1);
  if (parts === undefined || last === undefined || last.type !== PRE_SHARED_KEY) return undefined;
  const r = new ByteReader(message, last.start + 4, last.end);
  r.view('identities', r.u16('identities.length'));
  const truncateAt = r.offset;
  const list = r.window('binders', r.u16('binders.length'));
  const binders: Uint8Array[] = [];
  while (list.remaining > 0) binders.push(list.view('binder', list.u8('binder.length')));
  if (r.stopped || list.stopped || r.remaining > 0) return undefined;
  return {
    message,
    truncateAt,
    extensionsStart: parts.extensionsStart,
    pskStart: last.start,
    binders,
  };
}

/** Tried in order, after the specified way failed. Each row is one mistake of an implementation. */
export const BINDER_HYPOTHESES: readonly BinderHypothesis[] = [
  {
    id: 'binder-label',
    meaning: 'the binder key was derived for another kind of PSK',
    source: 'RFC 8446 §7.1',
    *variants(_, specified) {
      for (const label of ['ext binder', 'res binder', 'imp binder'] as const)
        if (label !== specified.label)
          yield { recipe: { ...specified, label }, detail: `"${label}"` };
    },
  },
  {
    id: 'binder-hash',
    meaning: 'the binder was computed with another hash than the PSK has',
    source: 'RFC 8446 §4.2.11',
    *variants(_, specified) {
      for (const { kind, name } of OTHER_HASHES)
        if (kind !== 'md5-sha1' && kind !== specified.hash)
          yield { recipe: { ...specified, hash: kind }, detail: name };
    },
  },
  {
    id: 'binder-psk-encoding',
    meaning: 'the pre-shared key was entered in another form',
    source: 'RFC 8446 §7.1',
    *variants(_, specified) {
      for (const { key, detail } of otherPskForms(specified.psk))
        yield { recipe: { ...specified, psk: key }, detail };
    },
  },
  {
    id: 'binder-truncation',
    meaning: 'ClientHello was hashed up to another place than the end of the identities',
    source: 'RFC 8446 §4.2.11.2',
    *variants(_, specified) {
      const { message, truncateAt, pskStart } = specified.offer;
      const forms: readonly (readonly [string, Uint8Array])[] = [
        ['whole, with zeros for binders', withoutBinderOctets(specified.offer)],
        ['with the length of the binders', message.subarray(0, truncateAt + 2)],
        ['without pre_shared_key', message.subarray(0, pskStart)],
      ];
      for (const [detail, octets] of forms)
        yield { recipe: { ...specified, truncated: () => octets }, detail };
    },
  },
  {
    id: 'binder-lengths-shortened',
    meaning: 'the lengths in ClientHello were made to fit the part that is hashed',
    source: 'RFC 8446 §4.2.11.2',
    *variants(_, specified) {
      const octets = withShortenedLengths(specified.offer);
      yield { recipe: { ...specified, truncated: () => octets } };
    },
  },
  {
    id: 'binder-retry-left-out',
    meaning: 'the first ClientHello and HelloRetryRequest were not hashed',
    source: 'RFC 8446 §4.2.11.2',
    *variants({ retry }, specified) {
      if (retry !== undefined) yield { recipe: { ...specified, before: () => [] } };
    },
  },
  {
    id: 'binder-retry-not-replaced',
    meaning: 'the first ClientHello was hashed itself, where its hash stands',
    source: 'RFC 8446 §4.4.1',
    *variants({ retry }, specified) {
      if (retry !== undefined)
        yield { recipe: { ...specified, before: () => [retry.clientHello, retry.request] } };
    },
  },
  {
    id: 'binder-retry-truncated',
    meaning: 'the first ClientHello was hashed without its binders',
    source: 'RFC 8446 §4.2.11.2',
    *variants({ retry, dtls }, specified) {
      const first = retry === undefined ? undefined : readOffer(retry.clientHello, dtls);
      if (retry === undefined || first === undefined) return;
      const cut = first.message.subarray(0, first.truncateAt);
      yield {
        recipe: { ...specified, before: (hash) => [...messageHash(hash, cut), retry.request] },
      };
    },
  },
  {
    id: 'binder-retry-copied',
    meaning: 'the binder is still that of the first ClientHello',
    source: 'RFC 8446 §4.1.2',
    *variants({ retry, dtls }, specified) {
      const first = retry === undefined ? undefined : readOffer(retry.clientHello, dtls);
      if (first !== undefined)
        yield {
          recipe: {
            ...specified,
            offer: { ...first, binders: specified.offer.binders },
            before: () => [],
          },
        };
    },
  },
  {
    id: 'binder-order',
    meaning: 'the binders stand in another order than the identities',
    source: 'RFC 8446 §4.2.11',
    *variants(_, specified) {
      for (const index of specified.offer.binders.keys())
        if (index !== specified.index)
          yield { recipe: { ...specified, index }, detail: `binder ${index + 1}` };
    },
  },
  {
    id: 'binder-label-prefix',
    meaning: 'secrets were derived with the label prefix of another protocol version',
    source: 'RFC 9147 §5.9',
    *variants(_, specified) {
      for (const prefix of OTHER_PREFIXES)
        if (prefix !== specified.prefix)
          yield { recipe: { ...specified, prefix }, detail: `"${prefix}"` };
    },
  },
  {
    id: 'binder-key-not-derived',
    meaning: 'the binder was keyed with the binder key itself',
    source: 'RFC 8446 §4.2.11.2',
    *variants(_, specified) {
      yield { recipe: { ...specified, keyDerived: false } };
    },
  },
  {
    id: 'binder-dtls-header',
    meaning: 'ClientHello was hashed with the 12-octet header, as up to DTLS 1.2',
    source: 'RFC 9147 §5.2',
    *variants({ dtls, retry }, specified) {
      if (!dtls) return;
      const { message, truncateAt } = specified.offer;
      const body = u24(message.length - 4);
      const messageSeq = u16(retry === undefined ? 0 : 1);
      const header = concat(message.subarray(0, 4), messageSeq, u24(0), body);
      const octets = concat(header, message.subarray(4, truncateAt));
      yield { recipe: { ...specified, truncated: () => octets } };
    },
  },
];

function withoutBinderOctets({ message, truncateAt, binders }: Offer): Uint8Array {
  const octets = message.slice();
  let at = truncateAt + 2;
  for (const { length } of binders) {
    octets.fill(0, at + 1, at + 1 + length);
    at += 1 + length;
  }
  return octets;
}

function withShortenedLengths({
  message,
  truncateAt,
  extensionsStart,
  pskStart,
}: Offer): Uint8Array {
  const octets = message.slice(0, truncateAt);
  octets.set(u24(truncateAt - 4), 1);
  octets.set(u16(truncateAt - extensionsStart), extensionsStart - 2);
  octets.set(u16(truncateAt - pskStart - 4), pskStart + 2);
  return octets;
}
