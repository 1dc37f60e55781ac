import type { FinishedCheck } from '../../model/decryption.ts';
import { type ConnectionHistory, peerOf, ROLES } from '../../model/history.ts';
import { CONTENT_TYPE } from '../../model/record.ts';
import type { RuleMessage } from '../../model/rule.ts';
import { defineConnectionRule, type FindingOf, notAssessable, PASS } from '../define-rule.ts';
import { lacksRecords } from '../support/ending.ts';
import { reactionTo, unjudged } from '../support/failed-record.ts';
import { detailsText, readingsOf } from '../support/mistake-text.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

const COMMANDS = [
  'tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "{transport}.stream == {stream} && tls.handshake" -V',
];

const MESSAGES = {
  explained: {
    what: 'The record with the Finished of the {from} (packet {packet}) authenticates, its verify_data is not that of this handshake, and comes out under one assumption: {meaning}{details}{reaction}; {negotiated}.',
    causes: [
      'the TLS stack of the {from} makes this mistake: where it goes wrong only sometimes, look at what this handshake has that others have not',
    ],
    remedies: [
      'update or correct the TLS stack of the {from}: its record opens under the secrets at hand, its hash of the handshake is another',
      'until then, leave out what brings the message in question into the handshake (tickets, stapled status, renegotiation, another group in the first key share)',
    ],
    commands: COMMANDS,
  },
  unexplained: {
    what: 'The record with the Finished of the {from} (packet {packet}) authenticates, and its verify_data is neither that of the handshake that was captured nor that of any of {tried} known mistakes{reaction}; {negotiated}.',
    causes: [
      'the {from} sent or saw another handshake than the one captured here: a device on the way changed a message',
      'the {from} computes verify_data with another hash, label, secret or transcript in a way that nobody has met yet',
    ],
    remedies: [
      'capture at both ends and compare the handshake messages octet by octet',
      'let both sides log the hash of the handshake, message by message, and see where it parts',
    ],
    commands: COMMANDS,
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;

type Found = FindingOf<typeof MESSAGES>;

/** The record is right and what it says is wrong: the keys agree, the two views of the handshake do not. */
export const finishedMismatch = defineConnectionRule({
  meta: {
    id: 'finished-mismatch',
    group: 'hmac',
    title: 'The verify_data of a Finished is wrong',
    severity: 'error',
    sources: ['RFC 5246 §7.4.9', 'RFC 8446 §4.4.4', 'RFC 8446 §4.4.1', 'RFC 6347 §4.2.6'],
    reports:
      'A Finished whose record opens under the secrets that were given, and whose verify_data is not what the handshake in the capture gives, with the message or label that was taken wrongly, if it can be told.',
    matters:
      'The other side ends the handshake with decrypt_error, which reads like a wrong key. The keys fit: the two sides do not agree about what was said, because one forgot or added a message or because somebody changed one on the way.',
    decides:
      'The verify_data is computed from the messages that were captured, as specified first, then with each message left out or counted twice, with other labels, hashes and secrets. All messages of the handshake must be in the capture. One that matches twelve octets or more is no coincidence.',
    silent:
      'Without secrets, where messages are missing from the capture, and where no known mistake matches and the other side did not refuse the Finished by an alert that can be read: then the capture is not what the two sides saw. A known mistake that both sides make alike is a note.',
    yieldsTo: ['record-decrypts-under-other-connection', 'key-exchange-signature-invalid'],
    messages: MESSAGES,
  },

  check(history) {
    const { decryption } = history;
    if (decryption === undefined) return unjudged(history);
    const wrong = ROLES.map((role) => decryption.finished[role]).find(
      (check) => check !== undefined && !check.verified,
    );
    if (wrong === undefined) return isChecked(history) ? PASS : unjudged(history);
    if (!wrong.isTranscriptWhole) return notAssessable('lost-bytes');
    // What was cut or is missing may be a message of this handshake, or of another one that came between.
    const isHoled = history.blindSpots.includes('cut-packets') || lacksRecords(history);
    if (isHoled && wrong.explanation === undefined) return notAssessable('lost-bytes');
    return found(history, wrong) ?? notAssessable('lost-bytes');
  },
});

const isChecked = ({ decryption }: ConnectionHistory): boolean =>
  ROLES.some((role) => decryption?.finished[role] !== undefined);

function found(history: ConnectionHistory, check: FinishedCheck): Found | undefined {
  const { id, transport, stream } = history;
  const { from, packet, explanation } = check;
  const reaction = reactionTo(history, { ...check, ...NO_RECORD });
  // A message that the capture lacks or doubles makes a right Finished look wrong: then nobody refuses it.
  if (explanation === undefined && !reaction.isNamed) return undefined;
  const isAccepted = history.outcome === 'established' && reaction.kind !== 'refused';
  return {
    kind: 'finding',
    message: explanation === undefined ? 'unexplained' : 'explained',
    confidence: 'proven',
    severity: isAccepted ? 'info' : 'error',
    connections: [id],
    evidence: [witness(check, id, from, 'Finished with wrong verify_data'), ...reaction.evidence],
    explanations: readingsOf(check, 'No known mistake gives this verify_data.', history),
    data: {
      from,
      peer: peerOf(from),
      packet,
      transport,
      stream,
      meaning: explanation?.meaning ?? '',
      details: detailsText(explanation),
      tried: check.excluded.length,
      reaction: reaction.text,
      negotiated: describeNegotiation(history),
    },
  };
}

const NO_RECORD = {
  contentType: CONTENT_TYPE.handshake,
  length: 0,
  epoch: 0,
  sequence: 0,
} as const;
