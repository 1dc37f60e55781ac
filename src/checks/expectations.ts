import type {
  ExpectationCase,
  ExpectationResult,
  ExpectationsResult,
  ExpectationVerdict,
} from '../model/check.ts';
import type { Finding } from '../model/finding.ts';
import type { ConnectionHistory } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import { type Assertion, assertionsOf, type Judgement } from './assertions.ts';
import type { ExpectEntry } from './files.ts';
import { type Party, type Scope, scopeOf } from './parties.ts';

/** What is expected of a run, held against what is reported of it as it comes. */
export class Expectations {
  private readonly path: string;
  private readonly entries: readonly Entry[];

  constructor(path: string, expect: readonly ExpectEntry[]) {
    this.path = path;
    this.entries = expect.map((entry) => new Entry(entry));
  }

  connection(history: ConnectionHistory, party: Party): void {
    for (const entry of this.entries) if (entry.scope.has(party)) entry.connection(history);
  }

  /** @param parties whom it is about, as far as that is known */
  finding(finding: Finding, parties: readonly Party[]): void {
    for (const entry of this.entries) entry.finding(finding, parties);
  }

  /** @param omitted rules with findings that were counted only */
  end(omitted: readonly string[]): ExpectationsResult {
    return { path: this.path, results: this.entries.flatMap((entry) => entry.end(omitted)) };
  }
}

/** An entry of the file: who it is about, and what it expects of them. */
class Entry {
  readonly scope: Scope;
  private readonly note: string;
  private readonly books: readonly Book[];
  private readonly rules = new Set<string>();
  private connections = 0;
  private findings = 0;

  constructor(entry: ExpectEntry) {
    this.scope = scopeOf(entry.for);
    this.note = entry.note ?? '';
    const isLenient = entry.allowUnproven === true;
    this.books = assertionsOf(entry).map((assertion) => new Book(assertion, isLenient));
  }

  connection(history: ConnectionHistory): void {
    this.connections++;
    for (const book of this.books) book.note(book.assertion.connection?.(history));
  }

  finding(finding: Finding, parties: readonly Party[]): void {
    if (this.scope.words !== '' && !parties.some((party) => this.scope.has(party))) {
      if (parties.length === 0) for (const book of this.books) book.note(unplaced(finding, book));
      return;
    }
    this.findings++;
    this.rules.add(finding.rule);
    for (const book of this.books) book.note(book.assertion.finding?.(finding));
  }

  end(omitted: readonly string[]): ExpectationResult[] {
    const { connections, findings, rules } = this;
    return this.books.map((book) => {
      for (const judgement of book.assertion.end?.({ connections, findings, rules, omitted }) ?? [])
        book.note(judgement);
      return book.result(this.scope.words, this.note);
    });
  }
}

/** A finding that would count if it were about these connections, which nobody can tell any more. */
function unplaced(finding: Finding, { assertion }: Book): Judgement | undefined {
  const judgement = assertion.finding?.(finding);
  if (judgement?.kind !== 'fail') return undefined;
  return { ...judgement, kind: 'unproven', text: `${judgement.text} (about whom is not known)` };
}

/** What one assertion came to. */
class Book {
  readonly assertion: Assertion;
  private readonly isLenient: boolean;
  private assessed = 0;
  private failureCount = 0;
  private unprovenCount = 0;
  private readonly failures: ExpectationCase[] = [];
  private readonly unproven: ExpectationCase[] = [];

  constructor(assertion: Assertion, isLenient: boolean) {
    this.assertion = assertion;
    this.isLenient = isLenient;
  }

  note(judgement: Judgement | undefined): void {
    if (judgement === undefined) return;
    if (judgement.kind === 'unproven') {
      this.unprovenCount++;
      keep(this.unproven, judgement);
      return;
    }
    this.assessed++;
    if (judgement.kind === 'pass') return;
    this.failureCount++;
    keep(this.failures, judgement);
  }

  result(scope: string, note: string): ExpectationResult {
    const { assertion, assessed, failures, failureCount, unproven, unprovenCount } = this;
    return {
      expectation: assertion.words,
      scope,
      note,
      verdict: this.verdict(),
      assessed,
      failures,
      failureCount,
      unproven,
      unprovenCount,
    };
  }

  private verdict(): ExpectationVerdict {
    if (this.failureCount > 0) return 'failed';
    if (this.isLenient) return 'met';
    // What nothing was held against has not been shown to hold.
    return this.unprovenCount > 0 || this.assessed === 0 ? 'unproven' : 'met';
  }
}

function keep(list: ExpectationCase[], { connection, packet, text }: ExpectationCase): void {
  if (list.length < LIMITS.expectationCases) list.push({ connection, packet, text });
}
