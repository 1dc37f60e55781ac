import type { Fault, FaultSide } from '../../model/fault.ts';
import { type BlindSpot, CONFIDENCES, type Confidence, type Finding } from '../../model/finding.ts';
import type { ConnectionHistory, Endpoint, Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { blindToEnding } from '../support/ending.ts';
import { endpointText } from '../support/negotiation.ts';
import { type EndingJudged, judgeEnding } from './ending.ts';
import { CLIENT_LOG, type Leaning, type Leanings, SERVER_LOG } from './leaning.ts';
import { HANDSHAKE_LEANINGS } from './leanings-handshake.ts';
import { HMAC_LEANINGS } from './leanings-hmac.ts';
import { MISDELIVERY_LEANINGS, TRANSPORT_LEANINGS } from './leanings-others.ts';

/** What every message of every rule says of whose fault it is. */
export const LEANINGS: Leanings = {
  ...HANDSHAKE_LEANINGS,
  ...HMAC_LEANINGS,
  ...MISDELIVERY_LEANINGS,
  ...TRANSPORT_LEANINGS,
};

type Side = Exclude<FaultSide, 'undecided'>;

/** What one finding, or the ending alone, says of one connection. */
interface Statement {
  readonly rule: string | undefined;
  readonly side: Side | undefined;
  readonly confidence: Confidence;
  /** The finding in a few words. */
  readonly text: string;
  readonly readings: readonly (readonly [Side, string])[];
  readonly against: readonly string[];
  readonly settle: readonly string[];
}

/** A failed connection until the end of the capture. */
interface Case extends EndingJudged {
  readonly id: number;
  readonly ends: Readonly<Record<Role, Endpoint>>;
  readonly lastPacket: number;
  readonly blind: BlindSpot | undefined;
  readonly statements: Statement[];
}

/**
 * Keeps a short case of every failed or aborted connection, hears the findings that are told, and judges at the end whose
 * fault it probably is. Findings go first, so that the judgement cannot contradict them: what is told as proven or likely
 * decides, two that contradict each other leave it open, and how the connection ended counts where no rule spoke.
 */
export class FaultBook {
  private readonly cases = new Map<number, Case>();
  omitted = 0;

  add(history: ConnectionHistory): void {
    const { id, client, server, outcome, lastPacket } = history;
    if (outcome !== 'failed' && outcome !== 'aborted') return;
    if (this.cases.size >= LIMITS.faults) {
      this.omitted++;
      return;
    }
    const blind = blindToEnding(history);
    const ends = { client, server };
    this.cases.set(id, { id, ends, lastPacket, blind, statements: [], ...judgeEnding(history) });
  }

  /** Takes a finding as it is told, and what it was made from. */
  hear(finding: Finding, { message, data }: Pick<FindingVerdict, 'message' | 'data'>): void {
    const leaning = LEANINGS[finding.rule]?.[message];
    if (leaning === undefined || leaning === null) return;
    for (const id of finding.connections) {
      const about = this.cases.get(id);
      if (about === undefined) continue;
      const meant = 'alert' in leaning ? about.leaning : leaning;
      // A note tells what is odd, and not that the connection failed by it.
      const confidence = finding.severity === 'info' ? 'possible' : finding.confidence;
      about.statements.push(statementOf(meant, finding.rule, confidence, finding.title, data));
    }
  }

  /** Judges all cases, in the order in which they came, and forgets them. */
  judge(tell: (fault: Fault) => void): void {
    for (const one of this.cases.values()) tell(judged(one));
    this.cases.clear();
  }
}

/** What no rule spoke about is at most possible, and open where the capture is not whole. */
function byEnding({ leaning, blind, ending }: Case): Statement {
  const text = ending === undefined ? 'nothing that can be read ended it' : endingText(ending);
  const { side, ...statement } = statementOf(leaning, undefined, 'possible', text, {});
  return { ...statement, side: blind === undefined ? side : undefined };
}

function statementOf(
  leaning: Leaning,
  rule: string | undefined,
  confidence: Confidence,
  text: string,
  data: FindingVerdict['data'],
): Statement {
  const { atMost = 'proven', against = [], settle } = leaning;
  const rivalled = against.length > 0 ? 'likely' : 'proven';
  return {
    rule,
    text,
    side: sideOf(leaning, data),
    confidence: weakest(confidence, atMost, rivalled),
    readings: readingsOf(leaning, data),
    against,
    settle: settle.map((one) => fillRoles(one, data)),
  };
}

function sideOf(leaning: Leaning, data: FindingVerdict['data']): Side | undefined {
  if ('side' in leaning) return leaning.side;
  return 'named' in leaning ? roleIn(data[leaning.named]) : undefined;
}

/** `server`, or `the server`. */
function roleIn(value: string | number | undefined): Role | undefined {
  const word = String(value).replace(/^the /, '');
  return word === 'client' || word === 'server' ? word : undefined;
}

function readingsOf(leaning: Leaning, data: FindingVerdict['data']): Statement['readings'] {
  if (!('open' in leaning)) return [];
  const readings = Object.entries(leaning.open) as [Side, string][];
  const suspects = (leaning.suspects ?? []).flatMap(([named, reading]): [Side, string][] => {
    const role = roleIn(data[named]);
    return role === undefined ? [] : [[role, reading]];
  });
  return [...suspects, ...readings];
}

const weakest = (...all: Confidence[]): Confidence =>
  all.reduce((a, b) => (CONFIDENCES.indexOf(a) > CONFIDENCES.indexOf(b) ? a : b));

const isStrong = ({ confidence }: Statement): boolean => confidence !== 'possible';

function judged(one: Case): Fault {
  const told = one.statements.length > 0 ? one.statements : [byEnding(one)];
  const strong = told.filter((statement) => statement.side !== undefined && isStrong(statement));
  // What is merely possible decides nothing against what leaves it open.
  const deciding = strong.length > 0 ? strong : told;
  const [side, ...others] = new Set(deciding.map((statement) => statement.side));
  const isDecided = side !== undefined && others.length === 0;
  return isDecided ? decided(one, side, deciding, told) : open(one, deciding);
}

function decided(
  one: Case,
  side: Side,
  by: readonly Statement[],
  told: readonly Statement[],
): Fault {
  const [first, ...more] = by.map(({ confidence }) => confidence);
  const confidence = more.reduce((a, b) => (weakest(a, b) === a ? b : a), first ?? 'possible');
  const rivals = told.filter(
    (statement) => statement.side !== undefined && statement.side !== side,
  );
  return {
    ...frame(one, by),
    likelier: side,
    confidence,
    for: unique([...by.map(({ text }) => text), ...noticed(one, side)]),
    against: unique([
      ...rivals.map((rival) => `${rival.side}: ${rival.text}`),
      ...by.flatMap(({ against }) => against),
      ...blindText(one),
    ]),
  };
}

function open(one: Case, told: readonly Statement[]): Fault {
  const claims = told.flatMap(({ side, text }) =>
    side === undefined ? [] : [[side, text] as const],
  );
  const readings = [...claims, ...told.flatMap((statement) => statement.readings)];
  return {
    ...frame(one, told),
    likelier: 'undecided',
    confidence: undefined,
    for: unique(readings.map(([side, reading]) => `${side}: ${reading}`)),
    against: blindText(one),
  };
}

function frame(one: Case, by: readonly Statement[]) {
  const places = { client: endpointText(one.ends.client), server: endpointText(one.ends.server) };
  const data = { ...places, packet: one.ending?.packet ?? one.lastPacket };
  const settle = by.flatMap((statement) => statement.settle);
  return {
    connection: one.id,
    ending: one.ending,
    rules: unique(by.flatMap(({ rule }) => rule ?? [])),
    settle: unique(
      (settle.length > 0 ? settle : [CLIENT_LOG, SERVER_LOG]).map((text) => fill(text, data)),
    ),
  };
}

/** Who ended the connection noticed the fault, which for its peer's fault speaks, and against it hardly. */
function noticed({ ending }: Case, side: Side): string[] {
  return ending === undefined || ending.by === side ? [] : [`${endingText(ending)}: it noticed`];
}

const endingText = ({ by, how, packet }: NonNullable<EndingJudged['ending']>): string =>
  `the ${by} ended the connection with ${how} in packet ${packet}`;

const BLIND: Readonly<Record<BlindSpot, string>> = {
  'start-not-captured': 'the capture lacks the beginning of the connection',
  'one-direction': 'the capture shows one direction only',
  'lost-bytes': 'the capture lacks some of its octets',
  'lost-records': 'the capture lacks some of its records',
  'cut-packets': 'packets were cut when they were captured',
  'no-secrets': 'what is encrypted cannot be read',
  'cipher-unsupported': 'its cipher suite or version is not understood',
  'too-many-messages': 'it has more handshake messages than are listed',
  'order-unknown': 'its packets came twice or late, and nobody knows their order',
  'no-times': 'its packets have no times that differ',
};

const blindText = ({ blind }: Case): string[] => (blind === undefined ? [] : [BLIND[blind]]);

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

/** Roles that the verdict names; places are those of the connection, which the verdict need not be about alone. */
const fillRoles = (text: string, data: FindingVerdict['data']): string =>
  text.replace(/\{(\w+)\}/g, (all, name: string) => roleIn(data[name]) ?? all);

const fill = (text: string, data: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (all, name: string) => String(data[name] ?? all));
