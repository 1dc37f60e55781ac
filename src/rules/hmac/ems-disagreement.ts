import {
  BAD_RECORD_MAC,
  DECRYPT_ERROR,
  HANDSHAKE_FAILURE,
  ILLEGAL_PARAMETER,
  UNSUPPORTED_EXTENSION,
} from '../../model/code-points/alerts.ts';
import { EXTENDED_MASTER_SECRET } from '../../model/code-points/extensions.ts';
import { CLIENT_HELLO, SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import type { Confidence } from '../../model/finding.ts';
import type {
  AlertFact,
  ConnectionHistory,
  IssuedSession,
  MessageFact,
} from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { blindToEnding, endingOf } from '../support/ending.ts';
import { derivedFinding } from '../support/failed-record.ts';
import { isOffered } from '../support/hello-extensions.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { refusedFirstRecord } from '../support/refused-record.ts';
import { witness } from '../support/witness.ts';

type Breach = 'not-offered' | 'resumed-without' | 'resumed-with' | 'offer-without';

/** How the hellos, and the session they resume, break the rules of RFC 7627 §5; undefined where they keep them. */
function breachOf(
  history: ConnectionHistory,
  issued: IssuedSession | undefined,
): Breach | undefined {
  const { extendedMasterSecret: used, resumed, stage } = history;
  if (used === true && isOffered(history, EXTENDED_MASTER_SECRET) === false) return 'not-offered';
  if (issued === undefined) return undefined;
  if (resumed === true && used === false && issued.extendedMasterSecret) return 'resumed-without';
  if (resumed === true && used === true && !issued.extendedMasterSecret) return 'resumed-with';
  return stage === 'server-hello' &&
    issued.extendedMasterSecret &&
    isOffered(history, EXTENDED_MASTER_SECRET) === false &&
    refusalBy('server', history, [HANDSHAKE_FAILURE, ILLEGAL_PARAMETER]) !== undefined
    ? 'offer-without'
    : undefined;
}

/** A fatal alert of this side that ended the handshake and can be about it. */
function refusalBy(
  role: 'client' | 'server',
  history: ConnectionHistory,
  numbers: readonly number[],
): AlertFact | undefined {
  if (history.alerts.length === 0 || history.stage === 'done') return undefined;
  const alert = endingOf(history)?.alert;
  return alert?.from === role && numbers.includes(alert.description ?? -1) ? alert : undefined;
}

/** The alert that most probably came of it. */
function effectOf(history: ConnectionHistory, breach: Breach): AlertFact | undefined {
  if (breach === 'offer-without')
    return refusalBy('server', history, [HANDSHAKE_FAILURE, ILLEGAL_PARAMETER]);
  const refused = refusedFirstRecord(history, [BAD_RECORD_MAC, DECRYPT_ERROR]);
  if (refused.kind === 'refused') return refused.alert;
  return refusalBy('client', history, [
    UNSUPPORTED_EXTENSION,
    ILLEGAL_PARAMETER,
    HANDSHAKE_FAILURE,
  ]);
}

const SERVER_CAUSES = [
  'the cache or ticket of the server does not keep whether the session has an extended master secret',
  'nodes with different software, or with different policies, share sessions',
];
const SERVER_REMEDIES = [
  'update the TLS library of the server, on all nodes that share sessions',
  'until then, switch resumption off or keep sessions to one node',
];
const COMMANDS = [
  'tshark -r CAPTURE -Y "tls.handshake.type in {1,2}" -T fields -e frame.number -e tls.handshake.session_id -e tls.handshake.extension.type',
];

/**
 * The extended master secret is a hash over the handshake, the classic one is not. Each side decides from the hellos,
 * and on resumption from the session, which of the two it has; if they decide differently, no record opens.
 */
export const emsDisagreement = defineConnectionRule({
  meta: {
    id: 'ems-disagreement',
    group: 'hmac',
    title: 'The two sides do not agree about the extended master secret',
    severity: 'error',
    sources: ['RFC 7627 §5.2', 'RFC 7627 §5.3', 'RFC 7627 §4', 'RFC 5246 §7.4.1.4'],
    reports:
      'A ServerHello that answers extended_master_secret although it was not offered, and sessions that are resumed, or offered, with another choice about it than they were made with. With an RSA key or a PSK, the side whose records open under the other kind of master secret.',
    matters:
      'With the extension the master secret depends on the whole handshake, without it on the randoms only. If the two sides differ, their keys do, and the first record fails. On resumption the rules are strict, since mixing the two brings back an attack in which one connection is passed off as another.',
    decides:
      'From the hellos in the clear, and from the connection of the same capture that issued the ticket or session id: these prove the breach of the rule. That an alert came of it is likely where it is one that the rules ask for, or answers the first protected record. Where a secret at hand gives the premaster secret, both master secrets are computed, and the one under which the records of a side open proves what that side did.',
    silent:
      'Where the ClientHello, or the connection that issued the session, was not captured; in TLS 1.3, which always binds its keys to the handshake. A session without the extension that is offered with it has to be refused by a full handshake, and that is no fault.',
    messages: {
      unused: {
        title: 'Extended master secret negotiated, and one side derives the classic one',
        what: 'The records of the {from} (from packet {packet} on) authenticate under the master secret that is derived without the extension, though both hellos have extended_master_secret{reaction}; {negotiated}.',
        causes: [
          'the TLS stack of the {from} offers or answers the extension and does not derive the secret with it',
          'a device on the way adds the extension to a hello: the two sides then saw different ones',
        ],
        remedies: [
          'update or correct the TLS stack of the {from}; until then switch the extension off there',
          'capture at both ends and compare the hellos',
        ],
        commands: COMMANDS,
      },
      unasked: {
        title: 'Extended master secret not negotiated, and one side derives it',
        what: 'The records of the {from} (from packet {packet} on) authenticate under the extended master secret, though the hellos do not agree on it{reaction}; {negotiated}.',
        causes: [
          'the TLS stack of the {from} derives the extended secret always, or whenever it offered it',
          'a device on the way takes the extension out of a hello: the two sides then saw different ones',
        ],
        remedies: [
          'update or correct the TLS stack of the {from}; until then switch the extension on at the {peer}',
          'capture at both ends and compare the hellos',
        ],
        commands: COMMANDS,
      },
      range: {
        title: 'The extended master secret is derived from too many messages',
        what: 'The records of the {from} (from packet {packet} on) authenticate under an extended master secret of another range: {meaning}{reaction}; {negotiated}.',
        causes: ['the TLS stack of the {from} takes the session hash later than it should'],
        remedies: [
          'update or correct the TLS stack of the {from}: the session hash ends with ClientKeyExchange',
          'until then, do without client certificates or without the extension',
        ],
        commands: COMMANDS,
      },
      'not-offered': {
        title: 'Server answers the extended master secret that was not offered',
        what: 'The ServerHello in packet {packet} answers extended_master_secret, which the ClientHello did not offer{effect}; {negotiated}.',
        causes: [
          'the server keeps the state of an earlier handshake, of a renegotiation for one',
          'the ClientHello was changed on its way: the extension was taken out',
        ],
        remedies: [
          'answer only extensions that the ClientHello has',
          'capture at the client and compare the two copies of the ClientHello',
        ],
        commands: COMMANDS,
      },
      'resumed-without': {
        title: 'Session with extended master secret resumed without it',
        what: 'The ServerHello in packet {packet} resumes a session of connection {origin} without the extended master secret that the session was made with{effect}; {negotiated}.',
        causes: SERVER_CAUSES,
        remedies: SERVER_REMEDIES,
        commands: COMMANDS,
      },
      'resumed-with': {
        title: 'Session without extended master secret resumed with it',
        what: 'The ServerHello in packet {packet} resumes a session of connection {origin} with the extended master secret, which the session was made without; a full handshake was due{effect}; {negotiated}.',
        causes: SERVER_CAUSES,
        remedies: SERVER_REMEDIES,
        commands: COMMANDS,
      },
      'offer-without': {
        title: 'Session with extended master secret offered without it',
        what: 'The ClientHello in packet {packet} offers a session of connection {origin}, which was made with the extended master secret, and does not offer that extension{effect}; {negotiated}.',
        causes: [
          'two clients with different settings share their sessions, or the setting changed in between',
        ],
        remedies: [
          'offer extended_master_secret always, or forget sessions when the setting changes',
        ],
        commands: COMMANDS,
      },
    },
  },
  check(history) {
    if (isTls13(history)) return NOT_APPLICABLE;
    const derived =
      derivedFinding(history, /^classic-master/, 'unused') ??
      derivedFinding(history, /^extended-master/, 'unasked') ??
      derivedFinding(history, /^session-hash/, 'range');
    if (derived !== undefined) return derived;
    const { resumption, messages, id } = history;
    const issued = resumption?.issued;
    if (history.extendedMasterSecret !== true && issued === undefined) return NOT_APPLICABLE;
    if (history.clientHello === undefined) return notAssessable('start-not-captured');
    const breach = breachOf(history, issued);
    if (breach === undefined) return PASS;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const type = breach === 'offer-without' ? CLIENT_HELLO : SERVER_HELLO;
    const hello: MessageFact | undefined = messages.find((message) => message.type === type);
    if (hello === undefined) return PASS;
    const effect = effectOf(history, breach);
    const confidence: Confidence = effect === undefined ? 'proven' : 'likely';
    const quiet = history.outcome === 'established' ? 'warning' : 'info';
    const origin = breach === 'not-offered' ? undefined : issued;
    return {
      kind: 'finding',
      message: breach,
      severity: effect === undefined ? quiet : 'error',
      confidence,
      data: {
        packet: hello.packet,
        origin: origin?.connection ?? 0,
        effect:
          effect === undefined
            ? ''
            : `, and the ${effect.from} ended the handshake in packet ${effect.packet}`,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(hello, id, hello.from, 'the hello that breaks the rule'),
        ...(origin === undefined
          ? []
          : [witness(origin, origin.connection, 'server', 'the session is issued')]),
        ...(effect === undefined ? [] : [witness(effect, id, effect.from, 'ends the handshake')]),
      ],
      connections: [id],
    };
  },
});
