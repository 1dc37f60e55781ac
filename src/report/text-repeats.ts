import { formatDate, formatDuration } from '../model/time.ts';
import { withFiles } from './places-in-files.ts';
import { busiest, type Repeated } from './repeats.ts';
import type { RunContext } from './run-context.ts';
import { grouped, plural, type Style, wrap } from './style.ts';
import { alignRow, columnWidths } from './table.ts';

const INDENT = 2;
/** Servers that have a line. */
const SERVERS = 5;

/** When and where findings say the same, a line for each server. */
export function repeatLines(repeated: Repeated, run: RunContext, style: Style): string[] {
  const rows = repeatRows(repeated, run).map((row) => row.map((text) => style.fit(text)));
  const widths = columnWidths(rows);
  const [heading = '', ...lines] = rows.map((row) => alignRow(row, widths));
  const more = moreServers(repeated);
  return [
    ...wrap(repeatText(repeated, run), style.width - INDENT),
    style.paint.quiet(heading),
    ...lines,
    ...(more === undefined ? [] : [more]),
  ];
}

/** How often, and when. */
export function repeatText(repeated: Repeated, run: RunContext): string {
  const { occurrences, firstNanos, lastNanos, omitted } = repeated;
  const moment = (nanos: number): string =>
    formatDate(run.epochSeconds, nanos).slice(0, 23).replace('T', ' ');
  const counted = omitted > 0 ? `, ${grouped(omitted)} of them counted only` : '';
  return `${grouped(occurrences)} times in ${formatDuration(lastNanos - firstNanos)}, ${moment(firstNanos)} to ${moment(lastNanos).slice(11)} UTC${counted}`;
}

/** A heading row, then the servers with most of them. */
export function repeatRows(repeated: Repeated, run: RunContext): string[][] {
  return [
    ['server', 'times', 'first'],
    ...busiest(repeated)
      .slice(0, SERVERS)
      .map(({ server, occurrences: count, packets }) => [
        server ?? '(not told apart)',
        grouped(count),
        packets.length === 0 ? '-' : withFiles(placesText(packets), run),
      ]),
  ];
}

/** The servers that have no row; undefined if all have. */
export function moreServers(repeated: Repeated): string | undefined {
  const rest = busiest(repeated).slice(SERVERS);
  const more = rest.reduce((sum, { occurrences: count }) => sum + count, 0);
  return more === 0
    ? undefined
    : `and ${plural(rest.length, 'more server')}: ${grouped(more)} times`;
}

const placesText = (packets: readonly number[]): string =>
  `${packets.length === 1 ? 'packet' : 'packets'} ${packets.join(', ')}`;
