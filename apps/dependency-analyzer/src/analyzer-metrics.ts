import { operationClasses, type Analysis, type SequencedOperation } from '@medrex/contracts';
import { isSampled, type MetricHandles, type Tracing } from '@medrex/telemetry';
import type { AnalyzerObserver, DependencyAnalyzer } from './dependency-analyzer.ts';
import type { analyzerMetrics } from './metrics.ts';

type Handles = MetricHandles<typeof analyzerMetrics>;

/** An observer that counts metrics, and writes the span of each operation whose trace is sampled. */
export function countingObserver(metrics: Handles, tracing: Tracing, channel: string): AnalyzerObserver {
  return {
    analysed: (analyses, operations, seconds, lagRecords) => {
      metrics.runSeconds.observe(seconds);
      metrics.lag.set(lagRecords);
      const startedAtMs = Date.now() - seconds * 1_000;
      for (const [index, analysis] of analyses.entries()) {
        const operation = operations[index];
        countOne(metrics, analysis, operation);
        traceOne(tracing, { channel, startedAtMs }, analysis, operation?.routing.traceparent);
      }
    },
    completed: (operations) => metrics.completed.inc(operations),
  };
}

function traceOne(
  tracing: Tracing,
  { channel, startedAtMs }: { readonly channel: string; readonly startedAtMs: number },
  { seq, opId, edges, depth }: Analysis,
  parent: string | undefined,
): void {
  if (!isSampled(parent)) return;
  const attributes = { channel, seq, opId, edges: edges.length, depth };
  tracing.startSpan('dependency-analyzer analyse', { parent, kind: 'consumer', attributes, startedAtMs }).end();
}

function countOne(metrics: Handles, analysis: Analysis, operation: SequencedOperation | undefined): void {
  if (operation === undefined) return;
  const labels = { class: operation.routing.class };
  metrics.operations.inc(labels);
  if (analysis.isConflicting) metrics.conflicting.inc(labels);
  metrics.depth.observe(analysis.depth);
  for (const { type } of analysis.edges) metrics.edges.inc({ type });
}

/** Sets the gauges of the live graph. Costs O(live), so it runs only when the metrics are scraped. */
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
