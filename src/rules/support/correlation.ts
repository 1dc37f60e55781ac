import type { ConnectionSummary } from '../../model/capture-index.ts';
import { LIMITS } from '../../model/limits.ts';
import { type Nanos, SECOND } from '../../model/time.ts';
import { afterComparisons, chanceOfSpan, chanceOfSplit } from './chance.ts';
import type { Property } from './properties.ts';

/** Handshakes, and how many of them count for themselves: what a client tries again at once failed for the same reason. */
interface Count {
  all: number;
  fresh: number;
}

/** A property that most failures share and hardly a success has. */
export interface Standout {
  readonly property: string;
  readonly value: string;
  /** What handshakes with it did: `had the record MAC HMAC-SHA1`. */
  readonly says: string;
  /** Of how many failures, and successes that show the property, have it. */
  readonly failures: number;
  readonly ofFailures: number;
  readonly successes: number;
  readonly ofSuccesses: number;
  /** All failures and no success. */
  readonly isPerfect: boolean;
  readonly isOrigin: boolean;
  /** How probable such a split is by chance, alone and after all comparisons. */
  readonly chance: number;
  readonly chanceOfAny: number;
}

/** What is kept of failures that ended in the same way. */
export interface Failures {
  readonly how: string;
  readonly ids: number[];
  readonly first: ConnectionSummary[];
  last: ConnectionSummary;
  readonly counts: Tally;
  /** Successes that began before the first, and before the last. */
  readonly before: Count;
  until: Count;
}

/** Failures shown as evidence; their number is told. */
const SHOWN = 3;
const LEAST_FAILURES = 2;
const LEAST_SUCCESSES = 5;
/** A client that tries again by itself does so within this time. */
const RETRIED_WITHIN = SECOND;
/** With exceptions, a split has to be this clear. */
const MOST = 0.9;
const FEW = 0.1;
/** After all comparisons, and for a mere hint before them. */
export const CLAIM = 0.01;
const HINT = 0.05;

/** How many of a group of handshakes have each value of each property. */
class Tally {
  readonly total: Count = { all: 0, fresh: 0 };
  readonly known: Count[];
  /** By property; undefined for one with too many values. */
  readonly values: (Map<string, Count> | undefined)[];
  shortest = Number.POSITIVE_INFINITY;
  longest = 0;

  constructor(properties: number) {
    this.known = Array.from({ length: properties }, () => ({ all: 0, fresh: 0 }));
    this.values = Array.from({ length: properties }, () => new Map());
  }

  add(values: readonly (string | undefined)[], octets: number, isFresh: boolean): void {
    increment(this.total, isFresh);
    this.shortest = Math.min(this.shortest, octets);
    this.longest = Math.max(this.longest, octets);
    values.forEach((value, place) => {
      const counts = this.values[place];
      const known = this.known[place];
      if (value === undefined || counts === undefined || known === undefined) return;
      increment(known, isFresh);
      let count = counts.get(value);
      if (count === undefined) {
        if (counts.size >= LIMITS.correlatedValues) {
          this.values[place] = undefined;
          return;
        }
        count = { all: 0, fresh: 0 };
        counts.set(value, count);
      }
      increment(count, isFresh);
    });
  }
}

function increment(count: Count, isFresh: boolean): void {
  count.all++;
  if (isFresh) count.fresh++;
}

/** Compares failures with successes, row by row in order of time, without keeping the rows. */
export class Correlation {
  private readonly properties: readonly Property[];
  private readonly successes: Tally;
  private readonly kinds = new Map<string, Failures>();
  /** The last handshake of each client, as far as it is compared. */
  private readonly clients = new Map<string, { readonly alike: string; readonly nanos: Nanos }>();

  constructor(properties: readonly Property[]) {
    this.properties = properties;
    this.successes = new Tally(properties.length);
  }

  /** @param how a failure ended; undefined for a success */
  add(row: ConnectionSummary, how: string | undefined): void {
    const { address } = row.client;
    const former = this.clients.get(address);
    const isFull = former === undefined && this.clients.size >= LIMITS.correlatedClients;
    const isFirst = isFull ? undefined : former === undefined;
    const values = this.properties.map((property) => property.of(row, isFirst));
    const { cipherSuite, version, serverName, alpn, ja4, resumptionOffered } = row;
    const alike = [how, cipherSuite, version, serverName, alpn, ja4, resumptionOffered].join(' ');
    if (!isFull) this.clients.set(address, { alike, nanos: row.end.nanos });
    if (how === undefined) {
      this.successes.add(values, row.helloOctets, true);
      return;
    }
    const isRetry = former?.alike === alike && row.start.nanos - former.nanos < RETRIED_WITHIN;
    this.fail(row, how)?.counts.add(values, row.helloOctets, !isFull && !isRetry);
  }

  private fail(row: ConnectionSummary, how: string): Failures | undefined {
    let kind = this.kinds.get(how);
    if (kind === undefined) {
      if (this.kinds.size >= LIMITS.correlatedKinds) return undefined;
      kind = {
        how,
        ids: [],
        first: [],
        last: row,
        counts: new Tally(this.properties.length),
        before: { ...this.successes.total },
        until: { ...this.successes.total },
      };
      this.kinds.set(how, kind);
    }
    kind.ids.push(row.id);
    if (kind.first.length < SHOWN) kind.first.push(row);
    kind.last = row;
    kind.until = { ...this.successes.total };
    return kind;
  }

  /** What stands out about each kind of failures, the clearest first. */
  *standouts(): Iterable<{
    readonly kind: Failures;
    readonly found: readonly Standout[];
    readonly successes: number;
    readonly comparisons: number;
  }> {
    const successes = this.successes.total.all;
    for (const kind of this.kinds.values()) {
      if (kind.ids.length < LEAST_FAILURES || successes < LEAST_SUCCESSES) continue;
      const candidates: Omit<Standout, 'chanceOfAny'>[] = [];
      let comparisons = 0;
      this.properties.forEach((property, place) => {
        const compared = this.compare(kind, property, place);
        comparisons += compared.comparisons;
        if (compared.candidate !== undefined) candidates.push(compared.candidate);
      });
      for (const other of [this.inTime(kind), ...this.bySize(kind)]) {
        comparisons++;
        if (other !== undefined) candidates.push(other);
      }
      const corrected = afterComparisons(
        candidates.map(({ chance }) => chance),
        comparisons,
      );
      const found = candidates
        .map((one, at) => ({ ...one, chanceOfAny: corrected[at] ?? 1 }))
        .filter(isWorthTelling);
      yield { kind, found: this.clearest(found), successes, comparisons };
    }
  }

  private compare(
    { counts }: Failures,
    property: Property,
    place: number,
  ): { comparisons: number; candidate?: Omit<Standout, 'chanceOfAny'> } {
    const failed = counts.values[place];
    const fine = this.successes.values[place];
    const known = this.successes.known[place];
    if (failed === undefined || fine === undefined || known === undefined || known.all === 0)
      return { comparisons: 0 };
    // What all have alike parts nobody, and was not compared.
    const comparisons = new Set([...failed.keys(), ...fine.keys()]).size;
    if (comparisons < 2) return { comparisons: 0 };
    const [most] = [...failed].sort(([, a], [, b]) => b.all - a.all);
    if (most === undefined) return { comparisons };
    const [value, having] = most;
    const others = fine.get(value) ?? NONE;
    return {
      comparisons,
      candidate: {
        property: property.name,
        value,
        says: property.says?.(value) ?? `had the ${property.name} ${value}`,
        failures: having.all,
        ofFailures: counts.total.all,
        successes: others.all,
        ofSuccesses: known.all,
        isPerfect: having.all === counts.total.all && others.all === 0,
        isOrigin: property.isOrigin === true,
        chance: chanceOfSplit(counts.total.fresh, having.fresh, known.fresh, others.fresh),
      },
    };
  }

  /** Failures between which hardly anything succeeded, from first to last. */
  private inTime({
    counts,
    first,
    last,
    before,
    until,
  }: Failures): Omit<Standout, 'chanceOfAny'> | undefined {
    const [earliest] = first;
    if (earliest === undefined) return undefined;
    const { total } = this.successes;
    const between = until.all - before.all;
    const [from, to] = [earliest.start.nanos, last.start.nanos];
    const value = spanText(from, to, before.all > 0, until.all < total.all);
    return {
      property: 'time',
      value,
      says: `began ${value}`,
      failures: counts.total.all,
      ofFailures: counts.total.all,
      successes: between,
      ofSuccesses: total.all,
      isPerfect: between === 0,
      isOrigin: false,
      chance: chanceOfSpan(counts.total.fresh, total.fresh, until.fresh - before.fresh),
    };
  }

  /** ClientHellos that are all longer, or all shorter, than any that succeeded. */
  private bySize({ counts }: Failures): (Omit<Standout, 'chanceOfAny'> | undefined)[] {
    const { successes } = this;
    const one = (isSplit: boolean, value: string): Omit<Standout, 'chanceOfAny'> | undefined =>
      isSplit
        ? {
            property: 'size of the ClientHello',
            value,
            says: `had a ClientHello of ${value}`,
            failures: counts.total.all,
            ofFailures: counts.total.all,
            successes: 0,
            ofSuccesses: successes.total.all,
            isPerfect: true,
            isOrigin: false,
            chance: chanceOfSplit(counts.total.fresh, counts.total.fresh, successes.total.fresh, 0),
          }
        : undefined;
    return [
      one(counts.shortest > successes.longest, `${counts.shortest} octets or more`),
      one(counts.longest < successes.shortest, `${counts.longest} octets or fewer`),
    ];
  }

  /** Without what only says the same in other words. */
  private clearest(found: readonly Standout[]): readonly Standout[] {
    const under = new Map(this.properties.map(({ name, under }) => [name, under]));
    return found
      .filter(({ property, failures, successes, ofSuccesses }) => {
        const coarse = found.find((one) => one.property === under.get(property));
        return (
          coarse === undefined ||
          coarse.failures !== failures ||
          coarse.successes !== successes ||
          coarse.ofSuccesses !== ofSuccesses
        );
      })
      .sort((a, b) => Number(b.isPerfect) - Number(a.isPerfect) || a.chance - b.chance);
  }
}

const NONE: Readonly<Count> = { all: 0, fresh: 0 };

function isWorthTelling(one: Standout): boolean {
  if (one.ofSuccesses < LEAST_SUCCESSES) return false;
  if (one.isPerfect) return one.chanceOfAny <= CLAIM || one.chance <= HINT;
  const isClear = one.failures >= one.ofFailures * MOST && one.successes <= one.ofSuccesses * FEW;
  return isClear && one.chanceOfAny <= CLAIM;
}

/** `from 1.20 s to 3.40 s into the capture`, open where nothing succeeded before or after. */
function spanText(from: Nanos, to: Nanos, isAfter: boolean, isBefore: boolean): string {
  const [start, end] = [from, to].map((nanos) => `${(nanos / SECOND).toFixed(3)} s`);
  if (isAfter && isBefore) return `from ${start} to ${end} into the capture`;
  return isAfter ? `from ${start} into the capture on` : `until ${end} into the capture`;
}
