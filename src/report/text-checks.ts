import type { Checks } from '../model/check.ts';
import {
  type CheckTelling,
  caseTexts,
  expectationText,
  expectationTotals,
  knownText,
} from './check-text.ts';
import { plural, type Style, wrap } from './style.ts';

const LABEL_COLUMNS = 10;
/** Entries of a baseline that are told unless everything is. */
const ENTRIES = 12;

/** Expectations that do not hold, with the places; all of them in a full report. */
export function expectationLines(
  { expectations }: Checks,
  style: Style,
  telling: CheckTelling,
): string[] {
  if (expectations === undefined) return [];
  const { path, results } = expectations;
  const totals = expectationTotals(results);
  const isMet = results.every(({ verdict }) => verdict === 'met');
  const brush = isMet ? style.paint.good : style.paint.error;
  const lines = [`${style.paint.strong(`expectations of ${style.fit(path)}`)}: ${brush(totals)}`];
  for (const result of results) {
    if (result.verdict === 'met' && !telling.verbose) continue;
    const columns = style.width - LABEL_COLUMNS - 2;
    const texts = [
      ...wrap(style.fit(expectationText(result)), columns),
      ...caseTexts(result, telling).flatMap((text) => wrap(style.fit(text), columns)),
    ];
    texts.forEach((text, index) => {
      lines.push(`  ${(index === 0 ? result.verdict : '').padEnd(LABEL_COLUMNS)}${text}`);
    });
  }
  return lines;
}

/** Findings that are known and were hidden, and entries that hid nothing. */
export function baselineLines(
  { baseline }: Checks,
  style: Style,
  { verbose }: CheckTelling,
): string[] {
  if (baseline === undefined) return [];
  const { path, entries, suppressedCount } = baseline;
  const count = plural(suppressedCount, 'known finding');
  const lines = [`${style.paint.strong(`${count} hidden`)} by ${style.fit(path)}`];
  const told = entries.filter(({ state }) => verbose || state !== 'unused');
  const shown = verbose ? told : told.slice(0, ENTRIES);
  for (const entry of shown) {
    const label = entry.state === 'used' ? '' : `${entry.state}: `;
    const texts = wrap(style.fit(`${label}${knownText(entry)}`), style.width - 4);
    lines.push(...texts.map((text, index) => (index === 0 ? `  ${text}` : `    ${text}`)));
  }
  if (told.length > shown.length)
    lines.push(`  and ${plural(told.length - shown.length, 'further entry', 'further entries')}`);
  return lines;
}
