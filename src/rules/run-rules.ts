import type { CaptureIndex } from '../model/capture-index.ts';
import type { Fault } from '../model/fault.ts';
import {
  type CoverageRow,
  type Finding,
  type OmittedFindings,
  SEVERITIES,
  type Severity,
} from '../model/finding.ts';
import type { ConnectionHistory } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type {
  CaptureRule,
  ConnectionRule,
  FindingVerdict,
  Neighbours,
  Rule,
  RuleMeta,
  Verdict,
} from '../model/rule.ts';
import { doubted } from './doubted.ts';
import { FaultBook } from './fault/fault-book.ts';
import { HeldVerdicts } from './held-verdicts.ts';
import { inOrder } from './in-order.ts';
import { HeldOver, type Kind, Omissions } from './omissions.ts';
import { renderFinding, type StreamOf } from './render.ts';
import { kindOf, OrdinaryClass, type OtherViews, type RuleState, statesOf } from './rule-state.ts';
import { withoutTimes } from './without-times.ts';

/** What the runner works with. */
export interface RuleRunnerOptions {
  readonly rules: readonly Rule[];
  /** Ids of the rules to run; all unless given. */
  readonly selected?: ReadonlySet<string> | undefined;
  /** Several captures are read: numbers of streams hold in none of them. */
  readonly several?: boolean;
  /** Did a clock step between these packets? Then what rests on the time between them is less than likely. */
  readonly isAcrossStep?: (packets: readonly number[]) => boolean;
  /** Takes each finding once it is final. */
  readonly finding: (finding: Finding) => void;
  /** Told of the connections of a finding that waits for the end of the capture. */
  readonly held?: ((connections: readonly number[]) => void) | undefined;
  readonly otherViews?: OtherViews | undefined;
  /** Did time pass from one packet to another until now? */
  readonly hasTimes?: () => boolean;
  /** Takes whose fault each failed connection probably is, after the last finding. */
  readonly fault?: ((fault: Fault) => void) | undefined;
  /** Takes word of a rule that failed. */
  readonly notices?: NoticeSink | undefined;
  /** Findings kept in full for one rule. */
  readonly findingsPerRule?: number;
  /** Findings of all rules that wait for the end, and how many of one rule may wait beyond that. */
  readonly findingsHeld?: { readonly inAll: number; readonly each: number };
}

const rankOf = (severity: Severity): number => -SEVERITIES.indexOf(severity);
const NOTE = rankOf('info');

/**
 * Puts every connection, then the capture, before the rules; counts coverage; lets one cause speak once.
 *
 * General rules yield to specific ones. What a rule of one connection says is emitted right after that connection,
 * unless a rule over the whole capture may still silence it or the rule itself waits for the end.
 */
export class RuleRunner {
  readonly #states: readonly RuleState[];
  readonly #ofConnections: readonly RuleState<ConnectionRule>[];
  readonly #ofCapture: readonly RuleState<CaptureRule>[];
  readonly #byId = new Map<string, RuleState>();
  readonly #emit: (finding: Finding) => void;
  readonly #emitFault: ((fault: Fault) => void) | undefined;
  readonly #otherViews: OtherViews;
  readonly #hasTimes: () => boolean;
  readonly #onHeld: ((connections: readonly number[]) => void) | undefined;
  readonly #faults = new FaultBook();
  readonly #notices: NoticeSink | undefined;
  readonly #limit: number;
  readonly #held: { readonly inAll: number; readonly each: number };
  #heldInAll = 0;
  readonly #several: boolean;
  readonly #isAcrossStep: (packets: readonly number[]) => boolean;
  readonly #omissions = new Omissions();
  #internalErrors = 0;
  /** What all rules answered to the first connection of each ordinary class, where none of them spoke. */
  readonly #ordinary = new Map<number, OrdinaryClass>();
  /** Connections whose packets are on several streams. */
  readonly #moved = new Set<number>();
  #answers = new OrdinaryClass();

  constructor(options: RuleRunnerOptions) {
    this.#emit = options.finding;
    this.#emitFault = options.fault;
    this.#onHeld = options.held;
    this.#otherViews = options.otherViews ?? (() => []);
    this.#hasTimes = options.hasTimes ?? (() => true);
    this.#notices = options.notices;
    this.#several = options.several === true;
    this.#isAcrossStep = (options.several && options.isAcrossStep) || (() => false);
    this.#limit = options.findingsPerRule ?? LIMITS.findingsPerRule;
    this.#held = options.findingsHeld ?? {
      inAll: LIMITS.findingsHeld,
      each: LIMITS.findingsHeldEach,
    };
    const rules = options.rules.filter(
      ({ meta }) => options.selected?.has(meta.id) ?? meta.onRequest !== true,
    );
    const { ofConnections, ofCapture } = statesOf(rules);
    this.#ofConnections = ofConnections;
    this.#ofCapture = ofCapture;
    this.#states = [...this.#ofConnections, ...this.#ofCapture];
    for (const state of this.#states) this.#byId.set(state.rule.meta.id, state);
  }

  /** Faults of rules that were caught. */
  get internalErrors(): number {
    return this.#internalErrors;
  }

  /** Failed connections beyond the limit, whose fault was not judged. */
  get faultsOmitted(): number {
    return this.#faults.omitted;
  }

  /** Findings that were counted only, per rule. */
  get findingsOmitted(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.#states
        .filter(({ omitted }) => omitted > 0)
        .map(({ rule, omitted }) => [rule.meta.id, omitted]),
    );
  }

  /** The same by what they say and of which server. */
  get omittedAlike(): readonly OmittedFindings[] {
    return this.#omissions.list();
  }

  /**
   * How many connections each rule judged, and why it could not judge others. A rule over the whole capture counts
   * the connections it looked over.
   */
  coverage(): readonly CoverageRow[] {
    for (const answers of this.#ordinary.values()) answers.settle();
    return this.#states.map(({ rule, assessed, notAssessable }) => ({
      rule: rule.meta.id,
      assessed,
      notAssessable: Object.fromEntries(notAssessable),
    }));
  }

  /**
   * Judges one connection that is final. Associations of one 5-tuple come in their order: a later one may be silent
   * because an earlier one explains it.
   */
  connection(history: ConnectionHistory, neighbours: Neighbours): void {
    const ordinary = history.ordinary ?? 0;
    if (ordinary !== 0) {
      const known = this.#ordinary.get(ordinary);
      if (known !== undefined) {
        known.more++;
        return;
      }
    }
    this.#faults.add(history);
    if (history.dtls !== undefined && history.dtls.paths.length > 0) this.#noteMoved(history.id);
    const answers = new OrdinaryClass();
    this.#answers = answers;
    let now: [RuleState, FindingVerdict][] | undefined;
    for (const state of this.#ofConnections) {
      const findings = this.#judge(state, history, neighbours);
      if (findings === undefined) continue;
      for (const verdict of findings) {
        // Whoever yields to a rule that completes its findings waits as well, and hears the completed ones.
        if (state.rule.complete === undefined) this.#remember(state, verdict);
        if (state.waits) this.#hold(state, verdict);
        else {
          now ??= [];
          now.push([state, verdict]);
        }
      }
    }
    if (ordinary !== 0 && answers.silent) this.#ordinary.set(ordinary, answers);
    if (now === undefined) return;
    const known = [history, neighbours.previous, neighbours.next];
    const streamOf = (id: number): StreamOf | undefined =>
      this.#hasMoved(id) ? undefined : known.find((one) => one?.id === id);
    for (const [state, verdict] of now) {
      if (!this.#isSilenced(state, verdict)) this.#tell(state, verdict, streamOf);
    }
  }

  #noteMoved(id: number): void {
    if (this.#moved.size < LIMITS.movedConnections) this.#moved.add(id);
  }

  /** May packets of the connection be on several streams? With too many of them, those of any. */
  #hasMoved(id: number): boolean {
    return this.#moved.has(id) || this.#moved.size >= LIMITS.movedConnections;
  }

  /** Judges the capture as a whole, once, after its last connection; then tells what was held back. */
  capture(index: CaptureIndex): void {
    for (const state of this.#ofConnections) {
      const complete = state.rule.complete?.bind(state.rule);
      if (complete === undefined) continue;
      const completed = new HeldVerdicts();
      state.held.drain((verdict) => {
        const final = this.#guard(state, verdict.evidence[0].packet, () =>
          complete(verdict, index),
        );
        (final === undefined ? state.takenBack : state.confirmed).add(serverOf(verdict, index));
        if (final === undefined) return;
        completed.push(final);
        this.#remember(state, final);
      });
      state.held = completed;
      if (state.heldOver.count > 0) this.#completeOver(state, index);
    }
    for (const state of this.#ofCapture) {
      if (this.#isUntimed(state.rule.meta)) {
        state.notAssessable.set('no-times', index.connectionCount);
        continue;
      }
      this.#guard(state, 0, () => {
        for (const verdict of state.rule.check(index)) {
          this.#remember(state, verdict);
          this.#hold(state, verdict);
        }
      });
      state.assessed = index.connectionCount;
    }
    const streamOf = (id: number): StreamOf | undefined => {
      return this.#hasMoved(id) ? undefined : index.summary(id);
    };
    for (const state of this.#states) {
      state.held.drain((verdict) => {
        const known = doubted(state.rule.meta, verdict, index.droppedPackets ?? 0);
        if (!this.#isSilenced(state, verdict)) this.#tell(state, known, streamOf);
      });
      state.heldOver.forEach((kind, nanos, connections) => {
        const { severity } = kind;
        if (!this.#isSilenced(state, { severity, connections }))
          this.#omit(state, kind, nanos, streamOf(connections[0] ?? 0));
      });
      state.heldOver.clear();
    }
    this.#faults.judge((fault) => this.#emitFault?.(fault));
  }

  /** As `#guard`, without its closure: this runs for every rule on every connection. */
  #judge(
    state: RuleState<ConnectionRule>,
    history: ConnectionHistory,
    neighbours: Neighbours,
  ): readonly FindingVerdict[] | undefined {
    const { meta } = state.rule;
    try {
      const verdict = inOrder(state.rule.check(history, neighbours), meta, history);
      return this.#count(state, this.#isUntimed(meta) ? withoutTimes(verdict, meta) : verdict);
    } catch (fault) {
      this.#answers.silent = false;
      this.#report(state, history.firstPacket, fault);
      return undefined;
    }
  }

  #isUntimed({ restsOnTime }: RuleMeta): boolean {
    return restsOnTime === true && !this.#hasTimes();
  }

  #count(
    state: RuleState,
    verdict: Verdict | readonly FindingVerdict[],
  ): readonly FindingVerdict[] | undefined {
    if (!('kind' in verdict)) {
      state.assessed++;
      if (verdict.length > 0) this.#answers.silent = false;
      this.#answers.assessed.push(state);
      return verdict;
    }
    switch (verdict.kind) {
      case 'not-applicable':
        return undefined;
      case 'not-assessable':
        state.notAssessable.set(
          verdict.missing,
          (state.notAssessable.get(verdict.missing) ?? 0) + 1,
        );
        this.#answers.notAssessable.push([state, verdict.missing]);
        return undefined;
      case 'pass':
        state.assessed++;
        this.#answers.assessed.push(state);
        return undefined;
      case 'finding':
        state.assessed++;
        this.#answers.silent = false;
        return [verdict];
    }
  }

  #remember(
    { rule, spoke }: RuleState,
    { severity, connections }: Pick<FindingVerdict, 'severity' | 'connections'>,
  ): void {
    if (spoke === undefined) return;
    const rank = rankOf(severity ?? rule.meta.severity);
    for (const id of connections) spoke.set(id, Math.max(spoke.get(id) ?? NOTE, rank));
  }

  #hold(state: RuleState, verdict: FindingVerdict): void {
    const { inAll, each } = this.#held;
    const { count } = state.held;
    // A flood of one rule must not keep the few findings of another from being told.
    if (count < this.#limit && (this.#heldInAll < inAll || count < each)) {
      this.#heldInAll++;
      state.held.push(verdict);
      this.#onHeld?.(verdict.connections);
      return;
    }
    const [{ nanos }] = verdict.evidence;
    const kind = kindOf(state, verdict);
    // Without room nobody can be asked later; what the end of the capture may take back is then not counted either.
    const isKept = state.heldOver.add(kind, nanos, verdict.connections);
    if (!isKept && !('complete' in state.rule)) this.#omit(state, kind, nanos, undefined);
  }

  #omit(state: RuleState, kind: Kind, nanos: number, stream: StreamOf | undefined): void {
    state.omitted++;
    this.#omissions.add(state.rule.meta.id, kind, stream?.server, nanos);
  }

  /**
   * Findings that are counted only cannot be completed. Those about a server stand with those that were: if none of them
   * was taken back.
   */
  #completeOver(state: RuleState<ConnectionRule>, index: CaptureIndex): void {
    const stands = ([id]: readonly number[]): boolean => {
      const server = serverOf({ connections: id === undefined ? [] : [id] }, index);
      return state.confirmed.has(server) && !state.takenBack.has(server);
    };
    const standing = new HeldOver();
    state.heldOver.forEach((kind, nanos, connections) => {
      if (!stands(connections)) return;
      standing.add(kind, nanos, connections);
      this.#remember(state, { severity: kind.severity, connections });
    });
    state.heldOver = standing;
  }

  /** Did a rule that this one yields to speak of all these connections, or other views of them, and not merely in a note? */
  #isSilenced(
    { rule }: RuleState,
    { severity, connections }: Pick<FindingVerdict, 'severity' | 'connections'>,
  ): boolean {
    const yieldsTo = rule.meta.yieldsTo;
    if (yieldsTo === undefined || connections.length === 0) return false;
    const isNote = (severity ?? rule.meta.severity) === 'info';
    const isTold = (id: number): boolean =>
      yieldsTo.some((other) => {
        const rank = this.#byId.get(other)?.spoke?.get(id);
        return rank !== undefined && (isNote || rank > NOTE);
      });
    return connections.every((id) => isTold(id) || this.#otherViews(id).some(isTold));
  }

  #tell(
    state: RuleState,
    verdict: FindingVerdict,
    streamOf: (id: number) => StreamOf | undefined,
  ): void {
    if (state.findings === this.#limit) {
      const [owner] = verdict.connections;
      const stream = owner === undefined ? undefined : streamOf(owner);
      this.#omit(state, kindOf(state, verdict), verdict.evidence[0].nanos, stream);
      return;
    }
    const finding = this.#guard(state, verdict.evidence[0].packet, () =>
      renderFinding(state.rule.meta, verdict, streamOf, this.#several),
    );
    if (finding === undefined) return;
    const isDoubtful = finding.confidence === 'likely' && this.#isAcrossStep(finding.packets);
    const final: Finding = isDoubtful ? { ...finding, confidence: 'possible' } : finding;
    this.#faults.hear(final, verdict);
    // Both views of a connection have their fault, and one of them the finding.
    if (state.isToldOf(final, this.#otherViews, verdict.secondKey)) return;
    state.findings++;
    this.#emit(final);
  }

  /** A fault in one rule costs that rule's answer, not the run. */
  #guard<T>(state: RuleState, packetNumber: number, work: () => T): T | undefined {
    try {
      return work();
    } catch (fault) {
      this.#report(state, packetNumber, fault);
      return undefined;
    }
  }

  #report({ rule }: RuleState, packetNumber: number, fault: unknown): void {
    this.#internalErrors++;
    const why = fault instanceof Error ? fault.message : String(fault);
    this.#notices?.notice({
      code: 'internal-error',
      packetNumber,
      offset: -1,
      needed: 0,
      available: 0,
      detail: `rule ${rule.meta.id}: ${why}`,
    });
  }
}

const serverOf = (
  { connections: [owner = 0] }: Pick<FindingVerdict, 'connections'>,
  index: CaptureIndex,
): string => {
  const server = index.summary(owner)?.server;
  return server === undefined ? '' : `${server.address} ${server.port}`;
};
