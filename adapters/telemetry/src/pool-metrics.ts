import type { ObservedPool } from '@medrex/contracts';
import { defineMetrics } from './metric-declaration.ts';
import type { MetricHandles, Metrics } from './metrics.ts';

/** Every service to which a process may have a connection pool. */
const poolNames = ['postgres', 'fabric', 'redis', 'http'] as const satisfies readonly ObservedPool['name'][];
const byPool = { pool: poolNames } as const;

/** Metrics of pools, the same in every process and for every technology. */
export const poolMetrics = defineMetrics({
  connections: {
    name: 'medrex_pool_connections',
    kind: 'gauge',
    help: 'Connections of the pool, in use and idle. For a client that multiplexes calls on one connection, its calls are counted.',
    labels: { pool: poolNames, state: ['in_use', 'idle'] },
  },
  limit: {
    name: 'medrex_pool_connections_max',
    kind: 'gauge',
    help: 'Maximum number of connections of the pool; 0 for a pool that this process does not have.',
    labels: byPool,
  },
  waiting: {
    name: 'medrex_pool_waiting',
    kind: 'gauge',
    help: 'Calls that wait for a connection. Grows when the service behind the pool is slower than the load.',
    labels: byPool,
  },
  waitSeconds: {
    name: 'medrex_pool_wait_seconds',
    kind: 'histogram',
    help: 'Time that a call waited for its connection, including the opening of a new one.',
    labels: byPool,
  },
  failures: {
    name: 'medrex_pool_failures_total',
    kind: 'counter',
    help: 'Connections that were lost or could not be opened.',
    labels: byPool,
  },
});

const defined = new WeakMap<Metrics, MetricHandles<typeof poolMetrics>>();

/** Defines the metrics of the process's pools at its first call; the returned function adds a pool to them. */
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
