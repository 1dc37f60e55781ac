import type { Explanation } from '../../model/finding.ts';
import { peerOf, type Role } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule } from '../define-rule.ts';
import { PROVEN_BY_SECRETS } from '../support/failed-record.ts';
import { keySuspects, rateSuspects } from '../support/key-suspects.ts';
import { recordEvidence } from '../support/records.ts';
import { compareWithSuite } from '../support/same-suite.ts';
import { silentlyDropped } from '../support/silent-drop.ts';

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
    yieldsTo: [
      ...PROVEN_BY_SECRETS,
      'psk-mismatch',
      'dtls-cid-length-mismatch',
      'dtls-fragment-loss',
      'dtls-ip-fragmentation',
      'dtls-refragment-intolerant',
    ],
    restsOnSilence: true,
    messages: {
      dropped: {
        what: 'The {sender} of connection {id} sent its Finished {count} times in {span}; the {receiver} was heard from meanwhile and answered with neither its own Finished nor an alert{compared}.',
        causes: [
          'the two sides derived different keys, so that the Finished does not verify: a disagreement about the premaster secret, the extended master secret, encrypt-then-MAC or the PRF’s hash',
          'one side computes the MAC or the transcript wrongly',
        ],
        remedies: [
          'raise the log level of the {receiver}’s stack: look for a bad MAC, a decryption failure or a discarded record',
          'compare what both sides were configured with: identity and key octets (hexadecimal or text?), extensions, suites',
          'try a suite of another kind (AEAD in place of CBC, or the other way round): if that works, the MAC of the failing suite is to blame',
        ],
        commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V'],
      },
    },
  },

  check(history) {
    const dropped = silentlyDropped(history);
    if (dropped.kind !== 'dropped') return dropped;
    const { sender, receiver, first, last, count, life } = dropped;
    const suspects = keySuspects(history);
    return {
      kind: 'finding',
      message: 'dropped',
      confidence: 'likely',
      connections: [history.id],
      evidence: [
        recordEvidence(first, history.id, `first Finished of the ${sender}`),
        recordEvidence(last, history.id, `transmission ${count} of it`),
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
        count,
        span: formatDuration(last.nanos - first.nanos),
        compared: '',
      },
      causes: suspects,
      explanations: explanationsFor(sender, count, suspects[0]),
    };
  },

  complete(verdict, index) {
    const [id = 0] = verdict.connections;
    return {
      ...verdict,
      data: { ...verdict.data, compared: compareWithSuite(index, id) },
      causes: [...rateSuspects(index, id), ...(verdict.causes ?? [])],
    };
  },
});

function explanationsFor(sender: Role, count: number, suspect: string | undefined): Explanation[] {
  const receiver = peerOf(sender);
  return [
    {
      likelihood: 'high',
      text: `The ${receiver} drops the Finished because it does not verify${suspect === undefined ? '' : `: ${suspect}`}.`,
      for: [
        'dropping in silence is what the specification asks for',
        `the ${receiver} still waits`,
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
