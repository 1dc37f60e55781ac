import { arrange } from './cli/arrange.ts';
import { MemorySource } from './cli/memory-source.ts';
import { namedCaptures } from './cli/named-captures.ts';
import { loadParts, type Parts } from './cli/parts.ts';
import { type CaptureInput, readCaptures, severalOf, withEmbedded } from './cli/read-captures.ts';
import { toolVersion } from './cli/version.ts';
import type { SecretsInput } from './model/decryption.ts';
import { JsonReporter } from './report/json.ts';
import { Tally } from './report/reporter.ts';
import { RunContext } from './report/run-context.ts';
import type { Report } from './report/schema.ts';

export type {
  Report,
  ReportCapture,
  ReportConnection,
  ReportFinding,
  ReportSummary,
} from './report/schema.ts';

/** What `analyze` is to do. */
export interface AnalyzeOptions {
  /** Ids of the rules to run; all unless given. */
  readonly rules?: Iterable<string>;
  /** Which packet reader; `native` unless given. */
  readonly reader?: 'native' | 'pcap-parser';
  /** Key logs (as in `SSLKEYLOGFILE`), RSA private keys (PEM) and PSKs (`[IDENTITY:]HEX`) to open records with. */
  readonly secrets?: {
    readonly keyLogs?: readonly (string | Uint8Array)[];
    readonly rsaKeys?: readonly string[];
    readonly psks?: readonly string[];
  };
  /** Ends the reading early; the report covers what was read, and `summary.interrupted` says so. */
  readonly signal?: AbortSignal;
}

/** A path, or the octets of a capture file, as it is or packed with gzip, zstd, lz4 or xz. */
export type CaptureLike = string | Uint8Array;

/**
 * Diagnoses the TLS and DTLS connections of a capture.
 *
 * ```ts
 * import { analyze } from 'tlsdiag';
 *
 * const report = await analyze('case.pcapng');
 * for (const finding of report.findings) console.log(finding.severity, finding.title);
 * ```
 *
 * @param captures a capture, or the files of a rotated set, which are read as one history in the order of their time
 * @returns the object that `tlsdiag analyze --format json` writes; captures given as octets have the path `memory`.
 *   All connections are in it: for captures of many gigabytes follow `--format ndjson` instead.
 * @throws an `InputError` when a file cannot be read, a `RangeError` for a rule that does not exist, a `SecretsError` for
 *   a secret that is none. Damage within a
 *   capture is no error: see `notices`. What is no capture has `format: null`.
 */
export async function analyze(
  captures: CaptureLike | readonly CaptureLike[],
  { rules, reader = 'native', secrets: given, signal }: AnalyzeOptions = {},
): Promise<Report> {
  const parts = await loadParts();
  const wanted = rules === undefined ? undefined : new Set(rules);
  for (const id of wanted ?? []) {
    if (!parts.rules.some((rule) => rule.id === id)) throw new RangeError(`no rule '${id}'`);
  }
  const options = { reader, ...(wanted && { rules: wanted }) };

  const list = Array.isArray(captures) ? captures : [captures as CaptureLike];
  const { paths, fromFolders } = namedCaptures(list.filter((one) => typeof one === 'string'));
  const inMemory = list.filter((one) => typeof one !== 'string');
  const found = [...paths, ...inMemory].map((capture) => inputOf(capture, parts, signal));
  const { tracks } =
    found.length > 1 || fromFolders.size > 0
      ? await arrange(found, fromFolders, parts)
      : { tracks: [{ inputs: found, time: undefined }] };
  const inputs = tracks.flatMap((track) => track.inputs);

  const secrets = await withEmbedded(given && secretsOf(given), inputs, parts, signal);

  const decoder = new TextDecoder();
  let json = '';
  const run = new RunContext(() => analysis);
  const reporter = new JsonReporter(
    (octets) => {
      json += decoder.decode(octets, { stream: true });
    },
    run,
    toolVersion(),
  );
  const tally = new Tally();
  const analysis = parts.createAnalysis(
    {
      connection(history) {
        tally.connection(history);
        reporter.connection(history);
      },
      finding(finding) {
        tally.finding(finding);
        reporter.finding(finding);
      },
      fault(fault) {
        reporter.fault(fault);
      },
    },
    { ...options, secrets, ...severalOf(tracks) },
  );
  const complete = await readCaptures(tracks, analysis, signal ? { signal } : {});
  reporter.end({ result: analysis.end(), tally, selection: '', interrupted: !complete });
  return JSON.parse(json + decoder.decode()) as Report;
}

function secretsOf({
  keyLogs = [],
  rsaKeys = [],
  psks = [],
}: NonNullable<AnalyzeOptions['secrets']>): SecretsInput {
  const encoder = new TextEncoder();
  return {
    keyLogs: keyLogs.map((log) => (typeof log === 'string' ? encoder.encode(log) : log)),
    rsaKeys,
    psks,
  };
}

function inputOf(
  capture: CaptureLike,
  { openCapture }: Parts,
  signal: AbortSignal | undefined,
): CaptureInput {
  return typeof capture === 'string'
    ? { path: capture, open: () => openCapture(capture, process.stdin, signal) }
    : { path: 'memory', open: () => Promise.resolve(new MemorySource(capture, signal)) };
}
