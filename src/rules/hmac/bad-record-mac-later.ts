import { BAD_RECORD_MAC } from '../../model/code-points/alerts.ts';
import { type AlertFact, type ConnectionHistory, peerOf } from '../../model/history.ts';
import type { RuleMessage } from '../../model/rule.ts';
import { formatDuration } from '../../model/time.ts';
import {
  defineConnectionRule,
  type FindingOf,
  NOT_APPLICABLE,
  notAssessable,
  PASS,
} from '../define-rule.ts';
import { lostOctets } from '../support/ending.ts';
import { isSoundSide, PROVEN_BY_SECRETS } from '../support/failed-record.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { unansweredData } from '../support/refusal.ts';
import { witness } from '../support/witness.ts';

const MESSAGES = {
  later: {
    what: 'The {from} ended the connection with bad_record_mac in packet {packet}, {delay} after the last record of the {peer} ({octets} octets, packet {record}); {count} protected records came before; {negotiated}.',
    causes: [
      'two writers share one TLS state (a process forked with the connection open, threads without a lock): sequence numbers are used twice or skipped',
      'a record of another connection was written to this socket',
      'the record was changed on the way, by hardware or a device that rewrites and corrects checksums',
      'the MAC code of one side fails at this length',
    ],
    remedies: [
      'open the record with a key log of one side: if it opens, it came past this place as its sender made it; look at the receiver then, and at what lies in between',
      'open connections after the fork, one writer at a time',
      'capture at both ends and compare the octets of the record: if they are equal, the network did not change them',
    ],
    commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {record}" -V'],
  },
  sound: {
    title:
      'A record that opens under the secrets at hand was refused, after others had been accepted',
    what: 'The {from} ended the connection with bad_record_mac in packet {packet}, {delay} after the last record of the {peer} ({octets} octets, packet {record}), and all {count} protected records of the {peer} open under the secrets at hand, one after the other; {negotiated}.',
    causes: [
      'the {from} lost count: it skipped a record, or read one twice, and expects another number than the one that is due',
      'a record was changed behind the place of this capture',
      'the MAC code of the {from} fails at this length',
    ],
    remedies: [
      'look at the {from}: threads that read from one connection without a lock, a state that was copied or restored',
      'capture on the {from} and compare the octets of the record: if they are equal, the network did not change them',
    ],
    commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {record}" -V'],
  },
  elsewhere: {
    title: 'What was refused with bad_record_mac appears not to be in this capture',
    what: 'The {from} ended the connection with bad_record_mac in packet {packet}, {delay} after the last record of the {peer} ({octets} octets, packet {record}), but went on with data (packet {answer}) after that record, and all {count} protected records of the {peer} open under the secrets at hand; {negotiated}.',
    causes: [
      'a proxy or another device between the {from} and the place of this capture wrote a record that did not come through here: one of another connection, or one twice',
      'the record was refused late, and the data was under way before: the {from} lost count, or a record was changed behind the place of this capture',
    ],
    remedies: [
      'capture on the {from} and look at the last record in front of the alert there',
      'look at what the proxy wrote to the {from} at this moment, and for which connection',
    ],
    commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V'],
  },
  unread: {
    title: 'Data was answered by nothing but an encrypted alert',
    what: 'The {from}, which had answered data with data before, answered the record of {octets} octets in packet {record} with an encrypted alert (packet {packet}) {delay} later and with nothing else; {negotiated}.',
    causes: [
      'the record could not be authenticated: it belongs to another connection, was changed on the way, or its number is not the one that the receiver has come to',
      'the {from} would not answer this request and closed the connection in order',
    ],
    remedies: [
      'look into the log of the {from} at this moment, or run again with a key log: the alert says which of the two it was',
      'if it is bad_record_mac, open the record with the keys of the other connections of the {peer}',
    ],
    commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V'],
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;

/**
 * Keys that worked do not stop working: what fails after accepted records is the record, its place in the sequence, or
 * the code at this length. An encrypted alert without secrets could as well be a close_notify, so it takes more to tell.
 */
export const badRecordMacLater = defineConnectionRule({
  meta: {
    id: 'bad-record-mac-later',
    group: 'hmac',
    title: 'A record failed to authenticate after others had been accepted',
    severity: 'error',
    sources: ['RFC 5246 §7.2.2', 'RFC 5246 §6.1', 'RFC 8446 §5.2', 'RFC 8446 §5.3'],
    reports:
      'A bad_record_mac that can be read (in the clear, or with secrets) on a connection whose earlier protected records were accepted; and data to which the only answer is an alert that cannot be read.',
    matters:
      'Since the keys were right, certificates, PSK and key exchange are not the reason. Something changed the record or the sequence: two writers on one connection, a record of another connection, damage on the way, or a fault at a particular length.',
    decides:
      'The handshake was complete and a readable alert 20 follows protected records of the other side. With secrets that opened the alert it is proven; an alert in the clear at this point is not authenticated, so the verdict is likely. Without secrets a bad_record_mac looks like any other alert. Up to TLS 1.2 a warning says that one is possible where a server that had answered data with data before answers a longer record with nothing but an encrypted alert, within half a second, and the client had not begun to close.',
    silent:
      'For alerts that cannot be read but may as well close the connection in order: behind an answer, after a pause, in answer to a close, or after the few octets with which protocols take their leave. Also where octets are missing from the capture, since the failing record may be among them.',
    yieldsTo: [
      'tcp-old-segment-in-new-incarnation',
      ...PROVEN_BY_SECRETS,
      'record-length-impossible',
      'tls-foreign-record-suspected',
      'plaintext-in-tls-stream',
      'tls-clienthello-mid-connection',
      'dtls-late-close-notify',
      'dtls-old-epoch-after-new-handshake',
      'dtls-epoch0-alert',
    ],
    messages: MESSAGES,
  },

  check(history) {
    const { alerts, stage, protectedRecords, id } = history;
    if (alerts.length === 0 || stage !== 'done') return NOT_APPLICABLE;
    const alert = alerts.find(({ description }) => description === BAD_RECORD_MAC);
    if (alert === undefined) return unread(history) ?? NOT_APPLICABLE;
    // Anybody can send a datagram in the clear, and the association goes on: dtls-epoch0-alert tells that.
    if (history.protocol === 'DTLS' && !alert.encrypted) return PASS;
    const peer = peerOf(alert.from);
    const { count, first, last, lastData } = protectedRecords[peer];
    const isSound = isSoundSide(history, peer);
    // Secrets tell that data was in order: then it may as well be the alert behind it.
    const record = [...(isSound ? [last] : []), lastData, last, first].find(
      (one) => one !== undefined && one.packet <= alert.packet,
    );
    if (record === undefined || count < 2) return PASS;
    // It is the one that was refused, also where the tap has the alert before it: no rule may then name a record in front.
    if (alert.encrypted && failsBehind(history, alert)) return PASS;
    if (history.protocol === 'TLS' && lostOctets(history) > 0) return notAssessable('lost-bytes');
    const { lastData: answer } = protectedRecords[alert.from];
    const isAnswered =
      answer !== undefined && answer.packet > record.packet && answer.packet < alert.packet;
    return {
      kind: 'finding',
      message: !isSound ? 'later' : isAnswered ? 'elsewhere' : 'sound',
      confidence: alert.encrypted && !(isSound && isAnswered) ? 'proven' : 'likely',
      data: {
        from: alert.from,
        peer,
        packet: alert.packet,
        delay: formatDuration(alert.nanos - record.nanos),
        octets: record.length,
        record: record.packet,
        answer: answer?.packet ?? 0,
        count,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(
          alert,
          id,
          alert.from,
          alert.encrypted
            ? 'bad_record_mac, opened with the secrets'
            : 'bad_record_mac in the clear',
        ),
        witness(
          record,
          id,
          peer,
          `the last record of the ${peer} before it, ${record.length} octets`,
        ),
        ...(isSound && isAnswered
          ? [witness(answer, id, alert.from, 'data after that record')]
          : []),
      ],
      connections: [id],
    };
  },
});

const failsBehind = ({ decryption }: ConnectionHistory, { from, packet }: AlertFact): boolean =>
  decryption?.failures.some((one) => one.from === peerOf(from) && one.packet > packet) === true;

function unread(history: ConnectionHistory): FindingOf<typeof MESSAGES> | undefined {
  const unanswered = unansweredData(history);
  if (unanswered === undefined) return undefined;
  const { record, alert } = unanswered;
  const { id } = history;
  return {
    kind: 'finding',
    message: 'unread',
    confidence: 'possible',
    severity: 'warning',
    data: {
      from: alert.from,
      peer: record.from,
      packet: alert.packet,
      delay: formatDuration(alert.nanos - record.nanos),
      octets: record.length,
      record: record.packet,
      negotiated: describeNegotiation(history),
    },
    evidence: [
      witness(alert, id, alert.from, 'an encrypted alert, in place of an answer'),
      witness(record, id, record.from, `data, ${record.length} octets`),
    ],
    connections: [id],
  };
}
