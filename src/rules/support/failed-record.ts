import {
  alertDescriptionName,
  BAD_RECORD_MAC,
  CLOSE_NOTIFY,
  DECRYPT_ERROR,
  DECRYPTION_FAILED,
  USER_CANCELED,
} from '../../model/code-points/alerts.ts';
import { contentTypeName } from '../../model/code-points/content-types.ts';
import { DTLS_1_3 } from '../../model/code-points/versions.ts';
import type { DecryptionFacts, Explanation, FailedRecord } from '../../model/decryption.ts';
import type { Evidence, Severity } from '../../model/finding.ts';
import {
  type At,
  type ConnectionHistory,
  peerOf,
  type RecordFact,
  type Role,
} from '../../model/history.ts';
import type { FindingVerdict, Verdict } from '../../model/rule.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13 } from './closing-alert.ts';
import { lostOctets } from './ending.ts';
import { detailsText, readingsOf } from './mistake-text.ts';
import { describeNegotiation } from './negotiation.ts';
import { refusalOf } from './refusal.ts';
import { witness } from './witness.ts';

/** How the receiver of a record took it: refused it, went on as if nothing had been, or shows neither. */
export interface Reaction {
  readonly kind: 'refused' | 'went-on' | 'nothing';
  /** Refused by an alert that can be read and speaks of a MAC or of verify_data. */
  readonly isNamed: boolean;
  /** A clause with a comma in front; empty where there is nothing to tell. */
  readonly text: string;
  readonly evidence: readonly Evidence[];
}

interface Details {
  readonly sequence?: string | number;
  readonly offset?: string | number;
  readonly generation?: string | number;
  readonly damage?: string | number;
}

/** The first record of a connection that secrets should open and do not, and what came of it. */
export interface Failure {
  readonly kind: 'failure';
  readonly record: FailedRecord;
  readonly explanation: Explanation | undefined;
  /** Parameters of the explanation that rules look at. */
  readonly details: Details;
  readonly reaction: Reaction;
  readonly facts: DecryptionFacts;
}

/** Rules that tell what one hypothesis says; `record-mac-mismatch` has all others. A pair belongs to its first one. */
const TOLD_BY: Readonly<Record<string, string>> = {
  'sequence-offset': 'seq-desync',
  'encrypt-then-mac-swapped': 'etm-disagreement',
  'truncated-hmac-swapped': 'truncated-hmac',
  'other-direction': 'record-wrong-direction',
  'padding-unfilled': 'cbc-padding-error-or-oracle-hardening',
  'bit-damage': 'payload-corrupted-in-transit',
};

/** Epochs mean other things there. RFC 9147 §6.1. */
export const isDtls13 = ({ version }: ConnectionHistory): boolean => version === DTLS_1_3;

/** The handshake's epoch and the first one of data. RFC 9147 §6.1. */
const LAST_HANDSHAKE_EPOCH = 2;
const FIRST_DATA_EPOCH = 3;

/** Between handshake and data it is the end of the handshake that went wrong, later a KeyUpdate. RFC 9147 §6.1, §8. */
function ruleOfEpoch({ epoch }: FailedRecord, { generation }: Details): string {
  const isEndOfHandshake =
    (epoch === FIRST_DATA_EPOCH && generation === 'previous') ||
    (epoch === LAST_HANDSHAKE_EPOCH && generation === 'next');
  return isEndOfHandshake ? 'dtls13-ack-or-finished-loss' : 'keyupdate-desync';
}

/** The rule that tells of this failure, so that one cause is told once. */
export function ruleOf(history: ConnectionHistory, { record, explanation }: Failure): string {
  if (explanation === undefined) return 'record-mac-mismatch';
  const [first = ''] = explanation.hypothesis.split('+');
  if (first === 'other-key-generation' && isDtls13(history))
    return ruleOfEpoch(record, explanation.details);
  // Keys change within an epoch in TLS 1.3 only; before, other keys are those of another handshake.
  if (first === 'other-key-generation' && record.openedBefore > 0 && isTls13(history))
    return 'keyupdate-desync';
  return TOLD_BY[first] ?? 'record-mac-mismatch';
}

/** As `failureOf`, for the rule that tells of this kind; undefined for all others, which then judge without secrets. */
export function failureFor(rule: string, history: ConnectionHistory): Failure | undefined {
  if ((history.decryption?.failed ?? 0) === 0) return undefined;
  const failure = failureOf(history);
  return failure.kind === 'failure' && ruleOf(history, failure) === rule ? failure : undefined;
}

/**
 * The first record that did not open, if that accuses somebody; otherwise the verdict that is due. A failure that no
 * hypothesis reproduces counts only where the secrets are known to be those of this connection, and the receiver did not
 * go on as if it had opened the record.
 */
export function failureOf(
  history: ConnectionHistory,
): Failure | Exclude<Verdict, { kind: 'finding' }> {
  const { decryption: facts } = history;
  const [record] = facts?.failures ?? [];
  if (facts === undefined || record === undefined) return unjudged(history);
  const { explanation } = record;
  if (explanation === undefined && facts.authenticated === 0) return notAssessable('no-secrets');
  const reaction = reactionTo(history, record);
  // Some lines of a key log may be of another run: where nobody complained, what does not open speaks against them.
  const isUnharmed = history.outcome === 'established' && !reaction.isNamed;
  const isAccepted = history.protocol === 'TLS' && (reaction.kind === 'went-on' || isUnharmed);
  if (explanation === undefined && isAccepted) return notAssessable('no-secrets');
  // Where two taps were merged whose clocks differ, records come before the messages that change their keys.
  const isEarly = explanation?.hypothesis.startsWith('other-key-generation') === true;
  if (isEarly && history.protocol === 'TLS' && (isUnharmed || facts.skipped > 0))
    return notAssessable('no-secrets');
  // Behind a hole another handshake may have begun, on a connection that goes from one to the next.
  if (explanation === undefined && lostOctets(history) > 0) return notAssessable('lost-bytes');
  // Keys change with messages of both sides.
  if (explanation === undefined && history.tcp?.isBehindAnswer === true)
    return notAssessable('order-unknown');
  // What a Finished covers cannot be put together from messages that were cut or are missing.
  if (explanation === undefined && history.blindSpots.includes('cut-packets'))
    return notAssessable('cut-packets');
  const details: Details = explanation?.details ?? {};
  return { kind: 'failure', record, explanation, details, reaction, facts };
}

/** Nothing failed: was everything tried? */
export function unjudged({ decryption, blindSpots }: ConnectionHistory) {
  if (decryption?.obstacle === 'lost-bytes') return notAssessable('lost-bytes');
  for (const missing of ['cipher-unsupported', 'no-secrets'] as const)
    if (blindSpots.includes(missing)) return notAssessable(missing);
  return (decryption?.authenticated ?? 0) > 0 ? PASS : NOT_APPLICABLE;
}

const ABOUT_AUTHENTICATION: ReadonlySet<number> = new Set([
  BAD_RECORD_MAC,
  DECRYPTION_FAILED,
  DECRYPT_ERROR,
]);

/** What was under way to the sender when a record arrived has come by then. */
const UNDER_WAY = SECOND;

/** What the other side did after a record, as far as it shows. */
export function reactionTo(history: ConnectionHistory, record: RecordFact): Reaction {
  const { alerts, id, protectedRecords } = history;
  const by = peerOf(record.from);
  const alert = alerts.find(
    ({ from, packet, description }) =>
      from === by &&
      packet >= record.packet &&
      description !== undefined &&
      description !== CLOSE_NOTIFY &&
      description !== USER_CANCELED,
  );
  if (alert !== undefined) {
    const name = `${alertDescriptionName(alert.description ?? 0)} (${alert.description})`;
    const isNamed = ABOUT_AUTHENTICATION.has(alert.description ?? -1);
    return { ...refused(record, alert, by, name, id), isNamed };
  }
  const refusal = refusalOf(history, record);
  if (refusal !== undefined) return refused(record, refusal, by, refusal.how, id);
  const { last } = protectedRecords[by];
  if (last !== undefined && last.nanos - record.nanos > UNDER_WAY)
    return {
      kind: 'went-on',
      isNamed: false,
      text: `, and the ${by} went on as before`,
      evidence: [witness(last, id, by, 'it goes on as before')],
    };
  return { kind: 'nothing', isNamed: false, text: '', evidence: [] };
}

function refused(record: At, at: At, by: Role, how: string, id: number): Reaction {
  return {
    kind: 'refused',
    isNamed: false,
    text: `, and the ${by} answered with ${how} in packet ${at.packet}, ${formatDuration(at.nanos - record.nanos)} later`,
    evidence: [witness(at, id, by, how)],
  };
}

/**
 * A warning where the connection gets on with it. A datagram that does not authenticate is dropped (RFC 6347 §4.1.2.7);
 * one that nothing explains may be of an earlier association that the capture lacks, and is worth a note.
 */
export function severityOf(
  { reaction, explanation }: Failure,
  { protocol, stage }: ConnectionHistory,
): Severity {
  const isDtls = protocol === 'DTLS';
  if (isDtls && explanation === undefined && !reaction.isNamed) return 'info';
  const isDropped = isDtls && stage === 'done' && reaction.kind !== 'refused';
  return isDropped || reaction.kind === 'went-on' ? 'warning' : 'error';
}

/** Figures that the words about a failed record share. */
export function failureData(failure: Failure, history: ConnectionHistory) {
  const { record, explanation, details, reaction } = failure;
  return {
    from: record.from,
    peer: peerOf(record.from),
    packet: record.packet,
    octets: record.length,
    record: numberOf(record, history),
    kind: contentTypeName(record.contentType),
    meaning: explanation?.meaning ?? '',
    details: detailsText(explanation),
    expected: record.expected,
    number: details.sequence ?? record.expected,
    damage: details.damage ?? '',
    reaction: reaction.text,
    stream: history.stream,
    transport: history.transport,
  };
}

/** `record 3 of the client`, over DTLS with the epoch. */
function numberOf(
  { epoch, sequence, expected, from }: FailedRecord,
  { protocol }: ConnectionHistory,
) {
  return protocol === 'DTLS'
    ? `record ${sequence} of epoch ${epoch} of the ${from}`
    : `record ${expected} of the ${from}`;
}

/** The record and what came of it. */
export function failureEvidence(
  { record, reaction }: Failure,
  { id }: ConnectionHistory,
  note: string,
): readonly [Evidence, ...Evidence[]] {
  return [
    witness(record, id, record.from, `${record.length} octets: ${note}`),
    ...reaction.evidence,
  ];
}

/**
 * Did this record open under the secrets at hand, so that it left its sender as it should? Undefined where nothing is
 * known about it.
 */
export function isSound(
  { decryption }: ConnectionHistory,
  { from, packet }: RecordFact,
): boolean | undefined {
  if (decryption === undefined || decryption.skipped > 0) return undefined;
  if (decryption.perRole[from].authenticated === 0 || decryption.masterExplanation?.from === from)
    return undefined;
  return !decryption.failures.some((one) => one.from === from && one.packet === packet);
}

/** Did all protected records of this side open under the secrets at hand? */
export function isSoundSide({ decryption }: ConnectionHistory, role: Role): boolean {
  if (decryption === undefined || decryption.skipped > 0) return false;
  const { authenticated, failed } = decryption.perRole[role];
  return authenticated > 0 && failed === 0;
}

/** Did the secrets open every protected record of the connection? */
export function hasOpenedWhole({ decryption }: ConnectionHistory): boolean {
  if (decryption === undefined) return false;
  const { authenticated, failed, skipped, masterExplanation } = decryption;
  return authenticated > 0 && failed + skipped === 0 && masterExplanation === undefined;
}

/** What secrets prove; whoever judges the same connection by alerts and lengths alone leaves it to these. */
export const PROVEN_BY_SECRETS = [
  'record-decrypts-under-other-connection',
  'record-mac-mismatch',
  'finished-mismatch',
  'seq-desync',
  'keyupdate-desync',
  'dtls13-ack-or-finished-loss',
  'record-wrong-direction',
  'etm-disagreement',
  'truncated-hmac',
  'ems-disagreement',
  'cbc-padding-error-or-oracle-hardening',
  'payload-corrupted-in-transit',
] as const;

/** The finding about a failure that this rule tells of; undefined where there is none. */
export function keyedFinding<M extends string>(
  rule: string,
  history: ConnectionHistory,
  message: (failure: Failure) => M,
  note: string,
): (FindingVerdict & { readonly message: M }) | undefined {
  const failure = failureFor(rule, history);
  if (failure === undefined) return undefined;
  const { record } = failure;
  return {
    kind: 'finding',
    message: message(failure),
    confidence: 'proven',
    severity: severityOf(failure, history),
    connections: [history.id],
    evidence: failureEvidence(failure, history, note),
    explanations: readingsOf(record, '', history),
    data: { ...failureData(failure, history), negotiated: describeNegotiation(history) },
  };
}

/** The finding about a master secret that one side derived otherwise; undefined where there is none of these hypotheses. */
export function derivedFinding<M extends string>(
  history: ConnectionHistory,
  hypotheses: RegExp,
  message: M,
): (FindingVerdict & { readonly message: M }) | undefined {
  const mistake = history.decryption?.masterExplanation;
  if (mistake === undefined || !hypotheses.test(mistake.hypothesis)) return undefined;
  const { from } = mistake;
  const { first } = history.protectedRecords[from];
  if (first === undefined || history.decryption?.perRole[from].authenticated === 0)
    return undefined;
  const reaction = reactionTo(history, first);
  const note = `authenticates, and ${mistake.hypothesis} is how`;
  return {
    kind: 'finding',
    message,
    confidence: 'proven',
    severity: reaction.kind === 'refused' ? 'error' : 'warning',
    connections: [history.id],
    evidence: [witness(first, history.id, from, note), ...reaction.evidence],
    explanations: readingsOf({ explanation: mistake, excluded: [] }, '', history),
    data: {
      from,
      peer: peerOf(from),
      packet: first.packet,
      octets: first.length,
      meaning: mistake.meaning,
      details: detailsText(mistake),
      reaction: reaction.text,
      negotiated: describeNegotiation(history),
    },
  };
}
