import type { AnalysisResult } from '../model/analysis.ts';
import type { SecretsResult } from '../model/decryption.ts';
import { type CaptureNotice, NOTICES } from '../model/notice.ts';
import { printable } from './printable.ts';
import { plural } from './style.ts';

/** The sentence of a notice with its figures; not yet made printable. */
export function noticeText({ code, needed, available, detail }: CaptureNotice): string {
  const figures = { needed, available };
  const sentence = NOTICES[code].replace(
    /\{(needed|available)\}(?: (octet|packet|handshake)s\b)?/g,
    (_, name: keyof typeof figures, one: string | undefined) =>
      one === undefined ? String(figures[name]) : plural(figures[name], one),
  );
  return detail === undefined || detail === '' ? sentence : `${sentence} (${detail})`;
}

/** Everything that could not be read, a printable line for each kind and capture: the first case, and how many more. */
export function noticeLines(result: AnalysisResult): string[] {
  return result.captures.flatMap(({ path }, index) => {
    const notices = result.notices[index] ?? [];
    const firsts = notices.filter(
      ({ code, counted }, position) =>
        counted === true || notices.findIndex((notice) => notice.code === code) === position,
    );
    return firsts.map((first) => {
      const alike = notices.filter(({ code }) => code === first.code).length;
      const more =
        first.counted === true ? 0 : alike - 1 + (result.noticesOmitted[index]?.[first.code] ?? 0);
      const packet = first.packetNumber === 0 ? '' : `, packet ${first.packetNumber}`;
      const rest = more === 0 ? '' : `; ${more} more like this`;
      return `${printable(path)}${packet}: ${printable(noticeText(first))}${rest}`;
    });
  });
}

/**
 * What is to be said about the secrets that were given: lines that were not understood, lines that nothing needed.
 *
 * @param given files of key logs; those behind them are of the capture
 */
export function secretsNotices(
  secrets: SecretsResult | undefined,
  given: readonly string[],
): string[] {
  if (secrets === undefined) return [];
  const { keyLogs, lines, keyLogSecrets, malformed, malformedLines, unmatched, firstUnmatched } =
    secrets;
  const notices: string[] = [];
  const place = ({ line, log }: { readonly line: number; readonly log: number }): string => {
    const path = given[log - 1];
    return `line ${line} of ${path === undefined ? 'the key log in the capture' : printable(path)}`;
  };
  if (keyLogs > 0 && keyLogSecrets === 0)
    notices.push('key log: no secret in it; was SSLKEYLOGFILE set before the program started?');
  const [bad] = malformedLines;
  if (bad !== undefined) {
    const where = `${place(bad)}: ${bad.why}`;
    notices.push(
      `key log: ${malformed} of ${plural(lines, 'line')} ${malformed === 1 ? 'was' : 'were'} not understood; first ${where}`,
    );
  }
  const [spare] = firstUnmatched;
  if (spare !== undefined) {
    notices.push(
      `key log: ${unmatched} of ${plural(lines, 'line')} ${unmatched === 1 ? 'matches' : 'match'} no connection; first ${place(spare)}`,
    );
  }
  return notices;
}
