import { existsSync } from 'node:fs';
import type { RuleMeta } from '../model/rule.ts';
import { nearest, UsageError } from './usage-error.ts';

/** Rule ids from `--only` and `--skip`, and captures that were swallowed by them. */
export interface RuleChoice {
  readonly rules: ReadonlySet<string> | undefined;
  readonly captures: readonly string[];
}

/**
 * Turns `--only` and `--skip` into the set of rules to run.
 *
 * Both take several values, so `--only RULE case.pcap` swallows the capture: a value that is no rule but a file is given
 * back as one.
 *
 * @throws UsageError for a word that is neither
 */
export function chooseRules(
  all: readonly RuleMeta[],
  only: readonly string[] | undefined,
  skip: readonly string[] | undefined,
): RuleChoice {
  const ids = new Set(all.map(({ id }) => id));
  const captures: string[] = [];
  const pick = (words: readonly string[] | undefined): Set<string> => {
    const picked = new Set<string>();
    for (const word of (words ?? []).flatMap((words) => words.split(','))) {
      if (ids.has(word)) picked.add(word);
      else if (word === '-' || existsSync(word)) captures.push(word);
      else throw unknownRule(word, ids);
    }
    return picked;
  };
  const wanted = pick(only);
  const unwanted = pick(skip);
  if (only === undefined && skip === undefined) return { rules: undefined, captures };
  const usual = all.filter(({ onRequest }) => onRequest !== true).map(({ id }) => id);
  const candidates = only === undefined ? usual : wanted;
  return { rules: new Set([...candidates].filter((id) => !unwanted.has(id))), captures };
}

/** The options that leave findings out, as `--only hvr-loop --min-confidence likely`; empty where there are none. */
export function findingOptions(flags: {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly minConfidence?: string;
}): string {
  const { only, skip, minConfidence } = flags;
  const ids = (words: readonly string[] | undefined): string =>
    (words ?? []).filter((word) => word !== '-' && !existsSync(word)).join(' ');
  const words = [
    only && `--only ${ids(only)}`,
    skip && `--skip ${ids(skip)}`,
    minConfidence && `--min-confidence ${minConfidence}`,
  ];
  return words.filter(Boolean).join(' ');
}

/** @param ids the rules there are */
export function unknownRule(word: string, ids: Iterable<string>): UsageError {
  const near = nearest(word.toLowerCase(), ids);
  const hint = near === undefined ? 'tlsdiag rules lists them' : `did you mean ${near}?`;
  return new UsageError(`there is no rule '${word}'; ${hint}`);
}
