import { edgeTypes, operationClasses } from '@medrex/contracts';
import { defineMetrics, durationBuckets } from '@medrex/telemetry';

/** The metrics of dependency-analyzer: the shape of the live graph, for tuning (R3.5). */
export const analyzerMetrics = defineMetrics({
  operations: {
    name: 'medrex_analyzer_operations_total',
    kind: 'counter',
    help: 'Operations analysed, by class.',
    labels: { class: operationClasses },
  },
  conflicting: {
    name: 'medrex_analyzer_conflicting_operations_total',
    kind: 'counter',
    help: 'Operations that read a key which an earlier live operation writes: sent at once, they would end in MVCC_READ_CONFLICT.',
    labels: { class: operationClasses },
  },
  edges: {
    name: 'medrex_analyzer_edges_total',
    kind: 'counter',
    help: 'Dependencies on immediate predecessors, by type.',
    labels: { type: edgeTypes },
  },
  depth: {
    name: 'medrex_analyzer_depth',
    kind: 'histogram',
    help: 'Longest chain of live operations in front of an operation when it was analysed.',
    buckets: [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 1024],
  },
  completed: {
    name: 'medrex_analyzer_completed_total',
    kind: 'counter',
    help: 'Operations removed from the graph because they are terminal.',
  },
  live: {
    name: 'medrex_analyzer_live_operations',
    kind: 'gauge',
    help: 'Live operations by class.',
    labels: { class: operationClasses },
  },
  waiting: {
    name: 'medrex_analyzer_waiting_operations',
    kind: 'gauge',
    help: 'Live operations that wait for another operation, by class.',
    labels: { class: operationClasses },
  },
  width: {
    name: 'medrex_analyzer_width',
    kind: 'gauge',
    help: 'Live operations that wait for no other: they could run at once.',
  },
  criticalPath: {
    name: 'medrex_analyzer_critical_path',
    kind: 'gauge',
    help: 'Operations on the longest chain of the live graph. Growing while the width is small: serial work, which fusions carry.',
  },
  chainLength: {
    name: 'medrex_analyzer_chain_length',
    kind: 'gauge',
    help: 'Turns (writes, or groups of readers) that the busiest key still needs. Growing: a hot key; reconsider its key design.',
  },
  keys: { name: 'medrex_analyzer_live_keys', kind: 'gauge', help: 'Keys declared by live operations.' },
  runSeconds: {
    name: 'medrex_analyzer_run_seconds',
    kind: 'histogram',
    help: 'Time to analyse a run of the operations log and publish the analyses.',
    buckets: durationBuckets,
  },
  lag: {
    name: 'medrex_analyzer_lag_records',
    kind: 'gauge',
    help: 'Records of the operations log not yet read. Growing: advice arrives too late to be used.',
  },
});
