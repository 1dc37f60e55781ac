import type { Finding, OmittedFindings } from '../model/finding.ts';
import { LIMITS } from '../model/limits.ts';
import type { Nanos } from '../model/time.ts';
import { endpointText } from './connection-rows.ts';
import { byWeight, type Ending } from './reporter.ts';

/** Findings of one rule that say the same up to which each is told for itself. */
export const EACH_UP_TO = 5;
/** Findings and packets named of many that say the same. */
const NAMED = 5;

/** What one server has of findings that say the same. */
export interface RepeatedAtServer {
  /** `192.0.2.1:443`; undefined where findings name none, or too many servers are told apart. */
  readonly server: string | undefined;
  occurrences: number;
  /** Of these, those that are counted only. */
  omitted: number;
  /** Numbers of the first findings, and the first packet of each. */
  ids: readonly number[];
  packets: readonly number[];
}

/** Findings that say the same: of one rule, with one headline, equally grave and sure. */
export interface Repeated {
  readonly rule: string;
  readonly title: string;
  readonly severity: Finding['severity'];
  readonly confidence: Finding['confidence'];
  occurrences: number;
  omitted: number;
  firstNanos: Nanos;
  lastNanos: Nanos;
  readonly servers: Map<string | undefined, RepeatedAtServer>;
}

/** What of a finding tells whether it says the same as another. */
export type Repeatable = Pick<
  Finding,
  'rule' | 'title' | 'severity' | 'confidence' | 'nanos' | 'ofServer' | 'packets'
>;

/** Puts findings together that say the same. Bounded, so that a live pipe may go on. */
export class Repeats {
  private readonly groups = new Map<string, Repeated>();
  private servers = 0;

  /** @param id number of the finding in the report */
  add(finding: Repeatable, id: number): void {
    const group = this.groupOf(finding, finding.nanos);
    if (group === undefined) return;
    group.occurrences++;
    const server = this.serverOf(group, finding.ofServer && endpointText(finding.ofServer));
    server.occurrences++;
    if (server.ids.length >= NAMED) return;
    // An array that is pushed to takes room for sixteen more, and most servers have one of each.
    server.ids = [...server.ids, id];
    server.packets = [...server.packets, finding.packets[0] ?? 0];
  }

  /** Those that were counted only. */
  addOmitted({ title, server: of, count, firstNanos, lastNanos, ...kind }: OmittedFindings): void {
    if (title === undefined) return;
    const group = this.groupOf({ ...kind, title }, firstNanos);
    if (group === undefined) return;
    group.occurrences += count;
    group.omitted += count;
    group.firstNanos = Math.min(group.firstNanos, firstNanos);
    group.lastNanos = Math.max(group.lastNanos, lastNanos);
    const server = this.serverOf(group, of && endpointText(of));
    server.occurrences += count;
    server.omitted += count;
  }

  /** What a finding repeats, or is repeated by; undefined where there are so few that each is told. */
  of(finding: Finding): Repeated | undefined {
    const group = this.groups.get(keyOf(finding));
    return group !== undefined && group.occurrences > EACH_UP_TO ? group : undefined;
  }

  /** All that there are too many of to tell each, those first that are told first. */
  list(): readonly Repeated[] {
    return [...this.groups.values()]
      .filter(({ occurrences }) => occurrences > EACH_UP_TO)
      .sort((a, b) => byWeight({ ...a, packets: placeOf(a) }, { ...b, packets: placeOf(b) }));
  }

  private groupOf(
    kind: Pick<Finding, 'rule' | 'title' | 'severity' | 'confidence'>,
    nanos: Nanos,
  ): Repeated | undefined {
    const key = keyOf(kind);
    let group = this.groups.get(key);
    if (group === undefined) {
      if (this.groups.size >= LIMITS.omittedGroups) return undefined;
      const { rule, title, severity, confidence } = kind;
      group = {
        ...{ rule, title, severity, confidence },
        occurrences: 0,
        omitted: 0,
        firstNanos: nanos,
        lastNanos: nanos,
        servers: new Map(),
      };
      this.groups.set(key, group);
    }
    group.firstNanos = Math.min(group.firstNanos, nanos);
    group.lastNanos = Math.max(group.lastNanos, nanos);
    return group;
  }

  private serverOf(
    { servers }: Pick<Repeated, 'servers'>,
    name: string | undefined,
  ): RepeatedAtServer {
    let known = servers.get(name);
    if (known !== undefined) return known;
    if (name !== undefined && this.servers >= LIMITS.repeatedServers)
      return this.serverOf({ servers }, undefined);
    this.servers++;
    known = { server: name, occurrences: 0, omitted: 0, ids: NONE, packets: NONE };
    servers.set(name, known);
    return known;
  }
}

const NONE: readonly number[] = [];

const keyOf = ({
  rule,
  severity,
  confidence,
  title,
}: Pick<Finding, 'rule' | 'title' | 'severity' | 'confidence'>): string =>
  [rule, severity, confidence, title].join(' ');

/** The first packet of all that were told. */
const placeOf = ({ servers }: Repeated): number[] =>
  [...servers.values()].flatMap(({ packets }) => packets.slice(0, 1)).sort((a, b) => a - b);

/** The servers with most of them first. */
export function busiest({ servers }: Repeated): readonly RepeatedAtServer[] {
  return [...servers.values()].sort((a, b) => b.occurrences - a.occurrences);
}

/** @param findings in the order of their numbers */
export function repeatsOf(findings: readonly Repeatable[], ending: Ending): Repeats {
  const repeats = new Repeats();
  findings.forEach((finding, index) => {
    repeats.add(finding, index + 1);
  });
  for (const one of countedOnly(ending)) repeats.addOmitted(one);
  return repeats;
}

/** A finding that is told, and what it stands for. */
export interface Unit {
  readonly finding: Finding;
  readonly id: number;
  readonly repeated: Repeated | undefined;
}

/**
 * Findings to be told, without those that say the same as an earlier one.
 *
 * @param findings in the order of their numbers
 * @param repeats undefined: all are to be told
 */
export function unitsOf(findings: readonly Finding[], repeats: Repeats | undefined): Unit[] {
  const begun = new Set<Repeated>();
  const units: Unit[] = [];
  findings.forEach((finding, index) => {
    const repeated = repeats?.of(finding);
    if (repeated !== undefined && begun.has(repeated)) return;
    if (repeated !== undefined) begun.add(repeated);
    units.push({ finding, id: index + 1, repeated });
  });
  return units;
}

/** Findings that were counted only; none where a part of the findings was asked for, which they may not be of. */
export function countedOnly({ result, selection, checks }: Ending): readonly OmittedFindings[] {
  return selection === '' && checks?.baseline === undefined ? result.omittedAlike : [];
}
