import { ILLEGAL_PARAMETER } from '../../model/code-points/alerts.ts';
import { SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import { TLS_1_2, TLS_1_3, tlsEquivalent, versionName } from '../../model/code-points/versions.ts';
import { defineConnectionRule, NOT_APPLICABLE } from '../define-rule.ts';
import { endingOf } from '../support/ending.ts';
import { witness } from '../support/witness.ts';

/** `DOWNGRD` and an octet: 01 where TLS 1.2 was chosen, 00 where an older version was. RFC 8446 §4.1.3. */
const MARK = [0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44];
const FOR_TLS_1_2 = 1;
const FOR_OLDER = 0;

function markOf(random: Uint8Array | undefined): number | undefined {
  if (random?.length !== 32) return undefined;
  const mark = random.subarray(24);
  return MARK.every((octet, i) => mark[i] === octet) ? mark[7] : undefined;
}

/** A server that could do better, and a client that offered it: between them the offer was lost. */
export const downgradeSentinel = defineConnectionRule({
  meta: {
    id: 'downgrade-sentinel',
    group: 'handshake',
    title: 'The server was made to choose an older version than both sides know',
    severity: 'error',
    sources: ['RFC 8446 §4.1.3', 'RFC 8446 §4.1.4'],
    reports:
      'ServerHellos of TLS 1.2 and older whose random ends in the mark of a server that knows a newer version, although the ClientHello in the capture offers TLS 1.3.',
    matters:
      'The mark is there so that a client notices when somebody on the way takes newer versions out of its ClientHello. A client that checks it gives up with illegal_parameter; one that does not check has been downgraded.',
    decides:
      'The last eight octets of the server’s random are DOWNGRD and 01 (TLS 1.2 chosen) or 00 (older): chance has one in 2^64. Together with an offer of TLS 1.3 they mean that the server did not see that offer, or was told not to take it.',
    silent:
      'Where TLS 1.3 was not offered in this capture: then the mark says only that the server knows more.',
    messages: {
      noticed: {
        title: 'The client noticed that the version was lowered on the way',
        what: 'The client offers TLS 1.3 and ended the handshake with illegal_parameter in packet {packet}: the ServerHello (packet {packet0}) chooses {version} and its random says that the server knows a newer version.',
        causes: [
          'a device between client and server changes the ClientHello, or answers in place of the server',
          'the server is limited to the older version for some names or clients, and marks its answer all the same',
        ],
        remedies: [
          'capture on both sides of the devices on the way and compare the two ClientHellos',
          'look for inspection or interception of TLS on the path; update or bypass the device',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -tls1_3'],
      },
      passed: {
        title: 'The version appears to have been lowered on the way, and the client did not object',
        what: 'The client offers TLS 1.3; the ServerHello (packet {packet0}) chooses {version}, and its random says that the server knows a newer version. The client went on.',
        causes: [
          'a device between client and server changes the ClientHello, or answers in place of the server',
          'the server is limited to the older version for some names or clients, and marks its answer all the same',
        ],
        remedies: [
          'capture on both sides of the devices on the way and compare the two ClientHellos',
          'update the client: it has to end such a handshake',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -tls1_3'],
      },
    },
  },
  check(history) {
    const { id, version, versionsOffered, messages } = history;
    if (version === undefined || tlsEquivalent(version) >= TLS_1_3) return NOT_APPLICABLE;
    const wanted = tlsEquivalent(version) === TLS_1_2 ? FOR_TLS_1_2 : FOR_OLDER;
    if (markOf(history.serverRandom) !== wanted) return NOT_APPLICABLE;
    if (!versionsOffered.some((offered) => tlsEquivalent(offered) === TLS_1_3))
      return NOT_APPLICABLE;
    const answer = messages.findLast(({ type }) => type === SERVER_HELLO);
    if (answer === undefined) return NOT_APPLICABLE;
    const alert = endingOf(history)?.alert;
    const isNoticed = alert?.from === 'client' && alert.description === ILLEGAL_PARAMETER;
    return {
      kind: 'finding',
      message: isNoticed ? 'noticed' : 'passed',
      severity: isNoticed ? 'error' : 'warning',
      confidence: isNoticed ? 'proven' : 'likely',
      data: {
        packet: isNoticed ? alert.packet : answer.packet,
        packet0: answer.packet,
        version: versionName(version),
      },
      evidence: [
        witness(answer, id, 'server', `ServerHello, ${versionName(version)}, marked DOWNGRD`),
        ...(isNoticed ? [witness(alert, id, 'client', 'illegal_parameter')] : []),
      ],
      connections: [id],
    };
  },
});
