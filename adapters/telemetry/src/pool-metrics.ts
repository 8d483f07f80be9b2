import type { ObservedPool } from '@medrex/contracts';
import { defineMetrics } from './metric-declaration.ts';
import type { MetricHandles, Metrics } from './metrics.ts';

/** Every service that a process may keep a pool of connections to. */
const poolNames = ['postgres', 'fabric', 'redis', 'http'] as const satisfies readonly ObservedPool['name'][];
const byPool = { pool: poolNames } as const;

/** What every process tells of its pools, whatever their technology. */
export const poolMetrics = defineMetrics({
  connections: {
    name: 'medrex_pool_connections',
    kind: 'gauge',
    help: 'Connections of the pool, in use and idle. A client that carries many calls on one connection counts its calls.',
    labels: { pool: poolNames, state: ['in_use', 'idle'] },
  },
  limit: {
    name: 'medrex_pool_connections_max',
    kind: 'gauge',
    help: 'Connections that the pool makes at most; 0 for a pool that this process does not have.',
    labels: byPool,
  },
  waiting: {
    name: 'medrex_pool_waiting',
    kind: 'gauge',
    help: 'Calls that wait for a connection. Grows when the service behind the pool is slower than what comes in.',
    labels: byPool,
  },
  waitSeconds: {
    name: 'medrex_pool_wait_seconds',
    kind: 'histogram',
    help: 'Time that a call waited for its connection, the making of a new one included.',
    labels: byPool,
  },
  failures: {
    name: 'medrex_pool_failures_total',
    kind: 'counter',
    help: 'Connections that were lost, or could not be made.',
    labels: byPool,
  },
});

const defined = new WeakMap<Metrics, MetricHandles<typeof poolMetrics>>();

/** Defines the metrics of the process's pools, at its first call; what it returns puts a pool under them. */
export function poolObserver(metrics: Metrics): (pool: ObservedPool) => void {
  const handles = defined.get(metrics) ?? metrics.define(poolMetrics);
  defined.set(metrics, handles);
  return (observed) => {
    const { name: pool } = observed;
    observed.onWaited((waitedMs) => handles.waitSeconds.observe({ pool }, waitedMs / 1000));
    observed.onConnectionFailed(() => handles.failures.inc({ pool }));
    metrics.beforeScrape(() => {
      const { inUse, idle, waiting, connectionsMax } = observed.state();
      handles.connections.set({ pool, state: 'in_use' }, inUse);
      handles.connections.set({ pool, state: 'idle' }, idle);
      handles.waiting.set({ pool }, waiting);
      handles.limit.set({ pool }, connectionsMax);
    });
  };
}
