import { longestMs } from '../durations.ts';
import { asInC, milliseconds, names, oneOf, whole, yes } from './ini-values.ts';

/** What becomes of a setting in section [pgbouncer]. */
export type Fate =
  /** It is read together with others. */
  | 'elsewhere'
  /** It has no effect here; the text says why, or what replaces it. */
  | { readonly nothing: string }
  /** It is not supported, and ignoring it would change what clients see. With the value `unless` it does nothing. */
  | { readonly refused: string; readonly unless?: RegExp }
  | { readonly to: string; readonly read: (text: string) => unknown };

const to = (field: string, read: (text: string) => unknown): Fate => ({ to: field, read });
const nothing = (why: string): Fate => ({ nothing: why });
/** For settings where 0 means no limit. */
const orForEver = (text: string): number | undefined => {
  const ms = milliseconds(text);
  return ms === 0 ? longestMs : ms;
};
/** For settings where 0 means at once; this time is equivalent. */
const orAtOnce =
  (atOnceMs: number) =>
  (text: string): number | undefined => {
    const ms = milliseconds(text);
    return ms === 0 ? atOnceMs : ms;
  };
/** For settings where 0 means the default. */
const some = (text: string): number | undefined => whole(text);

const mode = oneOf('session', 'transaction', 'statement');

const systems = nothing("the system's own settings apply");
const keepAlive = nothing('a peer silent for 60 s is probed, and given up 10 s later');
const resolver = nothing("the system's resolver looks names up, for each connection and as dns_max_ttl says");
const logs = nothing('the log is JSON on standard error; MEDREX_LOG_LEVEL sets its level');
const ciphers = nothing('Node.js chooses the ciphers, the secure ones of TLS 1.2 and 1.3');

/** Every setting of PgBouncer up to 1.25. */
export const settingsTable: Readonly<Record<string, Fate>> = {
  listen_addr: 'elsewhere',
  listen_port: to('listen.port', asInC),
  so_reuseport: to('listen.reusePort', yes),
  unix_socket_dir: 'elsewhere',
  unix_socket_mode: 'elsewhere',
  unix_socket_group: {
    refused: 'the socket has the group of the process, or of its folder if that has the set-group-ID bit',
    unless: /^$/,
  },
  pool_mode: to('pool.mode', mode),
  max_client_conn: to('clientsMax', asInC),
  default_pool_size: to('pool.size', asInC),
  min_pool_size: to('pool.min', asInC),
  reserve_pool_size: to('pool.reserve', asInC),
  reserve_pool_timeout: to('pool.reserveAfterMs', orForEver),
  max_db_connections: 'elsewhere',
  max_db_client_connections: 'elsewhere',
  max_user_connections: 'elsewhere',
  max_user_client_connections: 'elsewhere',
  // 0: a backend is closed after its first transaction or session.
  server_lifetime: to('pool.lifetimeMs', orAtOnce(1)),
  server_idle_timeout: to('pool.idleTimeoutMs', orForEver),
  server_connect_timeout: to('pool.connectTimeoutMs', orForEver),
  server_check_delay: to('pool.checkAfterMs', orAtOnce(1_000)),
  client_login_timeout: to('loginTimeoutMs', orForEver),
  query_timeout: to('pool.queryTimeoutMs', milliseconds),
  query_wait_timeout: to('pool.waitTimeoutMs', orForEver),
  query_wait_notify: to('pool.noticeAfterMs', orForEver),
  client_idle_timeout: to('pool.clientIdleTimeoutMs', milliseconds),
  idle_transaction_timeout: to('pool.transactionIdleTimeoutMs', milliseconds),
  transaction_timeout: to('pool.transactionTimeoutMs', milliseconds),
  max_prepared_statements: 'elsewhere',
  admin_users: to('admin.users', names),
  stats_users: to('admin.statsUsers', names),
  peer_id: 'elsewhere',
  auth_type: 'elsewhere',
  auth_file: 'elsewhere',
  auth_hba_file: 'elsewhere',
  auth_ldap_options: 'elsewhere',
  auth_user: 'elsewhere',
  auth_query: 'elsewhere',
  auth_dbname: 'elsewhere',
  auth_ident_file: 'elsewhere',
  client_tls_sslmode: 'elsewhere',
  client_tls_key_file: 'elsewhere',
  client_tls_cert_file: 'elsewhere',
  client_tls_ca_file: 'elsewhere',
  server_tls_sslmode: 'elsewhere',
  server_tls_ca_file: 'elsewhere',
  server_tls_key_file: 'elsewhere',
  server_tls_cert_file: 'elsewhere',
  client_tls_protocols: 'elsewhere',
  client_tls_ciphers: ciphers,
  client_tls13_ciphers: ciphers,
  client_tls_ecdhcurve: ciphers,
  client_tls_dheparams: ciphers,
  server_tls_protocols: 'elsewhere',
  server_tls_ciphers: ciphers,
  server_tls13_ciphers: ciphers,
  server_reset_query: nothing('the proxy tracks what a client leaves in its session, and undoes it'),
  server_reset_query_always: nothing('the proxy tracks what a client leaves in its session, and undoes it'),
  server_check_query: nothing('servers are checked by a Sync message'),
  server_round_robin: nothing('the backend used last is used first, in session mode the one idle longest'),
  server_fast_close: nothing('a backend is replaced when its client releases it'),
  server_login_retry: nothing('failed logins are retried after 0.1 s, then at growing intervals up to 15 s'),
  track_extra_parameters: nothing('every parameter that a client sets is tracked'),
  ignore_startup_parameters: to('ignoreStartupParameters', names),
  disable_pqexec: { refused: 'simple queries cannot be disabled', unless: /^0$/ },
  application_name_add_host: to('applicationNameAddHost', yes),
  login_notify_message: nothing('clients get no message at login'),
  scram_iterations: nothing('always 4096, as in PostgreSQL'),
  autodb_idle_timeout: nothing('a pool ends with its last client and backend'),
  pool_idle_timeout: nothing('a pool ends with its last client and backend'),
  suspend_timeout: nothing('there is no SUSPEND; drain for a roll-out: drain.*'),
  cancel_wait_timeout: nothing('a cancel request is sent at once or dropped'),
  stats_period: nothing('/metrics and SHOW count continuously'),
  logfile: logs,
  syslog: logs,
  syslog_ident: logs,
  syslog_facility: logs,
  log_connections: logs,
  log_disconnections: logs,
  log_pooler_errors: logs,
  log_stats: logs,
  verbose: logs,
  pidfile: nothing('the process stays in the foreground, so whatever starts it knows its pid'),
  user: nothing('start the process as that user'),
  conffile: nothing('RELOAD always reads the same file'),
  service_name: nothing('Windows services are not supported'),
  job_name: nothing('Windows services are not supported'),
  dns_max_ttl: 'elsewhere',
  dns_nxdomain_ttl: resolver,
  dns_zone_check_period: resolver,
  resolv_conf: resolver,
  pkt_buf: systems,
  max_packet_size: nothing("PostgreSQL's own limits apply"),
  listen_backlog: nothing('always 1024'),
  sbuf_loopcnt: nothing('data is passed on as it arrives'),
  tcp_defer_accept: systems,
  tcp_socket_buffer: systems,
  tcp_keepalive: keepAlive,
  tcp_keepcnt: keepAlive,
  tcp_keepidle: keepAlive,
  tcp_keepintvl: keepAlive,
  tcp_user_timeout: systems,
};

/** Settings of a database or a user, with their fields. */
export const narrowTable: Readonly<Record<string, { readonly to: string; readonly read: (text: string) => unknown }>> =
  {
    pool_size: { to: 'size', read: whole },
    min_pool_size: { to: 'min', read: whole },
    reserve_pool_size: { to: 'reserve', read: whole },
    reserve_pool: { to: 'reserve', read: whole },
    pool_mode: { to: 'mode', read: mode },
    query_timeout: { to: 'queryTimeoutMs', read: milliseconds },
    query_wait_timeout: { to: 'waitTimeoutMs', read: orForEver },
    idle_transaction_timeout: { to: 'transactionIdleTimeoutMs', read: milliseconds },
    transaction_timeout: { to: 'transactionTimeoutMs', read: milliseconds },
    client_idle_timeout: { to: 'clientIdleTimeoutMs', read: milliseconds },
    server_lifetime: { to: 'lifetimeMs', read: milliseconds },
    max_db_connections: { to: 'backendsMax', read: some },
    max_user_connections: { to: 'backendsMax', read: some },
    max_db_client_connections: { to: 'clientsMax', read: some },
    max_user_client_connections: { to: 'clientsMax', read: some },
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
