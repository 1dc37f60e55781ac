import { cipherSuite } from '../../model/code-points/suites.ts';
import type { DtlsAnomaly } from '../../model/dtls-facts.ts';
import { type At, type ConnectionHistory, ROLES } from '../../model/history.ts';
import { MILLISECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { counted } from '../support/how-many.ts';
import { recordEvidence, weakenedBy } from '../support/records.ts';

/** Long enough in one network for a handshake of which the capture lacks all: its numbers start again. */
const APART = 5 * MILLISECOND;

/** Within one epoch a sequence number names one record. Two records under one number have two writers. */
export const dtlsSeqReuse = defineConnectionRule({
  meta: {
    id: 'dtls-seq-reuse',
    group: 'misdelivery',
    title: 'Two different records carry the same epoch and sequence number',
    severity: 'error',
    sources: ['RFC 6347 §4.1', 'RFC 6347 §4.1.2.6', 'RFC 5288 §3', 'RFC 7905 §2'],
    reports:
      'Two protected records of one side of a DTLS connection with the same epoch and sequence number and different octets.',
    matters:
      'The receiver drops the second as a replay, so what it carried is lost. And unless one of the two was written for another connection, the keys are used twice under one number: where the nonce comes from it, as with ChaCha20-Poly1305, two records under one nonce give away their contents’ difference and the key of the authenticator.',
    decides:
      'The octets on the wire, compared in full. Two writers meet again and again, so that one pair alone, which may as well hold a record of another connection, is likely and a warning. With more the finding is critical where the negotiated suite takes its nonce from the sequence number alone, an error with the others, and a note where the second record may belong to another connection on the same addresses and ports, or where a close or unprotected records in between show that there was another handshake.',
    silent:
      'Unprotected records are not counted: around a HelloVerifyRequest their numbers repeat by design. A record that was attributed to an older connection explains the pair. A lone pair more than 5 ms apart is a note at most: a handshake that the capture lacks may lie between. Records that were captured in part cannot be compared.',
    yieldsTo: [
      'record-decrypts-under-other-connection',
      'dtls-late-close-notify',
      'dtls-old-epoch-after-new-handshake',
      'dtls-late-record',
    ],
    messages: {
      reused: {
        what: 'The {sender} of connection {id} sent two different records as epoch {epoch} seq {sequence} (packets {first} and {second}; {count} in all).',
        causes: [
          'two processes or threads write with the same connection state, after a fork or without a lock',
          'the state was restored from a copy, or a virtual machine from a snapshot, and went on counting from there',
          'the sender set its counter back without new keys',
          'one of the two belongs to another connection and was delivered here, by a proxy or load balancer that mixed up two clients',
        ],
        remedies: [
          'find the second writer on the sending host; give each process its own connection',
          'treat the keys of this connection as used up and begin a new one',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}" -w evidence.pcapng'],
      },
    },
  },

  check(history, { previous }) {
    const { dtls } = history;
    if (dtls === undefined) return NOT_APPLICABLE;
    if (dtls.anomalies.length === 0) return PASS;
    const pairs = dtls.anomalies.filter((anomaly) => isPair(anomaly, previous));
    const pair = pairs.find(({ confidence }) => confidence === 'proven') ?? pairs[0];
    if (pair?.earlier === undefined) return PASS;
    if (history.blindSpots.includes('cut-packets')) return notAssessable('cut-packets');
    const { record, earlier } = pair;
    const isLone = pairs.length === 1;
    const confidence =
      isOfAnother(history, pair) ||
      hadHandshakeBetween(history, earlier) ||
      (isLone && record.nanos - earlier.nanos > APART)
        ? 'possible'
        : weakenedBy(
            isLone && pair.confidence === 'proven' ? 'likely' : pair.confidence,
            ['start-not-captured', 'one-direction'],
            history,
            previous,
          );
    // RFC 7905 §2: the nonce of these suites is the epoch and sequence number and nothing else.
    const mode = cipherSuite(history.cipherSuite ?? 0)?.mode;
    const severity = {
      proven: mode === 'aead-chacha' ? 'critical' : 'error',
      likely: isLone ? 'warning' : 'info',
      possible: 'info',
    } as const;
    return {
      kind: 'finding',
      message: 'reused',
      severity: severity[confidence],
      confidence,
      connections: [history.id],
      evidence: [
        recordEvidence(record, history.id, `the second under this number; ${pair.reason}`),
        {
          ...earlier,
          connection: history.id,
          from: record.from,
          note: `the first under this number, epoch ${record.epoch} seq ${record.sequence}, other octets`,
        },
      ],
      data: {
        id: history.id,
        stream: history.stream,
        sender: record.from,
        epoch: record.epoch,
        sequence: record.sequence,
        first: earlier.packet,
        second: record.packet,
        count: counted(pairs.length, 'such pair'),
      },
    };
  },
});

/** A newer association had begun, or the end of this one: it rather belongs to one whose handshake the capture lacks. */
const isOfAnother = ({ dtls }: ConnectionHistory, { record, during }: DtlsAnomaly): boolean =>
  during !== 0 ||
  ROLES.some((role) => {
    const close = dtls?.probableClose[role];
    return close !== undefined && close.nanos < record.nanos;
  });

/**
 * Unprotected records after the first of the two: a handshake whose ClientHello the capture lacks, and with new keys the
 * numbers start again.
 */
const hadHandshakeBetween = ({ dtls }: ConnectionHistory, earlier: At): boolean =>
  ROLES.some((role) =>
    dtls?.epochs[role].some(({ epoch, last }) => epoch === 0 && last.nanos > earlier.nanos),
  );

function isPair(
  { kind, record, earlier, owner }: DtlsAnomaly,
  previous: ConnectionHistory | undefined,
): boolean {
  if (kind !== 'sequence-reuse' || record.epoch === 0 || earlier === undefined) return false;
  const leftOver = previous?.dtls?.anomalies.some(
    (other) =>
      other.kind === 'late' &&
      (other.record.packet === record.packet || other.record.packet === earlier.packet),
  );
  return owner !== 0 && leftOver !== true;
}
