import { EARLY_DATA, PRE_SHARED_KEY } from '../../model/code-points/extensions.ts';
import { CLIENT_HELLO, SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import { HELLO_RETRY_REQUEST } from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE } from '../define-rule.ts';
import { isAnswered, isOffered } from '../support/hello-extensions.ts';
import { witness } from '../support/witness.ts';

/** What looks like records that do not decrypt is meant to be so. */
export const earlyDataRejected = defineConnectionRule({
  meta: {
    id: 'early-data-rejected',
    group: 'handshake',
    title: 'The server did not take the early data of the client',
    severity: 'info',
    sources: ['RFC 8446 §4.2.10', 'RFC 8446 §4.2.11'],
    reports:
      'Handshakes of TLS 1.3 whose ClientHello announces early data, and whose server answers without taking the pre-shared key that the data is protected with.',
    matters:
      'The client has to send its request again, which costs a round trip. The first records of such a connection cannot be opened with any key of the handshake, and that is as it should be.',
    decides:
      'Early data needs the pre-shared key that the ClientHello offers. A ServerHello that does not select one refuses both.',
    silent:
      'Where the server selected the key: whether it takes the data is then said under encryption. After a HelloRetryRequest, which refuses early data by itself.',
    messages: {
      refused: {
        what: 'The client announced early data (packet {packet0}); the ServerHello in packet {packet} selects no pre-shared key, so the data is dropped and has to be sent again.',
        causes: [
          'the server was restarted, or the client reached another one, and the ticket is not known there',
          'the ticket is too old, or early data is switched off',
        ],
        remedies: [
          'nothing, unless the extra round trip hurts: then share ticket keys between servers',
        ],
        commands: [],
      },
    },
  },
  check(history) {
    const { id, messages, serverHello } = history;
    if (serverHello === undefined || isOffered(history, EARLY_DATA) !== true) return NOT_APPLICABLE;
    if (isAnswered(history, PRE_SHARED_KEY) !== false) return NOT_APPLICABLE;
    if (messages.some(({ type }) => type === HELLO_RETRY_REQUEST)) return NOT_APPLICABLE;
    const hello = messages.find(({ type }) => type === CLIENT_HELLO);
    const answer = messages.find(({ type }) => type === SERVER_HELLO);
    if (hello === undefined || answer === undefined) return NOT_APPLICABLE;
    return {
      kind: 'finding',
      message: 'refused',
      confidence: 'proven',
      data: { packet: answer.packet, packet0: hello.packet },
      evidence: [
        witness(answer, id, 'server', 'ServerHello without pre_shared_key'),
        witness(hello, id, 'client', 'ClientHello with early_data'),
      ],
      connections: [id],
    };
  },
});
