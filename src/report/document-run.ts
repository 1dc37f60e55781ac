import type { Checks } from '../model/check.ts';
import { type Finding, SEVERITIES } from '../model/finding.ts';
import { caseTexts, expectationText, expectationTotals, knownText } from './check-text.ts';
import type { Block, Item } from './document.ts';
import {
  anchorOf,
  connectionTable,
  type DocumentContext,
  findingBlocks,
  NONE,
} from './document-finding.ts';
import { noticeLines } from './notice-text.ts';
import { inFiles, withFiles } from './places-in-files.ts';
import { type Repeats, type Unit, unitsOf } from './repeats.ts';
import type { Ending } from './reporter.ts';
import { grouped, plural, type Style } from './style.ts';
import { ALL_UP_TO, countBy, FIRST_ONES } from './text.ts';
import { type Frame, headingLines, problemText, remarkLines, silenceLines } from './text-frame.ts';

/** Findings in the list of all of them, and connections listed; people do not read on. */
const LISTED_FINDINGS = 200;
const LISTED_CONNECTIONS = 50;
/** Connections of a finding that its row names. */
const NAMED_CONNECTIONS = 4;
/** No line of the text report is broken at this width: lines are whole sentences then. */
const UNBROKEN = 1_000_000;

/** All of a report, verdict first. */
export function* documentBlocks(
  findings: readonly Finding[],
  repeats: Repeats,
  ending: Ending,
  context: DocumentContext,
): Generator<Block> {
  const style: Style = { ...context.style, width: UNBROKEN };
  const frame: Frame = { ending, rows: context.rows, style };
  const { tally, checks = {} } = ending;
  const worst = SEVERITIES.find((severity) => tally.findings[severity] > 0);
  const connections = plural(tally.connections, 'connection');
  const isSilent = findings.length === 0 && tally.connections === 0;
  yield {
    kind: 'text',
    tone: isSilent ? 'warning' : (worst ?? 'good'),
    text: isSilent
      ? 'Nothing was judged.'
      : `${capitalised(problemText(ending, style))} in ${connections}.`,
  };
  for (const text of headingLines(frame)) yield { kind: 'text', tone: 'quiet', text: text.trim() };
  yield* expectationBlocks(checks, context);
  if (findings.length === 0) yield { kind: 'text', text: silenceLines(frame).join(' ') };
  else yield* findingSections(unitsOf(findings, repeats), context);
  yield* connectionSection(context);
  yield* baselineBlocks(checks);
  yield* remarkSection(frame, ending);
}

function* expectationBlocks({ expectations }: Checks, { run }: DocumentContext): Generator<Block> {
  if (expectations === undefined) return;
  const { path, results } = expectations;
  yield { kind: 'heading', level: 2, text: 'Expectations' };
  const isMet = results.every(({ verdict }) => verdict === 'met');
  yield {
    kind: 'text',
    tone: isMet ? 'good' : 'error',
    text: `${path}: ${expectationTotals(results)}`,
  };
  const telling = { run, verbose: false };
  yield {
    kind: 'table',
    heading: ['verdict', 'expectation', 'where'],
    rows: results.map((result) => [
      result.verdict,
      expectationText(result),
      caseTexts(result, telling).join('; ') || NONE,
    ]),
  };
}

function* findingSections(units: readonly Unit[], context: DocumentContext): Generator<Block> {
  const { run } = context;
  yield { kind: 'heading', level: 2, text: 'Findings' };
  const listed = units.slice(0, LISTED_FINDINGS);
  const told = inFull(units);
  yield {
    kind: 'table',
    heading: [
      'no.',
      'severity',
      'confidence',
      'what',
      'times',
      'rule',
      'connections',
      'first packet',
    ],
    rows: listed.map(({ finding, id, repeated }) => [
      String(id),
      finding.severity,
      finding.confidence,
      finding.title,
      grouped(repeated?.occurrences ?? 1),
      finding.rule,
      connectionsText(finding.connections),
      withFiles(`packet ${finding.packets[0] ?? 0}`, run),
    ]),
    anchors: listed.map((unit) => (told.has(unit) ? anchorOf(unit.id) : undefined)),
  };
  if (units.length > listed.length)
    yield {
      kind: 'text',
      text: `and ${plural(units.length - listed.length, 'further finding')}; --json lists all`,
    };
  const advised = new Map<string, number>();
  for (const unit of told) {
    const finding = inFiles(unit.finding, run, 'change');
    const advice = JSON.stringify([finding.causes, finding.remedies, finding.commands]);
    const adviceIn = advised.get(advice);
    if (adviceIn === undefined) advised.set(advice, unit.id);
    yield* findingBlocks({ ...unit, finding }, context, adviceIn);
  }
}

function connectionsText(ids: readonly number[]): string {
  const more = ids.length - NAMED_CONNECTIONS;
  const named = ids.slice(0, NAMED_CONNECTIONS).join(', ');
  return more > 0 ? `${named} and ${more} more` : named || NONE;
}

/** Those that are told in full: of a rule with many different ones only the first. */
function inFull(units: readonly Unit[]): ReadonlySet<Unit> {
  const totals = countBy(units, ({ finding }) => finding.rule);
  const counts = new Map<string, number>();
  return new Set(
    units.filter(({ finding: { rule } }) => {
      const before = counts.get(rule) ?? 0;
      counts.set(rule, before + 1);
      return (totals.get(rule) ?? 0) <= ALL_UP_TO || before < FIRST_ONES;
    }),
  );
}

function* connectionSection({ rows, run }: DocumentContext): Generator<Block> {
  const all = [...rows.all()];
  if (all.length === 0) return;
  yield { kind: 'heading', level: 2, text: 'Connections' };
  yield connectionTable(all.slice(0, LISTED_CONNECTIONS), run);
  if (all.length > LISTED_CONNECTIONS)
    yield {
      kind: 'text',
      tone: 'quiet',
      text: `These are the first ${LISTED_CONNECTIONS}; tlsdiag connections lists all.`,
    };
}

function* baselineBlocks({ baseline }: Checks): Generator<Block> {
  if (baseline === undefined) return;
  const { path, entries, suppressedCount } = baseline;
  yield { kind: 'heading', level: 2, text: 'Known findings' };
  yield { kind: 'text', text: `${plural(suppressedCount, 'known finding')} hidden by ${path}` };
  const told = entries.filter(({ state }) => state !== 'unused');
  if (told.length > 0)
    yield {
      kind: 'list',
      items: told
        .slice(0, LISTED_FINDINGS)
        .map((entry) => `${entry.state === 'used' ? '' : `${entry.state}: `}${knownText(entry)}`),
    };
}

function* remarkSection(frame: Frame, { result }: Ending): Generator<Block> {
  const remarks: { readonly text: string; readonly below: string[] }[] = [];
  // The text report puts what belongs to a line below it, farther in.
  for (const line of remarkLines(frame)) {
    const above = line.startsWith(' ') ? remarks.at(-1) : undefined;
    if (above === undefined) remarks.push({ text: line.trim(), below: [] });
    else above.below.push(line.trim());
  }
  const items: Item[] = [...remarks, ...noticeLines(result)];
  if (items.length === 0) return;
  yield { kind: 'heading', level: 2, text: 'Remarks' };
  yield { kind: 'list', items };
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
