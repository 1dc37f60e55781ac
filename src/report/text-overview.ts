import { withFiles } from './places-in-files.ts';
import { busiest, type Repeated, type Unit } from './repeats.ts';
import type { RunContext } from './run-context.ts';
import { grouped, plural, type Style, wrap } from './style.ts';

/** Lines of the overview: with what stands before it, it fits a screen of 50. */
const MOST_LINES = 42;
const LABEL = '  do first  '.length;

/**
 * All causes of a flood on the first screen: how often and where each is, and the first thing to do about it. Who has to
 * act at night reads no further before that.
 *
 * @param units what is told below, in that order
 */
export function overviewLines(units: readonly Unit[], style: Style, run: RunContext): string[] {
  const causes = units.filter(({ finding }) => finding.severity !== 'info');
  const lines = [
    style.paint.strong(`${plural(causes.length, 'cause')}, the gravest first; each is told below`),
  ];
  const advised = new Set<string>();
  for (const [place, unit] of causes.entries()) {
    const cause = causeLines(unit, advised, style, run);
    if (lines.length + cause.length >= MOST_LINES) {
      lines.push(`and ${plural(causes.length - place, 'more cause')}`);
      break;
    }
    lines.push(...cause);
  }
  return lines;
}

function causeLines(
  { finding, id, repeated }: Unit,
  advised: Set<string>,
  style: Style,
  run: RunContext,
): string[] {
  const { severity, title, remedies } = finding;
  const [remedy] = remedies;
  const first = withFiles(`packet ${finding.packets[0] ?? 0}`, run);
  const where =
    repeated === undefined
      ? ''
      : `${grouped(repeated.occurrences)} times${serversText(repeated)}, `;
  const columns = style.width - LABEL;
  const hang = (label: string, text: string) =>
    wrap(style.fit(text), columns).map(
      (line, index) => (index === 0 ? label : ' '.repeat(LABEL)) + line,
    );
  const lines = [
    ...hang(style.paint[severity](severity) + ' '.repeat(LABEL - severity.length), title),
    ...hang(' '.repeat(LABEL), `${where}first in ${first}, finding ${id}`).map(style.paint.quiet),
  ];
  if (remedy !== undefined && !advised.has(remedy)) {
    advised.add(remedy);
    lines.push(...hang('  do first  ', remedy));
  }
  return lines;
}

/** Where most of them are. */
function serversText(repeated: Repeated): string {
  const [most, ...others] = busiest(repeated);
  if (most?.server === undefined) return '';
  return ` at ${most.server}${others.length === 0 ? '' : ` and ${plural(others.length, 'other server')}`}`;
}
