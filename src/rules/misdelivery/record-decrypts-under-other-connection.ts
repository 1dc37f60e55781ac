import type { CaptureIndex, ConnectionSummary } from '../../model/capture-index.ts';
import type { MisplacedRecord } from '../../model/decryption.ts';
import type { Severity } from '../../model/finding.ts';
import type { RuleMessage } from '../../model/rule.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { byChance } from '../support/how-many.ts';
import { endpointText } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** Records of one pair of connections that are shown as evidence. */
const SHOWN = 8;

const REMEDIES = [
  'find the writer by number and time: it is the write with which connection {owner} came to number {sequence}',
  'let one owner have a socket: close the descriptor and forget its number in one step, write through one lock, never across a fork',
  'until it is found, close connections instead of using them again, and take what both carried for disclosed',
];
const COMMANDS = ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -x'];

const MESSAGES = {
  astray: {
    what: 'In packet {packet}, on connection {arrived} ({place}), stands a record of {octets} octets that opens under the keys of connection {owner} ({ownerPlace}): {number} of its {side}; {count} there in all.',
    causes: [
      'a program wrote to a descriptor that had been closed and given to another connection meanwhile',
      'a proxy, load balancer or connection pool mixed up the two connections',
      'threads or processes share buffers of several connections without a lock',
    ],
    remedies: REMEDIES,
    commands: COMMANDS,
  },
  earlier: {
    title: 'A record of an earlier connection arrived in a later one on the same ports',
    what: 'In packet {packet}, on connection {arrived}, stands a record of {octets} octets that opens under the keys of connection {owner} on the same addresses and ports: {number} of its {side}; {count} there in all.',
    causes: [
      'the record was under way, or in a buffer, when the ports were used again',
      'the sender kept writing with the state of the connection before',
    ],
    remedies: [
      'let some time pass before the same ports are used again, or take others',
      'drop what is still to be written when a connection ends',
    ],
    commands: COMMANDS,
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;

type Found = FindingOf<typeof MESSAGES>;

/** Only the keys of a connection open its records: whatever they open was written for that connection. */
export const recordDecryptsUnderOtherConnection = defineCaptureRule({
  meta: {
    id: 'record-decrypts-under-other-connection',
    group: 'misdelivery',
    title: 'A record was written to the wrong connection',
    severity: 'critical',
    sources: ['RFC 5246 §6.2.3', 'RFC 8446 §5.2', 'RFC 6347 §4.1.2.7'],
    reports:
      'A protected record that does not open under the keys of the connection it arrived on, and does under those of another connection of the capture: whose it is, in which direction, and with which number.',
    matters:
      'The receiver ends the connection with bad_record_mac, and everybody looks at keys and networks. In truth some program handed data to the wrong socket. What was encrypted could not be read there; one layer up the same mistake hands the data of one user to another.',
    decides:
      'The record is tried with the keys of the other connections, those on the same ports first, then of the same client and the same server. A MAC or tag does not come out by chance, so that one which does is proof.',
    silent:
      'Without the secrets of both connections, and for connections too far away in the capture to be tried.',
    yieldsTo: ['tcp-old-segment-in-new-incarnation'],
    messages: MESSAGES,
  },

  check(index) {
    const pairs = new Map<string, MisplacedRecord[]>();
    for (const misplaced of index.misplaced) {
      const pair = `${misplaced.connection} ${misplaced.owner.connection}`;
      const list = pairs.get(pair);
      if (list === undefined) pairs.set(pair, [misplaced]);
      else list.push(misplaced);
    }
    return [...pairs.values()].flatMap((list) => found(list, index) ?? []);
  },
});

function found(list: readonly MisplacedRecord[], index: CaptureIndex): Found | undefined {
  const [first] = list;
  if (first === undefined) return undefined;
  const { connection, record, owner, trials, oddsLog2 } = first;
  const arrived = index.summary(connection);
  const whose = index.summary(owner.connection);
  if (arrived === undefined || whose === undefined) return undefined;
  const isEarlier = placeOf(arrived) === placeOf(whose);
  const isDtls = arrived.protocol === 'DTLS';
  const number = isDtls
    ? `record ${owner.sequence} of epoch ${owner.epoch}`
    : `record ${owner.sequence}`;
  // A datagram that comes late is nobody's mistake, and what came of it counts: nothing here, as of other late records.
  const severity: Severity = !isEarlier
    ? 'critical'
    : isDtls && arrived.outcome === 'established'
      ? 'info'
      : 'error';
  return {
    kind: 'finding',
    message: isEarlier ? 'earlier' : 'astray',
    confidence: 'proven',
    severity,
    connections: [owner.connection, connection],
    evidence: [
      witness(
        record,
        connection,
        record.from,
        `${record.length} octets: ${number} of the ${owner.from} of connection ${owner.connection}`,
      ),
      ...list
        .slice(1, SHOWN)
        .map(({ record: other, owner: theirs }) =>
          witness(other, connection, other.from, `record ${theirs.sequence} of the same`),
        ),
    ],
    explanations: [
      {
        likelihood: 'high',
        text: `The record was protected for connection ${owner.connection} and written to connection ${connection}.`,
        for: [`it opens under the keys there; ${byChance(trials, oddsLog2)}`],
        against: [],
      },
    ],
    data: {
      packet: record.packet,
      octets: record.length,
      arrived: connection,
      place: placeOf(arrived),
      owner: owner.connection,
      ownerPlace: placeOf(whose),
      sequence: owner.sequence,
      number,
      side: owner.from,
      count: list.length === 1 ? 'one' : `${list.length}`,
    },
  };
}

const placeOf = ({ client, server }: ConnectionSummary): string =>
  `${endpointText(client)} to ${endpointText(server)}`;
