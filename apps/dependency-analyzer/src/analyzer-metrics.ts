import { operationClasses, type Analysis, type SequencedOperation } from '@medrex/contracts';
import type { MetricHandles } from '@medrex/telemetry';
import type { AnalyzerObserver, DependencyAnalyzer } from './dependency-analyzer.ts';
import type { analyzerMetrics } from './metrics.ts';

type Handles = MetricHandles<typeof analyzerMetrics>;

/** Counts what the analyzer tells. */
export function countingObserver(metrics: Handles): AnalyzerObserver {
  return {
    analysed: (analyses, operations, seconds, lagRecords) => {
      metrics.runSeconds.observe(seconds);
      metrics.lag.set(lagRecords);
      for (const [index, analysis] of analyses.entries()) countOne(metrics, analysis, operations[index]);
    },
    completed: (operations) => metrics.completed.inc(operations),
  };
}

function countOne(metrics: Handles, analysis: Analysis, operation: SequencedOperation | undefined): void {
  if (operation === undefined) return;
  const labels = { class: operation.routing.class };
  metrics.operations.inc(labels);
  if (analysis.isConflicting) metrics.conflicting.inc(labels);
  metrics.depth.observe(analysis.depth);
  for (const { type } of analysis.edges) metrics.edges.inc({ type });
}

/** Sets the gauges of the live graph; costs O(live), so it is called when somebody asks for the metrics. */
export function gaugeGraph(metrics: Handles, analyzer: DependencyAnalyzer): void {
  const { width, criticalPath, chainLength, keys, classes } = analyzer.statistics();
  metrics.width.set(width);
  metrics.criticalPath.set(criticalPath);
  metrics.chainLength.set(chainLength);
  metrics.keys.set(keys);
  for (const [place, name] of operationClasses.entries()) {
    metrics.live.set({ class: name }, classes[place]?.live ?? 0);
    metrics.waiting.set({ class: name }, classes[place]?.waiting ?? 0);
  }
}
