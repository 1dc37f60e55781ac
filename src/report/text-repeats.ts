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
  const { occurrences, firstNanos, lastNanos, omitted } = repeated;
  const moment = (nanos: number): string =>
    formatDate(run.epochSeconds, nanos).slice(0, 23).replace('T', ' ');
  const counted = omitted > 0 ? `, ${grouped(omitted)} of them counted only` : '';
  const when = `${grouped(occurrences)} times in ${formatDuration(lastNanos - firstNanos)}, ${moment(firstNanos)} to ${moment(lastNanos).slice(11)} UTC${counted}`;
  const servers = busiest(repeated);
  const shown = servers.slice(0, SERVERS);
  const rows = [
    ['server', 'times', 'first'],
    ...shown.map(({ server, occurrences: count, packets }) => [
      server ?? '(not told apart)',
      grouped(count),
      packets.length === 0 ? '-' : style.fit(withFiles(placesText(packets), run)),
    ]),
  ];
  const widths = columnWidths(rows);
  const [heading = '', ...lines] = rows.map((row) => alignRow(row, widths));
  const more = servers.slice(SERVERS).reduce((sum, { occurrences: count }) => sum + count, 0);
  return [
    ...wrap(when, style.width - INDENT),
    style.paint.quiet(heading),
    ...lines,
    ...(more > 0
      ? [`and ${plural(servers.length - SERVERS, 'more server')}: ${grouped(more)} times`]
      : []),
  ];
}

const placesText = (packets: readonly number[]): string =>
  `${packets.length === 1 ? 'packet' : 'packets'} ${packets.join(', ')}`;
