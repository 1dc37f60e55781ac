import { type At, type ConnectionHistory, peerOf, type Role } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13, mayHaveSentAlert } from '../support/closing-alert.ts';
import { blindToEnding } from '../support/ending.ts';
import { witness } from '../support/witness.ts';

/** Who closed first, if a FIN did it. */
function firstFin({ tcp }: ConnectionHistory): { by: Role; fin: At } | undefined {
  if (tcp === undefined) return undefined;
  const { client, server } = tcp.fin;
  const by: Role =
    (client?.packet ?? Infinity) < (server?.packet ?? Infinity) ? 'client' : 'server';
  const fin = tcp.fin[by];
  if (fin === undefined) return undefined;
  const reset = [tcp.rst.client, tcp.rst.server].some(
    (rst) => rst !== undefined && rst.packet < fin.packet,
  );
  return reset ? undefined : { by, fin };
}

/** A FIN without close_notify is common and mostly harmless, but a reader of the log meets it as an error. */
export const tlsTruncatedClose = defineConnectionRule({
  meta: {
    id: 'tls-truncated-close',
    group: 'transport',
    title: 'Closed without close_notify',
    severity: 'info',
    sources: ['RFC 5246 §7.2.1', 'RFC 8446 §6.1'],
    reports:
      'Established connections that carried data and that one side then closed with a FIN but without close_notify before it.',
    matters:
      'Without close_notify the other side cannot tell a complete message from one that an attacker cut short. It matters where the end of the connection is the end of the message (HTTP/1.0 bodies, FTP data), and OpenSSL 3 reports it as unexpected eof while reading.',
    decides:
      'The first closing event is a FIN, and its sender had sent no alert at all. In TLS 1.3 alerts look like data, so there the last record must not have the size of an alert, and the verdict is only likely.',
    silent:
      'Where the other side had said close_notify before, in TDS, which may protect no more than the login, where octets of the stream are missing from the capture, and where no data was exchanged.',
    yieldsTo: [
      'server-process-died',
      'handshake-kills-server',
      'bad-record-mac-later',
      'tls-foreign-record-suspected',
      'record-wrong-direction',
      'seq-desync',
      'payload-corrupted-in-transit',
      'record-length-impossible',
      'plaintext-in-tls-stream',
      'tls-clienthello-mid-connection',
      'tcp-half-close-data-lost',
    ],
    messages: {
      closed: {
        what: 'The {side} closed the connection in packet {packet}, {silence} its last data, without close_notify.',
        causes: [
          'an application that closes the socket without shutting TLS down first',
          'the process on that side ended',
        ],
        remedies: ['call the shutdown function of the TLS library before closing the socket'],
        commands: [],
      },
    },
  },
  check(history) {
    if (history.outcome !== 'established' || history.tcp === undefined) return NOT_APPLICABLE;
    const found = firstFin(history);
    if (found === undefined) return NOT_APPLICABLE;
    const { by, fin } = found;
    if (mayHaveSentAlert(history, by) || mayHaveSentAlert(history, peerOf(by), fin.packet))
      return PASS;
    const { records, protectedRecords, tcp, id } = history;
    if (history.upgrade?.protocol === 'tds') return PASS;
    if (records[by].applicationData === 0) return NOT_APPLICABLE;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const last = tcp.lastData[by] ?? protectedRecords[by].last;
    return {
      kind: 'finding',
      message: 'closed',
      confidence: isTls13(history) ? 'likely' : 'proven',
      data: {
        side: by,
        packet: fin.packet,
        silence:
          last === undefined || last.packet === fin.packet
            ? 'together with'
            : `${formatDuration(fin.nanos - last.nanos)} after`,
      },
      evidence: [
        witness(fin, id, by, 'FIN, no close_notify before it'),
        ...(last === undefined ? [] : [witness(last, id, by, 'its last data')]),
      ],
      connections: [id],
    };
  },
});
