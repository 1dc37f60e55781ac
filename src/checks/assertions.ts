import type { ExpectationCase } from '../model/check.ts';
import { alertDescriptionName } from '../model/code-points/alerts.ts';
import { SERVER_HELLO } from '../model/code-points/handshake-types.ts';
import { suiteName } from '../model/code-points/suites.ts';
import { versionName } from '../model/code-points/versions.ts';
import { type Finding, SEVERITIES } from '../model/finding.ts';
import { type ConnectionHistory, type Outcome, ROLES } from '../model/history.ts';
import { formatDuration, MILLISECOND } from '../model/time.ts';
import type { ExpectEntry } from './files.ts';
import { handshakeTime } from './handshake-time.ts';
import { patternOf } from './pattern.ts';

/** What an assertion says of one connection, of one finding, or of the run; undefined: it has nothing to say about it. */
export type Judgement =
  | { readonly kind: 'pass' }
  | ({ readonly kind: 'fail' | 'unproven' } & ExpectationCase);

/** What was there, of those connections that an entry is about. */
export interface Seen {
  readonly connections: number;
  /** Rules of its findings. */
  readonly rules: ReadonlySet<string>;
  readonly findings: number;
  /** Rules with findings that were counted only, whomever they are about. */
  readonly omitted: readonly string[];
}

/** One thing that is expected, held against one connection or finding after the other. */
export interface Assertion {
  readonly words: string;
  connection?(history: ConnectionHistory): Judgement | undefined;
  finding?(finding: Finding): Judgement | undefined;
  end?(seen: Seen): readonly Judgement[];
}

type Kind = 'connections' | 'handshakes' | 'versions' | 'suites' | 'handshakeMs' | 'findings';
type Given<K extends Kind> = NonNullable<ExpectEntry[K]>;

const PASS = { kind: 'pass' } as const;

/** Everything that an entry expects. */
export function assertionsOf(entry: ExpectEntry): Assertion[] {
  const { connections, handshakes, versions, suites, handshakeMs, findings } = entry;
  return [
    connections && howMany(connections),
    handshakes && outcomes(handshakes),
    versions && negotiated('versions', versions, ({ version }) => version, versionName),
    suites && negotiated('suites', suites, ({ cipherSuite }) => cipherSuite, suiteName),
    handshakeMs && fastEnough(handshakeMs),
    findings && reported(findings),
  ].filter((one) => one !== undefined);
}

function howMany({ atLeast, atMost }: Given<'connections'>): Assertion {
  const words = [
    atLeast !== undefined && `at least ${atLeast}`,
    atMost !== undefined && `at most ${atMost}`,
  ];
  return {
    words: `connections: ${words.filter(Boolean).join(', ')}`,
    end({ connections: there }) {
      const fits = there >= (atLeast ?? 0) && there <= (atMost ?? there);
      return [fits ? PASS : { kind: 'fail', connection: 0, packet: 0, text: `there are ${there}` }];
    },
  };
}

/** Why an outcome is none that could be expected. */
const UNFINISHED: Partial<Record<Outcome, string>> = {
  incomplete: 'the capture ends or has a hole before the handshake does',
  'no-handshake': 'its handshake is not in the capture',
};

function outcomes(wanted: Given<'handshakes'>): Assertion {
  return {
    words: `handshakes: ${wanted}`,
    connection(history) {
      const unfinished = unfinishedOf(history);
      if (unfinished !== undefined) return unfinished;
      const succeeded = history.outcome === 'established';
      if (succeeded === (wanted === 'succeed')) return PASS;
      const { connection, packet, text } = succeeded ? successOf(history) : failureOf(history);
      return { kind: 'fail', connection, packet, text };
    },
  };
}

function unfinishedOf({ id, outcome, firstPacket }: ConnectionHistory): Judgement | undefined {
  const text = UNFINISHED[outcome];
  if (text === undefined) return undefined;
  return { kind: 'unproven', connection: id, packet: firstPacket, text };
}

function successOf(history: ConnectionHistory): ExpectationCase {
  const packet = handshakeTime(history)?.packet ?? history.lastPacket;
  return { connection: history.id, packet, text: 'the handshake succeeded' };
}

function failureOf({ id, alerts, tcp, lastPacket }: ConnectionHistory): ExpectationCase {
  const alert = alerts.findLast(
    ({ level, description }) => level === 2 && description !== undefined,
  );
  if (alert?.description !== undefined)
    return {
      connection: id,
      packet: alert.packet,
      text: `fatal alert ${alertDescriptionName(alert.description)} from the ${alert.from}`,
    };
  for (const role of ROLES) {
    const rst = tcp?.rst[role];
    if (rst !== undefined)
      return { connection: id, packet: rst.packet, text: `TCP reset from the ${role}` };
  }
  return { connection: id, packet: lastPacket, text: 'the handshake was broken off' };
}

/** What a ServerHello chose. A handshake that failed before one chose nothing, so nothing is wrong with that. */
function negotiated(
  what: 'versions' | 'suites',
  {
    only,
    forbid,
  }: {
    readonly only?: readonly string[] | undefined;
    readonly forbid?: readonly string[] | undefined;
  },
  codeOf: (history: ConnectionHistory) => number | undefined,
  nameOf: (value: number) => string,
): Assertion {
  const list = only ?? forbid ?? [];
  const patterns = list.map(patternOf);
  return {
    words: `${what}: ${only === undefined ? 'none of' : 'only'} ${list.join(', ')}`,
    connection(history) {
      const value = codeOf(history);
      if (value === undefined || history.outcome === 'no-handshake') return unfinishedOf(history);
      const name = nameOf(value);
      const isListed = patterns.some((matches) => matches(name));
      if (isListed === (only !== undefined)) return PASS;
      const hello = history.messages.find(({ type }) => type === SERVER_HELLO);
      return {
        kind: 'fail',
        connection: history.id,
        packet: hello?.packet ?? history.firstPacket,
        text: name,
      };
    },
  };
}

function fastEnough({ atMost }: Given<'handshakeMs'>): Assertion {
  return {
    words: `handshakeMs: at most ${atMost}`,
    connection(history) {
      const { id, outcome, firstPacket } = history;
      if (outcome !== 'established') return unfinishedOf(history);
      const time = handshakeTime(history);
      if (time === undefined) {
        const text = 'the capture does not show when the handshake was complete';
        return { kind: 'unproven', connection: id, packet: firstPacket, text };
      }
      if (time.nanos <= atMost * MILLISECOND) return PASS;
      return {
        kind: 'fail',
        connection: id,
        packet: time.packet,
        text: `took ${formatDuration(time.nanos)}`,
      };
    },
  };
}

function reported({
  severity = 'warning',
  only,
  forbid,
  require = [],
}: Given<'findings'>): Assertion {
  const lists = only !== undefined || forbid !== undefined;
  const words = [
    only !== undefined && (only.length === 0 ? 'none' : `only ${only.join(', ')}`),
    forbid !== undefined && `none of ${forbid.join(', ')}`,
    lists && `(${severity} or above)`,
    require.length > 0 && `${lists ? 'and ' : ''}at least one of each: ${require.join(', ')}`,
  ];
  const isUnwanted = (rule: string): boolean =>
    only === undefined ? (forbid ?? []).includes(rule) : !only.includes(rule);
  return {
    words: `findings: ${words.filter(Boolean).join(' ')}`,
    finding(finding) {
      const counts = SEVERITIES.indexOf(finding.severity) <= SEVERITIES.indexOf(severity);
      if (!lists || !counts) return undefined;
      if (!isUnwanted(finding.rule)) return PASS;
      return {
        kind: 'fail',
        connection: finding.connections[0] ?? 0,
        packet: finding.packets[0] ?? 0,
        text: `${finding.severity} ${finding.rule}: ${finding.title}`,
      };
    },
    end({ connections, findings, rules, omitted }) {
      const missing = require.filter((rule) => !rules.has(rule));
      const unseen = lists ? omitted.filter(isUnwanted) : [];
      return [
        ...require.filter((rule) => rules.has(rule)).map(() => PASS),
        ...missing.map((rule) => atEnd('fail', `there is no finding of ${rule}`)),
        ...unseen.map((rule) => atEnd('unproven', `further findings of ${rule} were counted only`)),
        // Silence about a connection that was judged is what was expected; silence about none says nothing.
        ...(lists && connections + findings > 0 ? [PASS] : []),
      ];
    },
  };
}

const atEnd = (kind: 'fail' | 'unproven', text: string): Judgement => ({
  kind,
  connection: 0,
  packet: 0,
  text,
});
