import type { Confidence, Severity } from '../model/finding.ts';
import { checkLines } from '../report/check-text.ts';
import { noticeLines, secretsNotices } from '../report/notice-text.ts';
import type { OctetSink } from '../report/octet-writer.ts';
import { printable } from '../report/printable.ts';
import type { Reporter } from '../report/reporter.ts';
import type { RunContext } from '../report/run-context.ts';
import { type CheckFlags, guardFiles, readChecks, writeBaseline } from './check-options.ts';
import { namedCaptures } from './named-captures.ts';
import { closeAfter, openOutput } from './output.ts';
import type { Parts } from './parts.ts';
import { chooseRules, findingOptions } from './rule-options.ts';
import { type RunOptions, runCaptures } from './run.ts';
import { readSecrets, type SecretFlags, secretFiles } from './secret-options.ts';
import type { SelectionOptions } from './selection.ts';
import { EXIT, exitStatusOfReading, isFailed, noTlsNotice } from './status.ts';
import { columnsOf, type Streams, wantsAscii, wantsColor } from './streams.ts';
import { UsageError } from './usage-error.ts';
import { toolVersion } from './version.ts';

/** The options of `analyze`, as parsed. */
export interface AnalyzeFlags extends CheckFlags, SecretFlags, SelectionOptions {
  readonly format?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly failOn: Severity | 'never';
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly minConfidence?: Confidence;
  readonly reader: 'native' | 'pcap-parser';
  readonly color?: boolean;
  readonly ascii?: boolean;
  readonly progress: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Reads captures and reports connections and findings. Returns the exit status. */
export async function analyze(
  captures: readonly string[],
  flags: AnalyzeFlags,
  streams: Streams,
  parts: Parts,
): Promise<number> {
  const format = checkFormat(flags);
  const choice = chooseRules(parts.rules, flags.only, flags.skip);
  const names = [...captures, ...choice.captures];
  if (names.length === 0) {
    throw new UsageError(
      'name a capture to read: tlsdiag analyze case.pcapng, or - for standard input',
    );
  }
  const tell = (line: string): void => {
    if (!flags.quiet) streams.stderr.write(`${line}\n`);
  };
  const named = namedCaptures(names);
  const secrets = readSecrets(flags);
  const checks = await readChecks(flags, parts);
  guardFiles(flags, [...named.paths, ...secretFiles(flags)]);
  const options: RunOptions = {
    captures: named,
    tell,
    reader: flags.reader,
    ...(choice.rules && { rules: choice.rules }),
    ...(secrets && { secrets }),
    selection: flags,
    findings: findingOptions(flags),
    ...(checks && { checks }),
    progress: flags.progress && !flags.quiet && streams.stderr.isTTY === true,
  };

  const makeReporter = await reporterFor(format, flags, streams, parts);
  const output = openOutput(flags.output, named.paths, streams, secretFiles(flags));
  const outcome = await closeAfter(output, () =>
    runCaptures(options, parts, streams, output, (run) =>
      makeReporter((octets) => output.write(octets), run),
    ),
  );
  if (format === 'text') {
    for (const notice of noticeLines(outcome.result)) tell(`notice: ${notice}`);
  }
  for (const notice of secretsNotices(outcome.result.secrets, flags.keylog ?? []))
    tell(`notice: ${notice}`);
  for (const notice of noTlsNotice(outcome, format !== 'text')) tell(`notice: ${notice}`);
  // Where the report is on the screen, it says so itself.
  if (format !== 'text' || flags.output !== undefined)
    for (const line of checkLines(outcome.checks, outcome.run)) tell(printable(line));
  const status = exitStatusOfReading(outcome, streams);
  const isRead = status !== EXIT.usage && status !== EXIT.fault;
  if (checks !== undefined && flags.writeBaseline !== undefined && isRead) {
    const notices = writeBaseline(flags.writeBaseline, checks, streams);
    for (const notice of notices) tell(`notice: ${printable(notice)}`);
  }
  return status ?? (isFailed(outcome, flags.failOn) ? EXIT.findings : EXIT.ok);
}

const FORMATS = ['text', 'json', 'ndjson', 'markdown', 'html', 'sarif'] as const;
type Format = (typeof FORMATS)[number];

function checkFormat({ format, json }: AnalyzeFlags): Format {
  if (json && format !== undefined && format !== 'json') {
    throw new UsageError(`--json and --format ${format} contradict each other; give one of them`);
  }
  const name = json ? 'json' : (format ?? 'text');
  const known = FORMATS.find((one) => one === name);
  if (known !== undefined) return known;
  const others = FORMATS.slice(0, -1).join(', ');
  throw new UsageError(
    `--format ${name} does not exist; there are ${others} and ${FORMATS.at(-1)}`,
  );
}

type MakeReporter = (sink: OctetSink, run: RunContext) => Reporter;

/** Loads the code of the one format that is asked for. */
async function reporterFor(
  format: Format,
  flags: AnalyzeFlags,
  { stdout, env }: Streams,
  { rules }: Parts,
): Promise<MakeReporter> {
  if (format === 'json' || format === 'ndjson') {
    const { JsonReporter, NdjsonReporter } = await import('../report/json.ts');
    const Chosen = format === 'json' ? JsonReporter : NdjsonReporter;
    const version = toolVersion();
    return (sink, run) => new Chosen(sink, run, version);
  }
  if (format === 'sarif') {
    const { SarifReporter } = await import('../report/sarif.ts');
    const version = toolVersion();
    return (sink, run) => new SarifReporter(sink, run, version, rules);
  }
  if (format === 'markdown' || format === 'html') {
    const { DocumentReporter } = await import('../report/document-reporter.ts');
    const page =
      format === 'html'
        ? (await import('../report/html.ts')).HTML
        : (await import('../report/markdown.ts')).MARKDOWN;
    return (sink, run) => new DocumentReporter(sink, run, page);
  }
  const [{ TextReporter }, { createStyle }] = await Promise.all([
    import('../report/text.ts'),
    import('../report/style.ts'),
  ]);
  const terminal = flags.output === undefined ? stdout : undefined;
  const style = await createStyle({
    color: wantsColor(terminal, env, flags.color),
    ascii: wantsAscii(env, flags.ascii),
    width: columnsOf(terminal, env),
  });
  return (sink, run) => new TextReporter(sink, run, style, { verbose: flags.verbose === true });
}
