import type { PoolFigures, PoolName } from '@medrex/pool';
import type { ColumnBounds } from '@medrex/sql';
import { configRows, defaultsOf, type ConfigRow } from '../config/config-rows.ts';
import { pgbouncerRows } from '../config/pgbouncer/pgbouncer-rows.ts';
import type { DatabaseConfig, ProxyConfig } from '../config/proxy-config.ts';
import { databaseOf, settingsFor, userOf } from '../config/scopes.ts';
import { isOneServer } from '../upstream/host-rotation.ts';
import { allTotals, stats, statsAverages, statsTotals } from './show-traffic.ts';
import type { ShowContext } from './show.ts';
import { activeSockets, clients, servers, sockets } from './show-sockets.ts';
import { byName, int4, tableOf, bool, int8, withRow, type Table } from './table.ts';

// What PgBouncer 1.25 shows, with its names, in its order and nothing else: some tools count columns. Further columns are only in the
// tables, behind these.

const zero = int4(() => 0);

/** The name under which the console is listed among pools and databases. */
export const consoleDatabase = 'pgbouncer';
const consoleRow = { database: consoleDatabase, pool_mode: 'statement' };
/** Whether the console has this name. */
export const hasConsole = ({ admin, databases: listed }: ShowContext['config'], name: string): boolean =>
  (admin.users.length + admin.statsUsers.length > 0 || (admin.ownUser && name === consoleDatabase)) &&
  !Object.hasOwn(listed, name);

/** For upstreams with several hosts. */
const balanceOf = (upstream: ProxyConfig['upstreams'][string] | undefined): string | undefined =>
  isOneServer(upstream) ? undefined : upstream?.loadBalanceHosts;

/** Cancel requests that are on their way to backends of a pool, and those of them that wait for a connection. */
function cancelsTo({ host }: ShowContext, name: PoolName): { readonly sent: number; readonly awaited: number } {
  const here = host.pools
    .backends()
    .filter(({ pool, handle }) => pool.name === name && (handle?.pendingCancels ?? 0) > 0);
  const sent = here.reduce((sum, { handle }) => sum + (handle?.pendingCancels ?? 0), 0);
  return { sent, awaited: here.filter(({ handle }) => handle?.isIdle === true).length };
}

function pools(context: ShowContext, wanted?: ColumnBounds): Table {
  const { host, config, consoleSessions } = context;
  const sent = int4(({ name }: PoolFigures) => cancelsTo(context, name).sent);
  const table = tableOf<PoolFigures>(host.pools.figures(host.now()), {
    database: ({ name }) => name.database,
    user: ({ name }) => name.user,
    cl_active: int4(({ clients: all, waiting }) => Math.max(0, all - waiting)),
    cl_waiting: int4(({ waiting }) => waiting),
    cl_active_cancel_req: sent,
    // They never wait.
    cl_waiting_cancel_req: zero,
    sv_active: int4(({ active }) => active),
    sv_active_cancel: sent,
    sv_being_canceled: int4(({ name }) => cancelsTo(context, name).awaited),
    sv_idle: int4(({ idle }) => idle),
    sv_used: zero,
    sv_tested: int4(({ checking, resetting }) => checking + resetting),
    sv_login: int4(({ opening }) => opening),
    maxwait: int4(({ longestWaitMs }) => Math.floor(longestWaitMs / 1_000)),
    maxwait_us: int4(({ longestWaitMs }) => Math.floor(longestWaitMs * 1_000) % 1_000_000),
    pool_mode: ({ name }) => settingsFor(config, name).mode,
    load_balance_hosts: ({ name }) => balanceOf(config.upstreams[name.upstream]),
    ...(wanted !== undefined && {
      cl_idle: int4(({ clients: all, active, waiting }) => Math.max(0, all - active - waiting)),
      sv_pinned: int4(({ pinned }) => pinned),
      paused: bool(({ isPaused }) => isPaused),
      failing: bool(({ isFailing }) => isFailing),
      upstream: ({ name }) => name.upstream,
    }),
  });
  if (consoleSessions.size === 0) return byName(table, 2);
  return byName(withRow(table, { ...consoleRow, user: consoleDatabase, cl_active: consoleSessions.size }), 2);
}

/** As in PgBouncer: databases matched by `*` are listed by their own names while they have clients or backends. */
function databases({ host, config, consoleSessions }: ShowContext, wanted?: ColumnBounds): Table {
  const connections = countBy(host.pools.backends(), ({ pool }) => pool.name.database);
  const clientsOf = countBy(host.clients, ({ database }) => database);
  const names = new Set([...Object.keys(config.databases), ...connections.keys(), ...clientsOf.keys()]);
  const rows = [...names].flatMap((name): [string, DatabaseConfig][] => {
    const found = name === '*' ? undefined : databaseOf(config, name);
    return found === undefined ? [] : [[name, found.database]];
  });
  const table = tableOf(rows, {
    name: ([name]) => name,
    host: ([, { upstream }]) => config.upstreams[upstream]?.host,
    port: int4(([, { upstream }]) => config.upstreams[upstream]?.port),
    database: ([name, { database }]) => database ?? name,
    force_user: ([, { user }]) => user,
    pool_size: int4(([, { size }]) => size ?? config.pool.size),
    min_pool_size: int4(([, { min }]) => min ?? config.pool.min),
    reserve_pool_size: int4(([, { reserve }]) => reserve ?? config.pool.reserve),
    server_lifetime: int4(([, { lifetimeMs }]) => Math.round((lifetimeMs ?? config.pool.lifetimeMs) / 1_000)),
    // Without a mode of its own, the global one applies.
    pool_mode: ([, { mode }]) => mode,
    load_balance_hosts: ([, { upstream }]) => balanceOf(config.upstreams[upstream]),
    max_connections: int4(([, { backendsMax }]) => backendsMax ?? 0),
    current_connections: int4(([name]) => connections.get(name) ?? 0),
    max_client_connections: int4(([, { clientsMax }]) => clientsMax ?? 0),
    current_client_connections: int4(([name]) => clientsOf.get(name) ?? 0),
    paused: int4(([name]) => (host.pools.commandInForce(name) === 'paused' ? 1 : 0)),
    disabled: int4(([name]) => (host.disabled.has(name) ? 1 : 0)),
    ...(wanted !== undefined && { upstream: ([, { upstream }]) => upstream }),
  });
  if (!hasConsole(config, consoleDatabase)) return byName(table);
  const consoleDatabaseRow = {
    ...consoleRow,
    name: consoleDatabase,
    port: config.listen.port,
    force_user: consoleDatabase,
    current_client_connections: consoleSessions.size,
  };
  return byName(withRow(table, consoleDatabaseRow));
}

function users({ host, config, consoleSessions, users: ofFile }: ShowContext): Table {
  const connections = countBy(host.pools.backends(), ({ pool }) => pool.name.user);
  const clientsOf = countBy([...host.clients, ...[...consoleSessions].map(({ client }) => client)], ({ user }) => user);
  const names = new Set([...ofFile.keys(), ...Object.keys(config.users), ...connections.keys(), ...clientsOf.keys()]);
  names.delete('*');
  const rows = [...names].sort().map((name) => ({ name, rule: userOf(config, name)?.user }));
  return tableOf(rows, {
    name: ({ name }) => name,
    pool_size: ({ rule }) => rule?.size ?? '',
    reserve_pool_size: ({ rule }) => rule?.reserve ?? '',
    pool_mode: ({ rule }) => rule?.mode,
    max_user_connections: int4(({ rule }) => rule?.backendsMax ?? 0),
    current_connections: int4(({ name }) => connections.get(name) ?? 0),
    max_user_client_connections: int4(({ rule }) => rule?.clientsMax ?? 0),
    current_client_connections: int4(({ name }) => clientsOf.get(name) ?? 0),
  });
}

function countBy<T>(all: Iterable<T>, by: (one: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(by(one), (counts.get(by(one)) ?? 0) + 1);
  return counts;
}

function lists(context: ShowContext): Table {
  const { host, config, pendingLogins, consoleSessions } = context;
  const clientsHere = host.clients.size + consoleSessions.size;
  const backends = host.pools.backends().length;
  const items: Readonly<Record<string, number>> = {
    databases: databases(context).rows.length,
    users: users(context).rows.length,
    peers: Object.keys(config.instance.peers).length,
    pools: pools(context).rows.length,
    peer_pools: Object.keys(config.instance.peers).length,
    free_clients: Math.max(0, config.clientsMax - clientsHere),
    used_clients: clientsHere,
    login_clients: pendingLogins,
    free_servers: 0,
    used_servers: backends,
    dns_names: host.servers.names.figures().length,
    dns_zones: 0,
    dns_queries: 0,
    dns_pending: 0,
  };
  return tableOf(Object.entries(items), { list: ([list]) => list, items: int4(([, count]) => count) });
}

function mem(): Table {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const rows = [
    { name: 'heap', used: heapUsed, free: heapTotal - heapUsed, memtotal: heapTotal },
    { name: 'external', used: external, free: 0, memtotal: external },
    { name: 'array_buffers', used: arrayBuffers, free: 0, memtotal: arrayBuffers },
    { name: 'process', used: rss, free: 0, memtotal: rss },
  ];
  return tableOf(rows, {
    name: ({ name }) => name,
    size: int8(() => 1),
    used: int8(({ used }) => used),
    free: int8(({ free }) => free),
    memtotal: int8(({ memtotal }) => memtotal),
  });
}

function state({ host }: ShowContext): Table {
  const commandInForce = host.pools.commandInForce(undefined);
  const { rung, memoryUse } = host.overload;
  const yesOrNo = (is: boolean): string => (is ? 'yes' : 'no');
  const rows = [
    ['active', yesOrNo(commandInForce === undefined)],
    ['paused', yesOrNo(commandInForce === 'paused')],
    ['suspended', yesOrNo(false)],
    ['draining', yesOrNo(commandInForce === 'draining')],
    ['overload_rung', `${rung.level}: ${rung.meaning}`],
    ['memory_percent', String(Math.round(memoryUse * 100))],
  ] as const;
  return tableOf(rows, { key: ([key]) => key, value: ([, value]) => value });
}

function peers({ config }: ShowContext): Table {
  return tableOf(Object.entries(config.instance.peers), {
    peer_id: int4(([id]) => Number(id)),
    host: ([, { host }]) => host,
    port: int4(([, { port }]) => port),
    // Each cancel request has a connection of its own.
    pool_size: zero,
  });
}

function peerPools({ config }: ShowContext): Table {
  return tableOf(Object.keys(config.instance.peers), {
    peer_id: int4((id) => Number(id)),
    cl_active_cancel_req: zero,
    cl_waiting_cancel_req: zero,
    sv_active_cancel: zero,
    sv_login: zero,
  });
}

function dnsHosts({ host }: ShowContext): Table {
  return tableOf(host.servers.names.figures(), {
    hostname: (name) => name.host,
    ttl: int8(({ inMs }) => Math.ceil(inMs / 1_000)),
    addrs: ({ addresses }) => addresses.join(','),
  });
}

const dnsZones = (): Table => tableOf<never>([], { zonename: () => '', serial: int8(() => 0), count: int4(() => 0) });

/** By PgBouncer's names, then by this proxy's. The table also has the scope. */
function configuration({ config }: ShowContext, wanted?: ColumnBounds): Table {
  const rowsOf = (of: ProxyConfig): readonly ConfigRow[] => [...pgbouncerRows(of), ...configRows(of)];
  const defaults = defaultsOf(rowsOf);
  return tableOf(rowsOf(config), {
    key: ({ key }) => key,
    value: ({ value }) => value,
    default: ({ key }) => defaults.get(key),
    changeable: ({ changeable }) => changeable,
    ...(wanted !== undefined && { scope: ({ scope }) => scope }),
  });
}

export type View = (context: ShowContext, wanted?: ColumnBounds) => Table;

export const pgbouncerViews = {
  pools,
  clients,
  servers,
  sockets,
  active_sockets: activeSockets,
  databases,
  users,
  stats,
  stats_totals: statsTotals,
  stats_averages: statsAverages,
  totals: allTotals,
  config: configuration,
  lists,
  mem,
  state,
  peers,
  peer_pools: peerPools,
  dns_hosts: dnsHosts,
  dns_zones: dnsZones,
} satisfies Readonly<Record<string, View>>;
