export { analyzerConfig, type AnalyzerConfig } from './config.ts';
export { DependencyAnalyzer, type AnalyzerObserver, type DependencyAnalyzerOptions } from './dependency-analyzer.ts';
export { analyzerMetrics } from './metrics.ts';
export { startAnalyzer, type AnalyzerPorts } from './start-analyzer.ts';
