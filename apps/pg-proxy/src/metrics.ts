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
  pinnedRatio: {
    name: 'medrex_pg_proxy_pinned_ratio',
    kind: 'gauge',
    help: 'Backends that stay with their client, over the active ones; 0 when none is active.',
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
  ioUring: {
    name: 'medrex_pg_proxy_io_uring',
    kind: 'gauge',
    help: '1: connections without TLS are read and written by io_uring; 0: by epoll.',
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
    help: 'Connections that were sent away: wrong password, wrong bytes, no TLS, no such database, a limit, overload.',
  },
  internalErrors: {
    name: 'medrex_pg_proxy_internal_errors_total',
    kind: 'counter',
    help: 'Errors of our own, each of which has ended one client or one backend: the log says where. Please report it.',
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
  reloadFailed: {
    name: 'medrex_pg_proxy_reload_failed',
    kind: 'gauge',
    help: '1 when the last RELOAD found mistakes: the configuration before it is in effect.',
  },
  certificateEnd: {
    name: 'medrex_pg_proxy_certificate_end_seconds',
    kind: 'gauge',
    help: 'When the certificate for clients ends, seconds since 1970; 0 without one.',
  },
  classActive: {
    name: 'medrex_pg_proxy_class_backends',
    kind: 'gauge',
    help: 'Backends that work of a class holds.',
    labels: { class: workloadClasses },
  },
  classWaiting: {
    name: 'medrex_pg_proxy_class_waiting',
    kind: 'gauge',
    help: 'Clients that wait for a backend, by the class of their work. Of analytical and bulk work some wait whenever there is much: their slots are few.',
    labels: { class: workloadClasses },
  },
  classLongestWait: {
    name: 'medrex_pg_proxy_class_longest_wait_seconds',
    kind: 'gauge',
    help: 'How long the client of a class has waited that waits for longest.',
    labels: { class: workloadClasses },
  },
  rung: {
    name: 'medrex_pg_proxy_overload_rung',
    kind: 'gauge',
    help: 'What is done about overload: 0 nothing, 1 analytical and bulk work has half of its slots, 2 analytical and bulk reads from the result cache only, where they may be, 3 clients are told that they wait, 4 new analytical and bulk work is refused, 5 new logins are refused.',
  },
  memoryUse: {
    name: 'medrex_pg_proxy_memory_use_ratio',
    kind: 'gauge',
    help: 'Memory in use over what the process may have; rung 2 at 0.75, 4 at 0.85, 5 at 0.9.',
  },
  scaleOut: {
    name: 'medrex_pg_proxy_scale_out_wanted',
    kind: 'gauge',
    help: '1: another instance is asked for, because waits for a backend (95th percentile above 50 ms for 60 s), pools (above 80 % for 120 s), the event loop (99th percentile 20 ms late for 60 s) or the CPU (above 70 % for 60 s) say so.',
    labels: { signal: scaleSignals },
  },
  scaleIn: {
    name: 'medrex_pg_proxy_scale_in_possible',
    kind: 'gauge',
    help: '1: for ten minutes everything has been below half of what asks for another instance.',
  },
  licenceHeadroom: {
    name: 'medrex_pg_proxy_licence_headroom',
    kind: 'gauge',
    help: 'Backends that may still be opened before each costs a licence of its own, for the login that is closest to it; -1 where no licence is counted.',
  },
  licenceGranted: {
    name: 'medrex_pg_proxy_licence_granted',
    kind: 'gauge',
    help: 'Connections to IRIS that this instance may have, of all logins together; what others have lent it is among them.',
  },
  licenceLent: {
    name: 'medrex_pg_proxy_licence_by_lease',
    kind: 'gauge',
    help: 'Logins whose connections instances lend each other at the moment; where that is less than those of SHOW LICENCES that are shared, each has its own part.',
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
