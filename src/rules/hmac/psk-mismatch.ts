import {
  alertDescriptionName,
  BAD_RECORD_MAC,
  DECRYPT_ERROR,
} from '../../model/code-points/alerts.ts';
import type { Explanation } from '../../model/finding.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import {
  defineConnectionRule,
  type FindingOf,
  NOT_APPLICABLE,
  notAssessable,
  PASS,
} from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { lostOctets } from '../support/ending.ts';
import { derivedFinding, reactionTo } from '../support/failed-record.ts';
import { rateSuspects } from '../support/key-suspects.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { takesKeysFromPsk } from '../support/pre-shared-key.ts';
import { recordEvidence } from '../support/records.ts';
import { refusedFirstRecord, strayRecord } from '../support/refused-record.ts';
import { compareWithSuite } from '../support/same-suite.ts';
import { silentlyDropped } from '../support/silent-drop.ts';
import { witness } from '../support/witness.ts';

const REMEDIES = [
  'compare identity and key octets on both sides: hexadecimal or text, a trailing newline or NUL, upper and lower case of the identity',
  'look the identity up in the server’s list of keys: a server may hide that it does not know it by answering as to a wrong key',
  'where only some clients fail, provision those again; where all do, look at the server',
];

const EXPLANATIONS: readonly Explanation[] = [
  {
    likelihood: 'high',
    text: 'Client and server hold different keys for the identity.',
    for: [
      'the suite takes its keys from the pre-shared one',
      'the first record under them was refused',
    ],
    against: [],
  },
  {
    likelihood: 'medium',
    text: 'The server does not know the identity and hides that behind a wrong key.',
    for: ['RFC 4279 §2 allows it'],
    against: [],
  },
  {
    likelihood: 'low',
    text: 'The keys are the same and are derived or used in different ways.',
    for: [],
    against: [],
  },
];

/** Stacks that follow a draft of RFC 9146 are around, and their records fail in the same way. */
const IDS_DIFFER: Explanation = {
  likelihood: 'medium',
  text: 'Client and server authenticate the connection id in different ways: as in RFC 9146, and as in a draft of it.',
  for: ['connection ids were negotiated, and this is the first record that has one'],
  against: [],
};

const hasIds = ({ dtls }: ConnectionHistory): boolean =>
  (dtls?.connectionIds?.to.server?.length ?? 0) > 0;

const sureness = (history: ConnectionHistory) => (hasIds(history) ? 'possible' : 'likely');

type Found = FindingOf<Record<'refused' | 'dropped' | 'proven', never>>;

/** An alert in the clear that answers the client's first protected record. */
function refused(history: ConnectionHistory): Found | undefined {
  const found = refusedFirstRecord(history, [BAD_RECORD_MAC, DECRYPT_ERROR]);
  if (found.kind !== 'refused' || found.alert.from !== 'server') return undefined;
  const { alert, record } = found;
  const { id } = history;
  const name = alertDescriptionName(alert.description ?? 0);
  return {
    kind: 'finding',
    message: 'refused',
    confidence: lostOctets(history) === 0 ? sureness(history) : 'possible',
    data: {
      id,
      name,
      dissector: history.protocol === 'DTLS' ? 'dtls' : 'tls',
      octets: record.length,
      record: record.packet,
      packet: alert.packet,
      delay: formatDuration(alert.nanos - record.nanos),
      negotiated: describeNegotiation(history),
      compared: '',
    },
    evidence: [
      witness(alert, id, 'server', `${name} in the clear: the server had not switched to the keys`),
      witness(record, id, 'client', `the first record under the new keys, ${record.length} octets`),
    ],
    connections: [id],
    explanations: hasIds(history) ? [...EXPLANATIONS, IDS_DIFFER] : EXPLANATIONS,
  };
}

/** The client's Finished over DTLS, repeated and never answered. */
function dropped(history: ConnectionHistory): Found | undefined {
  const found = silentlyDropped(history);
  if (found.kind !== 'dropped' || found.sender !== 'client') return undefined;
  const { first, last, count, life } = found;
  const { id } = history;
  return {
    kind: 'finding',
    message: 'dropped',
    confidence: sureness(history),
    data: {
      id,
      count,
      packet: first.packet,
      span: formatDuration(last.nanos - first.nanos),
      negotiated: describeNegotiation(history),
      compared: '',
    },
    evidence: [
      recordEvidence(first, id, 'first Finished of the client'),
      recordEvidence(last, id, `transmission ${count} of it`),
      witness(life, id, 'server', 'the server is still heard from'),
    ],
    connections: [id],
    explanations: hasIds(history) ? [...EXPLANATIONS, IDS_DIFFER] : EXPLANATIONS,
  };
}

/**
 * With the key at hand it shows which side has another one: if the client's record opens under it, the server; if it
 * does not, the client. A key log says that the client's record is in order, and nothing of the key.
 */
function withKey(history: ConnectionHistory, verdict: Found): Found {
  const { decryption, protectedRecords } = history;
  const { first } = protectedRecords.client;
  if (decryption?.source !== 'psk' || first === undefined) return verdict;
  const opens = decryption.perRole.client.authenticated > 0;
  const fails = decryption.obstacle === 'secret-does-not-fit' && decryption.isKeyNamed === true;
  if (opens === fails || lostOctets(history) > 0) return verdict;
  return {
    ...verdict,
    message: 'proven',
    confidence: 'proven',
    data: {
      ...verdict.data,
      record: first.packet,
      opens: opens ? 'opens under' : 'does not open under',
      side: opens ? 'the server' : 'the client',
      reaction: reactionTo(history, first).text,
      dissector: history.protocol === 'DTLS' ? 'dtls' : 'tls',
    },
    explanations: [],
  };
}

/** With a pre-shared key nothing but the key is proven by the Finished: if that fails, the key is the first to suspect. */
export const pskMismatch = defineConnectionRule({
  meta: {
    id: 'psk-mismatch',
    group: 'hmac',
    title: 'Client and server appear to hold different pre-shared keys',
    severity: 'error',
    sources: ['RFC 4279 §2', 'RFC 5489 §2', 'RFC 5246 §7.2.2', 'RFC 6347 §4.1.2.7'],
    reports:
      'A full handshake of TLS or DTLS up to 1.2 with a PSK suite in which the server refuses the first record under the new keys: over TCP with bad_record_mac or decrypt_error in the clear, over DTLS mostly by silence while the client repeats its Finished.',
    matters:
      'No message says “wrong key”: the handshake runs well up to the Finished, then stops with an alert that is blamed on the network, or over DTLS runs into a timeout. It is the most frequent fault of PSK deployments.',
    decides:
      'The suite takes its keys from a pre-shared one, no session was resumed, and nothing but the client’s first protected record can have raised the server’s alert, or that record was on the wire three times while the server was heard from. Other handshakes with the same suite at this server are counted beside it.',
    silent:
      'For other suites and for resumed sessions, whose secret comes from the session. Where a record of an earlier association arrived in the handshake, and where the server’s alert unknown_psk_identity says more. In TLS 1.3 the binder shows a wrong key earlier.',
    yieldsTo: [
      'record-mac-mismatch',
      'finished-mismatch',
      'seq-desync',
      'etm-disagreement',
      'payload-corrupted-in-transit',
      'record-length-impossible',
      'record-decrypts-under-other-connection',
      'dtls-old-epoch-after-new-handshake',
      'dtls-cid-length-mismatch',
    ],
    messages: {
      form: {
        title: 'The client uses the pre-shared key in another form',
        what: 'The records of the {from} (from packet {packet} on) open under the key at hand in another form: {meaning}{details}{reaction}; {negotiated}.',
        causes: [
          'the key was entered as text on one side and in hexadecimal on the other, or with a character too many',
          'the stack of the {from} puts the premaster secret together in another way',
        ],
        remedies: REMEDIES,
        commands: ['openssl s_client -connect HOST:PORT -tls1_2 -psk_identity IDENTITY -psk HEX'],
      },
      proven: {
        title: 'Client and server hold different pre-shared keys',
        what: 'The server did not accept the client’s first protected record (packet {record}), and that record {opens} the key at hand for this identity: {side} has another key{reaction}; {negotiated}{compared}.',
        causes: ['the pre-shared key of {side} is not the one that was given here'],
        remedies: REMEDIES,
        commands: [
          'tshark -r CAPTURE -Y "{dissector}.handshake.client_psk_identity" -T fields -e frame.number -e ip.src -e {dissector}.handshake.client_psk_identity',
        ],
      },
      refused: {
        what: 'The server answered the client’s first protected record (packet {record}, {octets} octets) with {name} in packet {packet}, {delay} later; {negotiated}{compared}.',
        causes: ['the pre-shared keys differ, or the server does not know the identity'],
        remedies: REMEDIES,
        commands: [
          'tshark -r CAPTURE -Y "{dissector}.handshake.identity" -T fields -e frame.number -e ip.src -e {dissector}.handshake.identity',
          'openssl s_client -{dissector}1_2 -connect HOST:PORT -psk_identity IDENTITY -psk HEX',
        ],
      },
      dropped: {
        what: 'The client of connection {id} sent its Finished {count} times in {span}, and the server, heard from meanwhile, answered with neither its own Finished nor an alert; {negotiated}{compared}.',
        causes: [
          'the pre-shared keys differ, or the server does not know the identity: DTLS drops what does not verify without a word',
        ],
        remedies: REMEDIES,
        commands: [
          'tshark -r CAPTURE -Y "dtls.handshake.identity" -T fields -e frame.number -e ip.src -e dtls.handshake.identity',
          'openssl s_client -dtls1_2 -connect HOST:PORT -psk_identity IDENTITY -psk HEX',
        ],
      },
    },
  },
  check(history, neighbours) {
    if (isTls13(history) || !takesKeysFromPsk(history)) return NOT_APPLICABLE;
    if (history.outcome === 'established') return PASS;
    const form = derivedFinding(history, /^psk-/, 'form');
    if (form !== undefined) return form;
    const alert = refused(history);
    if (alert !== undefined)
      return strayRecord(neighbours, history, alert.evidence[0].packet) === undefined
        ? withKey(history, alert)
        : PASS;
    if (!history.bothDirections) return notAssessable('one-direction');
    const silent = dropped(history);
    return silent === undefined ? PASS : withKey(history, silent);
  },
  complete(verdict, index) {
    const [id = 0] = verdict.connections;
    return {
      ...verdict,
      data: { ...verdict.data, compared: compareWithSuite(index, id) },
      causes: rateSuspects(index, id),
    };
  },
});
