import {
  ACCESS_DENIED,
  alertDescriptionName,
  alertLevelName,
  BAD_CERTIFICATE,
  ILLEGAL_PARAMETER,
} from '../../model/code-points/alerts.ts';
import {
  type AlertFact,
  type ConnectionHistory,
  peerOf,
  type RecordFact,
} from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isFatalAlert, lostOctets } from '../support/ending.ts';
import { PROVEN_BY_SECRETS } from '../support/failed-record.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';
import { readingOf } from './alert-dictionary.ts';

const OUT_OF_STEP =
  'octets were inserted, doubled or lost on the way, so that what stands where a record should begin is none';

/** What alerts mean that are about records; of others the dictionary of handshakes says nothing that fits here. */
const READINGS: Readonly<Record<number, readonly string[]>> = {
  10: ['a record or a message came that has no place there, or came twice', OUT_OF_STEP],
  22: ['a record is longer than was agreed', OUT_OF_STEP],
  50: ['a message behind the handshake (a ticket, a KeyUpdate) could not be parsed', OUT_OF_STEP],
  70: [OUT_OF_STEP],
  80: ['the side that sent it failed by itself: memory, a policy, a fault of its own'],
};

/** Of a certificate that was looked at only after the handshake, as some clients do. */
const isAboutCertificate = (description: number): boolean =>
  description >= BAD_CERTIFICATE &&
  description <= ACCESS_DENIED &&
  description !== ILLEGAL_PARAMETER;

function causesOf({ description = 0, from }: AlertFact, { stage, version }: ConnectionHistory) {
  return isAboutCertificate(description)
    ? readingOf(description, { from, stage, version }).causes
    : (READINGS[description] ?? []);
}

/** The last protected record of the other side in front of it, as far as it is known. */
function recordBefore(
  { protectedRecords }: ConnectionHistory,
  { from, packet }: AlertFact,
): RecordFact | undefined {
  const { first, last, lastData } = protectedRecords[peerOf(from)];
  return [last, lastData, first].find((one) => one !== undefined && one.packet <= packet);
}

/** The other side had begun to close: some stacks then say whatever their code for an end of file maps to. */
function isBehindClose({ alerts, tcp }: ConnectionHistory, { from, packet }: AlertFact): boolean {
  const peer = peerOf(from);
  return (
    [tcp?.fin[peer], tcp?.rst[peer]].some((end) => end !== undefined && end.packet < packet) ||
    alerts.some((one) => one.from === peer && one.description === 0 && one.packet < packet)
  );
}

/** What a stack says when it gives up a connection that was in use, which without secrets looks like an orderly close. */
export const alertAfterHandshake = defineConnectionRule({
  meta: {
    id: 'alert-after-handshake',
    group: 'handshake',
    title: 'A fatal alert ended an established connection',
    severity: 'error',
    sources: ['RFC 5246 §7.2.2', 'RFC 8446 §6.2'],
    reports:
      'A fatal alert on a connection whose handshake was complete: its sender, name and number, the record of the other side that it followed, and what it most often means.',
    matters:
      'The application reads of a connection that was closed or reset. The alert says which side gave up and over what, and it is encrypted: without a key log it cannot be told from close_notify.',
    decides:
      'The handshake was complete, and a fatal alert can be read: by secrets, which proves it, or because it is in the clear, which only its sender or somebody on the way can have written and which no receiver accepts from then on.',
    silent:
      'For alerts that cannot be read, for alerts behind a close of the other side (stacks comment on an end of file with one alert or another), for alerts in the clear over DTLS, where octets are missing or one side was captured late, and where another rule says what was refused.',
    yieldsTo: [
      ...PROVEN_BY_SECRETS,
      'bad-record-mac-later',
      'record-decrypts-under-other-connection',
      'record-length-impossible',
      'duplicate-finished',
      'tls-foreign-record-suspected',
      'plaintext-in-tls-stream',
      'tls-clienthello-mid-connection',
      'renegotiation-refused',
      'client-cert-required',
      'tcp-old-segment-in-new-incarnation',
      'dtls-late-close-notify',
      'dtls-late-record',
      'dtls-old-epoch-after-new-handshake',
    ],
    messages: {
      ended: {
        title: 'The {from} ended an established connection with {name}',
        what: 'The {from} ended the established connection with the {level} alert {name} ({number}) in packet {packet}{after}; {negotiated}.',
        causes: [],
        remedies: [
          'read the log of the {from} at that moment: it knows what it refused',
          'compare the octets that the two sides sent and received: a proxy in between may have changed, doubled or lost some',
        ],
        commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V'],
      },
      clear: {
        title: 'An alert in the clear stands in an established connection',
        what: 'In packet {packet} the {from} sends the {level} alert {name} ({number}) in the clear{after}, although its records are protected; {negotiated}.',
        causes: [
          'a device on the way, or a proxy that holds the keys of one side only, ended the connection in the name of the {from}',
          'the {from} lost the keys of this connection',
        ],
        remedies: [
          'capture at both ends: if the {from} did not send it, look at what lies in between',
          'read the log of the {from} at that moment',
        ],
        commands: ['tshark -r CAPTURE -Y "frame.number == {packet}" -V'],
      },
    },
  },
  check(history) {
    const { alerts, outcome, id, version, protocol } = history;
    if (alerts.length === 0 || outcome !== 'established') return NOT_APPLICABLE;
    const alert = alerts.find((one) => isFatalAlert(one, version));
    if (alert === undefined) return NOT_APPLICABLE;
    const { from, description = 0, level = 2, encrypted, packet, nanos } = alert;
    // Anybody can send a datagram in the clear, and the association goes on: dtls-epoch0-alert tells that.
    if (protocol === 'DTLS' && !encrypted) return PASS;
    if (isBehindClose(history, alert)) return PASS;
    // What the other side may have closed with would be among what is missing, or was captured behind it.
    if (lostOctets(history) > 0) return notAssessable('lost-bytes');
    if (history.tcp?.isBehindAnswer === true) return notAssessable('order-unknown');
    const peer = peerOf(from);
    const record = recordBefore(history, alert);
    const name = alertDescriptionName(description);
    return {
      kind: 'finding',
      message: encrypted ? 'ended' : 'clear',
      confidence: encrypted ? 'proven' : 'likely',
      data: {
        from,
        level: alertLevelName(level),
        name,
        number: description,
        packet,
        after:
          record === undefined
            ? ''
            : `, ${formatDuration(nanos - record.nanos)} after a record of ${record.length} octets of the ${peer} (packet ${record.packet})`,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(
          alert,
          id,
          from,
          `${alertLevelName(level)} ${name}, ${encrypted ? 'opened with the secrets' : 'in the clear'}`,
        ),
        ...(record === undefined
          ? []
          : [witness(record, id, peer, `the last record of the ${peer} before it`)]),
      ],
      connections: [id],
      ...(encrypted ? { causes: causesOf(alert, history) } : {}),
    };
  },
});
