import { connectReasons, disconnectReasons, type PoolTotals } from '@medrex/pool';
import { defineMetrics, type MetricHandles } from '@medrex/telemetry';

const backendStates = ['opening', 'idle', 'active', 'resetting', 'checking', 'closing'] as const;
const refusals = ['timeout', 'queue_full', 'shed', 'paused', 'upstream'] as const;
const reasonsOf = <R extends string>(table: Readonly<Record<R, string>>): readonly R[] => Object.keys(table) as R[];

/** Everything that pg-proxy counts. */
export const pgProxyMetrics = defineMetrics({
  clients: { name: 'medrex_pg_proxy_clients', kind: 'gauge', help: 'Clients that are logged in.' },
  arriving: {
    name: 'medrex_pg_proxy_clients_arriving',
    kind: 'gauge',
    help: 'Connections that are not logged in yet.',
  },
  waiting: {
    name: 'medrex_pg_proxy_clients_waiting',
    kind: 'gauge',
    help: 'Clients that wait for a backend. Above zero for long: more backends, or shorter transactions.',
  },
  longestWait: {
    name: 'medrex_pg_proxy_longest_wait_seconds',
    kind: 'gauge',
    help: 'How long the client has waited that waits for longest.',
  },
  backends: {
    name: 'medrex_pg_proxy_backends',
    kind: 'gauge',
    help: 'Connections to upstreams, by state.',
    labels: { state: backendStates },
  },
  pinned: {
    name: 'medrex_pg_proxy_backends_pinned',
    kind: 'gauge',
    help: 'Backends that stay with their client because it left state in the session.',
  },
  connects: {
    name: 'medrex_pg_proxy_connects_total',
    kind: 'counter',
    help: 'Backends opened, by why.',
    labels: { reason: reasonsOf(connectReasons) },
  },
  disconnects: {
    name: 'medrex_pg_proxy_disconnects_total',
    kind: 'counter',
    help: 'Backends closed, by why.',
    labels: { reason: reasonsOf(disconnectReasons) },
  },
  refusals: {
    name: 'medrex_pg_proxy_refusals_total',
    kind: 'counter',
    help: 'Waits that ended without a backend, by why.',
    labels: { reason: refusals },
  },
  loginsRefused: {
    name: 'medrex_pg_proxy_logins_refused_total',
    kind: 'counter',
    help: 'Connections that were sent away before they were logged in: wrong password, wrong bytes, no TLS.',
  },
});

export type PgProxyMetrics = MetricHandles<typeof pgProxyMetrics>;

/** Takes the counts of the pools over at each scrape; they only grow, so what is added is the difference. */
export class PoolMetrics {
  readonly #metrics: PgProxyMetrics;
  #before: PoolTotals['counts'] | undefined;

  constructor(metrics: PgProxyMetrics) {
    this.#metrics = metrics;
  }

  set(totals: PoolTotals, arriving: number): void {
    const metrics = this.#metrics;
    metrics.clients.set(totals.clients);
    metrics.arriving.set(arriving);
    metrics.waiting.set(totals.waiting);
    metrics.longestWait.set(totals.longestWaitMs / 1_000);
    metrics.pinned.set(totals.pinned);
    for (const state of backendStates) metrics.backends.set({ state }, totals[state]);
    const { counts } = totals;
    const before = this.#before;
    for (const reason of reasonsOf(connectReasons))
      metrics.connects.inc({ reason }, counts.connects[reason] - (before?.connects[reason] ?? 0));
    for (const reason of reasonsOf(disconnectReasons))
      metrics.disconnects.inc({ reason }, counts.disconnects[reason] - (before?.disconnects[reason] ?? 0));
    for (const reason of refusals)
      metrics.refusals.inc({ reason }, counts.refusals[reason] - (before?.refusals[reason] ?? 0));
    this.#before = counts;
  }
}
