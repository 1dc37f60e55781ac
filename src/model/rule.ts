import type { CaptureIndex } from './capture-index.ts';
import type { BlindSpot, Confidence, Evidence, Explanation, Severity } from './finding.ts';
import type { ConnectionHistory } from './history.ts';
import type { Endpoint } from './place.ts';

/** Folders under `src/rules`, and the headings under which rules are listed. */
export type RuleGroup = 'misdelivery' | 'hmac' | 'handshake' | 'transport';

/** What a rule says when it speaks. `{name}` is filled from the verdict's data. */
export interface RuleMessage {
  /** Headline, where the rule's own title does not fit this case. */
  readonly title?: string;
  /** One sentence with the figures of the case. */
  readonly what: string;
  readonly causes: readonly string[];
  readonly remedies: readonly string[];
  /** Commands for the next step; CAPITALS stand for what only the reader knows. */
  readonly commands: readonly string[];
}

/** Everything about a rule but its check; `tlsdiag explain` and the rule pages show just this. */
export interface RuleMeta {
  /** Flat kebab-case, never changed once released. */
  readonly id: string;
  readonly group: RuleGroup;
  readonly title: string;
  /** Unless the verdict says otherwise. */
  readonly severity: Severity;
  /** Clauses, written `RFC 6347 §4.2.8`; each becomes a reference with a link. */
  readonly sources: readonly string[];
  /** What it reports, why it matters, how it decides, when it stays silent: a paragraph each, for people. */
  readonly reports: string;
  readonly matters: string;
  readonly decides: string;
  readonly silent: string;
  readonly messages: Readonly<Record<string, RuleMessage>>;
  /** Runs only where it is chosen by its id: what it says is no finding for every report. */
  readonly onRequest?: boolean;
  /**
   * General rules stay silent where one of these spoke about the same connection: a finding is dropped when all its
   * connections were named by findings of these rules. A mere note (info) never silences more than a note.
   */
  readonly yieldsTo?: readonly string[];
  /**
   * What it says follows from a datagram or SYN that is not there. Where the capturing host dropped packets it may have
   * been one of those, so that its findings wait for the end of the capture and lose a level of confidence then.
   */
  readonly restsOnSilence?: boolean;
  /**
   * What it says follows from which of two packets of both sides came first. It keeps silent where TCP shows that one
   * direction was captured late. `true` for all of its messages.
   */
  readonly restsOnOrder?: true | readonly string[];
  /**
   * What it says follows from how long something took: a burst, a pause, an answer that came at once. It does not judge
   * where all packets of the capture have one time.
   */
  readonly restsOnTime?: true;
  /** Its packets may be IP fragments that were never put together: Wireshark counts those to no stream. */
  readonly tellsFragments?: boolean;
}

/** A capture of the project that shows a rule. */
export interface RuleSample {
  readonly capture: string;
  /** Options with the secrets that it takes; empty for none. */
  readonly secrets: string;
}

/** What is said about a rule. */
export interface RulePage extends RuleMeta {
  readonly samples: readonly RuleSample[];
}

/** A verdict that accuses: what it says, how sure it is, and the packets that show it. */
export interface FindingVerdict {
  readonly kind: 'finding';
  /** Key of the rule's `messages`. */
  readonly message: string;
  readonly confidence: Confidence;
  /** Where the effect decides how bad it is. */
  readonly severity?: Severity;
  readonly data: Readonly<Record<string, string | number>>;
  /** The packet that dates the finding first; the report puts them into order. */
  readonly evidence: readonly [Evidence, ...Evidence[]];
  /** Ids, owner first. */
  readonly connections: readonly number[];
  /**
   * What tells the second connection wherever it was captured, for one without a handshake, whose views have no random to be
   * known by.
   */
  readonly secondKey?: string;
  /** Whom it is about where it names no connection. */
  readonly server?: Endpoint;
  readonly explanations?: readonly Explanation[];
  readonly table?: readonly (readonly string[])[];
  /** Further words for this case only; they come before the message's, which fit every case. */
  readonly causes?: readonly string[];
  readonly remedies?: readonly string[];
}

/** The four answers that a rule can give. Only one accuses, and silence says why it is silent. */
export type Verdict =
  | { readonly kind: 'not-applicable' }
  | { readonly kind: 'not-assessable'; readonly missing: BlindSpot }
  | { readonly kind: 'pass' }
  | FindingVerdict;

/** The other associations on the same 5-tuple. */
export interface Neighbours {
  readonly previous: ConnectionHistory | undefined;
  readonly next: ConnectionHistory | undefined;
}

/** Sees one connection when it is final. Pure; called once per connection, so it must be cheap for healthy ones. */
export interface ConnectionRule {
  readonly kind: 'connection';
  readonly meta: RuleMeta;
  check(history: ConnectionHistory, neighbours: Neighbours): Verdict | readonly FindingVerdict[];
  /**
   * Adds to a finding what only the whole capture shows: effects elsewhere, how it compares with the others; or takes
   * it back (undefined). The findings of a rule that has this wait for the end of the capture.
   */
  complete?(verdict: FindingVerdict, index: CaptureIndex): FindingVerdict | undefined;
}

/** Sees the rows of all connections at the end of the capture. */
export interface CaptureRule {
  readonly kind: 'capture';
  readonly meta: RuleMeta;
  /** One by one where there may be many: each is put aside before the next is made. */
  check(index: CaptureIndex): Iterable<FindingVerdict>;
}

/** What the catalogue lists. */
export type Rule = ConnectionRule | CaptureRule;
