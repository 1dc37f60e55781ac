import type { Checks, ExpectationResult, KnownEntry } from '../model/check.ts';
import { withFiles } from './places-in-files.ts';
import type { RunContext } from './run-context.ts';
import { plural } from './style.ts';

/** Places named for each expectation; `verbose` tells all that are kept. */
const CASES = 8;

/** What a telling of the checks depends on. */
export interface CheckTelling {
  readonly run: RunContext;
  readonly verbose: boolean;
}

/** How the expectations fared, in a few words: `3 met, 1 failed`. */
export function expectationTotals(results: readonly ExpectationResult[]): string {
  const counts = (['failed', 'unproven', 'met'] as const).map((verdict) => {
    const count = results.filter((one) => one.verdict === verdict).length;
    return count === 0 ? '' : `${count} ${verdict}`;
  });
  return counts.filter(Boolean).join(', ');
}

/** The words of an expectation, with whom it is about. */
export function expectationText({ expectation, scope, note }: ExpectationResult): string {
  const about = scope === '' ? '' : `, for ${scope}`;
  return `${expectation}${about}${note === '' ? '' : ` (${note})`}`;
}

/** Where it failed or could not be judged: printable once it passed `Style.fit` or its like. */
export function caseTexts(result: ExpectationResult, { run, verbose }: CheckTelling): string[] {
  const { verdict, failures, failureCount, unproven, unprovenCount, assessed } = result;
  if (verdict === 'met') return [];
  const isFailed = verdict === 'failed';
  const [cases, count] = isFailed ? [failures, failureCount] : [unproven, unprovenCount];
  const shown = cases.slice(0, verbose ? cases.length : CASES);
  const lines = shown.map(({ connection, packet, text }) => {
    const place = [
      connection === 0 ? '' : `connection ${connection}`,
      packet === 0 ? '' : withFiles(`packet ${packet}`, run),
    ];
    const where = place.filter(Boolean).join(', ');
    return where === '' ? text : `${where}: ${text}`;
  });
  if (count > shown.length) lines.push(`and ${plural(count - shown.length, 'further place')}`);
  if (!isFailed && count === 0 && assessed === 0)
    lines.push('there is nothing in the capture that it could be held against');
  return lines;
}

/** What became of an entry of the baseline. */
export function knownText({
  rule,
  scope,
  reason,
  until,
  state,
  findings,
  connections,
}: KnownEntry): string {
  const about = scope === '' ? rule : `${rule}, ${scope}`;
  const hidden = `hid ${plural(findings, 'finding')}`;
  const there =
    connections === 0
      ? 'nothing that it is about was seen'
      : `it is about ${plural(connections, 'connection')} here`;
  const fate = {
    used: hidden,
    stale: `matched no finding; ${there}`,
    unused: 'matched no finding, and only a part was looked at',
    expired: `no longer holds for this capture${findings > 0 ? `, but ${hidden} before` : ''}`,
  }[state];
  return `${about}: ${fate}${until === undefined ? '' : `; until ${until}`}; reason: ${reason}`;
}

/** How the checks ended, a line each, for standard error; not yet printable. Nothing where all is as expected. */
export function checkLines(checks: Checks | undefined, run: RunContext): string[] {
  const telling = { run, verbose: false };
  const { expectations, baseline } = checks ?? {};
  const stale = baseline?.entries.filter(({ state }) => state === 'stale' || state === 'expired');
  return [
    ...(expectations?.results ?? [])
      .filter(({ verdict }) => verdict !== 'met')
      .flatMap((result) => [
        `expectation ${result.verdict}: ${expectationText(result)}`,
        ...caseTexts(result, telling).map((text) => `  ${text}`),
      ]),
    ...(stale ?? []).map(
      (entry) => `notice: ${entry.state} in ${baseline?.path}: ${knownText(entry)}`,
    ),
  ];
}
