import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { requestText } from '../support/upgrades.ts';
import { witness } from '../support/witness.ts';

/** What was sent in the clear on both sides of the switch to TLS may be taken for part of the protected conversation. */
export const starttlsPipelinedPlaintext = defineConnectionRule({
  meta: {
    id: 'starttls-pipelined-plaintext',
    group: 'handshake',
    title: 'Plain text sent along with the switch to TLS',
    severity: 'info',
    sources: ['RFC 3207 §4', 'RFC 3207 §4.2'],
    reports:
      'Commands that a client sent in the clear behind its request for TLS without waiting for the answer, or replies that a server sent behind its consent before TLS began.',
    matters:
      'A receiver that keeps such text in its buffer acts on it after the handshake as if it had come protected. Whoever can write into the stream can place commands or replies there.',
    decides:
      'The request was agreed to and TLS began. Behind the command line of the request, before the answer to it, the client sent more; or behind the line of the consent the server did.',
    silent:
      'Where octets of that part are missing from the capture, and in protocols without lines.',
    messages: {
      pipelined: {
        what: 'The {from} sent plain text behind {part} {request} and before TLS began{line} (packet {packet}).',
        causes: [
          'a client that sends its commands ahead without waiting, which is not allowed across the switch',
          'somebody on the path who puts text into the stream',
        ],
        remedies: [
          'see to it that the receiver throws away what it has read before the handshake begins; current libraries do',
        ],
        commands: ['tshark -r CAPTURE -Y "frame.number == {packet}" -V'],
      },
    },
  },
  check(history) {
    const { upgrade, id } = history;
    const pipelined = upgrade?.pipelined;
    if (upgrade?.request === undefined) return NOT_APPLICABLE;
    if (upgrade.hasGaps) return notAssessable('lost-bytes');
    if (pipelined === undefined) return PASS;
    const { from, packet, line } = pipelined;
    return {
      kind: 'finding',
      message: 'pipelined',
      confidence: 'proven',
      data: {
        from,
        part: from === 'client' ? 'the request' : 'the consent to',
        request: requestText(upgrade),
        line: line === '' ? '' : `: "${line}"`,
        packet,
      },
      evidence: [witness(pipelined, id, from, 'plain text behind the switch to TLS')],
      connections: [id],
    };
  },
});
