import { NO_RENEGOTIATION } from '../../model/code-points/alerts.ts';
import { CLIENT_HELLO, HELLO_REQUEST } from '../../model/code-points/handshake-types.ts';
import { peerOf } from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE } from '../define-rule.ts';
import { endingOf } from '../support/ending.ts';
import { witness } from '../support/witness.ts';

/** A polite no, which the other side may not take well. */
export const renegotiationRefused = defineConnectionRule({
  meta: {
    id: 'renegotiation-refused',
    group: 'handshake',
    title: 'A side refused to renegotiate',
    severity: 'warning',
    sources: ['RFC 5246 §7.2.2', 'RFC 5246 §7.4.1.1'],
    reports:
      'The warning no_renegotiation on a connection that was established, and whether the other side then ended it.',
    matters:
      'Servers that ask for a client certificate only for some pages do so by renegotiation, which most stacks no longer do. What the user sees is a connection that breaks off at one link.',
    decides:
      'The alert has one meaning. It is encrypted on most connections, so it shows with secrets, or where the suite does not encrypt.',
    silent:
      'Where the alert cannot be read, and during the first handshake, where nothing can be renegotiated yet.',
    messages: {
      refused: {
        what: 'The {from} refused to renegotiate, with no_renegotiation in packet {packet}{asked}{ending}.',
        causes: [
          'renegotiation is switched off or not supported, as in most stacks of today',
          'the {peer} wants a client certificate, or other keys, in the middle of the connection',
        ],
        remedies: [
          'ask for the client certificate at the beginning, on a name or port of its own',
          'with TLS 1.3, use post-handshake authentication',
        ],
        commands: [],
      },
    },
  },
  check(history) {
    const { id, alerts, messages, stage } = history;
    const alert = alerts.find(({ description }) => description === NO_RENEGOTIATION);
    if (alert === undefined || stage !== 'done') return NOT_APPLICABLE;
    const peer = peerOf(alert.from);
    const asked = messages.findLast(
      ({ type, from, packet }) =>
        from === peer &&
        packet <= alert.packet &&
        type === (peer === 'server' ? HELLO_REQUEST : CLIENT_HELLO),
    );
    const ending = endingOf(history);
    const isEnd = ending !== undefined && ending.by === peer && ending.packet > alert.packet;
    return {
      kind: 'finding',
      message: 'refused',
      severity: isEnd ? 'warning' : 'info',
      confidence: 'proven',
      data: {
        from: alert.from,
        peer,
        packet: alert.packet,
        asked: asked === undefined ? '' : `, asked for in packet ${asked.packet}`,
        ending: isEnd ? `; the ${peer} ended the connection in packet ${ending.packet}` : '',
      },
      evidence: [
        witness(alert, id, alert.from, 'no_renegotiation'),
        ...(asked === undefined ? [] : [witness(asked, id, peer, 'asks to renegotiate')]),
        ...(isEnd ? [witness(ending, id, peer, 'the connection ends')] : []),
      ],
      connections: [id],
    };
  },
});
