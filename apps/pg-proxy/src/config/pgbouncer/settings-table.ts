import { longestMs } from '../durations.ts';
import { readCInteger, readMilliseconds, readList, oneOf, readInteger, readBoolean } from './ini-values.ts';

/** What becomes of a setting in section [pgbouncer]. */
export type SettingMapping =
  /** It is read together with others. */
  | 'readSeparately'
  /** It has no effect here; the text says why, or what replaces it. */
  | { readonly noEffect: string }
  /** It is not supported, and ignoring it would change what clients see. With the value `unless` it does nothing. */
  | { readonly refused: string; readonly unless?: RegExp }
  | { readonly field: string; readonly read: (text: string) => unknown };

const to = (field: string, read: (text: string) => unknown): SettingMapping => ({ field, read });
const noEffect = (why: string): SettingMapping => ({ noEffect: why });
/** For settings where 0 means no limit. */
const unlimitedIfZero = (text: string): number | undefined => {
  const ms = readMilliseconds(text);
  return ms === 0 ? longestMs : ms;
};
/** For settings where 0 means at once; this time is equivalent. */
const shortestIfZero =
  (atOnceMs: number) =>
  (text: string): number | undefined => {
    const ms = readMilliseconds(text);
    return ms === 0 ? atOnceMs : ms;
  };
/** For settings where 0 means the default. */
const limit = (text: string): number | undefined => readInteger(text);

const mode = oneOf('session', 'transaction', 'statement');

const systemSettings = noEffect("the system's own settings apply");
const keepAlive = noEffect('a peer silent for 60 s is probed, and given up 10 s later');
const resolver = noEffect("the system's resolver looks names up, for each connection and as dns_max_ttl says");
const logs = noEffect('the log is JSON on standard error; MEDREX_LOG_LEVEL sets its level');
const ciphers = noEffect('Node.js chooses the ciphers, the secure ones of TLS 1.2 and 1.3');

/** Every setting of PgBouncer up to 1.25. */
export const settingsTable: Readonly<Record<string, SettingMapping>> = {
  listen_addr: 'readSeparately',
  listen_port: to('listen.port', readCInteger),
  so_reuseport: to('listen.reusePort', readBoolean),
  unix_socket_dir: 'readSeparately',
  unix_socket_mode: 'readSeparately',
  unix_socket_group: {
    refused: 'the socket has the group of the process, or of its folder if that has the set-group-ID bit',
    unless: /^$/,
  },
  pool_mode: to('pool.mode', mode),
  max_client_conn: to('clientsMax', readCInteger),
  default_pool_size: to('pool.size', readCInteger),
  min_pool_size: to('pool.min', readCInteger),
  reserve_pool_size: to('pool.reserve', readCInteger),
  reserve_pool_timeout: to('pool.reserveAfterMs', unlimitedIfZero),
  max_db_connections: 'readSeparately',
  max_db_client_connections: 'readSeparately',
  max_user_connections: 'readSeparately',
  max_user_client_connections: 'readSeparately',
  // 0: a backend is closed after its first transaction or session.
  server_lifetime: to('pool.lifetimeMs', shortestIfZero(1)),
  server_idle_timeout: to('pool.idleTimeoutMs', unlimitedIfZero),
  server_connect_timeout: to('pool.connectTimeoutMs', unlimitedIfZero),
  server_check_delay: to('pool.checkAfterMs', shortestIfZero(1_000)),
  client_login_timeout: to('loginTimeoutMs', unlimitedIfZero),
  query_timeout: to('pool.queryTimeoutMs', readMilliseconds),
  query_wait_timeout: to('pool.waitTimeoutMs', unlimitedIfZero),
  query_wait_notify: to('pool.noticeAfterMs', unlimitedIfZero),
  client_idle_timeout: to('pool.clientIdleTimeoutMs', readMilliseconds),
  idle_transaction_timeout: to('pool.transactionIdleTimeoutMs', readMilliseconds),
  transaction_timeout: to('pool.transactionTimeoutMs', readMilliseconds),
  max_prepared_statements: 'readSeparately',
  admin_users: to('admin.users', readList),
  stats_users: to('admin.statsUsers', readList),
  peer_id: 'readSeparately',
  auth_type: 'readSeparately',
  auth_file: 'readSeparately',
  auth_hba_file: 'readSeparately',
  auth_ldap_options: 'readSeparately',
  auth_user: 'readSeparately',
  auth_query: 'readSeparately',
  auth_dbname: 'readSeparately',
  auth_ident_file: 'readSeparately',
  client_tls_sslmode: 'readSeparately',
  client_tls_key_file: 'readSeparately',
  client_tls_cert_file: 'readSeparately',
  client_tls_ca_file: 'readSeparately',
  server_tls_sslmode: 'readSeparately',
  server_tls_ca_file: 'readSeparately',
  server_tls_key_file: 'readSeparately',
  server_tls_cert_file: 'readSeparately',
  client_tls_protocols: 'readSeparately',
  client_tls_ciphers: ciphers,
  client_tls13_ciphers: ciphers,
  client_tls_ecdhcurve: ciphers,
  client_tls_dheparams: ciphers,
  server_tls_protocols: 'readSeparately',
  server_tls_ciphers: ciphers,
  server_tls13_ciphers: ciphers,
  server_reset_query: noEffect('the proxy tracks what a client leaves in its session, and undoes it'),
  server_reset_query_always: noEffect('the proxy tracks what a client leaves in its session, and undoes it'),
  server_check_query: noEffect('servers are checked by a Sync message'),
  server_round_robin: noEffect('the backend used last is used first, in session mode the one idle longest'),
  server_fast_close: noEffect('a backend is replaced when its client releases it'),
  server_login_retry: noEffect('failed logins are retried after 0.1 s, then at growing intervals up to 15 s'),
  track_extra_parameters: noEffect('every parameter that a client sets is tracked'),
  ignore_startup_parameters: to('ignoreStartupParameters', readList),
  disable_pqexec: { refused: 'simple queries cannot be disabled', unless: /^0$/ },
  application_name_add_host: to('applicationNameAddHost', readBoolean),
  login_notify_message: noEffect('clients get no message at login'),
  scram_iterations: noEffect('always 4096, as in PostgreSQL'),
  autodb_idle_timeout: noEffect('a pool ends with its last client and backend'),
  pool_idle_timeout: noEffect('a pool ends with its last client and backend'),
  suspend_timeout: noEffect('there is no SUSPEND; drain for a roll-out: drain.*'),
  cancel_wait_timeout: noEffect('a cancel request is sent at once or dropped'),
  stats_period: noEffect('/metrics and SHOW count continuously'),
  logfile: logs,
  syslog: logs,
  syslog_ident: logs,
  syslog_facility: logs,
  log_connections: logs,
  log_disconnections: logs,
  log_pooler_errors: logs,
  log_stats: logs,
  verbose: logs,
  pidfile: noEffect('the process stays in the foreground, so whatever starts it knows its pid'),
  user: noEffect('start the process as that user'),
  conffile: noEffect('RELOAD always reads the same file'),
  service_name: noEffect('Windows services are not supported'),
  job_name: noEffect('Windows services are not supported'),
  dns_max_ttl: 'readSeparately',
  dns_nxdomain_ttl: resolver,
  dns_zone_check_period: resolver,
  resolv_conf: resolver,
  pkt_buf: systemSettings,
  max_packet_size: noEffect("PostgreSQL's own limits apply"),
  listen_backlog: noEffect('always 1024'),
  sbuf_loopcnt: noEffect('data is passed on as it arrives'),
  tcp_defer_accept: systemSettings,
  tcp_socket_buffer: systemSettings,
  tcp_keepalive: keepAlive,
  tcp_keepcnt: keepAlive,
  tcp_keepidle: keepAlive,
  tcp_keepintvl: keepAlive,
  tcp_user_timeout: systemSettings,
};

/** Settings of a database or a user, with their fields. */
export const scopedSettingsTable: Readonly<
  Record<string, { readonly field: string; readonly read: (text: string) => unknown }>
> = {
  pool_size: { field: 'size', read: readInteger },
  min_pool_size: { field: 'min', read: readInteger },
  reserve_pool_size: { field: 'reserve', read: readInteger },
  reserve_pool: { field: 'reserve', read: readInteger },
  pool_mode: { field: 'mode', read: mode },
  query_timeout: { field: 'queryTimeoutMs', read: readMilliseconds },
  query_wait_timeout: { field: 'waitTimeoutMs', read: unlimitedIfZero },
  idle_transaction_timeout: { field: 'transactionIdleTimeoutMs', read: readMilliseconds },
  transaction_timeout: { field: 'transactionTimeoutMs', read: readMilliseconds },
  client_idle_timeout: { field: 'clientIdleTimeoutMs', read: readMilliseconds },
  server_lifetime: { field: 'lifetimeMs', read: readMilliseconds },
  max_db_connections: { field: 'backendsMax', read: limit },
  max_user_connections: { field: 'backendsMax', read: limit },
  max_db_client_connections: { field: 'clientsMax', read: limit },
  max_user_client_connections: { field: 'clientsMax', read: limit },
};

/** PgBouncer's defaults that differ from this proxy's. */
export const pgbouncerDefaults: Readonly<Record<string, unknown>> = {
  'listen.host': '',
  'admin.ownUser': true,
  'pool.mode': 'session',
  clientsMax: 100,
  'pool.reserve': 0,
  'pool.waitTimeoutMs': 120_000,
  'pool.connectTimeoutMs': 15_000,
  // In PgBouncer a waiting client may get any backend of the pool, however long its statements take.
  'classes.isOn': false,
};
