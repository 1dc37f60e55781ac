import type { DtlsAnomaly } from '../../model/dtls-facts.ts';
import type { Explanation, Severity } from '../../model/finding.ts';
import { type ConnectionHistory, peerOf } from '../../model/history.ts';
import type { FindingVerdict, RuleMessage, Verdict } from '../../model/rule.ts';
import { formatDuration } from '../../model/time.ts';
import { type FindingOf, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { effectOf, type LateEffect } from './late-effect.ts';
import { describeRecord, recordEvidence, weakenedBy, weaker } from './records.ts';

/** The mistakes behind late records, and so the remedies, are the same whichever record it was. */
export const LATE_ADVICE = {
  causes: [
    'the listener takes any datagram for a new client, without looking whether it begins a handshake',
    'the side that closes first listens again on the same port at once, while the answer to its close is still under way',
    'the client used the same source port again before the old connection had died away',
  ],
  remedies: [
    'before creating any state, let only a ClientHello in (content type 22, epoch 0, handshake type 1), and drop everything else without calling it an error',
    'remember a closed 5-tuple for a while (twice the maximum segment lifetime at most) and drop what still arrives for it',
    'let the client close first, or wait for the answer to close_notify before listening again',
    'have clients take a new source port for each connection, or negotiate connection ids (RFC 9146)',
  ],
  commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}" -w evidence.pcapng'],
} as const;

/** Where nothing was hurt there is no mistake to name, only how the record came to be late. */
const DELAYED: Partial<RuleMessage> = {
  causes: [
    'the record was held up on the path, or sent late',
    'the client used the same source port again before the old connection had died away',
  ],
  remedies: [
    'nothing at the receiver that dropped it; others, which take any datagram for a new client, fail on such a record',
    ...LATE_ADVICE.remedies.slice(2),
  ],
};

/** The stack read the record as one of the newer connection. RFC 6347 §4.1.2.7 asks to drop what does not verify. */
const TAKEN_FOR_OWN: Partial<RuleMessage> = {
  causes: [
    'the receiver checked the record with the keys of the newer connection and took the failing MAC for fatal, instead of dropping the record (some stacks do so with CBC suites only)',
    ...LATE_ADVICE.causes.slice(1),
  ],
  remedies: [
    'update or configure the receiver’s stack so that it drops records that do not verify; until then prefer AEAD suites if it drops those',
    'do not look for wrong keys: the record was never meant for the connection that ended over it',
    ...LATE_ADVICE.remedies.slice(2),
  ],
};

/** Messages and findings of a rule about late records, by what the record did to the newer connection. */
export type LateMessages = Record<'harmless' | LateEffect['kind'], RuleMessage>;
export type LateFinding = FindingOf<LateMessages>;

/**
 * The messages of a rule about late records: one for no harm and one for each effect.
 *
 * @param noun what it was, for headlines: `closing alert`
 * @param arrived the beginning of each sentence, up to when and where it arrived
 */
export function lateMessages(noun: string, arrived: string): LateMessages {
  const say = (title: string, what: string, more: Partial<RuleMessage> = {}): RuleMessage => ({
    title,
    what: `${arrived}; ${what}.`,
    ...LATE_ADVICE,
    ...more,
  });
  return {
    harmless: say(
      `Late ${noun} of an older connection`,
      'nothing that followed shows harm',
      DELAYED,
    ),
    'hello-repeated': say(
      `Late ${noun} of an older connection swallowed a ClientHello`,
      'the ClientHello {gap} it stayed unanswered until it was repeated {wait} later',
    ),
    'hello-unanswered': say(
      `After a late ${noun} the next ClientHello was never answered`,
      'the ClientHello {gap} it was repeated and never answered',
    ),
    alerted: say(
      `Late ${noun} of an older connection ended the next one`,
      'the {receiver} sent an alert {wait} later, and nothing else accounts for it',
      TAKEN_FOR_OWN,
    ),
    unreachable: say(
      `Port closed right after a late ${noun}`,
      'the port was reported unreachable {wait} later',
    ),
    'fell-silent': say(
      `The next handshake stopped at a late ${noun}`,
      'the {receiver} sent nothing more although the {sender} went on repeating for {wait}',
    ),
  };
}

/** One late record, what came of it, and where it arrived. */
export interface LateCase {
  readonly anomaly: DtlsAnomaly;
  readonly effect: LateEffect | undefined;
  readonly history: ConnectionHistory;
  readonly next: ConnectionHistory | undefined;
  /** Severity where nothing was hurt. */
  readonly unhurt: Severity;
  /** It was no later than it should be, so that what followed is no more than a coincidence worth a note. */
  readonly prompt?: boolean;
}

/** The verdict about a late record: its place, the close it came after, and what followed. */
function lateFinding(late: LateCase): LateFinding {
  const { anomaly, effect, history, next, unhurt, prompt = false } = late;
  const { record, sincePeerClose, during } = anomaly;
  const receiver = peerOf(record.from);
  const close = history.dtls?.probableClose[receiver];
  const victim = during !== 0 ? during : effect && next?.id;
  const confidence = weakenedBy(
    weaker(anomaly.confidence, prompt ? 'possible' : (effect?.ceiling ?? 'proven')),
    ['start-not-captured', 'lost-bytes'],
    history,
    effect && next,
  );
  // A guess about the owner is worth a note and no more, unless something broke.
  const note = confidence === 'possible' ? 'info' : unhurt;
  return {
    kind: 'finding',
    message: effect?.kind ?? 'harmless',
    severity: effect === undefined || prompt ? note : 'error',
    confidence,
    connections: victim === undefined ? [history.id] : [history.id, victim],
    evidence: [
      recordEvidence(record, history.id, placeOf(anomaly)),
      ...(sincePeerClose === undefined || close === undefined
        ? []
        : [recordEvidence(close, history.id, `the ${receiver} closes connection ${history.id}`)]),
      ...(effect?.evidence ?? []),
    ],
    data: {
      record: describeRecord(record),
      owner: history.id,
      stream: history.stream,
      sender: record.from,
      receiver,
      since:
        sincePeerClose === undefined
          ? `after connection ${during} had begun`
          : `${formatDuration(sincePeerClose)} after the ${receiver} had closed it`,
      where: during === 0 ? '' : `, inside connection ${during}`,
      gap:
        effect === undefined || effect.gap === 0 ? 'before' : `${formatDuration(effect.gap)} after`,
      wait: effect === undefined ? '' : formatDuration(effect.after),
    },
    explanations: [...explanationsFor(anomaly, effect, prompt), ...otherOwner(anomaly)],
  };
}

const placeOf = ({ during }: DtlsAnomaly): string =>
  during === 0 ? 'arrived late' : `arrived inside connection ${during}`;

function explanationsFor(
  anomaly: DtlsAnomaly,
  effect: LateEffect | undefined,
  prompt: boolean,
): Explanation[] {
  const attribution = `the record belongs to the older connection: ${anomaly.reason}`;
  if (effect === undefined) {
    return [
      {
        likelihood: 'high',
        text: 'The record was delayed on its way or sent late, and the receiver dropped it as it should.',
        for: [attribution],
        against: [],
      },
    ];
  }
  const aboutHello = effect.kind.startsWith('hello');
  return [
    {
      likelihood: prompt ? 'medium' : 'high',
      text: 'The receiver took the record for the beginning or a part of another connection.',
      for: [attribution, 'what followed, followed directly'],
      against: [],
    },
    {
      likelihood: prompt ? 'medium' : 'low',
      text: aboutHello
        ? 'The ClientHello or its answer was lost on the path.'
        : 'The receiver stopped for a reason of its own at the same moment.',
      for: [],
      against: [
        aboutHello
          ? 'the late record passed this point of the path at nearly the same time'
          : 'nothing else stands between the late record and what followed',
      ],
    },
  ];
}

/** Both connections use the same epoch numbers, so an attribution that is not proven has a rival. */
function otherOwner({ confidence, during, record, shape }: DtlsAnomaly): Explanation[] {
  if (during === 0 || confidence === 'proven') return [];
  const alert = shape === 'alert' ? ': the alerts are then an ordinary close and its answer' : '';
  return [
    {
      likelihood: confidence === 'likely' ? 'low' : 'medium',
      text: `The record belongs to connection ${during}, in which it arrived, and records before it are missing here${alert}.`,
      for: [],
      against: [
        `its number, epoch ${record.epoch} seq ${record.sequence}, fits the older one better`,
      ],
    },
  ];
}

/**
 * A late record with what came of it in the association it arrived in, or else in the next one.
 *
 * An attribution that is a guess blames nobody: effects are looked for only where it is better than that.
 */
export function lateCase(
  history: ConnectionHistory,
  anomaly: DtlsAnomaly,
  next: ConnectionHistory | undefined,
  unhurt: Severity,
): LateCase {
  const inside = anomaly.during !== 0;
  const following = inside && next?.id !== anomaly.during ? undefined : next;
  const effect =
    anomaly.confidence === 'possible' ? undefined : effectOf(anomaly.record, following, inside);
  return { anomaly, effect, history, next: following, unhurt };
}

/**
 * What a rule about late records says of a connection.
 *
 * @param casesOf what an anomaly comes to under the rule; none where it is none of its records
 */
export function judgeLate(
  history: ConnectionHistory,
  casesOf: (anomaly: DtlsAnomaly) => readonly LateCase[],
): Exclude<Verdict, FindingVerdict> | LateFinding {
  const { dtls, bothDirections } = history;
  if (dtls === undefined) return NOT_APPLICABLE;
  if (!bothDirections) return notAssessable('one-direction');
  if (dtls.anomalies.length === 0) return PASS;
  const cases = dtls.anomalies.flatMap(casesOf);
  // The one that hurt most: the first with an effect, else the first.
  const worst = cases.find(({ effect }) => effect !== undefined) ?? cases[0];
  return worst === undefined ? PASS : lateFinding(worst);
}
