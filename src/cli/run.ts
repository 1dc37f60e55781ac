import { statSync } from 'node:fs';
import type { RunChecks } from '../checks/run-checks.ts';
import type { Analysis, AnalysisOptions, AnalysisResult, AnalysisSink } from '../model/analysis.ts';
import type { Checks } from '../model/check.ts';
import { SecretsError, type SecretsInput } from '../model/decryption.ts';
import { SEVERITIES } from '../model/finding.ts';
import { type Reporter, Tally } from '../report/reporter.ts';
import { RunContext } from '../report/run-context.ts';
import { arrange } from './arrange.ts';
import type { NamedCaptures } from './named-captures.ts';
import type { Output } from './output.ts';
import type { Parts } from './parts.ts';
import { Progress } from './progress.ts';
import {
  type CaptureInput,
  readCaptures,
  severalOf,
  type Track,
  withEmbedded,
} from './read-captures.ts';
import { Selection, type SelectionOptions, selectionText } from './selection.ts';
import type { EndSignal, Streams } from './streams.ts';
import { UsageError } from './usage-error.ts';

/** What `analyze` and `connections` were asked for, read from the command line and checked. */
export interface RunOptions {
  readonly captures: NamedCaptures;
  readonly reader: 'native' | 'pcap-parser';
  readonly rules?: ReadonlySet<string>;
  readonly secrets?: SecretsInput;
  readonly selection: SelectionOptions;
  /** The options that leave findings out, as the user gave them. */
  readonly findings?: string;
  /** What the run is held against besides the rules. */
  readonly checks?: RunChecks;
  readonly progress: boolean;
  /** Puts a line on standard error, unless the user wants quiet. */
  readonly tell: (line: string) => void;
}

/** What a run leaves behind once everything was told: enough for the closing lines and the exit status. */
export interface RunOutcome {
  readonly result: AnalysisResult;
  readonly tally: Tally;
  readonly checks: Checks | undefined;
  readonly run: RunContext;
  /** The signal that ended the reading early, if one did. */
  readonly interrupted: EndSignal | undefined;
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
  const end = (signal: EndSignal) => (): void => interruption.abort(signal);
  const listeners = { SIGINT: end('SIGINT'), SIGTERM: end('SIGTERM') };
  // Once only: whoever presses the keys again while the report is written wants to leave at once.
  streams.once?.('SIGINT', listeners.SIGINT);
  streams.once?.('SIGTERM', listeners.SIGTERM);
  try {
    return await readAndReport(options, parts, streams, output, makeReporter, interruption.signal);
  } finally {
    streams.off?.('SIGINT', listeners.SIGINT);
    streams.off?.('SIGTERM', listeners.SIGTERM);
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
  const tracks = await orderedTracks(options, parts, streams, signal);
  const inputs = tracks.flatMap((track) => track.inputs);
  const run: RunContext = new RunContext(() => analysis);
  const reporter = makeReporter(run);
  const tally = new Tally();
  const { checks } = options;
  const sink: AnalysisSink = {
    connection(history) {
      checks?.connection(history);
      tally.connection(history);
      reporter.connection(history);
    },
    finding(finding) {
      if (checks?.finding(finding, analysis.epochSeconds) === false) return;
      tally.finding(finding);
      reporter.finding(finding);
    },
    fault(fault) {
      reporter.fault?.(fault);
    },
  };
  const { reader, rules } = options;
  const secrets = await withEmbedded(options.secrets, inputs, parts, signal);
  const selection: Selection = new Selection(options.selection, sink, () => analysis.epochSeconds);
  const analysis = create(parts, checks === undefined ? selection : shownTo(checks, selection), {
    reader,
    secrets,
    ...(rules && { rules }),
    ...severalOf(tracks),
  });

  const progress = options.progress ? new Progress(streams.stderr) : undefined;
  let complete: boolean;
  try {
    const size = sizeOf(inputs);
    complete = await readCaptures(tracks, analysis, {
      signal,
      afterChunk(read) {
        reporter.flush();
        progress?.update(() => ({
          read,
          size,
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
  const interrupted = !complete && signal.aborted ? (signal.reason as EndSignal) : undefined;
  const partOf = selectionText(options.selection);
  const isWhole = partOf === '' && options.selection.minConfidence === undefined && complete;
  const held = checks?.end(
    Object.keys(result.findingsOmitted),
    (rule) => isWhole && rules?.has(rule) !== false,
  );
  await reporter.end({
    result,
    tally,
    selection: partOf,
    findings: options.findings ?? '',
    interrupted: interrupted !== undefined,
    ...(held && { checks: held }),
  });
  await output.ready();
  return { result, tally, checks: held, run, interrupted };
}

/** Findings may name connections that were not asked for, so the checks are to know those as well. */
function shownTo(checks: RunChecks, next: AnalysisSink): AnalysisSink {
  return {
    connection(history) {
      checks.every(history);
      next.connection(history);
    },
    finding: (finding) => next.finding(finding),
    fault: (fault) => next.fault?.(fault),
  };
}

/** A secret that is none is a mistake in the command line. */
function create(parts: Parts, sink: AnalysisSink, options: AnalysisOptions): Analysis {
  try {
    return parts.createAnalysis(sink, options);
  } catch (error) {
    throw error instanceof SecretsError ? new UsageError(error.message) : error;
  }
}

/** Octets of all captures together; undefined if one is a pipe. */
function sizeOf(inputs: readonly CaptureInput[]): number | undefined {
  const sizes = inputs.map(({ size }) => size);
  return sizes.includes(undefined) ? undefined : sizes.reduce((sum = 0, size = 0) => sum + size, 0);
}

async function orderedTracks(
  { captures: { paths, fromFolders }, tell }: RunOptions,
  parts: Parts,
  { stdin }: Streams,
  signal: AbortSignal,
): Promise<readonly Track[]> {
  const inputs = paths.map((path): CaptureInput => {
    // What does not exist is told by whoever opens it.
    const stat = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false });
    return {
      path,
      isPipe: path === '-' || stat?.isFile() === false,
      size: stat?.isFile() ? stat.size : undefined,
      open: () => parts.openCapture(path, stdin, signal),
    };
  });
  if (inputs.length === 1 && fromFolders.size === 0) return [{ inputs, time: undefined }];
  const pipe = inputs.length > 1 ? inputs.find(({ isPipe }) => isPipe) : undefined;
  if (pipe !== undefined) {
    const name = pipe.path === '-' ? 'standard input (-)' : `the pipe '${pipe.path}'`;
    throw new UsageError(`${name} cannot be combined with other captures; analyze it alone`);
  }
  const { tracks, notices } = await arrange(inputs, fromFolders, parts);
  for (const notice of notices) tell(`notice: ${notice}`);
  return tracks;
}
