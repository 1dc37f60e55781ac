import type { Fault } from '../model/fault.ts';
import type { Explanation, Finding } from '../model/finding.ts';
import { ROLES, type Role } from '../model/place.ts';
import { STACK_AIDS, type StackName } from '../model/stack.ts';
import { formatDate } from '../model/time.ts';
import type { ConnectionRow, ConnectionRows } from './connection-rows.ts';
import { byFile, type FilePackets, filterIn, withFiles } from './places-in-files.ts';
import { type CommandFacts, readyCommand } from './ready-command.ts';
import type { Repeated } from './repeats.ts';
import type { RunContext } from './run-context.ts';
import { grouped, plural, type Style, wrap } from './style.ts';
import { alignRow, columnWidths } from './table.ts';
import { arrowLegend, laneDiagram } from './text-lanes.ts';
import { repeatLines } from './text-repeats.ts';

const INDENT = '  ';
/** Connections that a finding describes one by one; a capture-wide finding may name thousands. */
const CONNECTIONS_LIMIT = 4;
const TABLE_ROWS_LIMIT = 20;

/** What the telling of a finding depends on beside the finding. */
export interface FindingContext {
  readonly style: Style;
  readonly rows: ConnectionRows;
  readonly run: RunContext;
  /** By connection, for those that failed. */
  readonly faults: ReadonlyMap<number, Fault>;
  /** The capture, as a shell takes it; undefined if there are several or none with a name. */
  readonly capture: string | undefined;
  /** Finding by stack in which was said what to switch on there. */
  readonly aided: Map<StackName, number>;
  /** Number of an earlier finding that gave the same advice. */
  readonly adviceIn?: number;
  /** It stands for many that say the same. */
  readonly repeated?: Repeated | undefined;
  /** Leave out what shows and explains this one of many, and all but the first advice: `-v` and `explain` have it. */
  readonly isBrief?: boolean;
}

/** The line that every finding begins with: verdict first. */
function headline(
  finding: Finding,
  id: number,
  style: Style,
  repeated?: Repeated | undefined,
): string {
  const { paint } = style;
  const word = paint[finding.severity](finding.severity);
  return `${word}${paint.quiet(`[${style.fit(finding.rule)}]`)} ${paint.strong(style.fit(finding.title))} ${paint.quiet(`(${repeated === undefined ? `finding ${id}` : `${grouped(repeated.occurrences)} times, first in finding ${id}`})`)}`;
}

/**
 * A finding in full: verdict, who, what the packets show, what it may mean, what to do. Facts and readings of them stand
 * apart, because at night they are easily taken for each other.
 */
export function findingBlock(finding: Finding, id: number, context: FindingContext): string[] {
  const { style } = context;
  const { paint } = style;
  const body: string[] = [
    ...paragraph(finding.summary, style),
    ...paragraph(confidenceText(finding, context), style).map(paint.quiet),
    ...(context.isBrief
      ? []
      : [...connectionLines(finding, context), ...faultLines(finding, id, context)]),
  ];
  if (context.repeated !== undefined)
    body.push('', ...repeatLines(context.repeated, context.run, style));
  const files = context.run.hasSeveral ? byFile(finding, context.run) : [];
  if (!context.isBrief) body.push(...shown(finding, files, context));
  else if (finding.table !== undefined) body.push('', ...tableLines(finding.table, style));
  body.push(...advice(finding, id, context), '', ...pointers(finding, files, context));
  const head = headline(finding, id, style, context.repeated);
  return [head, ...body.map((line) => (line ? INDENT + line : ''))];
}

/** The packets, what they add up to, and how that may be read. */
function shown(finding: Finding, files: readonly FilePackets[], context: FindingContext): string[] {
  const { style } = context;
  const { paint } = style;
  const body = ['', paint.strong('what the packets show')];
  const legend = `${arrowLegend(style)}; seconds from ${startOf(finding, context.run.epochSeconds)}${filesText(files, context)}`;
  body.push(...paragraph(legend, style).map(paint.quiet));
  const names = (connection: number): string =>
    connection === 0 ? 'outside of connections' : `connection ${connection}`;
  const places = (packet: number): string => placeText(packet, files, context.run);
  body.push(...laneDiagram(finding.evidence, style, style.width - INDENT.length, names, places));
  if (finding.table !== undefined) body.push('', ...tableLines(finding.table, style));
  if (finding.explanations.length > 0) {
    body.push('', paint.strong('what it may mean'));
    for (const explanation of finding.explanations) {
      body.push(...explanationLines(explanation, style));
    }
  }
  return body;
}

/** The files that a finding has packets in; where there are several, with the mark that stands for each. */
export function filesText(
  files: readonly FilePackets[],
  { run, style }: Pick<FindingContext, 'run' | 'style'>,
): string {
  const names = files.map(({ capture }) => style.fit(run.nameOf(capture)));
  if (names.length === 0) return '';
  if (names.length === 1) return `; packets of ${names[0]}`;
  return `; ${names.map((name, index) => `${index + 1}: is ${name}`).join(', ')}`;
}

/** The number of a packet, with the mark of its file where there are several. */
export function placeText(packet: number, files: readonly FilePackets[], run: RunContext): string {
  const number = String(run.numberInFile(packet));
  if (files.length <= 1) return number;
  const capture = run.captureOf(packet);
  return `${files.findIndex((file) => file.capture === capture) + 1}:${number}`;
}

/** `connection 3, `, where the sentence does not say so itself. */
function ownersText({ connections, summary }: Finding): string {
  const [first] = connections;
  if (first === undefined || /\bconnections? \d/.test(summary)) return '';
  return connections.length === 1
    ? `connection ${first}, `
    : `connections ${listedIds(connections)}, `;
}

/** `1, 2, 3 and 4 more`. */
function listedIds(ids: readonly number[]): string {
  const more = ids.length - CONNECTIONS_LIMIT;
  const named = ids.slice(0, CONNECTIONS_LIMIT).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}

/** A finding that is worth knowing and no more: one line, cut to the width. */
export function findingLine(
  finding: Finding,
  id: number,
  { run, style, repeated }: Pick<FindingContext, 'run' | 'style' | 'repeated'>,
): string[] {
  const place = withFiles(`${ownersText(finding)}packet ${finding.packets[0] ?? 0}`, run);
  const lines = wrap(
    `${style.fit(place)}: ${style.fit(finding.summary)}`,
    style.width - INDENT.length,
  );
  const more = repeated === undefined ? [] : repeatLines(repeated, run, style);
  return [
    headline(finding, id, style, repeated),
    ...[...lines, ...more].map((line) => INDENT + line),
  ];
}

/** What proves it: with secrets, what they open counts as well. */
export function confidenceText(
  { confidence, connections }: Finding,
  { rows, isBrief }: Pick<FindingContext, 'rows' | 'isBrief'>,
): string {
  if (isBrief && confidence === 'possible')
    return 'Possible: one of several readings; -v names what would settle it.';
  const isRecomputed = connections.some((id) => rows.get(id)?.isRecomputed);
  return confidence === 'proven' && isRecomputed
    ? 'Proven: it follows from the packets and from recomputing them with the secrets.'
    : CONFIDENCE[confidence];
}

const CONFIDENCE = {
  proven: 'Proven: it follows from the packets alone.',
  likely: 'Likely: the packets fit this and contradict the alternatives that are named.',
  possible: 'Possible: one of several readings; what would settle it is named below.',
} as const;

function connectionLines({ connections }: Finding, { rows, style, run }: FindingContext): string[] {
  const lines: string[] = [];
  for (const id of connections.slice(0, CONNECTIONS_LIMIT)) {
    const row = rows.get(id);
    lines.push(...(row === undefined ? [`connection ${id}`] : describe(row, style, run)));
  }
  const more = connections.length - CONNECTIONS_LIMIT;
  if (more > 0) {
    const ids = connections.slice(CONNECTIONS_LIMIT, CONNECTIONS_LIMIT + 12).join(', ');
    lines.push(`and connections ${ids}${more > 12 ? `, and ${more - 12} more` : ''}`);
  }
  return lines.length === 0 ? [] : ['', ...lines];
}

/** The two ends, each with the first name that the capture has for its address. */
export function namedEnds(
  { client, server, addresses }: ConnectionRow,
  run: RunContext,
): { readonly client: string; readonly server: string } {
  const [clientName, serverName] = addresses.map((address) => {
    const host = run.hostName(address);
    return host === undefined ? '' : ` ${host}`;
  });
  return { client: `${client}${clientName}`, server: `${server}${serverName}` };
}

/** Who: the addresses and the name on one line, what was negotiated and where to find it on the next. */
function describe(row: ConnectionRow, style: Style, run: RunContext): string[] {
  const name = row.serverName === undefined ? '' : ` (${row.serverName})`;
  const { client, server } = namedEnds(row, run);
  const facts = [
    row.version ?? `${row.protocol}, no version agreed`,
    row.suite ?? 'no cipher suite agreed',
    ...(run.hasSeveral
      ? [withFiles(`packets ${row.firstPacket} to ${row.lastPacket}`, run)]
      : [row.stream, `packets ${row.firstPacket}-${row.lastPacket}`]),
    row.outcome,
  ];
  const label = `connection ${row.id}  `;
  const columns = style.width - INDENT.length - label.length;
  return [
    ...wrap(style.fit(`${client} → ${server}${name}`), columns),
    ...wrap(style.fit(facts.join(', ')), columns),
  ].map((line, index) => (index === 0 ? label : ' '.repeat(label.length)) + line);
}

/** Whose fault it probably is: of the first connections of a finding, each judgement once. */
export function differingFaults(
  { connections }: Finding,
  faults: ReadonlyMap<number, Fault>,
): Fault[] {
  const told = new Map<string, Fault>();
  for (const id of connections.slice(0, CONNECTIONS_LIMIT)) {
    const fault = faults.get(id);
    const key = fault && `${fault.likelier} ${fault.rules.join()}`;
    if (fault !== undefined && key !== undefined && !told.has(key)) told.set(key, fault);
  }
  return [...told.values()];
}

/** A sentence for each of these judgements, and the first thing that would settle it. */
function faultLines(finding: Finding, id: number, context: FindingContext): string[] {
  const { faults, style, run } = context;
  const told = differingFaults(finding, faults);
  const stacks = stackTexts(told, id, context);
  return [
    ...told.flatMap((fault) => hanging(FAULT_LABEL, withFiles(faultText(fault), run), style)),
    ...stacks.flatMap((text) => hanging(STACK_LABEL, text, style)),
  ];
}

/**
 * What to switch on in the stacks that the sides seem to have; said once of each stack.
 *
 * @param aided finding by stack in which that was said
 */
export function stackTexts(
  faults: readonly Fault[],
  id: number,
  { rows, aided }: Pick<FindingContext, 'rows' | 'aided'>,
): string[] {
  const sides = new Map<StackName, Set<Role>>();
  for (const { connection } of faults) {
    const { stacks } = rows.get(connection) ?? {};
    for (const role of ROLES) {
      const stack = stacks?.[role]?.stack;
      if (stack !== undefined) sides.set(stack, (sides.get(stack) ?? new Set()).add(role));
    }
  }
  return [...sides].map(([stack, roles]) => {
    const who = roles.size > 1 ? 'client and server have' : `the ${[...roles].join()} has`;
    const seems = `${who} ${stack}, by ${roles.size > 1 ? 'their' : 'its'} habits`;
    const before = aided.get(stack);
    if (before !== undefined) return `${seems}: see finding ${before}.`;
    aided.set(stack, id);
    const { keyLog, log } = STACK_AIDS[stack];
    return `${seems}. Its secrets: ${keyLog}. Its reasons: ${log}.`;
  });
}

const STACK_LABEL = 'a guess       ';

const FAULT_LABEL = 'fault of      ';

/** A judgement in words. */
export function faultText({ likelier, confidence, against, settle, for: forIt }: Fault): string {
  const toSettle = `To settle: ${settle[0]}.`;
  if (likelier === 'undecided') {
    const readings = forIt.length === 0 ? against : forIt;
    return `undecided${readings.length === 0 ? '' : ` (${readings.join('; ')})`}. ${toSettle}`;
  }
  const rival = against[0] === undefined ? '' : `, though ${against[0]}`;
  const whose = likelier === 'network' ? 'the network or a device on it' : `the ${likelier}`;
  return `${whose}, ${confidence}${rival}. ${toSettle}`;
}

/** When the first of the decisive packets was captured. */
export function startOf(finding: Finding, epochSeconds: number): string {
  const [first] = finding.evidence;
  const date = formatDate(epochSeconds, first?.nanos ?? finding.nanos);
  return `${date.slice(0, 10)} ${date.slice(11, 26)} UTC`;
}

function tableLines(table: readonly (readonly string[])[], style: Style): string[] {
  const rows = table
    .slice(0, TABLE_ROWS_LIMIT + 1)
    .map((row) => row.map((cell) => style.fit(cell)));
  const widths = columnWidths(rows);
  const [heading, ...cells] = rows.map((row) => alignRow(row, widths));
  const more = table.length - rows.length;
  return [
    style.paint.quiet(heading ?? ''),
    ...cells,
    ...(more > 0 ? [style.paint.quiet(`and ${plural(more, 'more row')}`)] : []),
  ];
}

function explanationLines(explanation: Explanation, style: Style): string[] {
  return [
    ...hanging(explanation.likelihood.padEnd(8), explanation.text, style),
    ...explanation.for.flatMap((text) => hanging('          for      ', text, style)),
    ...explanation.against.flatMap((text) => hanging('          against  ', text, style)),
  ];
}

/** Causes, remedies and commands; said once for findings that share them. */
function advice(finding: Finding, id: number, context: FindingContext): string[] {
  const { style, adviceIn, isBrief } = context;
  if (adviceIn !== undefined) return ['', `causes and remedies: as in finding ${adviceIn}`];
  const { paint } = style;
  if (isBrief)
    return finding.remedies.slice(0, 1).flatMap((text) => hanging('what to do  ', text, style));
  const lines: string[] = [];
  if (finding.causes.length > 0) {
    lines.push('', paint.strong('possible causes'));
    lines.push(...finding.causes.flatMap((text) => hanging('- ', text, style)));
  }
  if (finding.remedies.length + finding.commands.length > 0) {
    lines.push('', paint.strong('what to do'));
    lines.push(...finding.remedies.flatMap((text) => hanging('- ', text, style)));
    // Commands are copied, so they are never broken.
    for (const command of finding.commands) {
      const ready = readyCommand(command, commandFacts(finding, id, context));
      lines.push(paint.command(`$ ${style.fit(ready)}`));
    }
  }
  return lines;
}

/** What its commands are filled in with. */
export function commandFacts(
  finding: Finding,
  id: number,
  { capture, rows, run }: Pick<FindingContext, 'capture' | 'rows' | 'run'>,
): CommandFacts {
  const [owner = 0] = finding.connections;
  return { id, capture, row: rows.get(owner), start: startOf(finding, run.epochSeconds) };
}

/** Where to look oneself and to read on. Filters are copied as well. */
function pointers(
  finding: Finding,
  files: readonly FilePackets[],
  { run, style, isBrief }: FindingContext,
): string[] {
  const { paint } = style;
  const label = paint.quiet('wireshark');
  const filters = files.map(
    (file) => `${label}  ${style.fit(run.nameOf(file.capture))}: ${filterIn(file)}`,
  );
  // The names of the sections are left to `explain`.
  const references = finding.references.map(({ title }) => title.replace(/ \(.*\)$/, ''));
  return [
    ...(filters.length > 0 ? filters : [`${label}  ${style.fit(finding.displayFilter)}`]),
    `${paint.quiet('explain')}    tlsdiag explain ${style.fit(finding.rule)}`,
    ...(references.length === 0 || isBrief
      ? []
      : hanging('see also   ', references.join('; '), style)),
  ];
}

function paragraph(text: string, style: Style): string[] {
  return wrap(style.fit(text), style.width - INDENT.length);
}

/** Text beside a label, its further lines below its first. */
function hanging(label: string, text: string, style: Style): string[] {
  const columns = style.width - INDENT.length - label.length;
  return wrap(style.fit(text), columns).map(
    (line, index) => (index === 0 ? label : ' '.repeat(label.length)) + line,
  );
}
