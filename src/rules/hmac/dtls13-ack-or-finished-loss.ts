import type { AckFact } from '../../model/dtls-facts.ts';
import type { ConnectionHistory, RecordFact } from '../../model/history.ts';
import type { RuleMessage } from '../../model/rule.ts';
import { formatDuration } from '../../model/time.ts';
import {
  defineConnectionRule,
  type FindingOf,
  NOT_APPLICABLE,
  notAssessable,
  PASS,
} from '../define-rule.ts';
import { isDtls13, keyedFinding, unjudged } from '../support/failed-record.ts';
import { counted } from '../support/how-many.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { ownTransmissions, recordEvidence, times } from '../support/records.ts';

/** The first and three repeats: with the timer of RFC 9147 §5.8.2 those take seven seconds and more. */
const TRANSMISSIONS = 4;

const COMMANDS = [
  'tlsdiag analyze --keylog KEYS --stream udp:{stream} CAPTURE',
  'tshark -r CAPTURE -Y "udp.stream == {stream}" -x',
];

const MESSAGES = {
  'handshake-keys': {
    title: 'Data of DTLS 1.3 is protected with the keys of the handshake',
    what: 'In packet {packet} {record} ({octets} octets) belongs to the data of the connection and opens under the keys of the handshake (epoch 2){reaction}{repairs}; {count} of the {from} failed in all; {negotiated}.',
    causes: [
      'the {from} turned back to the keys of the handshake to send or repeat its last flight, and kept them for the data (wolfSSL before 5.8.2 does so where datagrams of the handshake were lost)',
      'the {from} puts the number of the new epoch into its headers before it has derived the keys',
    ],
    remedies: [
      'update the DTLS stack of the {from}',
      'until then, have it begin again where nothing is answered: the connection looks established to both sides, and its data is dropped in silence',
    ],
    commands: COMMANDS,
  },
  'data-keys': {
    title: 'A handshake record of DTLS 1.3 is protected with the keys of the data',
    what: 'In packet {packet} {record} ({octets} octets) belongs to the handshake and opens under the keys of the data that follow it{reaction}{repairs}; {count} of the {from} failed in all; {negotiated}.',
    causes: [
      'the {from} repeats its last flight, because the ACK is missing, with the keys that it has by now',
    ],
    remedies: [
      'update the DTLS stack of the {from}: a repeated record keeps the epoch of the first one, and its keys',
    ],
    commands: COMMANDS,
  },
  unacknowledged: {
    title: 'The client repeats its Finished, and the server never acknowledges it',
    what: 'The client sent its Finished {times}, over {span}, and the capture shows no ACK of the server for any of them, although the server sent protected records after the first; {negotiated}.',
    causes: [
      'the server does not take up the Finished: it never arrives there, or it does not open',
      'the server has it and does not acknowledge it',
    ],
    remedies: [
      'capture at the server: if the Finished arrives there, its stack has to acknowledge it, and again for every repeat',
      'if it does not, look for what drops small datagrams on the way to the server',
    ],
    commands: COMMANDS,
  },
  'acknowledged-in-vain': {
    title: 'The client repeats its Finished although the server acknowledges it',
    what: 'The server acknowledged the Finished of the client in packet {ack}, and the client sent it {times} more, over {span}; {negotiated}.',
    causes: [
      'the ACKs do not reach the client',
      'the client does not take an ACK for what it is, or stops its timer for another record only',
    ],
    remedies: ['capture at the client: if the ACKs arrive there, its stack does not read them'],
    commands: COMMANDS,
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;

/** What loss makes of the end of a DTLS 1.3 handshake, where Finished and ACK cross with the change of keys. */
export const dtls13AckOrFinishedLoss = defineConnectionRule({
  meta: {
    id: 'dtls13-ack-or-finished-loss',
    group: 'hmac',
    title: 'The end of a DTLS 1.3 handshake went wrong where Finished and ACK cross',
    severity: 'error',
    sources: ['RFC 9147 §5.8.1', 'RFC 9147 §6.1', 'RFC 9147 §7.1', 'RFC 9147 §7.2'],
    reports:
      'Records of DTLS 1.3 with the keys of the handshake in the place of those of the data, or the other way round; a Finished that is repeated and never acknowledged, or although it is.',
    matters:
      'Both sides hold the connection for established, and records that do not open are dropped in silence: the application sees a peer that does not answer. It happens where particular datagrams of the handshake are lost, so that it cannot be made to happen in a quiet network.',
    decides:
      'A record that does not open under the keys of its epoch and does under those of the epoch before or behind is proof: its tag does not come out by chance. Of a Finished that is repeated the records and ACKs were opened with the secrets of the connection, and four transmissions are no accident; whether the capture lacks an ACK is not known, hence likely.',
    silent:
      'Without secrets: which record is a Finished or an ACK is encrypted. Where repeats end with an ACK, as loss is meant to be repaired.',
    yieldsTo: ['record-decrypts-under-other-connection'],
    restsOnSilence: true,
    messages: MESSAGES,
  },

  check(history) {
    if (!isDtls13(history)) return NOT_APPLICABLE;
    const keyed = keyedFinding(
      'dtls13-ack-or-finished-loss',
      history,
      ({ record }) => (record.epoch === FIRST_DATA_EPOCH ? 'handshake-keys' : 'data-keys'),
      'opens under the keys of another epoch',
    );
    if (keyed !== undefined) {
      const { from } = history.decryption?.failures[0] ?? { from: 'client' as const };
      const failed = history.decryption?.perRole[from].failed ?? 0;
      const isDeaf =
        keyed.message === 'handshake-keys' &&
        !history.dtls?.epochs[from].some(({ epoch }) => epoch >= FIRST_DATA_EPOCH);
      return {
        ...keyed,
        // Nothing that this side sent after the handshake ever opened.
        severity: isDeaf ? 'error' : (keyed.severity ?? 'warning'),
        data: { ...keyed.data, count: counted(failed, 'record'), repairs: repairsOf(history) },
      };
    }
    const repeated = repeatedFinished(history);
    if (repeated !== undefined) return repeated;
    const verdict = unjudged(history);
    return verdict.kind === 'not-assessable' ? verdict : PASS;
  },
});

const FIRST_DATA_EPOCH = 3;

/** A clause about what of the handshake had to be sent again, as far as it shows. */
function repairsOf({ dtls }: ConnectionHistory): string {
  if (dtls === undefined) return '';
  const { clientHellos, finishedTransmissions: sent, acks = [] } = dtls;
  const again = clientHellos.filter(({ retransmission }) => retransmission).length;
  const finished = Math.max(sent.client.length, sent.server.length) - 1;
  // Whole flights are acknowledged by the answer to them; an ACK of the client tells what is missing. RFC 9147 §7.1.
  const [partial] = acks.filter(({ from, epoch }) => from === 'client' && epoch < FIRST_DATA_EPOCH);
  const signs = [
    ...(again > 0 ? [`ClientHello sent ${times(again)} more`] : []),
    ...(finished > 0 ? [`Finished sent ${times(finished)} more`] : []),
    ...(partial !== undefined ? [`ACK in packet ${partial.packet} for a part of the flight`] : []),
  ];
  return signs.length > 0
    ? `, after a handshake in which datagrams were lost (${signs.join(', ')})`
    : '';
}

/** A Finished of the client that is sent again and again, with or without an ACK for it. */
function repeatedFinished(
  history: ConnectionHistory,
): FindingOf<typeof MESSAGES> | ReturnType<typeof notAssessable> | undefined {
  const { dtls, id, protectedRecords } = history;
  if (dtls === undefined || !history.bothDirections) return undefined;
  const sent = ownTransmissions(dtls.finishedTransmissions.client);
  const [first] = sent;
  const last = sent.at(-1);
  if (first === undefined || last === undefined || sent.length < TRANSMISSIONS) return undefined;
  const acks = (dtls.acks ?? []).filter(({ from }) => from === 'server');
  const ack = acks.find((one) => sent.some((finished) => covers(one, finished)));
  const after = ack === undefined ? sent : sent.filter(({ packet }) => packet > ack.packet);
  const from = ack ?? first;
  if (ack !== undefined && after.length < TRANSMISSIONS - 1) return undefined;
  const life = protectedRecords.server.last;
  if (ack === undefined && (life === undefined || life.nanos <= first.nanos)) return undefined;
  // Which records are ACKs only secrets tell: every record of the server has to have opened.
  const { skipped = 0, perRole } = history.decryption ?? {};
  for (const spot of ['lost-bytes', 'cut-packets'] as const)
    if (history.blindSpots.includes(spot)) return notAssessable(spot);
  if (skipped > 0 || (perRole?.server.failed ?? 0) > 0) return notAssessable('no-secrets');
  const data = {
    stream: history.stream,
    negotiated: describeNegotiation(history),
    span: formatDuration(last.nanos - from.nanos),
    times: times(after.length),
    ack: ack?.packet ?? 0,
  };
  return {
    kind: 'finding',
    message: ack === undefined ? 'unacknowledged' : 'acknowledged-in-vain',
    severity: 'warning',
    confidence: 'likely',
    connections: [id],
    data,
    evidence: [
      recordEvidence(first, id, 'the Finished of the client'),
      ...(ack === undefined ? [] : [ackEvidence(ack, id)]),
      recordEvidence(last, id, `sent again, ${times(sent.length)} in all`),
    ],
  };
}

function covers({ received }: AckFact, { epoch, sequence }: RecordFact): boolean {
  return received.some((one) => one.epoch === epoch && one.sequence === sequence);
}

function ackEvidence({ packet, nanos, from }: AckFact, connection: number) {
  return { packet, nanos, connection, from, note: 'ACK that names it' };
}
