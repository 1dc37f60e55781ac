import { BAD_RECORD_MAC } from '../../model/code-points/alerts.ts';
import { ENCRYPT_THEN_MAC } from '../../model/code-points/extensions.ts';
import { SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import { cipherSuite, suiteName } from '../../model/code-points/suites.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { lostOctets } from '../support/ending.ts';
import { keyedFinding } from '../support/failed-record.ts';
import { isOffered, refusalOfServerHello } from '../support/hello-extensions.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { refusedFirstRecord } from '../support/refused-record.ts';
import { witness } from '../support/witness.ts';

/** The packet that shows it: the alert of a client that refuses the answer, or of whoever could not open a record. */
function effectOf(history: ConnectionHistory) {
  const refusal = refusalOfServerHello(history);
  if (refusal !== undefined) return { alert: refusal, note: 'refuses the ServerHello' };
  const refused = refusedFirstRecord(history, [BAD_RECORD_MAC]);
  return refused.kind === 'refused'
    ? { alert: refused.alert, note: 'could not authenticate the first protected record' }
    : undefined;
}

/**
 * Whether the MAC covers plaintext or ciphertext is agreed in the hellos. Where the answer breaks the rules of the
 * extension, the two sides may take it differently, and then no record opens.
 */
export const etmDisagreement = defineConnectionRule({
  meta: {
    id: 'etm-disagreement',
    group: 'hmac',
    title: 'The two sides do not agree about encrypt-then-MAC',
    severity: 'error',
    sources: ['RFC 7366 §2', 'RFC 7366 §3', 'RFC 5246 §7.4.1.4'],
    reports:
      'A ServerHello that answers encrypt_then_mac although the client did not offer it, or although the suite has no separate MAC (AEAD and stream ciphers). With secrets, the side whose records do not keep to what was negotiated.',
    matters:
      'With the extension the MAC is computed over the ciphertext, without it over the plaintext. If only one side applies it, the first protected record fails and the keys are suspected. An answer that the rules forbid invites just that, and strict clients end the handshake over it.',
    decides:
      'The extension is in the ServerHello, and the ClientHello lacks it or the suite is no CBC suite: that is proven by the two messages. It counts as the cause only if the client refused the ServerHello at once with an alert about its content, or if the first protected record did not authenticate; that link is likely. With secrets, a record that authenticates with the MAC in the other place proves which side it is.',
    yieldsTo: ['record-decrypts-under-other-connection'],
    silent:
      'Where the hellos were not captured whole, and in TLS 1.3, which has no such extension. An extension that was offered and not answered is simply off. Where everything else went well, the answer is a note.',
    messages: {
      aead: {
        title: 'Server answers encrypt-then-MAC with a suite that has no MAC of its own',
        what: 'The ServerHello in packet {packet} answers encrypt_then_mac together with {suite}, which is no CBC suite{effect}; {negotiated}.',
        causes: [
          'the server answers every extension that it knows, before it looks at the suite',
          'the suite was changed after the extensions had been answered',
        ],
        remedies: [
          'leave encrypt_then_mac out of the ServerHello unless the suite is a CBC suite',
          'on the client, ignore it with other suites: the records of AEAD and stream suites do not change',
        ],
        commands: ["openssl s_client -connect HOST:PORT -tls1_2 -cipher 'SUITE' -tlsextdebug"],
      },
      unused: {
        title: 'Encrypt-then-MAC was negotiated, and one side does MAC-then-encrypt',
        what: 'In packet {packet}, {record} ({octets} octets) authenticates only with the MAC over the plaintext, though both hellos have encrypt_then_mac{details}{reaction}; {negotiated}.',
        causes: [
          'the TLS stack of the {from} answers or offers the extension and does not apply it',
        ],
        remedies: [
          'update or correct the TLS stack of the {from}; until then switch the extension off there',
          'or use an AEAD suite, to which it does not apply',
        ],
        commands: ["openssl s_client -connect HOST:PORT -tls1_2 -cipher 'SUITE' -tlsextdebug"],
      },
      unasked: {
        title: 'One side does encrypt-then-MAC, which was not negotiated',
        what: 'In packet {packet}, {record} ({octets} octets) authenticates only with the MAC over the ciphertext, though the hellos do not agree on encrypt_then_mac{details}{reaction}; {negotiated}.',
        causes: [
          'the TLS stack of the {from} applies the extension when it is offered, or as it was in an earlier handshake, and not when it is answered',
        ],
        remedies: [
          'update or correct the TLS stack of the {from}',
          'or use an AEAD suite, to which the extension does not apply',
        ],
        commands: ["openssl s_client -connect HOST:PORT -tls1_2 -cipher 'SUITE' -tlsextdebug"],
      },
      'not-offered': {
        title: 'Server answers encrypt-then-MAC that was not offered',
        what: 'The ServerHello in packet {packet} answers encrypt_then_mac, which the ClientHello did not offer{effect}; {negotiated}.',
        causes: [
          'the server keeps the state of another handshake, or a configuration forces the extension on',
          'the ClientHello was changed on its way: the extension was taken out',
        ],
        remedies: [
          'answer only extensions that the ClientHello has',
          'capture at the client and compare the two copies of the ClientHello',
        ],
        commands: ["openssl s_client -connect HOST:PORT -tls1_2 -cipher 'SUITE' -tlsextdebug"],
      },
    },
  },
  check(history) {
    const keyed = keyedFinding(
      'etm-disagreement',
      history,
      () => (history.encryptThenMac === true ? 'unused' : 'unasked'),
      'authenticates with the MAC in the other place',
    );
    if (keyed !== undefined) return keyed;
    if (history.encryptThenMac !== true || isTls13(history)) return NOT_APPLICABLE;
    const offered = isOffered(history, ENCRYPT_THEN_MAC);
    const suite = history.cipherSuite === undefined ? undefined : cipherSuite(history.cipherSuite);
    const isForbidden = suite !== undefined && suite.mode !== 'cbc';
    if (offered === undefined && !isForbidden) return notAssessable('start-not-captured');
    if (offered !== false && !isForbidden) return PASS;
    const hello = history.messages.find(({ type }) => type === SERVER_HELLO);
    if (hello === undefined) return PASS;
    const { id } = history;
    const effect = effectOf(history);
    const weak = effect !== undefined || lostOctets(history) > 0;
    return {
      kind: 'finding',
      message: offered === false ? 'not-offered' : 'aead',
      severity: effect === undefined ? 'info' : 'error',
      confidence: weak ? 'likely' : 'proven',
      data: {
        packet: hello.packet,
        suite: suiteName(history.cipherSuite ?? 0),
        effect:
          effect === undefined
            ? ''
            : `, and the ${effect.alert.from} ended the handshake in packet ${effect.alert.packet}`,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(hello, id, 'server', 'ServerHello with encrypt_then_mac'),
        ...(effect === undefined
          ? []
          : [witness(effect.alert, id, effect.alert.from, effect.note)]),
      ],
      connections: [id],
    };
  },
});
