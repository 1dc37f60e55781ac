import type { Evidence } from '../model/finding.ts';
import { type Nanos, SECOND } from '../model/time.ts';
import { pad, type Style, widthOf, wrap } from './style.ts';

/** More lanes than this leave no room for words. */
const LANES_LIMIT = 4;
/** Narrowest lane in which a note can be read. */
const LANE_COLUMNS = 24;
/** Rows of one diagram; the rest is counted. */
const ROWS_LIMIT = 24;

/**
 * Draws the decisive packets: a row each, a lane for each connection, an arrow that points to the right when the client
 * sent it. Falls back to a plain list where the lanes would be too narrow.
 *
 * @param nameOf what a lane is called; 0 stands for packets of no connection
 * @param placeOf how a packet is named
 */
export function laneDiagram(
  evidence: readonly Evidence[],
  style: Style,
  width: number,
  nameOf: (connection: number) => string,
  placeOf: (packet: number) => string,
): string[] {
  const rows = evidence.slice(0, ROWS_LIMIT);
  const lanes = [...new Set(rows.map(({ connection }) => connection))].sort(byId);
  const origin = rows[0]?.nanos ?? 0;
  const times = rows.map(({ nanos }) => seconds(nanos - origin));
  const packets = rows.map(({ packet }) => placeOf(packet));
  const timeColumns = Math.max(7, ...times.map(widthOf));
  const packetColumns = Math.max(6, ...packets.map(widthOf));
  const margin = timeColumns + packetColumns + 4;
  const asLanes =
    lanes.length <= LANES_LIMIT && (width - margin) / lanes.length >= LANE_COLUMNS + 2;
  const laneColumns = asLanes ? Math.floor((width - margin) / lanes.length) - 2 : width - margin;

  const lines: string[] = [];
  const heading = asLanes ? lanes.map((id) => pad(nameOf(id), laneColumns)).join('  ') : '';
  const title = `${pad('seconds', timeColumns)}  ${pad('packet', packetColumns)}  ${heading}`;
  lines.push(style.paint.quiet(title.trimEnd()));
  rows.forEach((row, index) => {
    const lane = lanes.indexOf(row.connection);
    const name = asLanes ? '' : `${nameOf(row.connection)}: `;
    const note = noteLines(name, row, style, laneColumns);
    note.forEach((text, line) => {
      const left = line === 0 ? [times[index], packets[index]] : ['', ''];
      const cells = asLanes
        ? lanes.map((_, at) => {
            const open = isOpen(rows, lanes[at] ?? 0, index, line);
            return pad(at === lane ? text : open ? style.fit('│') : '', laneColumns);
          })
        : [text];
      const start = `${padLeft(left[0] ?? '', timeColumns)}  ${padLeft(left[1] ?? '', packetColumns)}`;
      lines.push(`${start}  ${cells.join('  ')}`.trimEnd());
    });
  });
  if (evidence.length > rows.length) {
    lines.push(style.paint.quiet(`and ${evidence.length - rows.length} more; --json lists all`));
  }
  return lines;
}

/** Which way the arrows point, for the heading of a diagram. */
export function arrowLegend(style: Style): string {
  return `${arrowOf('client', style)} from the client, ${arrowOf('server', style)} from the server`;
}

const ARROW_COLUMNS = 4;

function noteLines(
  name: string,
  { from, note }: Evidence,
  style: Style,
  columns: number,
): string[] {
  const arrow = arrowOf(from, style);
  const text = wrap(style.fit(`${name}${note}`), columns - ARROW_COLUMNS);
  return text.map((line, index) => pad(index === 0 ? arrow : '', ARROW_COLUMNS) + line);
}

function arrowOf(from: Evidence['from'], { ascii }: Style): string {
  if (from === undefined) return ascii ? ' * ' : ' • ';
  if (from === 'client') return ascii ? '-->' : '──▶';
  return ascii ? '<--' : '◀──';
}

/** A lane is drawn between its first and its last packet, so that the eye sees which connections overlap. */
function isOpen(rows: readonly Evidence[], lane: number, index: number, line: number): boolean {
  if (lane === 0) return false;
  const first = rows.findIndex(({ connection }) => connection === lane);
  const last = rows.findLastIndex(({ connection }) => connection === lane);
  return first < index && (index < last || (index === last && line === 0));
}

/** Packets of no connection come last. */
function byId(a: number, b: number): number {
  return (a === 0 ? Number.POSITIVE_INFINITY : a) - (b === 0 ? Number.POSITIVE_INFINITY : b);
}

/** As Wireshark's time column tells it, so that both can be laid side by side. */
function seconds(nanos: Nanos): string {
  return (nanos / SECOND).toFixed(6);
}

function padLeft(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}
