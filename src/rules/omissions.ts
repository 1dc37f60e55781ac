import type { Confidence, OmittedFindings, Severity } from '../model/finding.ts';
import type { Endpoint } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { Nanos } from '../model/time.ts';

/** What findings say alike. */
export interface Kind {
  /** Undefined where too many are told apart already. */
  readonly title: string | undefined;
  readonly severity: Severity;
  readonly confidence: Confidence;
}

type Counted = { -readonly [Key in keyof OmittedFindings]: OmittedFindings[Key] };

/** Findings that are counted only: how many say the same of one server. */
export class Omissions {
  private readonly groups = new Map<string, Counted>();

  add(rule: string, kind: Kind, server: Endpoint | undefined, nanos: Nanos): void {
    const { severity, confidence } = kind;
    const name = (title: string | undefined, of: Endpoint | undefined): string =>
      [rule, severity, confidence, of?.address, of?.port, title].join(' ');
    const key = name(kind.title, server);
    const isNew = !this.groups.has(key);
    const isFull = isNew && this.groups.size >= LIMITS.omittedGroups;
    const [known, of] = isFull ? [undefined, undefined] : [kind.title, server];
    const group = this.groups.get(isFull ? name(known, of) : key);
    if (group !== undefined) {
      group.count++;
      group.firstNanos = Math.min(group.firstNanos, nanos);
      group.lastNanos = Math.max(group.lastNanos, nanos);
      return;
    }
    this.groups.set(name(known, of), {
      rule,
      title: known,
      severity,
      confidence,
      server: of,
      count: 1,
      firstNanos: nanos,
      lastNanos: nanos,
    });
  }

  list(): readonly OmittedFindings[] {
    return [...this.groups.values()];
  }
}

/**
 * What is left of findings that wait for the end of the capture and are too many to be told: enough to silence, and to
 * count, them then.
 */
export class HeldOver {
  private readonly kinds: Kind[] = [];
  private readonly known = new Map<string, number>();
  /** Of each finding: its kind, its time, the number of its connections, and those. */
  private numbers: number[] = [];
  private readonly limit: number;
  count = 0;

  constructor(limit: number = LIMITS.findingsHeldOver) {
    this.limit = limit;
  }

  /** @returns false if there is no room: then it cannot be silenced any more */
  add(kind: Kind, nanos: Nanos, connections: readonly number[]): boolean {
    if (this.numbers.length + 3 + connections.length > this.limit) return false;
    this.numbers.push(this.kindOf(kind), nanos, connections.length);
    for (const id of connections) this.numbers.push(id);
    this.count++;
    return true;
  }

  private kindOf(kind: Kind): number {
    const isFull = this.kinds.length >= LIMITS.omittedGroups;
    const key = [kind.severity, kind.confidence, kind.title].join(' ');
    const place = this.known.get(key);
    if (place !== undefined) return place;
    if (isFull && kind.title !== undefined) return this.kindOf({ ...kind, title: undefined });
    this.known.set(key, this.kinds.length);
    return this.kinds.push(kind) - 1;
  }

  /** Hands over each in the order in which it came. */
  forEach(take: (kind: Kind, nanos: Nanos, connections: readonly number[]) => void): void {
    const { numbers } = this;
    for (let at = 0; at < numbers.length; ) {
      const [place = 0, nanos = 0, length = 0] = numbers.slice(at, at + 3);
      const kind = this.kinds[place];
      at += 3;
      if (kind !== undefined) take(kind, nanos, numbers.slice(at, at + length));
      at += length;
    }
  }

  clear(): void {
    this.numbers = [];
    this.count = 0;
  }
}
