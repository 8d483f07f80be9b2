import { connectReasons, disconnectReasons, scaleSignals, workloadClasses } from '@medrex/pool';
import { cacheMetrics } from './cache/cache-metrics.ts';
import { defineMetrics, type MetricHandles } from '@medrex/telemetry';

export const backendStates = ['opening', 'idle', 'active', 'resetting', 'checking', 'closing'] as const;
export const refusals = ['timeout', 'queue_full', 'shed', 'paused', 'upstream'] as const;
export const departures = ['quiet', 'boundary', 'crossed'] as const;
export const peerCancels = ['forwarded', 'unknown'] as const;
export const reasonsOf = <R extends string>(table: Readonly<Record<R, string>>): readonly R[] =>
  Object.keys(table) as R[];

/** All metrics of pg-proxy. */
export const pgProxyMetrics = defineMetrics({
  ...cacheMetrics,
  clients: { name: 'medrex_pg_proxy_clients', kind: 'gauge', help: 'Logged-in clients.' },
  arriving: {
    name: 'medrex_pg_proxy_clients_arriving',
    kind: 'gauge',
    help: 'Client connections whose login is not complete.',
  },
  waiting: {
    name: 'medrex_pg_proxy_clients_waiting',
    kind: 'gauge',
    help: 'Clients waiting for a backend. If it stays above zero, add backends or shorten transactions.',
  },
  longestWait: {
    name: 'medrex_pg_proxy_longest_wait_seconds',
    kind: 'gauge',
    help: 'Longest wait of the clients now waiting for a backend.',
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
    help: 'Backends that are kept by their client because it left state in the session.',
  },
  pinnedRatio: {
    name: 'medrex_pg_proxy_pinned_ratio',
    kind: 'gauge',
    help: 'Pinned backends as a share of the active ones; 0 when none is active.',
  },
  connects: {
    name: 'medrex_pg_proxy_connects_total',
    kind: 'counter',
    help: 'Backends opened, by reason.',
    labels: { reason: reasonsOf(connectReasons) },
  },
  disconnects: {
    name: 'medrex_pg_proxy_disconnects_total',
    kind: 'counter',
    help: 'Backends closed, by reason.',
    labels: { reason: reasonsOf(disconnectReasons) },
  },
  refusals: {
    name: 'medrex_pg_proxy_refusals_total',
    kind: 'counter',
    help: 'Waits that ended without a backend, by reason.',
    labels: { reason: refusals },
  },
  ioUring: {
    name: 'medrex_pg_proxy_io_uring',
    kind: 'gauge',
    help: '1: connections without TLS are read and written by io_uring; 0: by epoll.',
  },
  lookupsFailed: {
    name: 'medrex_pg_proxy_user_lookups_failed_total',
    kind: 'counter',
    help: 'Logins refused because auth.query or the directory was unavailable.',
  },
  clamped: {
    name: 'medrex_pg_proxy_settings_clamped',
    kind: 'gauge',
    help: 'Pool settings reduced below the configured value by a licence or a limit across pools.',
  },
  loginsRefused: {
    name: 'medrex_pg_proxy_logins_refused_total',
    kind: 'counter',
    help: 'Connections refused before or during the login: wrong password, protocol error, no TLS, unknown database, a limit, overload.',
  },
  internalErrors: {
    name: 'medrex_pg_proxy_internal_errors_total',
    kind: 'counter',
    help: 'Internal errors, each of which has ended one client or one backend. The log says where; please report it.',
  },
  failing: {
    name: 'medrex_pg_proxy_pools_failing',
    kind: 'gauge',
    help: 'Pools whose last login at the upstream has failed and is being retried.',
  },
  fullest: {
    name: 'medrex_pg_proxy_pool_use_ratio',
    kind: 'gauge',
    help: 'Backends in use as a share of those allowed, in the pool with the largest share.',
  },
  reloadFailed: {
    name: 'medrex_pg_proxy_reload_failed',
    kind: 'gauge',
    help: '1 if the last RELOAD found mistakes and the previous configuration is still in effect.',
  },
  certificateEnd: {
    name: 'medrex_pg_proxy_certificate_end_seconds',
    kind: 'gauge',
    help: 'Expiry of the certificate for clients, in seconds since 1970; 0 without one.',
  },
  classActive: {
    name: 'medrex_pg_proxy_class_backends',
    kind: 'gauge',
    help: 'Backends held by work of a class.',
    labels: { class: workloadClasses },
  },
  classWaiting: {
    name: 'medrex_pg_proxy_class_waiting',
    kind: 'gauge',
    help: 'Clients waiting for a backend, by class of work. Some analytical and bulk work always waits under load, because these classes have few slots.',
    labels: { class: workloadClasses },
  },
  classLongestWait: {
    name: 'medrex_pg_proxy_class_longest_wait_seconds',
    kind: 'gauge',
    help: 'Longest wait of the clients of a class now waiting.',
    labels: { class: workloadClasses },
  },
  rung: {
    name: 'medrex_pg_proxy_overload_rung',
    kind: 'gauge',
    help: 'Rung of the overload ladder: 0 normal, 1 analytical and bulk work has half of its slots, 2 analytical and bulk reads are answered only from the result cache if a rule covers them, 3 clients have been told that they wait, 4 new analytical and bulk work is refused, 5 new logins are refused.',
  },
  memoryUse: {
    name: 'medrex_pg_proxy_memory_use_ratio',
    kind: 'gauge',
    help: 'Memory in use as a share of what the process may use; rung 2 at 0.75, 4 at 0.85, 5 at 0.9.',
  },
  scaleOut: {
    name: 'medrex_pg_proxy_scale_out_wanted',
    kind: 'gauge',
    help: '1: another instance is needed, because of waits for a backend (95th percentile above 50 ms for 60 s), pools (above 80 % for 120 s), the event loop (99th percentile 20 ms late for 60 s) or the CPU (above 70 % for 60 s).',
    labels: { signal: scaleSignals },
  },
  scaleIn: {
    name: 'medrex_pg_proxy_scale_in_possible',
    kind: 'gauge',
    help: '1: for ten minutes, everything has been below half of the thresholds for another instance.',
  },
  licenceHeadroom: {
    name: 'medrex_pg_proxy_licence_headroom',
    kind: 'gauge',
    help: 'Backends that may still be opened before each costs a licence unit, for the login closest to that limit; -1 if no licence is counted.',
  },
  licenceGranted: {
    name: 'medrex_pg_proxy_licence_granted',
    kind: 'gauge',
    help: 'Connections to IRIS that this instance may have, for all logins together, including those lent by others.',
  },
  licenceLent: {
    name: 'medrex_pg_proxy_licence_by_lease',
    kind: 'gauge',
    help: 'Logins whose connections the instances are lending each other; for the other shared ones of SHOW LICENCES, each instance has its own part.',
  },
  departures: {
    name: 'medrex_pg_proxy_departures_total',
    kind: 'counter',
    help: 'Clients disconnected by a drain. quiet: between transactions; boundary: with the end of one; crossed: those of them whose next statement was on its way and was not run.',
    labels: { how: departures },
  },
  peerCancels: {
    name: 'medrex_pg_proxy_peer_cancels_total',
    kind: 'counter',
    help: 'Cancel requests for other instances: forwarded, or for an unknown instance.',
    labels: { how: peerCancels },
  },
});

export type PgProxyMetrics = MetricHandles<typeof pgProxyMetrics>;
