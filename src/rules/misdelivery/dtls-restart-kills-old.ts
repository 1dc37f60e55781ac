import { alertDescriptionName } from '../../model/code-points/alerts.ts';
import type { DtlsFacts } from '../../model/dtls-facts.ts';
import type { At, ConnectionHistory, RecordFact } from '../../model/history.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { counted } from '../support/how-many.ts';
import { recordEvidence, times } from '../support/records.ts';
import { witness } from '../support/witness.ts';

/** Records of the old client without an answer, and over how long, before silence says anything. */
const UNANSWERED = 3;
const PATIENCE = 2 * SECOND;

/** Whoever can send a datagram with the client's address can send a ClientHello; only a cookie or Finished proves more. */
export const dtlsRestartKillsOld = defineConnectionRule({
  meta: {
    id: 'dtls-restart-kills-old',
    group: 'misdelivery',
    title: 'An unproven ClientHello appears to have ended the connection before it',
    severity: 'warning',
    sources: ['RFC 6347 §4.2.8', 'RFC 9147 §5.11', 'RFC 6347 §4.2.1'],
    reports:
      'A DTLS connection in use whose server falls silent towards its client, or sends it an alert, from the moment at which a ClientHello came from the same address and port that nobody followed up.',
    matters:
      'A server must keep the old connection until the sender of the new ClientHello has proven that it is there, by a cookie or by its Finished. One that gives it up at once lets anybody who can write the client’s address into a datagram cut its connections.',
    decides:
      'The new handshake never came to the client’s Finished, and where the server asked for a cookie none came back. The client of the old connection went on: at least three protected records over two seconds after the ClientHello, none of which the server answered, although it had answered before; or the server sent an alert. The server may have been silent for reasons of its own, so this is possible and no more.',
    silent:
      'Where the server sent anything on the old connection after the ClientHello, where it had not spoken on it before, where either side had closed it, and where the old client fell silent itself: then it is a restart.',
    restsOnSilence: true,
    yieldsTo: ['dtls-restart-ignored', 'server-process-died'],
    restsOnTime: true,
    messages: {
      silent: {
        what: 'After the ClientHello of connection {id} (packet {packet}), which {proof}, the server no longer answered connection {older} on the same addresses and ports: {count} of its client over {span} brought nothing.',
        causes: [
          'the server drops the state of a client when a ClientHello comes from its address, without a cookie exchange first',
          'the server died or lost its path at that moment',
        ],
        remedies: [
          'turn the cookie exchange on, and keep the old connection until the new handshake is complete',
          'find out who sent the ClientHello: the client, a device behind the same translator, or a stranger',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream} && frame.number >= {packet}"'],
      },
      alert: {
        title:
          'An unproven ClientHello appears to have ended the connection before it, with an alert',
        what: 'After the ClientHello of connection {id} (packet {packet}), which {proof}, the server answered the client of connection {older} on the same addresses and ports with {alert} in packet {packet1}.',
        causes: [
          'the server drops the state of a client when a ClientHello comes from its address, without a cookie exchange first',
        ],
        remedies: [
          'turn the cookie exchange on, and keep the old connection until the new handshake is complete',
          'find out who sent the ClientHello: the client, a device behind the same translator, or a stranger',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream} && frame.number >= {packet}"'],
      },
    },
  },

  check(history, { previous }) {
    const { dtls } = history;
    if (dtls === undefined || dtls.replacesOpen === 0) return NOT_APPLICABLE;
    const older = previous?.id === dtls.replacesOpen ? previous : undefined;
    const [hello] = dtls.clientHellos;
    if (older?.dtls === undefined || hello === undefined) return NOT_APPLICABLE;
    const proof = unprovenBy(history, dtls);
    if (proof === undefined || isClosed(older.dtls) || dtls.portUnreachable.length > 0) return PASS;
    const { before, after, own } = lateOf(older, hello);
    if (!before || after.length > 0) return PASS;
    const [first] = own;
    const last = own.at(-1);
    if (first === undefined || last === undefined) return PASS;
    if (!older.bothDirections) return notAssessable('one-direction');
    const alert = history.alerts.find(
      ({ from, packet, description }) =>
        from === 'server' && packet > first.packet && description !== undefined,
    );
    const span = last.nanos - first.nanos;
    if (alert === undefined && (own.length < UNANSWERED || span < PATIENCE)) return PASS;
    const name = alertDescriptionName(alert?.description ?? 0);
    return {
      kind: 'finding',
      message: alert === undefined ? 'silent' : 'alert',
      confidence: 'possible',
      connections: [history.id, older.id],
      evidence: [
        witness(hello, history.id, 'client', 'ClientHello with a new random'),
        recordEvidence(first, older.id, 'of the old connection, unanswered'),
        ...(last === first ? [] : [recordEvidence(last, older.id, 'the last one, unanswered')]),
        ...(alert === undefined ? [] : [witness(alert, history.id, 'server', name)]),
      ],
      data: {
        id: history.id,
        older: older.id,
        stream: history.stream,
        packet: hello.packet,
        packet1: alert?.packet ?? 0,
        alert: name,
        proof,
        count: counted(own.length, 'record'),
        span: formatDuration(span),
      },
    };
  },
});

/** How the sender of the ClientHello failed to prove itself; undefined where it did, or may have. */
function unprovenBy({ stage }: ConnectionHistory, dtls: DtlsFacts): string | undefined {
  if (stage === 'none' || stage === 'server-finished' || stage === 'done') return undefined;
  if (dtls.verifyRequests.length === 0)
    return `was sent ${times(dtls.clientHellos.length)} and led to no Finished`;
  const isReturned = dtls.clientHellos.some(({ cookieLength }) => cookieLength > 0);
  return isReturned ? undefined : 'never returned the cookie that it was asked for';
}

const isClosed = ({ probableClose: { client, server } }: DtlsFacts): boolean =>
  client !== undefined || server !== undefined;

/** Did the server speak on the old connection before; and what came on it after the ClientHello, by either side. */
function lateOf({ protectedRecords, dtls }: ConnectionHistory, hello: At) {
  const { first, last } = protectedRecords.server;
  const late = (dtls?.anomalies ?? [])
    .filter(({ kind }) => kind === 'late')
    .map(({ record }) => record)
    .filter(({ packet }) => packet > hello.packet);
  const of = (from: RecordFact['from']) => late.filter((record) => record.from === from);
  const after = [
    ...of('server'),
    ...(last !== undefined && last.packet > hello.packet ? [last] : []),
  ];
  return { before: first !== undefined && first.packet < hello.packet, after, own: of('client') };
}
