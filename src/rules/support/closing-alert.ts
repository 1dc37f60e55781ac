import { cipherSuite } from '../../model/code-points/suites.ts';
import { TLS_1_3, tlsEquivalent } from '../../model/code-points/versions.ts';
import {
  type At,
  type ConnectionHistory,
  peerOf,
  type RecordFact,
  ROLES,
  type Role,
} from '../../model/history.ts';

/** An alert and its inner content type: what a TLS 1.3 record carries beside the tag. RFC 8446 §5.2. */
const ALERT_INNER_OCTETS = 3;
/** The JDK adds that many zeros to every record of TLS 1.3 (RFC 8446 §5.4). */
const JDK_PADDING = 16;

/**
 * Did this side send anything before that packet that may be a close_notify or an error alert? Up to TLS 1.2 the
 * content type tells. In TLS 1.3 only the length of its last record can, so the answer is then a presumption
 * (RFC 8446 §5.4 allows padding).
 */
export function mayHaveSentAlert(
  history: ConnectionHistory,
  role: Role,
  before = Number.POSITIVE_INFINITY,
): boolean {
  return (
    history.alerts.some(({ from, packet }) => from === role && packet < before) ||
    alertSized(history, role, before) !== undefined ||
    (isPadding(history, role) && alertSized(history, role, before, JDK_PADDING) !== undefined)
  );
}

/** A client of the JDK, by the length of its Finished. */
function isPadding(
  { cipherSuite: code, protectedRecords }: ConnectionHistory,
  role: Role,
): boolean {
  const suite = code === undefined ? undefined : cipherSuite(code);
  const { first } = protectedRecords[role];
  if (role === 'server' || suite === undefined || first === undefined) return false;
  const finished = 4 + (suite.prfHash === 'sha384' ? 48 : 32) + 1 + suite.tagOctets;
  return first.length === finished + JDK_PADDING;
}

/** Could a record of TLS 1.3 be an alert, or another of its shortest messages? It is not worth a guess. */
export const isShortest = (history: ConnectionHistory, { from, length }: RecordFact): boolean =>
  length < 22 || (isPadding(history, from) && length < 22 + JDK_PADDING);

/** The last record of a side of TLS 1.3, if it came before that packet and an alert is what its length says. */
export function alertSized(
  history: ConnectionHistory,
  role: Role,
  before: number,
  padding = 0,
): RecordFact | undefined {
  if (!isTls13(history)) return undefined;
  const { last } = history.protectedRecords[role];
  const tag = (history.cipherSuite && cipherSuite(history.cipherSuite)?.tagOctets) || 16;
  return last !== undefined &&
    last.packet < before &&
    last.length === ALERT_INNER_OCTETS + padding + tag
    ? last
    : undefined;
}

/** DTLS 1.3 without secrets: the last record of one side has the size of an alert, so that it may have closed. */
export const mayHaveClosedUnread = (history: ConnectionHistory, before: number): boolean =>
  isUnread13(history) && ROLES.some((role) => alertSized(history, role, before) !== undefined);

/** The rules of TLS 1.3 are in force and no record was opened: what each of them is does not show. */
export const isUnread13 = (history: ConnectionHistory): boolean =>
  isTls13(history) && history.decryption?.source === undefined;

/** What is probably an alert but cannot be read, before the connection ended; that of the side that ended it first. */
export function unreadAlert(
  history: ConnectionHistory,
  { by, packet }: { readonly by: Role; readonly packet: number },
): (At & { readonly from: Role; readonly length: number }) | undefined {
  for (const role of [by, peerOf(by)]) {
    const found =
      history.alerts.find(
        (alert) => alert.from === role && alert.description === undefined && alert.packet <= packet,
      ) ?? alertSized(history, role, packet + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * TLS 1.3: the client sent more than an alert under its keys, though its flight counts as missing. A capture that is
 * out of order, or early data, looks so; the handshake may have been complete.
 */
export function mayBeComplete(history: ConnectionHistory): boolean {
  if (!isTls13(history) || history.stage !== 'client-flight') return false;
  const { count } = history.protectedRecords.client;
  const isOnlyAlert =
    count === 1 && alertSized(history, 'client', Number.POSITIVE_INFINITY) !== undefined;
  return count > 0 && !isOnlyAlert;
}

/** Are the rules of TLS 1.3 in force, over TCP or UDP? */
export const isTls13 = ({ version }: Pick<ConnectionHistory, 'version'>): boolean =>
  version !== undefined && tlsEquivalent(version) >= TLS_1_3;
