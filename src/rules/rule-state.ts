import { type BlindSpot, type Finding, SEVERITIES } from '../model/finding.ts';
import type { CaptureRule, ConnectionRule, FindingVerdict, Rule } from '../model/rule.ts';
import { HeldVerdicts } from './held-verdicts.ts';
import { HeldOver, type Kind } from './omissions.ts';
import { titleOf } from './render.ts';
import { Spoken } from './spoken.ts';

/** A rule with what was counted and held back for it. */
export class RuleState<R extends Rule = Rule> {
  readonly rule: R;
  assessed = 0;
  readonly notAssessable = new Map<BlindSpot, number>();
  findings = 0;
  omitted = 0;
  /** Its findings may still be silenced or completed by what the end of the capture shows. */
  readonly waits: boolean;
  held = new HeldVerdicts();
  /** Those that no longer fit into `held`, so that silenced ones are not counted. */
  heldOver = new HeldOver();
  /** By title, the connections of what it has told, the first two or what tells the second, and how gravely. */
  private readonly told = new Map<string, Map<string, number>>();
  /** Servers of findings that the end of the capture confirmed, and of those that it took back. */
  readonly confirmed = new Set<string>();
  readonly takenBack = new Set<string>();
  /** Connections it spoke about and how gravely; kept only if some rule yields to it. */
  readonly spoke: Spoken | undefined;

  constructor(rule: R, waits: boolean, isYieldedTo: boolean) {
    this.rule = rule;
    this.waits = waits;
    this.spoke = isYieldedTo ? new Spoken() : undefined;
  }

  /** Was this told of other views of the connections, and as gravely? It is told now, if not. */
  isToldOf(
    { connections, severity, title }: Pick<Finding, 'connections' | 'severity' | 'title'>,
    otherViews: OtherViews,
    secondKey?: string,
  ): boolean {
    const [owner, numbered] = connections;
    const second = secondKey ?? numbered;
    if (owner === undefined) return false;
    const rank = -SEVERITIES.indexOf(severity);
    const own = `${owner} ${second}`;
    const known = this.told.get(title);
    if (known === undefined) this.told.set(title, new Map([[own, rank]]));
    else if (!known.has(own)) {
      const others = typeof second === 'number' ? [second, ...otherViews(second)] : [second];
      const isKnown = (view: number): boolean =>
        others.some((other) => (known.get(`${view} ${other}`) ?? Number.NEGATIVE_INFINITY) >= rank);
      if ([owner, ...otherViews(owner)].some(isKnown)) return true;
      known.set(own, rank);
    }
    return false;
  }
}

/** Connections known by now that show the same handshake as this one, captured where addresses are others. */
export type OtherViews = (connection: number) => readonly number[];

/** A state for each rule. A rule waits if it, or a rule that it yields to, is not settled before the end of the capture. */
export function statesOf(rules: readonly Rule[]): {
  readonly ofConnections: readonly RuleState<ConnectionRule>[];
  readonly ofCapture: readonly RuleState<CaptureRule>[];
} {
  const captureRules = new Set<string>();
  const waiting = new Set<string>();
  const yieldedTo = new Set<string>();
  for (const { kind, meta } of rules) {
    if (kind === 'capture') captureRules.add(meta.id);
    for (const id of meta.yieldsTo ?? []) yieldedTo.add(id);
  }
  for (const rule of rules) {
    if (rule.kind === 'connection' && rule.complete !== undefined) waiting.add(rule.meta.id);
  }
  const waits = (rule: Rule): boolean =>
    waiting.has(rule.meta.id) ||
    rule.meta.restsOnSilence === true ||
    (rule.meta.yieldsTo ?? []).some((id) => captureRules.has(id) || waiting.has(id));
  const ofConnections = rules
    .filter((rule) => rule.kind === 'connection')
    .map((rule) => new RuleState(rule, waits(rule), yieldedTo.has(rule.meta.id)));
  const ofCapture = rules
    .filter((rule) => rule.kind === 'capture')
    .map((rule) => new RuleState(rule, true, yieldedTo.has(rule.meta.id)));
  return { ofConnections, ofCapture };
}

/** The answers to one connection, and how many others of its class get the same without being asked. */
export class OrdinaryClass {
  silent = true;
  more = 0;
  readonly assessed: RuleState[] = [];
  readonly notAssessable: [RuleState, BlindSpot][] = [];

  /** Counts for those that were not asked. */
  settle(): void {
    for (const state of this.assessed) state.assessed += this.more;
    for (const [{ notAssessable }, missing] of this.notAssessable)
      notAssessable.set(missing, (notAssessable.get(missing) ?? 0) + this.more);
    this.more = 0;
  }
}

/** What a verdict says, as far as that is counted. */
export const kindOf = ({ rule: { meta } }: RuleState, verdict: FindingVerdict): Kind => ({
  title: titleOf(meta, verdict),
  severity: verdict.severity ?? meta.severity,
  confidence: verdict.confidence,
});
