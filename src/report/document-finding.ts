import type { Fault } from '../model/fault.ts';
import type { Finding } from '../model/finding.ts';
import type { StackName } from '../model/stack.ts';
import type { ConnectionRow, ConnectionRows } from './connection-rows.ts';
import type { Block, Item } from './document.ts';
import { byFile, filterIn, withFiles } from './places-in-files.ts';
import { readyCommand } from './ready-command.ts';
import type { Unit } from './repeats.ts';
import type { RunContext } from './run-context.ts';
import { plural, type Style } from './style.ts';
import {
  commandFacts,
  confidenceText,
  differingFaults,
  faultText,
  filesText,
  namedEnds,
  placeText,
  stackTexts,
  startOf,
} from './text-finding.ts';
import { arrowLegend, laneDiagram } from './text-lanes.ts';
import { moreServers, repeatRows, repeatText } from './text-repeats.ts';

/** Stands where there is nothing. */
export const NONE = '–';
/** Connections and rows of a table that a finding tells one by one. */
const CONNECTIONS_LIMIT = 12;
const TABLE_ROWS_LIMIT = 50;

/** What the part about one finding needs to know of the rest of the document. */
export interface DocumentContext {
  readonly rows: ConnectionRows;
  readonly run: RunContext;
  /** By connection, for those that failed. */
  readonly faults: ReadonlyMap<number, Fault>;
  /** Finding by stack in which was said what to switch on there. */
  readonly aided: Map<StackName, number>;
  /** For drawings: without colours. */
  readonly style: Style;
  /** The capture, as a shell takes it; undefined if there are several or none with a name. */
  readonly capture: string | undefined;
}

/** A finding in full: what, who, the packets, what it may mean, what to do. */
export function findingBlocks(
  { finding, id, repeated }: Unit,
  context: DocumentContext,
  adviceIn: number | undefined,
): Block[] {
  const { rows, run } = context;
  const { rule, severity, title, summary, explanations, references } = finding;
  return [
    {
      kind: 'heading',
      level: 3,
      text: `Finding ${id}, ${severity}: ${title}`,
      severity,
      anchor: anchorOf(id),
    },
    { kind: 'text', text: summary },
    {
      kind: 'text',
      tone: 'quiet',
      text: `Rule ${rule}. ${confidenceText(finding, { rows })}`,
    },
    ...repeatBlocks(repeated, run),
    ...connectionBlocks(finding, context),
    ...faultBlocks(finding, id, context),
    ...packetBlocks(finding, context),
    ...tableBlocks(finding),
    ...listOf(
      'What it may mean',
      explanations.map(({ likelihood, text, for: pro, against }) => ({
        text: `${likelihood}: ${text}`,
        below: [...pro.map((one) => `for: ${one}`), ...against.map((one) => `against: ${one}`)],
      })),
    ),
    ...(adviceIn === undefined
      ? advice(finding, id, context)
      : [{ kind: 'text', text: `Causes and remedies: as in finding ${adviceIn}.` } as const]),
    { kind: 'lines', title: 'Wireshark', lines: filters(finding, run) },
    ...(references.length === 0
      ? []
      : [{ kind: 'links', title: 'See also', links: references } as const]),
  ];
}

/** Where a finding is told. */
export const anchorOf = (id: number): string => `finding-${id}`;

/** Connections as a table. */
export function connectionTable(rows: readonly ConnectionRow[], run: RunContext): Block {
  const heading = ['id', 'client', 'server', 'name', 'version', 'suite', 'outcome', 'packets'];
  return {
    kind: 'table',
    heading,
    rows: rows.map((row) => {
      const { client, server } = namedEnds(row, run);
      return [
        String(row.id),
        client,
        server,
        row.serverName ?? NONE,
        row.version ?? NONE,
        row.suite ?? NONE,
        row.outcome,
        run.hasSeveral
          ? withFiles(`packets ${row.firstPacket} to ${row.lastPacket}`, run)
          : `${row.firstPacket}-${row.lastPacket} (${row.stream})`,
      ];
    }),
  };
}

function connectionBlocks({ connections }: Finding, { rows, run }: DocumentContext): Block[] {
  const known = connections.slice(0, CONNECTIONS_LIMIT).flatMap((id) => rows.get(id) ?? []);
  const more = connections.length - known.length;
  return [
    ...(known.length === 0 ? [] : [connectionTable(known, run)]),
    ...(more > 0
      ? [{ kind: 'text', tone: 'quiet', text: `and ${plural(more, 'more connection')}` } as const]
      : []),
  ];
}

/** Many that say the same: this finding stands for them. */
function repeatBlocks(repeated: Unit['repeated'], run: RunContext): Block[] {
  if (repeated === undefined) return [];
  const [heading = [], ...rows] = repeatRows(repeated, run);
  const more = moreServers(repeated);
  return [
    { kind: 'text', text: `This was found ${repeatText(repeated, run)}. The first one:` },
    { kind: 'table', heading, rows },
    ...(more === undefined ? [] : [{ kind: 'text', tone: 'quiet', text: more } as const]),
  ];
}

/** Whose fault it probably is, each judgement once. */
function faultBlocks(finding: Finding, id: number, context: DocumentContext): Block[] {
  const { faults, run } = context;
  const known = differingFaults(finding, faults);
  const told = known.map((fault) => withFiles(faultText(fault), run));
  return [
    ...listOf('Whose fault it probably is', [...new Set(told)]),
    ...listOf('A guess at the TLS stacks', stackTexts(known, id, context)),
  ];
}

function packetBlocks(finding: Finding, { run, style }: DocumentContext): Block[] {
  const files = run.hasSeveral ? byFile(finding, run) : [];
  const names = (id: number): string => (id === 0 ? 'outside of connections' : `connection ${id}`);
  const places = (packet: number): string => placeText(packet, files, run);
  const legend = `${arrowLegend(style)}; seconds from ${startOf(finding, run.epochSeconds)}${filesText(files, { run, style })}`;
  return [
    {
      kind: 'lines',
      title: 'What the packets show',
      lines: [legend, '', ...laneDiagram(finding.evidence, style, style.width, names, places)],
    },
  ];
}

function tableBlocks({ table }: Finding): Block[] {
  const [heading, ...rows] = table ?? [];
  if (heading === undefined) return [];
  const more = rows.length - TABLE_ROWS_LIMIT;
  return [
    { kind: 'table', heading, rows: rows.slice(0, TABLE_ROWS_LIMIT) },
    ...(more > 0
      ? [{ kind: 'text', tone: 'quiet', text: `and ${plural(more, 'more row')}` } as const]
      : []),
  ];
}

function advice(finding: Finding, id: number, context: DocumentContext): Block[] {
  const { causes, remedies, commands } = finding;
  const facts = commandFacts(finding, id, context);
  const ready = commands.map((command) => readyCommand(command, facts));
  return [
    ...listOf('Possible causes', causes),
    ...listOf('What to do', remedies),
    ...(ready.length === 0 ? [] : [{ kind: 'lines', lines: ready } as const]),
  ];
}

function filters(finding: Finding, run: RunContext): string[] {
  if (!run.hasSeveral) return [finding.displayFilter];
  return byFile(finding, run).map((file) => `${run.nameOf(file.capture)}: ${filterIn(file)}`);
}

function listOf(title: string, items: readonly Item[]): Block[] {
  return items.length === 0 ? [] : [{ kind: 'list', title, items }];
}
