import {
  alertDescriptionName,
  DECRYPT_ERROR,
  HANDSHAKE_FAILURE,
  ILLEGAL_PARAMETER,
  MISSING_EXTENSION,
} from '../../model/code-points/alerts.ts';
import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type { BinderCheck } from '../../model/decryption.ts';
import type { Explanation } from '../../model/finding.ts';
import { HELLO_RETRY_REQUEST } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { endingOf, lostOctets } from '../support/ending.ts';
import { detailsText, readingsOf } from '../support/mistake-text.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { withPsk } from '../support/same-suite.ts';
import { witness } from '../support/witness.ts';

/** Alerts that stacks send for a binder that does not verify, and those for an identity that they cannot use. */
const FOR_BINDER = [DECRYPT_ERROR, ILLEGAL_PARAMETER];
const FOR_IDENTITY = [HANDSHAKE_FAILURE, MISSING_EXTENSION];

const OTHER_KEY: Explanation = {
  likelihood: 'high',
  text: 'The binder does not verify: client and server hold different keys for the identity.',
  for: ['an unknown identity should lead to a full handshake, a wrong binder must end it'],
  against: [],
};
const NO_KEY: Explanation = {
  likelihood: 'high',
  text: 'The server has no usable key for the identity, and nothing else to authenticate with.',
  for: ['the key is no ticket of an earlier connection, so the client relies on it'],
  against: [],
};
const OTHER_FAULT: Explanation = {
  likelihood: 'low',
  text: 'The alert is about another part of the ClientHello.',
  for: [],
  against: ['a pre-shared key is checked before anything is chosen'],
};

/** With the key at hand the binder can be recomputed: it shows which side has another key. */
function aboutKey(binder: BinderCheck | undefined): 'binder' | 'explained' | 'other' {
  if (binder === undefined) return 'binder';
  return binder.explanation === undefined ? 'other' : 'explained';
}

/** A binder is an HMAC over the ClientHello under the pre-shared key: the server sees at once whether the keys agree. */
export const pskBinderMismatch = defineConnectionRule({
  meta: {
    id: 'psk-binder-mismatch',
    group: 'hmac',
    title: 'The server refused a pre-shared key of TLS 1.3',
    severity: 'error',
    sources: ['RFC 8446 §4.2.11', 'RFC 8446 §4.2.11.2', 'RFC 8446 §6.2'],
    reports:
      'A ClientHello with the pre_shared_key extension that the server answers at once with an alert: decrypt_error or illegal_parameter, or, for a key that no ticket brought, handshake_failure or missing_extension.',
    matters:
      'The alerts in use say little: a wrong binder is decrypt_error by the book, illegal_parameter with OpenSSL up to 3.x and with older wolfSSL, and logs show a bad extension or parameter where the key is wrong.',
    decides:
      'The server’s first answer to a ClientHello with a pre-shared key is one of these alerts. A server that does not know an identity goes on without it, and one whose binder check fails must not: that makes the binder the likely reason. The number alone does not tell a wrong key from a wrong identity. With the key at hand the binder is recomputed, and that proves which side has another one. After a HelloRetryRequest, illegal_parameter may as well be about the second ClientHello, so the finding is only possible.',
    silent:
      'Where the key comes from a ticket and the alert is one that mostly means something else; where the ClientHello or octets are missing; once the server has answered with a ServerHello. unknown_psk_identity has a rule of its own.',
    messages: {
      explained: {
        title: 'The binder of a pre-shared key is computed in another way than specified',
        what: 'The binder in the ClientHello of packet {packet0} does not verify under the key at hand, and does under one assumption: {meaning}{details}; the server answered with {name} ({number}) in packet {packet}, {delay} later; {negotiated}{compared}.',
        causes: ['the TLS stack of the client makes this mistake'],
        remedies: [
          'update or correct the TLS stack of the client: the key at hand fits, its binder is not as specified',
        ],
        commands: ['tshark -r CAPTURE -Y "frame.number == {packet0}" -V'],
      },
      other: {
        title: 'Client and server hold different pre-shared keys',
        what: 'The binder in the ClientHello of packet {packet0} {verifies} under the key at hand for its identity, and the server answered with {name} ({number}) in packet {packet}, {delay} later: {side} has another key; {negotiated}{compared}.',
        causes: [
          'the pre-shared key of {side}, or the hash that goes with it, is not the one given here',
        ],
        remedies: [
          'compare identity, key octets and hash on both sides: hexadecimal or text, trailing newline',
        ],
        commands: ['openssl s_client -connect HOST:PORT -tls1_3 -psk_identity IDENTITY -psk HEX'],
      },
      binder: {
        what: 'The server answered a ClientHello with {offer} (packet {packet0}) by {name} ({number}) in packet {packet}, {delay} later; {negotiated}{compared}.',
        causes: [
          'client and server hold different keys for the identity',
          'the two sides use different hashes with the key: it belongs to one hash, SHA-256 unless agreed otherwise',
          'the ClientHello was changed on its way: the binder covers all of it',
        ],
        remedies: [
          'compare identity, key octets and hash on both sides: hexadecimal or text, trailing newline',
          'try without the key: if the handshake then gets on, the key is the reason',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -tls1_3 -psk_identity IDENTITY -psk HEX',
          'tshark -r CAPTURE -Y "frame.number == {packet0}" -V',
        ],
      },
      unusable: {
        title: 'The server could not use the pre-shared key, nor anything else',
        what: 'The server answered a ClientHello with {offer} (packet {packet0}) by {name} ({number}) in packet {packet}, {delay} later; {negotiated}{compared}.',
        causes: [
          'the server does not know the identity, and has no certificate that the client could take instead',
          'the server’s key is for another hash than that of the suites in common',
        ],
        remedies: [
          'compare the identity octet by octet with the server’s list of keys',
          'see whether a suite with the hash of the key (SHA-256 unless agreed otherwise) is enabled on both sides',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -tls1_3 -psk_identity IDENTITY -psk HEX',
          'tshark -r CAPTURE -Y "frame.number == {packet0}" -V',
        ],
      },
    },
  },
  check(history) {
    if (history.stage !== 'server-hello' || history.alerts.length === 0) return NOT_APPLICABLE;
    const alert = endingOf(history)?.alert;
    if (alert?.from !== 'server' || alert.description === undefined) return NOT_APPLICABLE;
    const { description } = alert;
    const aboutBinder = FOR_BINDER.includes(description);
    if (!aboutBinder && !FOR_IDENTITY.includes(description)) return NOT_APPLICABLE;
    const { id, messages, clientHello } = history;
    const hello = messages.findLast(({ type }) => type === CLIENT_HELLO);
    if (hello === undefined || clientHello === undefined)
      return notAssessable('start-not-captured');
    const keys = clientHello.pskIdentities;
    const isExternal = keys.every(({ obfuscatedTicketAge }) => obfuscatedTicketAge === 0);
    if (keys.length === 0 || (!aboutBinder && !isExternal)) return PASS;
    if (lostOctets(history) > 0) return notAssessable('lost-bytes');
    const retried = messages.some(({ type }) => type === HELLO_RETRY_REQUEST);
    const binder = aboutBinder ? history.decryption?.binder : undefined;
    const kind = isExternal ? 'an external pre-shared key' : 'a ticket as its pre-shared key';
    const name = alertDescriptionName(description);
    return {
      kind: 'finding',
      message: aboutBinder ? aboutKey(binder) : 'unusable',
      confidence:
        binder !== undefined
          ? 'proven'
          : retried && description === ILLEGAL_PARAMETER
            ? 'possible'
            : 'likely',
      data: {
        offer: keys.length === 1 ? kind : `${keys.length} pre-shared keys`,
        name,
        number: description,
        packet: alert.packet,
        packet0: hello.packet,
        delay: formatDuration(alert.nanos - hello.nanos),
        negotiated: describeNegotiation(history),
        compared: '',
        verifies: binder?.verified === true ? 'verifies' : 'does not verify',
        side: binder?.verified === true ? 'the server' : 'the client',
        meaning: binder?.explanation?.meaning ?? '',
        details: detailsText(binder?.explanation),
      },
      evidence: [
        witness(alert, id, 'server', `${name}, the direct answer`),
        witness(hello, id, 'client', 'ClientHello with pre_shared_key'),
      ],
      connections: [id],
      explanations:
        binder !== undefined
          ? readingsOf(binder, 'The binder is that of another key.', history)
          : aboutBinder
            ? [OTHER_KEY, { ...NO_KEY, likelihood: 'medium' }, OTHER_FAULT]
            : [NO_KEY, { ...OTHER_KEY, likelihood: 'medium' }, OTHER_FAULT],
      ...(retried
        ? {
            causes: [
              'after a HelloRetryRequest the binder covers both ClientHellos: one side leaves the first one out',
            ],
          }
        : {}),
    };
  },
  complete(verdict, index) {
    const [id = 0] = verdict.connections;
    const count = withPsk(index, id);
    const compared =
      count === 0 ? '' : `; handshakes at this server that did use a pre-shared key: ${count}`;
    return { ...verdict, data: { ...verdict.data, compared } };
  },
});
