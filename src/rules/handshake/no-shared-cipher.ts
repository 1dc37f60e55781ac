import { HANDSHAKE_FAILURE, INSUFFICIENT_SECURITY } from '../../model/code-points/alerts.ts';
import { cipherSuite, suiteName } from '../../model/code-points/suites.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { earlyRefusal } from '../support/early-refusal.ts';
import { blindToEnding } from '../support/ending.ts';
import { type Offer, refusedOffer, unlessShared } from '../support/refused-offer.ts';

const OFFER: Offer = {
  kind: 'suite',
  nameOf: suiteName,
  chosen: 'suites',
  // With its own suites TLS 1.3 is chosen wherever both sides have it: what else the server has is not seen there.
  isComparable: (chosen, offered) => !isOfTls13(chosen) || [...offered].some(isOfTls13),
};

const isOfTls13 = (code: number): boolean => cipherSuite(code)?.tls13 === true;

/** Both lists and their empty intersection: what neither log shows. */
export const noSharedCipher = defineConnectionRule({
  meta: {
    id: 'no-shared-cipher',
    group: 'handshake',
    title: 'Client and server appear to have no cipher suite in common',
    severity: 'error',
    sources: ['RFC 5246 §7.4.1.3', 'RFC 5246 §7.2.2', 'RFC 8446 §6.2'],
    reports:
      'ClientHellos that a server refuses with handshake_failure or insufficient_security, where none of the suites that it chose on other connections of the capture is among those offered here.',
    matters:
      'handshake_failure says that something was not acceptable, not what. The two lists side by side do, and they name what to switch on.',
    decides:
      'The suites that the server chose in established connections are compared with the offer. If they have none in common, and at least one was chosen, that is the likely reason. A server may know more suites than it ever chose here, and groups, signature algorithms or a missing server name give the same alert: so it is never more than likely.',
    silent:
      'Where the server chose nothing else in the capture, where it chose a suite that is offered here, where it chose those of TLS 1.3 only and none of these is offered, where the versions are what is not shared, and where octets of the handshake are missing.',
    yieldsTo: ['no-shared-version', 'sni-missing', 'http-on-tls-port'],
    messages: {
      refused: {
        what: 'The server refused the ClientHello (packet {packet0}) with {alert} in packet {packet}: it offers {offered}; with others the server chose {chosen}; {negotiated}.',
        causes: [
          'the suites of one side are too old or too new for the other, or were restricted by policy',
          'the server has a certificate of one key type only (RSA or ECDSA), and the client offers suites for the other',
        ],
        remedies: [
          'enable on the client one of the suites that the server chose with others',
          'or enable on the server a suite that this client offers, if it is one that you want to have',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -cipher SUITE'],
      },
    },
  },
  check(history) {
    if (history.outcome !== 'failed') return NOT_APPLICABLE;
    const refusal = earlyRefusal(history, [HANDSHAKE_FAILURE, INSUFFICIENT_SECURITY]);
    if (refusal === undefined) return NOT_APPLICABLE;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const offered = history.clientHello?.cipherSuites.filter(
      (code) => cipherSuite(code) !== undefined,
    );
    if (offered === undefined || offered.length === 0) return PASS;
    return refusedOffer(history, refusal, OFFER, offered);
  },
  complete: (verdict, index) => unlessShared(verdict, index, OFFER),
});
