import { BAD_RECORD_MAC, CLOSE_NOTIFY, DECRYPT_ERROR } from '../../model/code-points/alerts.ts';
import type { At, ConnectionHistory, Role } from '../../model/history.ts';
import type { ConflictFact } from '../../model/tcp-facts.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { keyedFinding } from '../support/failed-record.ts';
import { counted } from '../support/how-many.ts';
import { unansweredData } from '../support/refusal.ts';
import { witness } from '../support/witness.ts';

/** An alert that comes later has to do with something else. */
const SOON = 5 * SECOND;

/** TCP sends again what it has sent, octet by octet. If the second copy differs, something changed one of the two. */
export const payloadCorruptedInTransit = defineConnectionRule({
  meta: {
    id: 'payload-corrupted-in-transit',
    group: 'hmac',
    title: 'A TCP retransmission carries other octets than the first transmission',
    severity: 'error',
    sources: ['RFC 9293 §3.4', 'RFC 5246 §7.2.2', 'RFC 8446 §5.2'],
    reports:
      'Segments that repeat a range of the TCP stream with different octets, and alerts of failed authentication behind them. With secrets, also a record that opens once a bit or two, or one octet, is set right.',
    matters:
      'One of the two copies was changed after it had been encrypted: by memory or a network card of the sender, or by a device on the way that corrects the checksum of what it changed. If that copy is the one which the receiver takes, the record cannot be authenticated and the connection ends.',
    decides:
      'The octets are compared where they overlap, with those sent last, so that they differ is proven. That they were the reason is likely where the other side ends the connection with bad_record_mac or decrypt_error within five seconds, or with an alert that cannot be read as the only answer to the data. Where nothing came of it, it is a note.',
    silent:
      'Where the copies are the same, and about a range of which one copy is not in the capture.',
    yieldsTo: [
      'tcp-old-segment-in-new-incarnation',
      'record-mac-mismatch',
      'record-decrypts-under-other-connection',
    ],
    messages: {
      refused: {
        what: 'Packet {packet} repeats octets of packet {earlier} with different content ({count}), and the {from} answered the first with {alert} {delay} later.',
        causes: [
          'a network card, a driver or the memory of the sending machine changes octets',
          'a device on the way rewrites the stream and corrects checksums',
          'somebody injects segments',
        ],
        remedies: [
          'capture at both ends and compare the octets of the record: where they are still equal, the fault is not',
          'turn offloading off on both sides, and test the memory of the sender',
        ],
        commands: [
          'tshark -r CAPTURE -Y "tcp.stream == {stream} && tcp.analysis.retransmission" -x',
        ],
      },
      damaged: {
        title: 'A record was changed after it had been protected',
        what: 'In packet {packet}, {record} ({octets} octets) does not authenticate, and does with a bit or two, or one octet, set right: {damage}{reaction}; {negotiated}.',
        causes: [
          'a network card, a driver or the memory of a machine on the way changes octets, and the checksum is computed afterwards',
          'a device on the way rewrites packets and corrects checksums',
        ],
        remedies: [
          'capture at both ends and compare the octets of the record: where they are still equal, the fault is not',
          'turn offloading off on both sides, and test the memory of the machines on the way',
        ],
        commands: ['tshark -r CAPTURE -Y "frame.number == {packet}" -x'],
      },
      repaired: {
        title: 'A record was damaged on the way, and TCP repaired it',
        what: 'In packet {packet}, {record} ({octets} octets) does not authenticate, and does with a bit or two, or one octet, set right: {damage}. Packet {again} sends it again with other octets, and the {peer} took that copy.',
        causes: [],
        remedies: [],
        commands: ['tshark -r CAPTURE -Y "frame.number == {packet} || frame.number == {again}" -x'],
      },
      harmless: {
        title: 'A TCP retransmission carried other octets, to no visible effect',
        what: 'Packet {packet} repeats octets of packet {earlier} with different content ({count}); no alert tells that it mattered.',
        causes: [],
        remedies: [],
        commands: [
          'tshark -r CAPTURE -Y "tcp.stream == {stream} && tcp.analysis.retransmission" -x',
        ],
      },
    },
  },

  check(history) {
    const keyed = damageOf(history);
    const { tcp, id, stream } = history;
    const conflicts = tcp?.conflicts ?? [];
    if (keyed !== undefined) return judged(keyed, history, conflicts);
    if (tcp === undefined) return NOT_APPLICABLE;
    const [first] = conflicts;
    if (first === undefined) return PASS;
    const alert = refusal(history);
    const cause =
      alert &&
      conflicts.findLast(
        ({ earlier }) => earlier.packet < alert.packet && alert.nanos - earlier.nanos <= SOON,
      );
    const at = cause ?? first;
    const { earlier } = at;
    const data = {
      packet: at.packet,
      earlier: earlier.packet,
      stream,
      count: counted(conflicts.length, 'such packet'),
    };
    const evidence = [
      witness(earlier, id, undefined, 'the range for the first time'),
      witness(at, id, undefined, 'the same range with other octets'),
    ] as const;
    if (alert === undefined || cause === undefined) {
      return {
        kind: 'finding',
        message: 'harmless',
        severity: 'info',
        confidence: 'proven',
        connections: [id],
        evidence,
        data,
      };
    }
    return {
      kind: 'finding',
      message: 'refused',
      confidence: 'likely',
      connections: [id],
      evidence: [...evidence, witness(alert, id, alert.from, alert.name)],
      data: {
        ...data,
        from: alert.from,
        alert: alert.name,
        delay: formatDuration(alert.nanos - earlier.nanos),
      },
    };
  },
});

type Keyed = NonNullable<ReturnType<typeof damageOf>>;

/**
 * A damaged segment whose checksum is wrong is dropped, and what TCP sends in its place is in order. Both may be missing
 * from the capture, the second copy and an alert that can be read, so that nothing but such an alert makes it an error.
 * RFC 9293 §3.4.
 */
function judged(keyed: Keyed, history: ConnectionHistory, conflicts: readonly ConflictFact[]) {
  const { id, alerts, protocol } = history;
  const [record] = keyed.evidence;
  const isRefused = alerts.some(
    ({ packet, description }) =>
      packet > record.packet && description !== undefined && description !== CLOSE_NOTIFY,
  );
  if (isRefused || protocol === 'DTLS') return keyed;
  const again = conflicts.find(({ earlier }) => earlier.packet === record.packet);
  if (again === undefined) return { ...keyed, severity: 'info' as const };
  return {
    ...keyed,
    message: 'repaired' as const,
    severity: 'info' as const,
    evidence: [
      record,
      witness(again, id, record.from, 'the same range with other octets'),
    ] as const,
    data: { ...keyed.data, again: again.packet },
  };
}

const damageOf = (history: ConnectionHistory) =>
  keyedFinding(
    'payload-corrupted-in-transit',
    history,
    () => 'damaged' as const,
    'opens with a few bits set right',
  );

/** The alert with which one side gave up on what it could not authenticate. */
function refusal(
  history: ConnectionHistory,
): (At & { readonly from: Role; readonly name: string }) | undefined {
  for (const { description, from, packet, nanos } of history.alerts) {
    if (description === BAD_RECORD_MAC) return { packet, nanos, from, name: 'bad_record_mac' };
    if (description === DECRYPT_ERROR) return { packet, nanos, from, name: 'decrypt_error' };
  }
  const alert = unansweredData(history)?.alert;
  return alert && { ...alert, name: 'an encrypted alert' };
}
