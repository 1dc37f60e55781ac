import {
  alertDescriptionName,
  CLOSE_NOTIFY,
  USER_CANCELED,
} from '../../model/code-points/alerts.ts';
import {
  type AlertFact,
  type At,
  type ConnectionHistory,
  ENCRYPTED_MESSAGE,
  peerOf,
  ROLES,
  type Role,
} from '../../model/history.ts';
import { CONTENT_TYPE } from '../../model/record.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { witness } from '../support/witness.ts';

/** Does nothing of its sender's direction follow this alert? RFC 5246 §7.2, RFC 8446 §6. */
function closes({ level, description }: AlertFact, tls13: boolean): boolean {
  if (description === CLOSE_NOTIFY) return true;
  if (description === undefined || description === USER_CANCELED) return false;
  return level === 2 || tls13;
}

/** Records behind an alert that are no alerts themselves. */
function recordsBehind({ alerts }: ConnectionHistory, alert: AlertFact): number {
  const later = alerts.slice(alerts.indexOf(alert) + 1).filter(({ from }) => from === alert.from);
  return (alert.recordsAfter ?? 0) - later.length;
}

/**
 * Up to TLS 1.2 an alert that cannot be read is nearly always close_notify. The other that stacks send is
 * no_renegotiation, in answer to a protected handshake message.
 */
function isProbablyClose(history: ConnectionHistory, { from }: AlertFact): boolean {
  const { messages, tcp, protectedRecords } = history;
  const asked = (role: Role) =>
    messages.filter((one) => one.from === role && one.type === ENCRYPTED_MESSAGE).length > 1;
  if (asked(peerOf(from)) || asked(from)) return false;
  const fin = tcp?.fin[from];
  const { last } = protectedRecords[from];
  return fin !== undefined && last !== undefined && last.packet <= fin.packet;
}

interface Found {
  readonly alert: AlertFact;
  readonly records: number;
  readonly isRead: boolean;
}

function found(history: ConnectionHistory, role: Role): Found | undefined {
  const own = history.alerts.filter(({ from }) => from === role);
  const read = own.find((alert) => closes(alert, isTls13(history)));
  if (read !== undefined)
    return { alert: read, records: recordsBehind(history, read), isRead: true };
  const [unread] = own;
  if (unread === undefined || unread.description !== undefined || isTls13(history))
    return undefined;
  return isProbablyClose(history, unread)
    ? { alert: unread, records: recordsBehind(history, unread), isRead: false }
    : undefined;
}

/** The last record of a side, if it is no alert. */
function lastRecord({ protectedRecords, messages }: ConnectionHistory, role: Role): At | undefined {
  const { last } = protectedRecords[role];
  if (last !== undefined) return last.contentType === CONTENT_TYPE.alert ? undefined : last;
  return messages.findLast(({ from }) => from === role);
}

/** Once both sides have closed TLS, what follows is none of it: FTP goes back to plain text so, and begins again. */
const hasClosedBefore = (history: ConnectionHistory, role: Role, { packet }: At): boolean =>
  history.oddities.length > 0 ||
  history.alerts.some((alert) => alert.from === role && alert.packet < packet);

/** Who has said that nothing more will come, and goes on, has two writers, or a queue that nobody emptied. */
export const tlsDataAfterClose = defineConnectionRule({
  meta: {
    id: 'tls-data-after-close',
    group: 'misdelivery',
    title: 'Records follow a closing alert of the same side',
    severity: 'warning',
    sources: ['RFC 5246 §7.2.1', 'RFC 5246 §7.2.2', 'RFC 8446 §6.1', 'RFC 8446 §6.2'],
    reports:
      'TLS connections on which one side sent further records after its own close_notify or fatal alert.',
    matters:
      'The receiver must ignore what comes after a closure alert, so that the data is lost without an error on the side that sent it. It shows that two parts of a program write to one connection without knowing of each other.',
    decides:
      'Behind the alert, in the order of the stream and not of the packets, come records of the same direction that are no alerts. Where the alert can be read (in the clear, or opened with secrets) that is proven. Up to TLS 1.2 a protected alert that cannot be read is taken for close_notify if a FIN of its sender follows all of it and no renegotiation explains the alert; then it is likely.',
    silent:
      'For warnings, which close nothing, and user_canceled; for records of the other direction, which may have been under way and in TLS 1.3 may go on at will; in TLS 1.3 without secrets, where alerts look like data; where the other side had closed as well, since TLS may begin again on the connection; for DTLS, where records change places; and where octets are missing from the capture.',
    yieldsTo: ['tls-clienthello-mid-connection', 'record-decrypts-under-other-connection'],
    messages: {
      after: {
        what: 'The {from} sent {alert} in packet {packet}, and {count} behind it, the last in packet {last}: its receiver ignores {them}.',
        causes: [
          'a write that was queued when the connection was closed, and was sent after the alert',
          'two threads or processes that use one connection, of which one has closed it',
          'a proxy that passes a half-close on as a close and goes on sending',
        ],
        remedies: [
          'empty the queue before the closing alert is sent, and refuse writes afterwards',
          'let one part of the program own the connection',
        ],
        commands: [
          'tshark -r CAPTURE -Y "tcp.stream == {stream} && frame.number >= {packet} && tls" -T fields -e frame.number -e ip.src -e tls.record.content_type',
        ],
      },
    },
  },
  check(history) {
    const { protocol, id, stream, blindSpots } = history;
    if (protocol !== 'TLS') return NOT_APPLICABLE;
    for (const role of ROLES) {
      const one = found(history, role);
      if (one === undefined || one.records <= 0) continue;
      // Where record boundaries were lost, what looks like an alert need not be one.
      if (blindSpots.includes('lost-bytes')) return notAssessable('lost-bytes');
      const last = lastRecord(history, role);
      if (last === undefined || hasClosedBefore(history, peerOf(role), last)) continue;
      const { alert, records, isRead } = one;
      const name =
        alert.description === undefined
          ? 'an alert that is probably close_notify'
          : alertDescriptionName(alert.description);
      return {
        kind: 'finding',
        message: 'after',
        confidence: isRead ? 'proven' : 'likely',
        data: {
          from: role,
          alert: name,
          packet: alert.packet,
          count: records === 1 ? 'one more record' : `${records} more records`,
          them: records === 1 ? 'it' : 'them',
          last: last.packet,
          stream,
        },
        evidence: [
          witness(last, id, role, 'the last record behind the alert'),
          witness(alert, id, role, name),
        ],
        connections: [id],
      };
    }
    return PASS;
  },
});
