import type { CaptureIndex } from '../../model/capture-index.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import type { OldSegmentFact } from '../../model/incarnation.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE } from '../define-rule.ts';
import { counted } from '../support/how-many.ts';
import { connectionOn } from '../support/servers.ts';
import { witness } from '../support/witness.ts';

/** Segments shown as evidence. */
const SHOWN = 4;

const HOW: Readonly<Record<OldSegmentFact['how'], string>> = {
  timestamp: 'its timestamp is older than that of the SYN',
  acknowledgement: 'it acknowledges what only the connection before can have sent',
  copy: 'its octets were sent under these numbers before the SYN',
  number: 'its number lies before the first one of this connection',
};

/** A wandering duplicate: TCP guards against it by numbers, timestamps and waiting, and sometimes in vain. */
export const tcpOldSegmentInNewIncarnation = defineConnectionRule({
  meta: {
    id: 'tcp-old-segment-in-new-incarnation',
    group: 'transport',
    title: 'A TCP segment of the earlier connection arrived in the later one on the same ports',
    severity: 'error',
    sources: ['RFC 9293 §3.4.3', 'RFC 9293 §3.6.1', 'RFC 9293 §3.10.7.4', 'RFC 5961 §5.2'],
    reports:
      'Segments with data that belong to the TCP connection before, on the same addresses and ports, and arrive after the SYN of the present one: whether their numbers let the receiver take them for its own.',
    matters:
      'If they are taken, records of the old connection stand in the stream of the new one. Its receiver answers with bad_record_mac, and it looks like wrong keys or like a program that wrote to the wrong socket, although no program did anything wrong. If they are not, they explain stray acknowledgements and nothing else.',
    decides:
      'A segment is of the earlier connection if its timestamp is older than the SYN, if it acknowledges what only the earlier one can have sent, if its number lies before the beginning of this one, or if the very same octets were sent under these numbers before the SYN. Only in the last case can the receiver take it; then it is an error, and proven where secrets open its record under the keys of the earlier connection. Otherwise it is only noted.',
    silent:
      'Where the same octets were sent in this connection too, where the earlier connection is not in the capture or was over for more than two minutes, and where captures of several points are mixed so that nobody knows the order of the packets.',
    yieldsTo: [],
    messages: {
      taken: {
        what: 'Packet {packet} of the {from} carries {octets} octets that were sent in packet {earlier}, {delay} before, on the connection that had these ports before ({former}); their numbers are good for this one, so that the receiver took them for its own.',
        causes: [
          'a copy of the segment was held up on the path while the ports were used again at once',
          'a client, proxy or address translator that uses the same port again without waiting, and without timestamps',
        ],
        remedies: [
          'leave TCP timestamps on at both ends: they are what tells old segments from new ones',
          'use ports again later: a larger port range, more addresses, or fewer connections that are closed by the side that opens them',
        ],
        commands: [
          'sysctl net.ipv4.tcp_timestamps net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse',
          'tshark -r CAPTURE -Y "tcp.stream == {stream}" -T fields -e frame.number -e tcp.seq_raw -e tcp.options.timestamp.tsval',
        ],
      },
      dropped: {
        title: 'A late TCP segment of the earlier connection was dropped',
        what: 'Packet {packet} of the {from} belongs to the connection that had these ports before ({former}): {how}. Its receiver drops it; {count} such in all.',
        causes: ['a copy of the segment was held up on the path'],
        remedies: [],
        commands: [],
      },
    },
  },
  check({ tcp, id, stream }) {
    const all = tcp?.oldSegments ?? [];
    const first = all.find(({ taken }) => taken) ?? all[0];
    if (first === undefined) return NOT_APPLICABLE;
    const { earlier, from, taken } = first;
    const alike = all.filter((one) => one !== first && one.taken === taken).slice(0, SHOWN - 1);
    return {
      kind: 'finding',
      message: taken ? 'taken' : 'dropped',
      severity: taken ? 'error' : 'info',
      confidence: taken ? 'likely' : 'proven',
      data: {
        packet: first.packet,
        from,
        octets: first.length,
        earlier: earlier?.packet ?? 0,
        delay: earlier === undefined ? '' : formatDuration(Math.abs(first.nanos - earlier.nanos)),
        former: tcp?.former === undefined ? 'before' : `tcp.stream ${tcp.former.stream}`,
        formerStream: tcp?.former?.stream ?? -1,
        how: HOW[first.how],
        count: all.length === 1 ? 'one' : `${all.length}`,
        stream,
      },
      evidence: [
        witness(first, id, from, `${counted(first.length, 'octet')}: ${HOW[first.how]}`),
        ...(earlier === undefined
          ? []
          : [witness(earlier, 0, from, 'the same octets on the earlier connection')]),
        ...alike.map((one) =>
          witness(one, id, from, `${counted(one.length, 'octet')}: ${HOW[one.how]}`),
        ),
      ],
      connections: [id],
    };
  },

  complete(verdict, index) {
    if (verdict.message !== 'taken') return verdict;
    const [connection = 0] = verdict.connections;
    const former = formerOf(connection, verdict, index);
    if (former === undefined) return verdict;
    const proof = index.misplaced.find(
      (one) =>
        one.connection === connection &&
        one.owner.connection === former &&
        verdict.evidence.some(({ packet }) => packet === one.record.packet),
    );
    const connections = [...verdict.connections, former];
    return proof === undefined
      ? { ...verdict, connections }
      : {
          ...verdict,
          connections,
          confidence: 'proven',
          evidence: [
            ...verdict.evidence,
            witness(
              proof.record,
              connection,
              proof.record.from,
              `its record opens under the keys of connection ${former}`,
            ),
          ],
        };
  },
});

/** The id of the connection before, if that was TLS. */
function formerOf(
  connection: number,
  { data }: FindingVerdict,
  index: CaptureIndex,
): ConnectionHistory['id'] | undefined {
  const summary = index.summary(connection);
  if (summary === undefined) return undefined;
  const server = index.server('tcp', summary.server);
  return server && connectionOn(server, Number(data['formerStream']));
}
