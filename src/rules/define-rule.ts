import type { CaptureIndex } from '../model/capture-index.ts';
import type { BlindSpot } from '../model/finding.ts';
import type { ConnectionHistory } from '../model/history.ts';
import type {
  CaptureRule,
  ConnectionRule,
  FindingVerdict,
  Neighbours,
  RuleMessage,
  RuleMeta,
  Verdict,
} from '../model/rule.ts';

type Messages = Readonly<Record<string, RuleMessage>>;

/** Meta with its message keys kept as literals, so that a verdict cannot name a message that is not there. */
type MetaWith<M extends Messages> = Omit<RuleMeta, 'messages'> & { readonly messages: M };

/** A finding of a rule whose messages are `M`. */
export type FindingOf<M extends Messages> = FindingVerdict & {
  readonly message: keyof M & string;
};

type VerdictOf<M extends Messages> = Exclude<Verdict, FindingVerdict> | FindingOf<M>;

interface ConnectionRuleDefinition<M extends Messages> {
  readonly meta: MetaWith<M>;
  check(
    history: ConnectionHistory,
    neighbours: Neighbours,
  ): VerdictOf<NoInfer<M>> | readonly FindingOf<NoInfer<M>>[];
  complete?(verdict: FindingVerdict, index: CaptureIndex): FindingVerdict | undefined;
}

interface CaptureRuleDefinition<M extends Messages> {
  readonly meta: MetaWith<M>;
  check(index: CaptureIndex): Iterable<FindingOf<NoInfer<M>>>;
}

/** A rule over one connection; refuses at compile time a verdict whose message the meta does not have. */
export function defineConnectionRule<const M extends Messages>(
  definition: ConnectionRuleDefinition<M>,
): ConnectionRule {
  return { kind: 'connection', ...definition };
}

/** A rule over the rows of all connections, with the same check of message keys. */
export function defineCaptureRule<const M extends Messages>(
  definition: CaptureRuleDefinition<M>,
): CaptureRule {
  return { kind: 'capture', ...definition };
}

/** The two silent verdicts, shared: most checks of most connections end in one of them. */
export const NOT_APPLICABLE: Verdict & { kind: 'not-applicable' } = { kind: 'not-applicable' };
export const PASS: Verdict & { kind: 'pass' } = { kind: 'pass' };

/** The rule concerns this connection, but the capture does not show enough of it. */
export function notAssessable(missing: BlindSpot): Verdict & { kind: 'not-assessable' } {
  return { kind: 'not-assessable', missing };
}
