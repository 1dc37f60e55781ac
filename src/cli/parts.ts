import type { CaptureSource, InputStream } from '../io/open-capture.ts';
import type { Analysis, AnalysisOptions, AnalysisSink } from '../model/analysis.ts';
import type { RuleMeta } from '../model/rule.ts';

/** What the commands work with; tests put their own in. */
export interface Parts {
  openCapture(path: string, stdin: InputStream): Promise<CaptureSource>;
  createAnalysis(sink: AnalysisSink, options: AnalysisOptions): Analysis;
  /** Every rule there is, by id. */
  readonly rules: readonly RuleMeta[];
}

/** The real ones, loaded only by commands that need them. */
export async function loadParts(): Promise<Parts> {
  const [{ openCapture }, { createAnalysis, RULES }] = await Promise.all([
    import('../io/open-capture.ts'),
    import('../pipeline/analysis.ts'),
  ]);
  return { openCapture, createAnalysis, rules: RULES };
}
