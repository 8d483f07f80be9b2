import { connectReasons, disconnectReasons, type PoolFigures, type PoolTotals } from '@medrex/pool';
import { cacheMetrics } from './cache/cache-metrics.ts';
import { defineMetrics, type MetricHandles } from '@medrex/telemetry';

const backendStates = ['opening', 'idle', 'active', 'resetting', 'checking', 'closing'] as const;
const refusals = ['timeout', 'queue_full', 'shed', 'paused', 'upstream'] as const;
const departures = ['quiet', 'boundary', 'crossed'] as const;
const peerCancels = ['forwarded', 'unknown'] as const;
const reasonsOf = <R extends string>(table: Readonly<Record<R, string>>): readonly R[] => Object.keys(table) as R[];

/** Everything that pg-proxy counts. */
export const pgProxyMetrics = defineMetrics({
  ...cacheMetrics,
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
  lookupsFailed: {
    name: 'medrex_pg_proxy_user_lookups_failed_total',
    kind: 'counter',
    help: 'Logins that were sent away because auth.query or the directory could not be asked.',
  },
  clamped: {
    name: 'medrex_pg_proxy_settings_clamped',
    kind: 'gauge',
    help: 'Settings of pools that are less than the configuration asks for, because of a licence or a limit across pools.',
  },
  loginsRefused: {
    name: 'medrex_pg_proxy_logins_refused_total',
    kind: 'counter',
    help: 'Connections that were sent away before they were logged in: wrong password, wrong bytes, no TLS.',
  },
  failing: {
    name: 'medrex_pg_proxy_pools_failing',
    kind: 'gauge',
    help: 'Pools of which the last login at the upstream has failed; it is tried again.',
  },
  fullest: {
    name: 'medrex_pg_proxy_pool_use_ratio',
    kind: 'gauge',
    help: 'Backends in use over those that are allowed, of the pool where that is most.',
  },
  certificateEnd: {
    name: 'medrex_pg_proxy_certificate_end_seconds',
    kind: 'gauge',
    help: 'When the certificate for clients ends, seconds since 1970; 0 without one.',
  },
  departures: {
    name: 'medrex_pg_proxy_departures_total',
    kind: 'counter',
    help: 'Clients that a drain has sent away: quiet between transactions, at the boundary with the end of one. crossed: of them, those whose next statement was on its way and was not run.',
    labels: { how: departures },
  },
  peerCancels: {
    name: 'medrex_pg_proxy_peer_cancels_total',
    kind: 'counter',
    help: 'Cancel requests for other instances: forwarded, or of an instance that is unknown here.',
    labels: { how: peerCancels },
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

  set(totals: PoolTotals, figures: readonly PoolFigures[], arriving: number): void {
    const metrics = this.#metrics;
    metrics.failing.set(figures.filter(({ isFailing }) => isFailing).length);
    metrics.fullest.set(Math.max(0, ...figures.map(({ active, settings }) => active / settings.max)));
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

/** Takes over what only grows and is counted elsewhere. */
export class GrowingCounts<K extends string> {
  readonly #before = new Map<K, number>();
  readonly #names: readonly K[];

  constructor(names: readonly K[]) {
    this.#names = names;
  }

  set(now: Readonly<Record<K, number>>, add: (name: K, more: number) => void): void {
    for (const name of this.#names) {
      add(name, now[name] - (this.#before.get(name) ?? 0));
      this.#before.set(name, now[name]);
    }
  }
}

/** What happens to clients of a proxy that is rolled out, and to requests for its peers. */
export class RollOutMetrics {
  readonly #metrics: PgProxyMetrics;
  readonly #departures = new GrowingCounts(departures);
  readonly #peerCancels = new GrowingCounts(peerCancels);

  constructor(metrics: PgProxyMetrics) {
    this.#metrics = metrics;
  }

  set(
    gone: Readonly<Record<(typeof departures)[number], number>>,
    cancels: Readonly<Record<(typeof peerCancels)[number], number>>,
  ): void {
    this.#departures.set(gone, (how, more) => this.#metrics.departures.inc({ how }, more));
    this.#peerCancels.set(cancels, (how, more) => this.#metrics.peerCancels.inc({ how }, more));
  }
}
