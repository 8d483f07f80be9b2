import { edgeTypes, operationClasses } from '@medrex/contracts';
import { defineMetrics, durationBuckets } from '@medrex/telemetry';

/** Everything that dependency-analyzer counts: the shape of the live graph, for tuning (R3.5). */
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
    help: 'Operations that read what a live earlier one writes: a plain client would have lost them to MVCC_READ_CONFLICT.',
    labels: { class: operationClasses },
  },
  edges: {
    name: 'medrex_analyzer_edges_total',
    kind: 'counter',
    help: 'Dependencies found on immediate predecessors, by type.',
    labels: { type: edgeTypes },
  },
  depth: {
    name: 'medrex_analyzer_depth',
    kind: 'histogram',
    help: 'Longest chain of live operations before an operation, when it was analysed.',
    buckets: [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 1024],
  },
  completed: {
    name: 'medrex_analyzer_completed_total',
    kind: 'counter',
    help: 'Operations that left the graph as terminal.',
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
    help: 'Live operations that wait for another one, by class.',
    labels: { class: operationClasses },
  },
  width: {
    name: 'medrex_analyzer_width',
    kind: 'gauge',
    help: 'Live operations that wait for nothing: what could run at once.',
  },
  criticalPath: {
    name: 'medrex_analyzer_critical_path',
    kind: 'gauge',
    help: 'Operations on the longest chain of the live graph. Growing while width is small: one thing after the other; fusions carry it.',
  },
  chainLength: {
    name: 'medrex_analyzer_chain_length',
    kind: 'gauge',
    help: 'Turns that the busiest key still needs. Growing: a hot key; see its design.',
  },
  keys: { name: 'medrex_analyzer_live_keys', kind: 'gauge', help: 'Keys that live operations declare.' },
  runSeconds: {
    name: 'medrex_analyzer_run_seconds',
    kind: 'histogram',
    help: 'Time to analyse a run of the operations log and publish what was found.',
    buckets: durationBuckets,
  },
  lag: {
    name: 'medrex_analyzer_lag_records',
    kind: 'gauge',
    help: 'Log records of operations not yet read. Growing: advice comes too late to be used.',
  },
});
