import type { AnalysisResult } from '../model/analysis.ts';
import { type BlindSpot, SEVERITIES, type Severity } from '../model/finding.ts';
import { OUTCOMES } from '../model/history.ts';
import type { NoticeCode } from '../model/notice.ts';
import type { CaptureFacts } from '../model/packet.ts';
import { formatDuration, SECOND } from '../model/time.ts';
import type { ConnectionRow, ConnectionRows } from './connection-rows.ts';
import { contentsText } from './contents.ts';
import { noticeText } from './notice-text.ts';
import { countedOnly } from './repeats.ts';
import type { Ending } from './reporter.ts';
import { grouped, indented, plural, type Style, wrap } from './style.ts';
import { alignRow, columnWidths } from './table.ts';
import { commentLines } from './text-comments.ts';
import { echLines } from './text-ech.ts';
import { hostLines } from './text-hosts.ts';
import { idLines } from './text-ids.ts';
import { oddityLines } from './text-oddities.ts';
import { openedLines } from './text-opened.ts';
import { quicLines } from './text-quic.ts';

/** What the beginning and the end of the report are made from. */
export interface Frame {
  readonly ending: Ending;
  readonly rows: ConnectionRows;
  readonly style: Style;
}

/** Captures named one by one; a rotated set may have thousands. */
const CAPTURES_LIMIT = 8;
/** Connections up to which all are listed. */
const LISTED_CONNECTIONS = 12;

/** What was read: a line for each capture, and the total where there are several. */
export function headingLines({ ending, rows, style }: Frame): string[] {
  const { result, tally, selection, findings = '', interrupted } = ending;
  const { captures } = result;
  const kinds = [...rows.protocols].map(([protocol, count]) =>
    plural(count, `${protocol} connection`),
  );
  const totals = [
    plural(result.packets, 'packet'),
    ...duration(captures),
    plural(result.flows, 'flow'),
    kinds.join(' and ') || noneText(result),
  ].join(', ');
  const problems = problemText(ending, style);
  const lines: string[] = [];
  const [only] = captures;
  if (captures.length === 1 && only !== undefined) {
    lines.push(`${style.paint.strong(name(only, style))}: ${totals}; ${problems}`);
  } else {
    lines.push(`${captures.length} captures: ${totals}; ${problems}`);
    for (const capture of captures.slice(0, CAPTURES_LIMIT)) {
      const packets = capture.packets === 0 ? 'no packets' : plural(capture.packets, 'packet');
      lines.push(`  ${style.paint.strong(name(capture, style))}: ${packets}`);
    }
    if (captures.length > CAPTURES_LIMIT) {
      lines.push(`  and ${captures.length - CAPTURES_LIMIT} more`);
    }
    lines.push('Packets are numbered within their files, as Wireshark numbers them.');
  }
  if (selection !== '') {
    lines.push(
      `only ${style.fit(selection)}: ${tally.connections} of ${plural(result.connections, 'connection')}`,
    );
  }
  if (findings !== '') lines.push(`only findings that ${style.fit(findings)} lets through`);
  if (interrupted) {
    lines.push(
      style.paint.warning('partial: the reading was interrupted; this is as far as it went'),
    );
  }
  return lines;
}

/** No connection is told: there is none, or none of them fits the options given. */
function noneText({ connections }: AnalysisResult): string {
  return connections > 0 ? plural(connections, 'connection') : 'no TLS or DTLS connection';
}

function name({ path, compression }: CaptureFacts, style: Style): string {
  const label = path === '-' ? 'standard input' : style.fit(path);
  return compression === null ? label : `${label} (${compression})`;
}

function duration(captures: readonly CaptureFacts[]): string[] {
  const [origin] = captures.flatMap(({ firstTime }) => firstTime ?? []);
  if (origin === undefined) return [];
  const sinceOrigin = ({ seconds, nanos }: typeof origin): number =>
    (seconds - origin.seconds) * SECOND + nanos - origin.nanos;
  const firsts = captures.flatMap(({ firstTime }) => firstTime ?? []).map(sinceOrigin);
  const lasts = captures.flatMap(({ lastTime }) => lastTime ?? []).map(sinceOrigin);
  return [formatDuration(maximum(lasts) + maximum(firsts.map((nanos) => -nanos)))];
}

/** A set may have more files than a call takes arguments. */
function maximum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
}

/** Counts of findings by severity. */
export function problemText(ending: Ending, style: Style): string {
  const { tally, checks } = ending;
  const omitted = countedOnly(ending);
  const total = (severity: Severity): number =>
    omitted
      .filter((one) => one.severity === severity)
      .reduce((sum, { count }) => sum + count, tally.findings[severity]);
  const parts = SEVERITIES.filter((severity) => total(severity) > 0).map((severity) => {
    const word = severity === 'critical' || severity === 'info' ? severity : `${severity}s`;
    const count = total(severity);
    return style.paint[severity](plural(count, severity, word));
  });
  const known = checks?.baseline?.suppressedCount ?? 0;
  const hidden = known === 0 ? '' : `; ${plural(known, 'known one')} hidden`;
  return (parts.length === 0 ? style.paint.good('no findings') : parts.join(', ')) + hidden;
}

/** No finding: says how little or how much that means. */
export function silenceLines({ ending, rows, style }: Frame): string[] {
  const { result, tally } = ending;
  const { paint } = style;
  if (tally.connections === 0) {
    const why =
      result.connections > 0
        ? 'No connection fits the options given, so nothing was judged; tlsdiag connections with the same file lists those that there are.'
        : `There is no TLS or DTLS in this capture, so nothing was judged. ${contentsText(result)} If there should be: was it taken on the right interface and with the right filter, and does it begin before the connections do?`;
    return wrap(why, style.width).map((line) => paint.warning(line));
  }
  const isAll = (ending.checks?.baseline?.suppressedCount ?? 0) === 0;
  const where = `in ${plural(tally.connections, 'connection')}`;
  if ((ending.findings ?? '') !== '')
    return wrap(
      `Nothing of what was asked for was found ${where}; all else was left out.`,
      style.width,
    );
  const judged = `Nothing ${isAll ? '' : 'else '}wrong was found ${where}.`;
  const spots = [...rows.blindSpots.keys()];
  const whole = tally.connections === tally.outcomes.established;
  // Without secrets is how most captures are read, so that alone is no reason for alarm.
  const part = rows.opened.authenticated > 0 ? 'a part of what' : 'what';
  const seen =
    whole && spots.every((spot) => spot === 'no-secrets')
      ? `Every one was seen from its beginning and completed its handshake${spots.length === 0 ? '' : `; ${part} its protected records hold was not seen`}.`
      : 'That is less than a clean bill of health; below is what could not be seen.';
  return wrap(`${judged} ${seen}`, style.width);
}

/** Counts, connections where they are few, and everything that could not be judged. */
export function closingLines(frame: Frame, verbose: boolean): string[] {
  const { ending, rows, style } = frame;
  const { tally } = ending;
  const lines: string[] = [];
  const few = tally.connections <= (verbose ? 200 : LISTED_CONNECTIONS);
  if (tally.connections > 0 && few)
    lines.push(...connectionTable(rows.all(), style, ending.result.captures.length > 1), '');
  const outcomes = OUTCOMES.filter((outcome) => tally.outcomes[outcome] > 0).map(
    (outcome) => `${grouped(tally.outcomes[outcome])} ${outcome}`,
  );
  const counts = [plural(tally.connections, 'connection'), outcomes.join(', ')];
  const problems = problemText(ending, style);
  lines.push(`${counts.filter(Boolean).join(': ')}; ${problems}`);
  lines.push(...remarkLines(frame));
  return lines;
}

/** What is to be known beside findings: what secrets opened, QUIC, and everything that was not seen. */
export function remarkLines(frame: Frame): string[] {
  const { rows, style, ending } = frame;
  // All else would be about connections that nobody asked for.
  if (ending.tally.connections === 0 && ending.result.connections > 0) return quicLines(frame);
  return [
    ...omittedLines(frame),
    ...openedLines(rows, style),
    ...echLines(rows, style),
    ...idLines(rows, style),
    ...quicLines(frame),
    ...oddityLines(frame),
    ...hostLines(frame),
    ...commentLines(frame),
    ...blindSpotLines(frame),
    ...coverageLines(frame),
  ];
}

/** @param several of several captures: streams have other numbers in each */
function connectionTable(rows: readonly ConnectionRow[], style: Style, several: boolean): string[] {
  const heading = [
    'id',
    'stream',
    'client',
    'server',
    'name',
    'upgrade',
    'version',
    'suite',
    'opened',
    'outcome',
  ];
  const cells = rows.map((row) =>
    [
      String(row.id),
      row.stream.replace('.stream ', ':'),
      row.client,
      row.server,
      row.serverName ?? '-',
      row.upgrade ?? '-',
      row.version ?? '-',
      row.suite ?? '-',
      row.opened ?? '-',
      row.outcome,
    ].map((cell) => style.fit(cell)),
  );
  const used = heading.filter(
    (name, column) => cells.some((row) => row[column] !== '-') && !(several && name === 'stream'),
  );
  const { shown, widths } = fitColumns(heading, [heading, ...cells], used, style.width);
  return shown.map((row, index) => {
    const line = alignRow(row, widths);
    return index === 0 ? style.paint.quiet(line) : line;
  });
}

/** What a table does without when the page is too narrow, in this order. */
const DISPENSABLE = ['stream', 'upgrade', 'version', 'name', 'opened', 'suite'];

/** Leaves out columns until the rest fits, and takes back those that find room beside it. */
function fitColumns(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  used: readonly string[],
  width: number,
): Laid {
  let wanted = used;
  let laid = layOut(heading, rows, wanted, width);
  for (const spare of DISPENSABLE) {
    if (laid.fits) break;
    wanted = wanted.filter((name) => name !== spare);
    laid = layOut(heading, rows, wanted, width);
  }
  for (const spare of DISPENSABLE.toReversed()) {
    if (!used.includes(spare) || wanted.includes(spare)) continue;
    const more = layOut(heading, rows, [...wanted, spare], width);
    if (!more.fits) continue;
    wanted = [...wanted, spare];
    laid = more;
  }
  return laid;
}

/** Some columns of a table, and whether a page has room for them. */
interface Laid {
  readonly shown: readonly string[][];
  readonly widths: readonly number[];
  readonly fits: boolean;
}

function layOut(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  wanted: readonly string[],
  width: number,
): Laid {
  const columns = heading.map((name) => wanted.includes(name));
  const shown = rows.map((row) => row.filter((_, column) => columns[column]));
  const widths = columnWidths(shown);
  const needed = widths.reduce((sum, columns) => sum + columns + 2, -2);
  return { shown, widths, fits: needed <= width };
}

function omittedLines({ ending, style }: Frame): string[] {
  return Object.entries(ending.result.findingsOmitted).map(
    ([rule, count]) => `${plural(count, 'further finding')} of ${style.fit(rule)} counted only`,
  );
}

/** What each blind spot means, and what would help. */
const BLIND_SPOT_TEXTS: Readonly<Record<BlindSpot, string>> = {
  'start-not-captured': 'began before the capture; start the capture first',
  'one-direction': 'only one direction captured; capture where both directions pass',
  'lost-bytes': 'octets missing from the capture; capture with a larger buffer (tcpdump -B)',
  'lost-records':
    'DTLS record numbers without a record: lost on the way, or in the capture; capture at both ends',
  'cut-packets': 'packets cut by the snap length; capture whole packets (tcpdump -s 0)',
  'no-secrets': 'protected records not opened, so MAC and Finished not recomputed',
  'cipher-unsupported': 'protected by a cipher that is not implemented here',
  'too-many-messages':
    'more handshake messages and alerts than are listed; the last ones are missing',
  'order-unknown':
    'packets came twice or late, in no known order; give captures of two points as two files',
  'no-times': 'all packets have one time; keep the times where the capture is made or converted',
};

/** Secrets may have opened a part of what they are missing for. */
const spotText = (spot: BlindSpot, { opened }: Frame['rows']): string =>
  spot === 'no-secrets' && opened.authenticated > 0
    ? 'some protected records not opened, so not every MAC and Finished recomputed'
    : BLIND_SPOT_TEXTS[spot];

/** What the way of capturing changed about all that the capture shows. */
const OF_THE_CAPTURE: readonly NoticeCode[] = [
  'captured-twice',
  'captured-at-two-points',
  'seen-on-both-sides',
  'large-packets',
  'clock-backwards',
];

function blindSpotLines({ rows, ending, style }: Frame): string[] {
  const spots = [...rows.blindSpots].sort(([, a], [, b]) => b - a);
  const texts = [
    ...spots.map(
      ([spot, count]) => `${spot}, ${plural(count, 'connection')}: ${spotText(spot, rows)}`,
    ),
    ...unfinishedText(ending),
    ...OF_THE_CAPTURE.flatMap((code) => captureText(ending.result, code)),
  ];
  if (texts.length === 0) return [];
  return [style.paint.strong('not seen'), ...indented(texts, style.width)];
}

/** What the outcome of such connections means, where no finding says more. */
function unfinishedText({ tally }: Ending): string[] {
  const count = tally.outcomes.incomplete;
  if (count === 0 || tally.reaches('warning')) return [];
  return [
    `incomplete, ${plural(count, 'connection')}: the end of their handshake is not in the capture`,
  ];
}

/** A kind of notice over all captures: the first one, and how many there are. */
function captureText({ notices, noticesOmitted }: AnalysisResult, code: NoticeCode): string[] {
  const alike = notices.flat().filter((notice) => notice.code === code);
  const [first] = alike;
  if (first === undefined) return [];
  const more = noticesOmitted.reduce((sum, omitted) => sum + (omitted[code] ?? 0), 0);
  const count = first.packetNumber === 0 ? '' : `, ${plural(alike.length + more, 'packet')}`;
  return [`${code}${count}: ${noticeText(first)}`];
}

/** Rules that could not judge some connections, in a line for each reason. */
function coverageLines({ ending, style }: Frame): string[] {
  const rules = ending.result.coverage.filter((row) => Object.keys(row.notAssessable).length > 0);
  if (rules.length === 0) return [];
  const reasons = new Map<string, { rules: number; connections: number }>();
  for (const { notAssessable } of rules) {
    for (const [spot, count] of Object.entries(notAssessable)) {
      const known = reasons.get(spot) ?? { rules: 0, connections: 0 };
      reasons.set(spot, {
        rules: known.rules + 1,
        connections: Math.max(known.connections, count),
      });
    }
  }
  const texts = [...reasons].map(
    ([spot, { rules, connections }]) =>
      `${spot} (${plural(rules, 'rule')}, up to ${plural(connections, 'connection')})`,
  );
  const verb = `${plural(rules.length, 'rule')} could not judge every connection`;
  return wrap(`${verb}: ${texts.join(', ')}; --json tells which`, style.width);
}
