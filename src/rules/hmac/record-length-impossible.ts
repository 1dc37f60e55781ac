import { ALERT, contentTypeName } from '../../model/code-points/content-types.ts';
import { FINISHED } from '../../model/code-points/handshake-types.ts';
import { type CipherSuite, cipherSuite } from '../../model/code-points/suites.ts';
import { TLS_1_1, tlsEquivalent } from '../../model/code-points/versions.ts';
import {
  type ConnectionHistory,
  ENCRYPTED_MESSAGE,
  type OddityFact,
  peerOf,
} from '../../model/history.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { lacksRecords } from '../support/ending.ts';
import { failureFor } from '../support/failed-record.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** Largest fragment on the wire: RFC 5246 §6.2.3, RFC 8446 §5.2. */
const LARGEST = 16_384 + 2_048;
const LARGEST_13 = 16_384 + 256;
const TRUNCATED_HMAC = 4;
/** What comes later need not be an answer to the record. */
const REACTION = SECOND;

/**
 * What this length breaks, in words; undefined if it is possible after all. Asked again of the finished history, since
 * a ServerHello that was captured late can change what was thought of the records before it.
 */
function violation(length: number, history: ConnectionHistory): string | undefined {
  const tls13 = isTls13(history);
  const largest = tls13 ? LARGEST_13 : LARGEST;
  if (length > largest) return `more than the ${largest} octets that a record may have`;
  const suite = history.cipherSuite === undefined ? undefined : cipherSuite(history.cipherSuite);
  if (suite === undefined || hasTruncatedMac(history)) return undefined;
  const { blockOctets, macOctets, tagOctets, explicitNonceOctets, mac } = suite;
  if (blockOctets === 0) {
    const least = tagOctets + explicitNonceOctets + macOctets + (tls13 ? 1 : 0);
    return length < least ? `fewer than the ${least} octets of nonce and tag or MAC` : undefined;
  }
  const iv = tlsEquivalent(history.version ?? 0) >= TLS_1_1 ? blockOctets : 0;
  if (history.encryptThenMac === true) {
    const encrypted = length - macOctets;
    return encrypted % blockOctets === 0 && encrypted >= iv + blockOctets
      ? undefined
      : `without the ${macOctets} octets of ${mac} no multiple of the block of ${blockOctets} octets, or too short`;
  }
  return length % blockOctets === 0 && length > iv + macOctets
    ? undefined
    : `no multiple of the block of ${blockOctets} octets, or too short for a record with ${mac}`;
}

/** The extension shortens the MAC to ten octets, RFC 6066 §7. */
const hasTruncatedMac = ({ serverHello }: ConnectionHistory): boolean =>
  serverHello?.extensions.some(({ type }) => type === TRUNCATED_HMAC) === true;

/** Would the length be right if the other order of MAC and encryption were in use? Only HMAC-SHA1 shows it. */
function fitsOtherOrder(
  length: number,
  suite: CipherSuite | undefined,
  etm: boolean | undefined,
): boolean {
  if (suite === undefined || suite.blockOctets === 0 || suite.macOctets % suite.blockOctets === 0)
    return false;
  const shifted = etm === true ? length : length - suite.macOctets;
  return shifted > 0 && shifted % suite.blockOctets === 0;
}

/**
 * More messages of a type from this side than its one Finished: a renegotiation, which may have changed the suite
 * (servers do so for single paths), unseen where the messages are encrypted.
 */
const sentTwice = (
  { messages }: ConnectionHistory,
  { from, packet }: OddityFact,
  type: number,
): boolean =>
  messages.filter(
    (message) => message.type === type && message.from === from && message.packet <= packet,
  ).length > 1;

/** Two octets of content type alert are an alert in the clear: sent by somebody without keys, not wrongly protected. */
const isClearAlert = ({ contentType, length }: OddityFact): boolean =>
  contentType === ALERT && length === 2;

/** A length that no correct sender can produce needs no key to be recognised. */
export const recordLengthImpossible = defineConnectionRule({
  meta: {
    id: 'record-length-impossible',
    group: 'hmac',
    title: 'A protected record has a length that its protection cannot give',
    severity: 'error',
    sources: [
      'RFC 5246 §6.2.3',
      'RFC 5246 §6.2.3.2',
      'RFC 5246 §7.2.2',
      'RFC 8446 §5.2',
      'RFC 7366 §3',
    ],
    reports:
      'Protected records whose length contradicts the negotiated suite: no multiple of the cipher block, shorter than MAC, nonce and tag, or longer than a record may be.',
    matters:
      'The receiver can only answer with bad_record_mac, record_overflow or decode_error, and the log speaks of damage or wrong keys. The length shows that the sender protected it in another way, or for another connection.',
    decides:
      'The length alone contradicts the suite and the encrypt-then-MAC state of the ServerHello. With a stream free of holes and of conflicting retransmissions it is proven; only the cause is open. For HMAC-SHA1 the length also tells whether the other order of MAC and encryption would fit.',
    silent:
      'Where octets of that direction are missing from the capture: a header that was read in the wrong place gives any length. Also after a renegotiation, whose choice of suite is encrypted.',
    yieldsTo: ['etm-disagreement', 'record-decrypts-under-other-connection'],
    messages: {
      impossible: {
        what: 'The record in packet {packet} from the {from} ({type}) has {length} octets, {violation}; {reaction}; {negotiated}.',
        causes: [
          'the record belongs to another connection whose suite fits its length',
          'the two sides disagree about the suite, about encrypt-then-MAC, or about a truncated MAC',
          'the sender builds padding, MAC or explicit nonce wrongly',
        ],
        remedies: [
          'look for another connection of the same sender whose suite fits this length, and for code that mixes up sockets',
          'switch encrypt-then-MAC off on one side as a test, and try an AEAD suite',
          'compare it with the records before and after: the length of a record of the right kind differs from this one by a MAC, a nonce or a block',
        ],
        commands: [
          'tshark -r CAPTURE -Y "{transport}.stream == {stream}" -T fields -e frame.number -e tls.record.length -e dtls.record.length',
        ],
      },
    },
  },
  check(history) {
    if (history.oddities.length === 0) return NOT_APPLICABLE;
    const odd = history.oddities.filter(
      (one) => one.kind === 'impossible-length' && !isClearAlert(one),
    );
    const [first] = odd;
    if (first === undefined) return NOT_APPLICABLE;
    // A MAC of another length makes it so: that rule says more, but yields to others that yield to this one.
    if (failureFor('truncated-hmac', history) !== undefined) return PASS;
    const broken = violation(first.length, history);
    if (broken === undefined) return PASS;
    const { id, tcp, protocol, cipherSuite: code } = history;
    if (tcp !== undefined && tcp.lostOctets[first.from] > 0) return notAssessable('lost-bytes');
    // Records of another association, of which the capture lacks the handshake, have lengths of their own.
    if (lacksRecords(history)) return notAssessable('lost-bytes');
    if (sentTwice(history, first, ENCRYPTED_MESSAGE)) return notAssessable('no-secrets');
    // With secrets the record itself tells whether it is right.
    if (sentTwice(history, first, FINISHED)) return PASS;
    const suite = code === undefined ? undefined : cipherSuite(code);
    const reaction = reactionTo(history, first);
    return {
      kind: 'finding',
      message: 'impossible',
      // DTLS drops such a record silently, and the association goes on (RFC 6347 §4.1.2.7).
      severity: protocol === 'DTLS' && reaction === undefined ? 'warning' : 'error',
      confidence: (tcp?.conflicts.length ?? 0) > 0 ? 'likely' : 'proven',
      data: {
        packet: first.packet,
        transport: history.transport,
        stream: history.stream,
        from: first.from,
        type: contentTypeName(first.contentType),
        length: first.length,
        violation: broken,
        reaction: reaction?.text ?? 'no reaction of the receiver was captured',
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(
          first,
          id,
          first.from,
          `${contentTypeName(first.contentType)}, ${first.length} octets`,
        ),
        ...(reaction === undefined
          ? []
          : [witness(reaction.at, id, peerOf(first.from), reaction.text)]),
        ...odd
          .slice(1, 4)
          .map((one) => witness(one, id, one.from, `another one, ${one.length} octets`)),
      ],
      connections: [id],
      ...(fitsOtherOrder(first.length, suite, history.encryptThenMac)
        ? {
            causes: [
              history.encryptThenMac === true
                ? 'its length fits MAC-then-encrypt, though encrypt-then-MAC was negotiated'
                : 'its length fits encrypt-then-MAC, which was not negotiated',
            ],
          }
        : {}),
    };
  },
});

/** What the receiver did next, as far as it can be connected with the record. */
function reactionTo({ alerts, tcp }: ConnectionHistory, odd: OddityFact) {
  const receiver = peerOf(odd.from);
  const alert = alerts.find(({ from, packet }) => from === receiver && packet > odd.packet);
  if (alert !== undefined && alert.nanos - odd.nanos <= REACTION) {
    const delay = formatDuration(alert.nanos - odd.nanos);
    return { at: alert, text: `the ${receiver} sent an alert ${delay} later` };
  }
  const closed = tcp?.rst[receiver] ?? tcp?.fin[receiver];
  if (closed === undefined || closed.packet < odd.packet) return undefined;
  if (closed.nanos - odd.nanos > REACTION) return undefined;
  const delay = formatDuration(closed.nanos - odd.nanos);
  return { at: closed, text: `the ${receiver} closed the connection ${delay} later` };
}
