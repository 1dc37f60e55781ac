import type { CaptureSource, InputStream } from '../io/open-capture.ts';
import type { Analysis, AnalysisOptions, AnalysisSink, CaptureTime } from '../model/analysis.ts';
import type { RulePage } from '../model/rule.ts';

/** What the commands work with; tests put their own in. */
export interface Parts {
  openCapture(path: string, stdin: InputStream, signal?: AbortSignal): Promise<CaptureSource>;
  createAnalysis(sink: AnalysisSink, options: AnalysisOptions): Analysis;
  createSecretsScan(): SecretsCollector;
  createFirstPacket(): FirstPacketFinder;
  /** Every rule there is, by id. */
  readonly rules: readonly RulePage[];
}

/** Collects the key logs that a capture carries; `push` answers false when it can carry none. */
export interface SecretsCollector {
  readonly keyLogs: readonly Uint8Array[];
  push(chunk: Uint8Array): boolean;
}

/** Looks for the first packet of a capture; `push` answers false when it needs no more octets. */
export interface FirstPacketFinder {
  readonly time: CaptureTime | undefined;
  readonly isCapture: boolean;
  push(chunk: Uint8Array): boolean;
  end(): void;
}

/** The real ones, loaded only by commands that need them. */
export async function loadParts(): Promise<Parts> {
  const [{ openCapture }, { createAnalysis, RULES }, { SecretsScan }, { FirstPacket }] =
    await Promise.all([
      import('../io/open-capture.ts'),
      import('../pipeline/analysis.ts'),
      import('../pipeline/secrets-scan.ts'),
      import('../pipeline/first-packet.ts'),
    ]);
  const createSecretsScan = () => new SecretsScan();
  const createFirstPacket = () => new FirstPacket();
  return { openCapture, createAnalysis, createSecretsScan, createFirstPacket, rules: RULES };
}
