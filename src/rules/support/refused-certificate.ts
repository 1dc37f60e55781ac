import type { CertificateFact } from '../../model/certificate.ts';
import {
  alertDescriptionName,
  BAD_CERTIFICATE,
  CERTIFICATE_EXPIRED,
  CERTIFICATE_UNKNOWN,
  UNKNOWN_CA,
} from '../../model/code-points/alerts.ts';
import { CERTIFICATE } from '../../model/code-points/handshake-types.ts';
import type { Evidence } from '../../model/finding.ts';
import {
  type AlertFact,
  type ConnectionHistory,
  type MessageFact,
  peerOf,
  type Role,
} from '../../model/history.ts';
import { formatDuration, type Nanos, SECOND } from '../../model/time.ts';
import type { FindingOf } from '../define-rule.ts';
import { endingOf } from './ending.ts';
import { witness } from './witness.ts';

/**
 * Alerts that stacks refuse a certificate with that is not within its dates: only certificate_expired says so, and there is
 * none for one that is not valid yet.
 */
export const ABOUT_DATES = [CERTIFICATE_EXPIRED, BAD_CERTIFICATE, CERTIFICATE_UNKNOWN, UNKNOWN_CA];

/** A handshake that one side ended with an alert after the list of certificates of the other. */
export interface RefusedList {
  readonly alert: AlertFact;
  readonly shown: MessageFact;
  readonly owner: Role;
}

/** One whose certificates can be read. */
export interface RefusedCertificate extends RefusedList {
  /** The owner's own first; never empty. */
  readonly chain: readonly [CertificateFact, ...CertificateFact[]];
}

/** @param descriptions alerts that can be about it */
export function refusedCertificate(
  history: ConnectionHistory,
  descriptions: readonly number[],
): RefusedCertificate | undefined {
  const refused = refusedList(history, descriptions);
  const [own, ...others] =
    refused === undefined ? [] : (history.certificates?.[refused.owner] ?? []);
  if (refused === undefined || own === undefined) return undefined;
  return { ...refused, chain: [own, ...others] };
}

/** The same, whether the certificates can be read or not. */
export function refusedList(
  history: ConnectionHistory,
  descriptions: readonly number[],
): RefusedList | undefined {
  const { alerts, outcome, stage, messages } = history;
  if (alerts.length === 0 || outcome !== 'failed' || stage === 'server-hello') return undefined;
  const alert = endingOf(history)?.alert;
  if (alert === undefined || !descriptions.includes(alert.description ?? -1)) return undefined;
  const owner = peerOf(alert.from);
  const shown = messages.findLast(
    ({ type, from, packet }) => type === CERTIFICATE && from === owner && packet <= alert.packet,
  );
  return shown === undefined ? undefined : { alert, shown, owner };
}

/** The finding about it, but for what is wrong with the certificate. */
export function aboutCertificate<Message extends string>(
  { id }: ConnectionHistory,
  { alert, shown, owner, chain }: RefusedCertificate,
  message: Message,
  confidence: 'proven' | 'likely' | 'possible',
  data: Readonly<Record<string, string | number>>,
  note: string,
): FindingOf<Record<Message, never>> {
  const name = alertDescriptionName(alert.description ?? 0);
  const evidence: [Evidence, Evidence] = [
    witness(alert, id, alert.from, name),
    witness(shown, id, owner, `Certificate: ${note}`),
  ];
  return {
    kind: 'finding',
    message,
    confidence,
    data: {
      packet: alert.packet,
      packet0: shown.packet,
      owner,
      verifier: alert.from,
      alert: name,
      subject: chain[0].subject,
      ...data,
    },
    evidence,
    connections: [id],
  };
}

const DAY = 86_400 * SECOND;

/** `3 days`, or less than that as a duration. */
export function daysText(nanos: Nanos): string {
  const days = Math.floor(nanos / DAY);
  if (days < 2) return formatDuration(nanos);
  return `${days} days`;
}
