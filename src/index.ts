export type { Analysis, AnalysisOptions, AnalysisResult, AnalysisSink } from './model/analysis.ts';
