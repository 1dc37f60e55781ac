import { type At, type ConnectionHistory, ROLES, type Role } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isUnread13, mayHaveClosedUnread } from '../support/closing-alert.ts';
import { weakenedBy } from '../support/records.ts';

/** A new ClientHello on a live 5-tuple is legal, and the beginning of many stories that are not. */
export const dtlsAssociationRestart = defineConnectionRule({
  meta: {
    id: 'dtls-association-restart',
    group: 'misdelivery',
    title: 'Client began again on a connection that was still open',
    severity: 'info',
    sources: ['RFC 6347 §4.2.8', 'RFC 9147 §5.11'],
    reports:
      'An unprotected ClientHello with a new random from the same address and port as a DTLS connection that carried protected records and that the capture shows closed by neither side.',
    matters:
      'This is what a client looks like that was powered off, crashed, or forgot its keys. It is allowed, and the server should go along: it begins the new handshake and gives the old connection up once the client has proven that it is there. Delays and lost data around that moment are explained by it.',
    decides:
      'The ClientHello has epoch 0 and another random than the older connection, which had records of epoch 1 or more and no closing alert. A ClientHello under the old keys would be a renegotiation, and the same random a retransmission.',
    silent:
      'It gives way to the rule about a server that ignores such a ClientHello. Where packets of the older connection are missing, its close may be among them: then nothing is said. Without secrets DTLS 1.3 does not show what a record is: where the last of one side has the size of an alert it may be the close.',
    yieldsTo: ['dtls-restart-ignored', 'webrtc-dtls-not-restarted'],
    messages: {
      restarted: {
        what: 'Connection {id} began {pause} after the last protected record of connection {older} on the same addresses and ports, which neither side had closed.',
        causes: [
          'the client was restarted or lost its keys and uses a fixed source port',
          'the client gave up waiting and began again without closing',
        ],
        remedies: [
          'nothing, if the client was restarted on purpose',
          'else keep the keys or the session across restarts, or close before beginning again',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}"'],
      },
    },
  },

  check(history, { previous }) {
    const { dtls } = history;
    if (dtls === undefined) return NOT_APPLICABLE;
    if (dtls.replacesOpen === 0) return PASS;
    const [hello] = dtls.clientHellos;
    if (hello === undefined) return NOT_APPLICABLE;
    const older = previous?.id === dtls.replacesOpen ? previous : undefined;
    if (older === undefined) return PASS;
    if (!older.bothDirections) return notAssessable('one-direction');
    if (older.blindSpots.includes('lost-bytes')) return notAssessable('lost-bytes');
    if (ROLES.some((role) => isClosed(older, role, hello))) return PASS;
    if (mayHaveClosedUnread(older, hello.packet)) return notAssessable('no-secrets');
    const { client, server } = older.protectedRecords;
    const [last] = [client.last, server.last]
      .filter((record) => record !== undefined)
      .filter(({ nanos }) => nanos <= hello.nanos)
      .sort((a, b) => b.nanos - a.nanos);
    if (last === undefined) return PASS;
    return {
      kind: 'finding',
      message: 'restarted',
      confidence: weakenedBy(
        isUnread13(older) ? 'likely' : 'proven',
        ['start-not-captured', 'cut-packets'],
        history,
        older,
      ),
      connections: [history.id, older.id],
      evidence: [
        {
          packet: hello.packet,
          nanos: hello.nanos,
          connection: history.id,
          from: 'client',
          note: `ClientHello with a new random, epoch 0 seq ${hello.recordSequence}`,
        },
        {
          packet: last.packet,
          nanos: last.nanos,
          connection: older.id,
          from: last.from,
          note: `last protected record of connection ${older.id} before it, epoch ${last.epoch} seq ${last.sequence}`,
        },
      ],
      data: {
        id: history.id,
        stream: history.stream,
        older: older.id,
        pause: formatDuration(hello.nanos - last.nanos),
      },
    };
  },
});

function isClosed({ dtls }: ConnectionHistory, role: Role, before: At): boolean {
  const close = dtls?.probableClose[role];
  return close !== undefined && close.nanos <= before.nanos;
}
