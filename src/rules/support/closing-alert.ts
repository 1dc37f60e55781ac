import { cipherSuite } from '../../model/code-points/suites.ts';
import { TLS_1_3, tlsEquivalent } from '../../model/code-points/versions.ts';
import type { ConnectionHistory, Role } from '../../model/history.ts';

/** An alert and its inner content type: what a TLS 1.3 record carries beside the tag. RFC 8446 §5.2. */
const ALERT_INNER_OCTETS = 3;

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
  if (history.alerts.some(({ from, packet }) => from === role && packet < before)) return true;
  if (!isTls13(history)) return false;
  const last = history.protectedRecords[role].last;
  const tag = (history.cipherSuite && cipherSuite(history.cipherSuite)?.tagOctets) || 16;
  return last !== undefined && last.packet < before && last.length === ALERT_INNER_OCTETS + tag;
}

/** Are the rules of TLS 1.3 in force, over TCP or UDP? */
export const isTls13 = ({ version }: Pick<ConnectionHistory, 'version'>): boolean =>
  version !== undefined && tlsEquivalent(version) >= TLS_1_3;
