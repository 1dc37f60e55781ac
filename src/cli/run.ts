import { statSync } from 'node:fs';
import type { Analysis, AnalysisOptions, AnalysisResult, AnalysisSink } from '../model/analysis.ts';
import { SecretsError, type SecretsInput } from '../model/decryption.ts';
import { SEVERITIES } from '../model/finding.ts';
import { type Reporter, Tally } from '../report/reporter.ts';
import { RunContext } from '../report/run-context.ts';
import type { Output } from './output.ts';
import type { Parts } from './parts.ts';
import { Progress } from './progress.ts';
import { type CaptureInput, inTimeOrder, readCaptures, withEmbedded } from './read-captures.ts';
import { Selection, type SelectionOptions, selectionText } from './selection.ts';
import type { Streams } from './streams.ts';
import { UsageError } from './usage-error.ts';

export interface RunOptions {
  readonly paths: readonly string[];
  readonly reader: 'native' | 'pcap-parser';
  readonly rules?: ReadonlySet<string>;
  readonly secrets?: SecretsInput;
  readonly selection: SelectionOptions;
  readonly progress: boolean;
}

export interface RunOutcome {
  readonly result: AnalysisResult;
  readonly tally: Tally;
  readonly interrupted: boolean;
}

/**
 * Reads captures into a report: what `analyze` and `connections` have in common.
 *
 * @param makeReporter is given the numbers of the run; what it makes writes to `output`
 */
export async function runCaptures(
  options: RunOptions,
  parts: Parts,
  streams: Streams,
  output: Output,
  makeReporter: (run: RunContext) => Reporter,
): Promise<RunOutcome> {
  const interruption = new AbortController();
  const onInterrupt = (): void => {
    interruption.abort();
    if (options.paths.includes('-')) streams.stdin.destroy();
  };
  // Once only: whoever presses the keys again while the report is written wants to leave at once.
  streams.once?.('SIGINT', onInterrupt);
  try {
    return await readAndReport(options, parts, streams, output, makeReporter, interruption.signal);
  } finally {
    streams.off?.('SIGINT', onInterrupt);
  }
}

async function readAndReport(
  options: RunOptions,
  parts: Parts,
  streams: Streams,
  output: Output,
  makeReporter: (run: RunContext) => Reporter,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const inputs = await orderedInputs(options, parts, streams);
  const run: RunContext = new RunContext(() => analysis.epochSeconds);
  const reporter = makeReporter(run);
  const tally = new Tally();
  const sink: AnalysisSink = {
    connection(history) {
      tally.connection(history);
      reporter.connection(history);
    },
    finding(finding) {
      tally.finding(finding);
      reporter.finding(finding);
    },
  };
  const { reader, rules } = options;
  const secrets = await withEmbedded(options.secrets, inputs, parts, signal);
  const selection: Selection = new Selection(options.selection, sink, () => analysis.epochSeconds);
  const analysis = create(parts, selection, {
    reader,
    secrets,
    ...(rules && { rules }),
  });

  const progress = options.progress ? new Progress(streams.stderr) : undefined;
  let complete: boolean;
  try {
    complete = await readCaptures(inputs, analysis, run, {
      signal,
      afterChunk(source) {
        reporter.flush();
        progress?.update(() => ({
          read: source.octetsRead,
          size: source.size,
          packets: analysis.packets,
          connections: tally.connections,
          findings: SEVERITIES.reduce((sum, severity) => sum + tally.findings[severity], 0),
        }));
        return output.ready();
      },
    });
  } finally {
    progress?.erase();
  }
  const whole = analysis.end();
  const result = { ...whole, quic: selection.quic(whole.quic) };
  const interrupted = !complete && signal.aborted;
  await reporter.end({ result, tally, selection: selectionText(options.selection), interrupted });
  await output.ready();
  return { result, tally, interrupted };
}

/** A secret that is none is a mistake in the command line. */
function create(parts: Parts, sink: AnalysisSink, options: AnalysisOptions): Analysis {
  try {
    return parts.createAnalysis(sink, options);
  } catch (error) {
    throw error instanceof SecretsError ? new UsageError(error.message) : error;
  }
}

/** Can it be read only once? What does not exist is told by whoever opens it. */
function isPipe(path: string): boolean {
  return path === '-' || statSync(path, { throwIfNoEntry: false })?.isFile() === false;
}

async function orderedInputs(
  { paths, reader }: RunOptions,
  parts: Parts,
  { stdin }: Streams,
): Promise<readonly CaptureInput[]> {
  const inputs = paths.map((path) => ({
    path,
    isPipe: isPipe(path),
    open: () => parts.openCapture(path, stdin),
  }));
  if (inputs.length === 1) return inputs;
  if (paths.includes('-')) {
    throw new UsageError('standard input (-) cannot be combined with files; analyze it alone');
  }
  const nowhere = { connection() {}, finding() {} };
  return inTimeOrder(inputs, () => parts.createAnalysis(nowhere, { reader }));
}
