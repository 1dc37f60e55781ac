import { cipherSuite, suiteName } from '../../model/code-points/suites.ts';
import type { Explanation } from '../../model/finding.ts';
import { type At, type ConnectionHistory, peerOf, ROLES, type Role } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { ownTransmissions, recordEvidence } from '../support/records.ts';

/** The first and two repeats: three in a row that pass here are not lost by chance behind it. */
const TRANSMISSIONS = 3;

/** DTLS drops what does not verify without a word (RFC 6347 §4.1.2.7), so that a wrong key looks like a lost packet. */
export const dtlsSilentMacDrop = defineConnectionRule({
  meta: {
    id: 'dtls-silent-mac-drop',
    group: 'hmac',
    title: 'Finished is repeated and never accepted',
    severity: 'error',
    sources: ['RFC 6347 §4.1.2.1', 'RFC 6347 §4.1.2.7', 'RFC 6347 §4.2.4', 'RFC 9146 §6'],
    reports:
      'A DTLS handshake in which one side sends its last flight, with its Finished, three times or more, while the other side is alive and answers neither with its own nor with an alert.',
    matters:
      'A record that fails its MAC is dropped in silence, and nobody logs it by default. A wrong pre-shared key, or two stacks that derive different keys, then show as a handshake that runs into its timeout, and the network is suspected.',
    decides:
      'The flight with the first protected handshake record is on the wire at least three times under new record numbers, the other side has sent no ChangeCipherSpec, no Finished and no alert, and it was heard from after the first of them: most often it repeats its own flight.',
    silent:
      'Where the other side was not heard from any more, the path or the peer may be down, and the rule about timeouts speaks. If its Finished was seen once, the last flight was lost instead. Without the other direction nothing can be said.',
    messages: {
      dropped: {
        what: 'The {sender} of connection {id} sent its Finished {count} times in {span}; the {receiver} was heard from meanwhile and answered with neither its own Finished nor an alert.',
        causes: [
          'The two sides derived different keys, so that the Finished does not verify: a wrong pre-shared key, or a disagreement about extended master secret, encrypt-then-MAC or the PRF’s hash.',
          'One side computes the MAC or the transcript wrongly.',
        ],
        remedies: [
          'Raise the log level of the {receiver}’s stack: look for a bad MAC, a decryption failure or a discarded record.',
          'Compare what both sides were configured with: identity and key octets (hexadecimal or text?), extensions, suites.',
          'Try a suite of another kind (AEAD in place of CBC, or the other way round): if that works, the MAC of the failing suite is to blame.',
        ],
        commands: [
          'tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V',
          'openssl s_client -dtls1_2 -connect HOST:PORT -psk_identity IDENTITY -psk HEX',
        ],
      },
    },
  },

  check(history) {
    const { dtls } = history;
    if (dtls === undefined || history.stage === 'none') return NOT_APPLICABLE;
    if (history.outcome === 'established') return PASS;
    for (const sender of ROLES) {
      const sent = ownTransmissions(dtls.finishedTransmissions[sender]);
      const receiver = peerOf(sender);
      const [first] = sent;
      const last = sent.at(-1);
      if (first === undefined || last === undefined || sent.length < TRANSMISSIONS) continue;
      if (!history.bothDirections) return notAssessable('one-direction');
      if (answered(history, receiver)) return PASS;
      if (history.blindSpots.includes('lost-bytes')) return notAssessable('lost-bytes');
      const life = lifeAfter(history, receiver, first);
      if (life === undefined) return PASS;
      return {
        kind: 'finding',
        message: 'dropped',
        confidence: 'likely',
        connections: [history.id],
        evidence: [
          recordEvidence(first, history.id, `first Finished of the ${sender}`),
          recordEvidence(last, history.id, `transmission ${sent.length} of it`),
          {
            ...life,
            connection: history.id,
            from: receiver,
            note: `the ${receiver} is still heard from`,
          },
        ],
        data: {
          id: history.id,
          packet: first.packet,
          sender,
          receiver,
          count: sent.length,
          span: formatDuration(last.nanos - first.nanos),
        },
        explanations: explanationsFor(history, sender, sent.length),
      };
    }
    return PASS;
  },
});

function answered(history: ConnectionHistory, receiver: Role): boolean {
  return (
    history.changeCipherSpec[receiver] !== undefined ||
    (history.dtls?.finishedTransmissions[receiver].length ?? 0) > 0 ||
    history.alerts.some(({ from }) => from === receiver) ||
    (history.dtls?.portUnreachable.length ?? 0) > 0
  );
}

/** The last that was heard from a side, if that was after this moment. */
function lifeAfter({ dtls }: ConnectionHistory, role: Role, from: At): At | undefined {
  return dtls?.epochs[role].map(({ last }) => last).find(({ nanos }) => nanos > from.nanos);
}

function explanationsFor(
  { cipherSuite: code }: ConnectionHistory,
  sender: Role,
  count: number,
): Explanation[] {
  const receiver = peerOf(sender);
  const byKey = code !== undefined && cipherSuite(code)?.keyExchange.includes('PSK');
  return [
    {
      likelihood: 'high',
      text: byKey
        ? `The ${receiver} drops the Finished because it does not verify: the two sides hold different pre-shared keys.`
        : `The ${receiver} drops the Finished because it does not verify.`,
      for: [
        'dropping in silence is what the specification asks for',
        `the ${receiver} still waits`,
        ...(byKey ? [`${suiteName(code)} takes its keys from the pre-shared one`] : []),
      ],
      against: [],
    },
    {
      likelihood: 'low',
      text: `The ${sender}’s flight is lost between this capture point and the ${receiver}.`,
      for: [],
      against: [`${count} times in a row, while the ${receiver}’s own datagrams come through`],
    },
  ];
}
