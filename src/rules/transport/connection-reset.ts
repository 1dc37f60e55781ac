import type { Confidence } from '../../model/finding.ts';
import { type At, type ConnectionHistory, peerOf, type Role } from '../../model/history.ts';
import type { ResetFact } from '../../model/incarnation.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13, mayHaveSentAlert } from '../support/closing-alert.ts';
import { blindToEnding } from '../support/ending.ts';
import { PROVEN_BY_SECRETS } from '../support/failed-record.ts';
import { witness } from '../support/witness.ts';

/** With nothing in flight for this long a reset cuts nothing off: timeouts of proxies and firewalls look so. */
const IDLE = 10 * SECOND;

/** The side that reset first, unless a FIN shows that the end had begun in order. */
function resetBy({ tcp }: ConnectionHistory): { by: Role; reset: ResetFact } | undefined {
  if (tcp === undefined) return undefined;
  const { client, server } = tcp.rst;
  const by: Role =
    (client?.packet ?? Infinity) < (server?.packet ?? Infinity) ? 'client' : 'server';
  const reset = tcp.rst[by];
  if (reset === undefined) return undefined;
  // Nobody sends a FIN or data behind a RST: what was captured so was sent before it. A bare RST answers something, and
  // perhaps the FIN of the other side.
  const wasAfter = (at: At | undefined): boolean => at !== undefined && at.packet > reset.packet;
  const theirs = tcp.fin[peerOf(by)];
  const isInOrder =
    tcp.fin[by] !== undefined ||
    wasAfter(tcp.lastData[by]) ||
    (theirs !== undefined && !(reset.withAck && wasAfter(theirs)));
  return isInOrder ? undefined : { by, reset };
}

/**
 * A socket that closes resets with ACK, under its own next number. A bare RST answers something that came for a socket
 * which is gone: how that one went, with a closing alert perhaps, is then missing from the capture (RFC 9293 §3.5.2).
 */
function confidenceOf({ withAck, missingOctets }: ResetFact): Confidence {
  if (!withAck) return 'possible';
  // A single lost segment right before the reset could have been the alert.
  return missingOctets === 0 ? 'proven' : 'likely';
}

/** The client had its handshake and no more: whatever came after its Finished, nothing of it was a request. */
const askedNothing = (history: ConnectionHistory): boolean => {
  const { count, lastData } = history.protectedRecords.client;
  return isTls13(history) ? count <= 1 : lastData === undefined;
};

/**
 * A reset throws away what is in flight and tells the other side nothing. After a closing alert it is ordinary: many
 * stacks close their socket with the peer's close_notify still unread.
 */
export const connectionReset = defineConnectionRule({
  meta: {
    id: 'connection-reset',
    group: 'transport',
    title: 'An established connection was cut by a TCP reset',
    severity: 'warning',
    sources: ['RFC 5246 §7.2.1', 'RFC 9293 §3.5.2', 'RFC 9293 §3.6.1'],
    reports:
      'Established connections that one side ended with a TCP RST, with no closing alert and no FIN before it: who did it, after how long a silence, and whether data of the other side had just arrived.',
    matters:
      'Data in flight is lost, and the other side cannot tell the reset from an attack that truncates the stream. Applications report it as connection reset by peer and often retry what was already done.',
    decides:
      'The handshake was complete, the first closing event is a RST, and neither side had sent an alert (in TLS 1.3: a last record of the size of an alert). Only where the sequence number of the RST shows that nothing before it is missing is this proven. A RST without ACK comes from a host that no longer knows the connection; how it ended there was not captured, so that is only possible. A reset after more than 10 s without data is only noted, as idle timeouts of load balancers and firewalls look like that; and so is that of a client to which the server spoke last, or which has asked for nothing: health checks do so.',
    silent:
      'After a close_notify or any other alert, after a FIN of either side, where octets are missing from the capture (the alert may be among them), and where the whole server process went down.',
    yieldsTo: [
      ...PROVEN_BY_SECRETS,
      'server-process-died',
      'handshake-kills-server',
      'bad-record-mac-later',
      'tls-foreign-record-suspected',
      'record-length-impossible',
      'plaintext-in-tls-stream',
      'tls-clienthello-mid-connection',
      'tcp-timewait-collision',
    ],
    restsOnTime: true,
    messages: {
      cut: {
        what: 'The {side} reset the established connection in packet {packet}, {silence} after the last data, without a closing alert.',
        causes: [
          'the process on that side ended, or closed its socket with data still unread',
          'an application timeout that closes hard (SO_LINGER 0)',
          'a device on the path that lost or dropped the state of the connection',
        ],
        remedies: [
          'look at the log of the {side} at that moment; if it knows nothing of a close, capture on both sides of the devices in between',
          'let the application say close_notify and read what is still coming before it closes',
        ],
        commands: [
          'ss -tnoi dst PEER',
          'tshark -r CAPTURE -Y "tcp.flags.reset == 1" -T fields -e frame.number -e ip.ttl',
        ],
      },
      left: {
        title: 'The client left with a reset',
        what: 'The client reset the connection in packet {packet}, {silence} after the last data and with nothing unanswered, without a closing alert.',
        causes: [
          'a health check or probe that has seen enough',
          'a client that closes its socket without reading what the server still said (tickets of TLS 1.3, or the rest of a download)',
        ],
        remedies: ['none, unless the client misses something: then read its log at that moment'],
        commands: [],
      },
      idle: {
        title: 'An idle connection was reset',
        what: 'The {side} reset the connection in packet {packet} after {silence} without data.',
        causes: ['an idle timeout on that side, or of a device that answers for it'],
        remedies: [
          'if clients suffer, send keep-alives more often than the timeout, or close idle connections earlier',
        ],
        commands: [],
      },
    },
  },
  check(history) {
    if (history.outcome !== 'established' || history.tcp === undefined) return NOT_APPLICABLE;
    const found = resetBy(history);
    if (found === undefined) return PASS;
    const { by, reset } = found;
    if (mayHaveSentAlert(history, by) || mayHaveSentAlert(history, peerOf(by), reset.packet))
      return PASS;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    if ((reset.missingOctets ?? 0) > 0) return notAssessable('lost-bytes');
    const { client, server } = history.tcp.lastData;
    const last = (client?.nanos ?? 0) > (server?.nanos ?? 0) ? client : server;
    // Packets of several taps need not come in the order of their times.
    const silence = Math.max(0, reset.nanos - (last?.nanos ?? history.startNanos));
    const idle = silence >= IDLE;
    const owner = last === client ? 'client' : 'server';
    const isLeft =
      by === 'client' && reset.withAck && (owner === 'server' || askedNothing(history));
    const kind = reset.withAck
      ? 'RST with ACK: a socket was closed, with data unread or on purpose'
      : 'bare RST: sent by a host that no longer knows the connection';
    return {
      kind: 'finding',
      message: idle ? 'idle' : isLeft ? 'left' : 'cut',
      severity: idle || isLeft ? 'info' : 'warning',
      confidence: confidenceOf(reset),
      data: { side: by, packet: reset.packet, silence: formatDuration(silence) },
      evidence: [
        witness(reset, history.id, by, kind),
        ...(last === undefined
          ? []
          : [witness(last, history.id, owner, 'the last data before it')]),
      ],
      connections: [history.id],
      ...(reset.withAck
        ? {}
        : {
            causes: [
              `the host of the ${by} no longer knew the connection: it was restarted, or had closed it before with packets that the capture lacks`,
            ],
          }),
    };
  },
});
