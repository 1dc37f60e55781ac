/** A named way of getting a computation wrong, tried after the specified way failed. */
export interface Hypothesis {
  /** Kebab-case; never changes once released. */
  readonly id: string;
  /** What was done, in a sentence without its subject's name and its full stop. */
  readonly meaning: string;
  /** The clause that says how it is done right. */
  readonly source: string;
}

/** A hypothesis that reproduces the octets seen. */
export interface Match {
  readonly hypothesis: Hypothesis;
  /** Which message, hash, label or the like, where the mistake can be made with several. */
  readonly detail: string | undefined;
}

/** What came of computing a value that the peer sent: `matches` are all that reproduce it, and at least one. */
export type Explanation =
  | { readonly kind: 'verified' }
  | { readonly kind: 'explained'; readonly matches: readonly [Match, ...Match[]] }
  /** Wrong, and none of the mistakes that were `tried` reproduces it. */
  | { readonly kind: 'unexplained'; readonly tried: readonly string[] }
  /**
   * This machine cannot compute it, it is not of the length that it must have, or the signature is of another kind than
   * the key: nothing is known about the value.
   */
  | { readonly kind: 'not-comparable'; readonly why: 'unsupported' | 'length' | 'key-type' };

/** One way of computing the value, under a hypothesis. */
export interface Attempt {
  readonly hypothesis: Hypothesis;
  readonly detail?: string | undefined;
  readonly value: () => boolean;
}

/** Tries all, so that two that match are both told and neither is claimed alone. */
export function explain(attempts: Iterable<Attempt>): Explanation {
  const matches: Match[] = [];
  const tried = new Set<string>();
  for (const { hypothesis, detail, value } of attempts) {
    tried.add(hypothesis.id);
    if (value()) matches.push({ hypothesis, detail });
  }
  const [first, ...others] = matches;
  return first === undefined
    ? { kind: 'unexplained', tried: [...tried] }
    : { kind: 'explained', matches: [first, ...others] };
}
