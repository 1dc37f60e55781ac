import type { Severity } from '../model/finding.ts';
import { contentsText } from '../report/contents.ts';
import { printable } from '../report/printable.ts';
import type { RunOutcome } from './run.ts';
import type { Streams } from './streams.ts';

/** What scripts may rely on; the report contract says the same. */
export const EXIT = { ok: 0, findings: 1, usage: 2, fault: 70 } as const;

/** As a shell has it for a program that a signal ended: 128 and the number of the signal. */
const SIGNALLED = { SIGINT: 130, SIGTERM: 143 } as const;

/** The exit status that the reading alone calls for, with a line on standard error; undefined if all went well. */
export function exitStatusOfReading(
  { result, interrupted }: RunOutcome,
  { stderr }: Streams,
): number | undefined {
  if (result.internalErrors > 0) {
    const times = result.internalErrors === 1 ? 'once' : `${result.internalErrors} times`;
    stderr.write(
      `tlsdiag: a fault of the tool itself was caught ${times}; the report lacks what it concerns\n`,
    );
    return EXIT.fault;
  }
  if (interrupted !== undefined) return SIGNALLED[interrupted];
  const unreadable = result.captures.filter(({ format }) => format === 'unknown');
  for (const { path, problem = 'this is neither pcap nor pcapng' } of unreadable) {
    stderr.write(`error: '${printable(path)}': ${printable(problem)}\n`);
  }
  return unreadable.length > 0 ? EXIT.usage : undefined;
}

/** Do the findings, or the expectations that do not hold, call for status 1? */
export function isFailed({ tally, checks }: RunOutcome, failOn: Severity | 'never'): boolean {
  const results = checks?.expectations?.results ?? [];
  return (
    (failOn !== 'never' && tally.reaches(failOn)) ||
    results.some(({ verdict }) => verdict !== 'met')
  );
}

/**
 * What to say when silence could be mistaken for health; nothing if there were connections.
 *
 * @param withContents says what there is instead, where the report does not
 */
export function noTlsNotice({ result, interrupted }: RunOutcome, withContents: boolean): string[] {
  const unreadable = result.captures.some(({ format }) => format === 'unknown');
  if (result.connections > 0 || interrupted !== undefined || unreadable) return [];
  const [only] = result.captures;
  const what =
    result.captures.length === 1
      ? printable(only?.path ?? '')
      : `${result.captures.length} captures`;
  const instead = withContents ? `. ${contentsText(result)}` : '';
  return [`no TLS or DTLS in ${what}, so nothing was judged${instead}`];
}
