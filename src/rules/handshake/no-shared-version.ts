import type { CaptureIndex } from '../../model/capture-index.ts';
import {
  alertDescriptionName,
  HANDSHAKE_FAILURE,
  PROTOCOL_VERSION,
} from '../../model/code-points/alerts.ts';
import { SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import {
  DTLS_1_3,
  draftName,
  TLS_1_2,
  TLS_1_3,
  tlsEquivalent,
  versionText,
} from '../../model/code-points/versions.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { agreedWith, earlyRefusal, listed } from '../support/early-refusal.ts';
import { blindToEnding, endingOf } from '../support/ending.ts';
import { witness } from '../support/witness.ts';

const SEPARATOR = ', ';
const UNKNOWN = 'versions with others that are no longer known, of so many connections';
/** Who offers more versions than this and is refused may have met a server that stumbles over a new one. */
const WIDE_OFFER = 2;

const namesOf = (versions: readonly number[]): string =>
  versions.map(versionText).join(SEPARATOR) || 'no known version';

/**
 * The client gives up on the version that the server chose. One that it names itself is not what it refuses: stacks also say
 * protocol_version where the header of a record is none.
 */
function refusedByClient(history: ConnectionHistory) {
  const { id, stage, version, versionsOffered, messages } = history;
  if (stage !== 'server-flight' && stage !== 'client-flight') return undefined;
  const alert = endingOf(history)?.alert;
  if (alert?.from !== 'client' || alert.description !== PROTOCOL_VERSION) return undefined;
  const answer = messages.findLast(({ type }) => type === SERVER_HELLO);
  if (version === undefined || answer === undefined) return undefined;
  if (versionsOffered.includes(version)) return undefined;
  return {
    kind: 'finding',
    message: 'chosen',
    confidence: 'proven',
    data: {
      packet: alert.packet,
      packet0: answer.packet,
      chosen: versionText(version),
      offered: namesOf(versionsOffered),
    },
    evidence: [
      witness(alert, id, 'client', alertDescriptionName(PROTOCOL_VERSION)),
      witness(answer, id, 'server', `ServerHello, ${versionText(version)}`),
    ],
    connections: [id],
  } as const;
}

/** Each draft of TLS 1.3 has a number of its own, and nobody takes one for another or for the final version. */
function draftsOnly(offered: readonly number[]) {
  const drafts = offered.filter((one) => draftName(one) !== '').map(versionText);
  if (drafts.length === 0 || offered.some((one) => one === TLS_1_3 || one === DTLS_1_3)) return {};
  return {
    causes: [
      `the server speaks another draft than the client, or the final version: of these the client offers ${listed(drafts)} alone`,
    ],
    remedies: ['update the client: drafts are spoken by nobody else any more'],
  };
}

/** The gap between the versions of the two sides, which neither log states. */
export const noSharedVersion = defineConnectionRule({
  meta: {
    id: 'no-shared-version',
    group: 'handshake',
    title: 'Client and server have no version of TLS in common',
    severity: 'error',
    sources: ['RFC 8446 §4.2.1', 'RFC 5246 §7.2.2', 'RFC 8446 §6.2'],
    reports:
      'Handshakes that ended because no version of TLS or DTLS suits both sides: the versions the client offers, and those the server has agreed to elsewhere in the capture.',
    matters:
      'One side says protocol_version or handshake_failure, the other an end of file. The way out depends on which side is behind, and by how much.',
    decides:
      'The server answers the ClientHello with protocol_version: its word is enough for likely, unless the client offers many versions. Where it agreed to versions with other clients of the capture and none of them is offered here, it is proven. handshake_failure counts only in that case, as likely, and not against TLS 1.2 where the server agreed to TLS 1.3 with others: so do all that know both. A client that answers the ServerHello with protocol_version refuses the version that was chosen, unless its ClientHello names that one.',
    silent:
      'For handshake_failure without other connections to compare with, where the server agreed elsewhere to a version that is offered here, and where octets of the handshake are missing.',
    yieldsTo: ['dtls-late-close-notify', 'dtls-stale-record-before-hello', 'http-on-tls-port'],
    messages: {
      refused: {
        what: 'The server answered the ClientHello (packet {packet0}) with {alert} in packet {packet}: the client offers {offered}; the server agreed to {agreed}.',
        causes: [
          'the older side has a version switched off, or does not know it yet',
          'the server does not tolerate a version that it has never heard of, where it should choose an older one',
        ],
        remedies: [
          'raise the older side: let both have TLS 1.2 or TLS 1.3 in common',
          'do not switch on a version below TLS 1.2 without a plan to switch it off again',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -tls1_2'],
      },
      'wide-offer': {
        title: 'The server refused the versions of a client that offers many',
        what: 'The server answered the ClientHello (packet {packet0}) with {alert} in packet {packet}: the client offers {offered}; the server agreed to {agreed}.',
        causes: [
          'the server does not tolerate a version that it has never heard of, where it should choose an older one',
          'the server knows none of them, or has all of them switched off',
        ],
        remedies: [
          'try with TLS 1.2 alone: if that succeeds, the newer version in the ClientHello is what the server stumbles over',
          'update the server, or raise what it has switched on to TLS 1.2 or TLS 1.3',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -tls1_2'],
      },
      chosen: {
        title: 'The client refused the version that the server chose',
        what: 'The client answered the ServerHello (packet {packet0}) with protocol_version in packet {packet}: the server chose {chosen}, the client offers {offered}.',
        causes: [
          'the policy of the client forbids the version although its ClientHello implies it',
          'the server chose a version that was not offered',
        ],
        remedies: ['raise the server to a version that the client accepts'],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -tls1_2'],
      },
    },
  },
  check(history) {
    if (history.outcome !== 'failed') return NOT_APPLICABLE;
    const refusal = earlyRefusal(history, [PROTOCOL_VERSION, HANDSHAKE_FAILURE]);
    const byClient = refusal === undefined ? refusedByClient(history) : undefined;
    if (refusal === undefined && byClient === undefined) return NOT_APPLICABLE;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    if (byClient !== undefined) return byClient;
    if (refusal === undefined || history.versionsOffered.length === 0) return PASS;
    const { alert, hello } = refusal;
    const { id, versionsOffered } = history;
    const name = alertDescriptionName(alert.description ?? 0);
    return {
      kind: 'finding',
      message: 'refused',
      confidence: alert.description === PROTOCOL_VERSION ? 'likely' : 'possible',
      data: {
        packet: alert.packet,
        packet0: hello.packet,
        alert: name,
        offered: namesOf(versionsOffered),
        highest: Math.max(...versionsOffered.map(tlsEquivalent)),
        agreed: 'nothing else in this capture',
      },
      evidence: [
        witness(alert, id, 'server', name),
        witness(hello, id, 'client', `ClientHello: ${namesOf(versionsOffered)}`),
      ],
      connections: [id],
      ...draftsOnly(versionsOffered),
    };
  },
  complete(verdict, index) {
    if (verdict.message !== 'refused') return verdict;
    const { highest, ...data } = verdict.data;
    return judged({ ...verdict, data }, index, Number(highest));
  },
});

/** The finding, with what the server agreed to with others; undefined if that speaks against it, or is too little. */
function judged(
  verdict: FindingVerdict,
  index: CaptureIndex,
  highest: number,
): FindingVerdict | undefined {
  const { versions, isUnknown } = agreedWith(verdict, index);
  const saysSo = verdict.confidence === 'likely';
  const agreed = versions.map(versionText);
  // Only the server's own word tells that it is a draft that it does not take: TLS 1.2 may be what it failed in.
  const name = (text: string) => (saysSo ? text : text.replace(/ \(.*/, ''));
  const offered = String(verdict.data['offered']).split(SEPARATOR).map(name);
  const isDisjoint = agreed.length > 0 && !agreed.some((one) => offered.includes(name(one)));
  // Clients of today get TLS 1.3 from every server that has it, which says nothing of how it stands to TLS 1.2.
  if (!saysSo && highest >= TLS_1_2 && versions.every((one) => tlsEquivalent(one) > highest))
    return undefined;
  if (!isDisjoint) {
    if (!saysSo || agreed.length > 0) return undefined;
    const known = isUnknown ? { ...verdict, data: { ...verdict.data, agreed: UNKNOWN } } : verdict;
    return offered.length > WIDE_OFFER
      ? { ...known, message: 'wide-offer', confidence: 'possible' }
      : known;
  }
  return {
    ...verdict,
    confidence: saysSo ? 'proven' : 'likely',
    data: { ...verdict.data, agreed: `${listed(agreed)} with others` },
  };
}
