import {
  ACCESS_DENIED,
  alertDescriptionName,
  BAD_CERTIFICATE,
  CERTIFICATE_REQUIRED,
  HANDSHAKE_FAILURE,
  UNKNOWN_CA,
} from '../../model/code-points/alerts.ts';
import { CERTIFICATE, CERTIFICATE_REQUEST } from '../../model/code-points/handshake-types.ts';
import type { At, ConnectionHistory } from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable } from '../define-rule.ts';
import { isTls13, unreadAlert } from '../support/closing-alert.ts';
import { blindToEnding, type Ending, endingOf } from '../support/ending.ts';
import { witness } from '../support/witness.ts';

/** Alerts that servers refuse a missing certificate with. */
const ABOUT_IT = [
  HANDSHAKE_FAILURE,
  BAD_CERTIFICATE,
  UNKNOWN_CA,
  ACCESS_DENIED,
  CERTIFICATE_REQUIRED,
];

/** Octets of a Certificate message without any: the length of an empty list, in TLS 1.3 behind an empty context. */
const EMPTY = 3;
const EMPTY_13 = 4;
/** The same message as a record of TLS 1.3, with content type and tag (RFC 8446 §5.2); any other message is longer. */
const EMPTY_13_RECORD = 25;

interface Empty extends At {
  readonly isRead: boolean;
}

/** The client's Certificate with nothing in it, read or told by its size. */
function emptyCertificate(history: ConnectionHistory): Empty | undefined {
  const { messages, protectedRecords } = history;
  const tls13 = isTls13(history);
  const sent = messages.findLast(({ type, from }) => type === CERTIFICATE && from === 'client');
  if (sent !== undefined)
    return sent.length === (tls13 ? EMPTY_13 : EMPTY) ? { ...sent, isRead: true } : undefined;
  const { clientFlight } = history;
  if (clientFlight?.shape === 'empty-certificate') return { ...clientFlight, isRead: false };
  const { first } = protectedRecords.client;
  return tls13 && first?.length === EMPTY_13_RECORD ? { ...first, isRead: false } : undefined;
}

/** How the server ended it, if that can be about the certificate: a server that merely closes was content. */
function refusal(history: ConnectionHistory, empty: At): Ending | undefined {
  const ending = endingOf(history);
  if (ending?.by !== 'server' || ending.packet <= empty.packet) return undefined;
  const description = ending.alert?.description;
  const fits =
    description === undefined ? history.outcome === 'failed' : ABOUT_IT.includes(description);
  return fits ? ending : undefined;
}

/** In TLS 1.3 the refusal comes when the client takes itself for connected, and is encrypted as well. */
export const clientCertRequired = defineConnectionRule({
  meta: {
    id: 'client-cert-required',
    group: 'handshake',
    title: 'The server requires a client certificate, and the client sent none',
    severity: 'error',
    sources: ['RFC 5246 §7.4.6', 'RFC 8446 §4.4.2', 'RFC 8446 §6.2'],
    reports:
      'Handshakes in which the server asks for a client certificate, the client answers with an empty one, and the server ends the connection.',
    matters:
      'With TLS 1.3 the client takes the handshake for complete before the refusal arrives, and shows a reset or an end of file at its first request. The alert is encrypted.',
    decides:
      'Up to TLS 1.2 CertificateRequest and the empty Certificate can be read, and the server’s alert as well: that is proven. In TLS 1.3 the client’s first protected record has just the size of an empty Certificate (25 octets, or that with the Finished behind it), which only an answer to a CertificateRequest can have, and the server’s only answer has the size of an alert and comes at once: likely. With secrets both are read.',
    silent:
      'Where the client sent a certificate, where the server went on without one, and where octets are missing.',
    messages: {
      refused: {
        what: 'The server asked for a client certificate, the client sent an empty list in packet {packet0}, and the server ended the connection with {how} in packet {packet}.',
        causes: [
          'no certificate is configured on the client, or its file or key cannot be read',
          'the client has one, but of none of the issuers and types that the server asks for',
        ],
        remedies: [
          'configure the client with a certificate of an issuer that the server names, and its key',
          'or let the server ask without insisting, if that is what is meant',
        ],
        commands: ['openssl s_client -connect HOST:PORT -cert CERTIFICATE -key KEY'],
      },
    },
  },
  check(history) {
    const { id, messages, stage } = history;
    if (stage === 'none' || stage === 'server-hello') return NOT_APPLICABLE;
    const empty = emptyCertificate(history);
    if (empty === undefined) return NOT_APPLICABLE;
    const asked = messages.find(({ type }) => type === CERTIFICATE_REQUEST);
    const ending = refusal(history, empty);
    if (ending === undefined) return NOT_APPLICABLE;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const description = ending.alert?.description;
    const unread = description === undefined ? unreadAlert(history, ending) : undefined;
    const end = unread?.from === 'server' && unread.packet > empty.packet ? unread : ending;
    const how =
      description === undefined
        ? end === ending
          ? 'an encrypted alert or a close'
          : 'what is probably an alert'
        : alertDescriptionName(description);
    const isProven = empty.isRead && description !== undefined && asked !== undefined;
    return {
      kind: 'finding',
      message: 'refused',
      confidence: isProven ? 'proven' : 'likely',
      data: { packet: end.packet, packet0: empty.packet, how },
      evidence: [
        witness(end, id, 'server', how),
        witness(empty, id, 'client', 'Certificate without any certificate'),
        ...(asked === undefined ? [] : [witness(asked, id, 'server', 'CertificateRequest')]),
      ],
      connections: [id],
    };
  },
});
