import { USE_SRTP } from '../../model/code-points/extensions.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { isOffered } from '../support/hello-extensions.ts';
import { ignoredRestart } from '../support/ignored-restart.ts';
import { endpointText } from '../support/negotiation.ts';
import { times } from '../support/records.ts';
import { witness } from '../support/witness.ts';

/** Two transmissions are a second apart, or 400 ms with the timers of media stacks; this long nothing came. */
const PATIENCE = SECOND;

/** After a new session description one side may want new keys while the other goes on with the old ones. */
export const webrtcDtlsNotRestarted = defineConnectionRule({
  meta: {
    id: 'webrtc-dtls-not-restarted',
    group: 'misdelivery',
    title: 'One side of a media session began DTLS again, and the other did not',
    severity: 'error',
    sources: ['RFC 6347 §4.2.8', 'RFC 5763', 'RFC 8842', 'RFC 7983 §7'],
    reports:
      'A ClientHello with use_srtp on addresses and ports of a DTLS association for SRTP that is still open, sent again and again without an answer, while its receiver goes on sending STUN or RTP there.',
    matters:
      'The side that began again has no keys until its handshake is done, so what it gets from the other it cannot open: the call stays connected, and picture and sound stop. It happens after an ICE restart or a new offer that one side takes for a new session and the other does not.',
    decides:
      'The ClientHello has a new random and offers use_srtp, as the ClientHello of the association that is open did; for more than a second at least two transmissions brought no answer; and meanwhile the side that should answer sent STUN or RTP from that very address and port, so it and the path are alive. That it did not take part in the new handshake is certain then, that its signalling did not ask it to is likely.',
    silent:
      'Without use_srtp in both ClientHellos, where the receiver was silent altogether, where it answered in the end, and where either side had closed the association before.',
    restsOnSilence: true,
    restsOnTime: true,
    messages: {
      ignored: {
        what: '{client} sent the ClientHello of connection {id} {count} over {span} to {server}, which went on sending STUN or RTP but did not answer, with connection {older} open on the same addresses and ports.',
        causes: [
          'after an ICE restart or a new offer one side keeps the DTLS association and the other begins a new one',
          'the fingerprint or tls-id in the new session description says another thing to each side',
          'the stack of the receiver drops a ClientHello on an association that it has open',
        ],
        remedies: [
          'keep fingerprint, setup and tls-id the same in a new offer that only restarts ICE; change tls-id where DTLS is to begin again',
          'compare the two latest session descriptions as each side has them',
          'close the association (close_notify) before beginning a new one, or take a new port for it',
        ],
        commands: [
          'tshark -r CAPTURE -Y "udp.stream == {stream} && (dtls.handshake.type == 1 || stun)" -T fields -e frame.number -e frame.time_relative -e ip.src -e stun.att.username -e dtls.handshake.random',
        ],
      },
    },
  },

  check(history, { previous }) {
    const { dtls, id } = history;
    if (dtls === undefined || dtls.replacesOpen === 0) return NOT_APPLICABLE;
    const restart = ignoredRestart(history, previous);
    if ('kind' in restart) return restart;
    const { older, ignored, first, last } = restart;
    if (isOffered(history, USE_SRTP) !== true || isOffered(older, USE_SRTP) !== true)
      return NOT_APPLICABLE;
    const alive = dtls.company?.server;
    if (dtls.answered !== undefined || history.stage !== 'server-hello' || alive === undefined)
      return PASS;
    if (alive.nanos - first.nanos < PATIENCE) return PASS;
    const { client, server } = older.dtls?.probableClose ?? {};
    if ([client, server].some((close) => close !== undefined && close.nanos <= first.nanos))
      return PASS;
    return {
      kind: 'finding',
      message: 'ignored',
      confidence: 'likely',
      connections: [id, older.id],
      evidence: [
        witness(first, id, 'client', 'ClientHello with a new random and use_srtp'),
        witness(last, id, 'client', `transmission ${ignored.length} of it`),
        witness(alive, id, 'server', 'STUN or RTP of the side that does not answer'),
      ],
      data: {
        id,
        stream: history.stream,
        older: older.id,
        client: endpointText(history.client),
        server: endpointText(history.server),
        count: times(ignored.length),
        span: formatDuration(last.nanos - first.nanos),
      },
    };
  },
});
