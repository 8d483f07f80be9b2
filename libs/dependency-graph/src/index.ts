export {
  DependencyGraph,
  type Admission,
  type ChainLengths,
  type DependencyGraphOptions,
  type GraphOperation,
} from './dependency-graph.ts';
export type { Edge, EdgeType } from './edges.ts';
export { dependencyGraphErrors } from './errors.ts';
export type { GraphStatistics } from './graph-statistics.ts';
export { LiveQueues, type LiveOperation } from './live-queues.ts';
export type { QueueWatcher } from './queue-records.ts';
export type { ReleaseSink, ReleaseWalk } from './release-walk.ts';
export type { Placing } from './insertion.ts';
