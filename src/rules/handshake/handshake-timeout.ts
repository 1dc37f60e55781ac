import { FINISHED } from '../../model/code-points/handshake-types.ts';
import type { AckFact } from '../../model/dtls-facts.ts';
import type { Confidence, Evidence } from '../../model/finding.ts';
import {
  type At,
  type ConnectionHistory,
  peerOf,
  type Role,
  type Stage,
} from '../../model/history.ts';
import { formatDuration, type Nanos, SECOND } from '../../model/time.ts';
import {
  defineConnectionRule,
  type FindingOf,
  NOT_APPLICABLE,
  notAssessable,
  PASS,
} from '../define-rule.ts';
import { isTls13, mayBeComplete } from '../support/closing-alert.ts';
import { blindToEnding, DUE, type Ending, endingOf, lacksRecords } from '../support/ending.ts';
import { PROVEN_BY_SECRETS } from '../support/failed-record.ts';
import { describeNegotiation, messageName } from '../support/negotiation.ts';
import { times } from '../support/records.ts';
import {
  acknowledged,
  judgeUnheard,
  mayHaveMoved,
  type Unheard,
  unheard,
} from '../support/unheard.ts';
import { witness } from '../support/witness.ts';
import { TIMEOUT_MESSAGES } from './timeout-messages.ts';

/** Who gives up sooner did not run into a timeout of any stack: `handshake-aborted` tells of that. */
const GIVEN_UP = 3 * SECOND;
/** Where nobody gave up, the capture has to go on for this long: less may be its end, and no timeout. */
const STILL_WAITING = 10 * SECOND;
/** Beyond this a connection that shows nothing more was rather cut out of the capture than waiting. */
const OUT_OF_SIGHT = 3600 * SECOND;

type Waiting =
  | 'waiting-server-hello'
  | 'waiting-server-flight'
  | 'waiting-client-kex'
  | 'waiting-client-finished'
  | 'waiting-server-finished';

const WAITING: Readonly<Partial<Record<Stage, Waiting>>> = {
  'server-hello': 'waiting-server-hello',
  'server-flight': 'waiting-server-flight',
  'client-flight': 'waiting-client-kex',
  'client-finished': 'waiting-client-finished',
  'server-finished': 'waiting-server-finished',
};

/** What usually takes a program so long at that point, though its kernel is alive. */
const STUCK: Readonly<Record<Waiting, string>> = {
  'waiting-server-hello':
    'no process takes the connection up (all workers busy, a queue that is full, a proxy that waits for its backend), or what parses the ClientHello waits for more octets of it',
  'waiting-server-flight':
    'the server is at work on its own flight: a signature by a slow or remote key (HSM), a certificate or OCSP response that it fetches first, or a backend that it asks',
  'waiting-client-kex':
    'the client checks the certificate of the server and waits for something in that (OCSP, a CRL, a missing intermediate that it fetches), or it asks its user: for trust, a PIN, a certificate to choose',
  'waiting-client-finished':
    'the client checks the certificate of the server and waits for something in that (OCSP, a CRL, a missing intermediate that it fetches), or it asks its user: for trust, a PIN, a certificate to choose',
  'waiting-server-finished':
    'the server checks the client’s certificate or identity with something that does not answer (OCSP, LDAP, a session cache)',
};

/** Who owes the next step, since when, and who waits for it. */
interface Wait {
  readonly stage: Waiting;
  readonly debtor: Role;
  readonly waiter: Role;
  readonly due: string;
  /** The last message before it. */
  readonly since: At;
  readonly confidence: Confidence;
}

/** TLS 1.3 hides where the server's flight ends, unless secrets show its Finished. */
function waitOf(history: ConnectionHistory): Wait | undefined {
  const stage = WAITING[history.stage];
  const { from: debtor, what } = DUE[history.stage];
  const last = history.messages.at(-1);
  if (stage === undefined || debtor === undefined || last === undefined) return undefined;
  const waiter = peerOf(debtor);
  const common = { debtor, waiter, since: lifeOf(history, debtor, last) };
  if (!isTls13(history) || history.stage !== 'client-flight')
    return { ...common, stage, due: what, confidence: 'proven' };
  const isSeen = history.messages.some(({ type, from }) => type === FINISHED && from === 'server');
  return {
    ...common,
    stage: 'waiting-client-finished',
    due: isSeen
      ? 'the client’s Finished'
      : 'the client’s Finished, or the rest of the server’s encrypted flight, which only secrets could tell',
    confidence: isSeen ? 'proven' : 'likely',
  };
}

/** From then on nothing came of the debtor: its last payload, or the last message of all. */
function lifeOf({ tcp }: ConnectionHistory, debtor: Role, last: At): At {
  const own = tcp?.lastData[debtor];
  return own !== undefined && own.nanos > last.nanos
    ? own
    : { packet: last.packet, nanos: last.nanos };
}

/** What TCP shows of the delivery; undefined where it shows too little. */
function delivery({ tcp }: ConnectionHistory, { waiter, debtor }: Wait) {
  if (tcp === undefined) return undefined;
  if (tcp.retransmissions[debtor] > 1 && tcp.lastDataAcknowledged[debtor] === undefined)
    return { message: 'undelivered', repeats: tcp.retransmissions[debtor], at: undefined } as const;
  const at = tcp.lastDataAcknowledged[waiter];
  if (at !== undefined) return { message: 'stuck', repeats: 0, at } as const;
  const repeats = tcp.retransmissions[waiter];
  return repeats === 0 ? undefined : ({ message: 'unreached', repeats, at } as const);
}

/** What all kinds have in common. `open`: nobody ended it, so that only the end of the capture tells how long it lasted. */
const dataOf = (history: ConnectionHistory, wait: Wait, until: Nanos | undefined) => ({
  waiter: wait.waiter,
  debtor: wait.debtor,
  due: wait.due,
  stage: wait.stage,
  since: wait.since.nanos,
  seen: history.endNanos,
  open: until === undefined ? 1 : 0,
  waited: formatDuration((until ?? history.endNanos) - wait.since.nanos),
  end: '',
  negotiated: describeNegotiation(history),
});

const ENDS: Readonly<Record<Ending['kind'], string>> = {
  alert: 'an alert',
  'close-notify': 'close_notify',
  fin: 'FIN',
  rst: 'RST',
  unreachable: 'an ICMP message',
};

/** The last message, what TCP says of the delivery, and the end. */
function evidenceOf(
  { id, messages, protocol }: ConnectionHistory,
  { since, debtor, waiter, due }: Wait,
  ending: Ending | undefined,
  acknowledged: At | undefined,
): [Evidence, ...Evidence[]] {
  const last = messages.at(-1);
  const isLast = last?.packet === since.packet;
  return [
    isLast
      ? witness(since, id, last.from, `${messageName(last.type)}, then nothing but silence`)
      : witness(since, id, debtor, `the last octets of the ${debtor}`),
    ...(acknowledged === undefined || protocol === 'DTLS'
      ? []
      : [
          witness(
            acknowledged,
            id,
            debtor,
            `the host of the ${debtor} had acknowledged all before`,
          ),
        ]),
    ...(ending === undefined
      ? []
      : [
          witness(
            ending,
            id,
            waiter,
            `${ENDS[ending.kind]}: the ${waiter} gave up; due was ${due}`,
          ),
        ]),
  ];
}

/** DTLS 1.3: the stack itself says that the flight arrived. */
function acknowledgedFinding(
  history: ConnectionHistory,
  wait: Wait,
  ack: AckFact,
  repeated: Unheard | undefined,
): FindingOf<typeof TIMEOUT_MESSAGES> {
  const { id } = history;
  const { waiter, debtor, due } = wait;
  return {
    kind: 'finding',
    message: 'acknowledged',
    confidence: 'likely',
    data: {
      ...dataOf(history, { ...wait, since: ack }, repeated?.last.nanos),
      ack: ack.packet,
      again: repeated === undefined ? '' : `, and sent its flight ${times(repeated.count)} more`,
    },
    evidence: [
      witness(ack, id, debtor, `ACK of the flight after which ${due} was due`),
      ...(repeated === undefined
        ? []
        : [
            witness(repeated.first, id, waiter, 'its flight again'),
            witness(repeated.last, id, waiter, 'the last time that it was sent'),
          ]),
    ],
    connections: [id],
    causes: [STUCK[wait.stage]],
  };
}

/** Somebody waited until a timeout: the last message tells for whom, TCP whether the other host was there at all. */
export const handshakeTimeout = defineConnectionRule({
  meta: {
    id: 'handshake-timeout',
    group: 'handshake',
    title: 'The handshake ran into a timeout',
    severity: 'error',
    sources: [
      'RFC 8446 §6.2',
      'RFC 9293 §3.8.1',
      'RFC 9293 §3.8.3',
      'RFC 6347 §4.2.4',
      'RFC 9147 §7.1',
    ],
    reports:
      'Handshakes in which one side fell silent while it owed the next message: who owed what (waiting-server-hello, waiting-server-flight, waiting-client-kex, waiting-client-finished, waiting-server-finished), for how long the other waited, and whether the silent host acknowledged what it had been sent.',
    matters:
      'Both logs say timeout, and both sides suspect the network. The last message on the wire names the side that owed the next one, and the acknowledgements of its kernel tell a program that is stuck from a path that swallows packets.',
    decides:
      'No alert was sent. The side that waited closed after 3 s or more without any word of the other, or the connection stayed open for 10 s or more, as keep-alives or repetitions on it show. If all its octets were acknowledged, the other host is alive and its program does not answer; if it repeated them without any acknowledgement, they did not get through, or the host is gone. Over DTLS the side that waited has to have repeated its flight, or an ACK of DTLS 1.3 (in the clear, or opened with secrets) says that the flight arrived. Which step was due is certain where the waiting side gave up; of one that is still open it is likely. If the capture merely goes on for 10 s or more, up to an hour, without another packet of the connection, it may have lost sight of it, so that this is only noted. In TLS 1.3 the end of the server’s flight is not visible without secrets.',
    silent:
      'Where the capture ends less than 10 s after the last message, where the silence lasted less than 3 s, where an alert was sent or the side that owed the message closed, where octets are missing or only one direction was captured, and where another finding explains the silence. A DTLS client that went on elsewhere with the same ClientHello was not let down.',
    yieldsTo: [
      ...PROVEN_BY_SECRETS,
      'server-process-died',
      'handshake-kills-server',
      'clienthello-blackholed',
      'pq-clienthello-intolerant',
      'pmtu-blackhole-server-flight',
      'middlebox-reset',
      'middlebox-intolerance',
      'plaintext-in-tls-stream',
      'http-on-tls-port',
      'tls-on-plaintext-port',
      'record-length-impossible',
      'server-hello-of-other-connection',
      'tls-clienthello-mid-connection',
      'cookie-hmac-mismatch',
      'hvr-loop',
      'psk-mismatch',
      'dtls-silent-mac-drop',
      'dtls-restart-ignored',
      'webrtc-dtls-not-restarted',
      'dtls-restart-kills-old',
      'dtls-role-conflict',
      'hvr-cookie-from-other-client',
      'hrr-cookie-foreign',
      'dtls-cid-length-mismatch',
      'dtls-nat-rebind-no-cid',
      'dtls-stale-record-before-hello',
      'dtls-late-record',
      'dtls-late-close-notify',
      'dtls-old-epoch-after-new-handshake',
      'dtls-fragment-loss',
      'dtls-refragment-intolerant',
      'dtls-ip-fragmentation',
      'dtls-clienthello-fragmented',
      'dtls-retransmission-storm',
      'dtls-role-conflict',
      'webrtc-dtls-not-restarted',
    ],
    restsOnSilence: true,
    restsOnTime: true,
    messages: TIMEOUT_MESSAGES,
  },

  check(history) {
    const { outcome, protocol, id } = history;
    if (outcome === 'established' || outcome === 'no-handshake') return NOT_APPLICABLE;
    const wait = waitOf(history);
    if (wait === undefined || mayBeComplete(history)) return PASS;
    const ending = endingOf(history);
    if (ending?.kind === 'alert') return NOT_APPLICABLE;
    if (protocol === 'DTLS') {
      if (ending !== undefined) return PASS;
      const found = unheard(history, wait);
      const ack = acknowledged(history, wait);
      if (found === undefined && ack === undefined) return PASS;
      if (lacksRecords(history)) return notAssessable('lost-bytes');
      if (ack !== undefined) return acknowledgedFinding(history, wait, ack, found);
      if (found === undefined) return PASS;
      return {
        kind: 'finding',
        message: 'unheard',
        confidence: 'likely',
        data: {
          ...dataOf(history, { ...wait, since: found.first }, found.last.nanos),
          repeats: times(found.count),
        },
        evidence: [
          witness(found.first, id, wait.waiter, `its flight, ${wait.due} was due after it`),
          witness(found.last, id, wait.waiter, 'the last time that it was sent'),
        ],
        connections: [id],
      };
    }
    if (ending !== undefined && ending.by !== wait.waiter) return PASS;
    if (ending !== undefined && ending.nanos - wait.since.nanos < GIVEN_UP) return PASS;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const delivered = delivery(history, wait);
    // A host that neither hears an acknowledgement nor repeats itself is not what TCP is: some packets were not captured.
    // Where nobody gave up, they are those that would follow: the capture ends, or loses sight of it.
    if (delivered === undefined)
      return ending === undefined ? PASS : notAssessable('one-direction');
    const { message, repeats, at } = delivered;
    return {
      kind: 'finding',
      message,
      confidence: wait.confidence,
      data: { ...dataOf(history, wait, ending?.nanos), repeats: times(repeats) },
      evidence: evidenceOf(history, wait, ending, at),
      connections: [id],
      ...(message === 'stuck' ? { causes: [STUCK[wait.stage]] } : {}),
    };
  },

  complete(verdict, index) {
    if (verdict.message === 'unheard') return judgeUnheard(verdict, index);
    if (verdict.message === 'acknowledged' && mayHaveMoved(verdict, index)) return undefined;
    const { open, since, seen } = verdict.data;
    if (open !== 1) return verdict;
    const waited = index.lastNanos - Number(since);
    if (waited < STILL_WAITING) return undefined;
    const data = {
      ...verdict.data,
      waited: formatDuration(waited),
      end: ', up to the end of the capture, and neither side closed',
    };
    // Packets of its own, a keep-alive or a repetition, show that the capture had not lost sight of it.
    if (Number(seen) - Number(since) >= STILL_WAITING)
      return { ...verdict, confidence: 'likely', data };
    if (waited > OUT_OF_SIGHT) return undefined;
    return { ...verdict, severity: 'info', confidence: 'possible', data };
  },
});
