import type { PoolFigures, PoolName } from '@medrex/pool';
import type { Wanted } from '@medrex/sql';
import { configRows, defaultsOf, type ConfigRow } from '../config/config-rows.ts';
import { pgbouncerRows } from '../config/pgbouncer/as-pgbouncer.ts';
import type { DatabaseConfig, ProxyConfig } from '../config/proxy-config.ts';
import { databaseOf, settingsFor, userOf } from '../config/scopes.ts';
import { isOneServer } from '../upstream/host-turns.ts';
import { allTotals, stats, statsAverages, statsTotals } from './show-traffic.ts';
import type { Sight } from './show.ts';
import { activeSockets, clients, servers, sockets } from './show-sockets.ts';
import { byName, small, tableOf, truth, whole, withRow, type Table } from './table.ts';

// What PgBouncer 1.25 shows, with its names, in its order and nothing else: some tools count columns. Further columns are only in the
// tables, behind these.

const none = small(() => 0);

/** The name under which the console is listed among pools and databases. */
export const consoleDatabase = 'pgbouncer';
const ofConsole = { database: consoleDatabase, pool_mode: 'statement' };
/** Whether the console has this name. */
export const hasConsole = ({ admin, databases: listed }: Sight['config'], name: string): boolean =>
  (admin.users.length + admin.statsUsers.length > 0 || (admin.ownUser && name === consoleDatabase)) &&
  !Object.hasOwn(listed, name);

/** For upstreams with several hosts. */
const balanceOf = (upstream: ProxyConfig['upstreams'][string] | undefined): string | undefined =>
  isOneServer(upstream) ? undefined : upstream?.loadBalanceHosts;

/** Cancel requests that are on their way to backends of a pool, and those of them that wait for a connection. */
function cancelsTo({ host }: Sight, name: PoolName): { readonly sent: number; readonly awaited: number } {
  const here = host.pools.backends().filter(({ pool, handle }) => pool.name === name && (handle?.cancelling ?? 0) > 0);
  const sent = here.reduce((sum, { handle }) => sum + (handle?.cancelling ?? 0), 0);
  return { sent, awaited: here.filter(({ handle }) => handle?.isIdle === true).length };
}

function pools(sight: Sight, wanted?: Wanted): Table {
  const { host, config, consoles } = sight;
  const sent = small(({ name }: PoolFigures) => cancelsTo(sight, name).sent);
  const table = tableOf<PoolFigures>(host.pools.figures(host.now()), {
    database: ({ name }) => name.database,
    user: ({ name }) => name.user,
    cl_active: small(({ clients: all, waiting }) => Math.max(0, all - waiting)),
    cl_waiting: small(({ waiting }) => waiting),
    cl_active_cancel_req: sent,
    // They never wait.
    cl_waiting_cancel_req: none,
    sv_active: small(({ active }) => active),
    sv_active_cancel: sent,
    sv_being_canceled: small(({ name }) => cancelsTo(sight, name).awaited),
    sv_idle: small(({ idle }) => idle),
    sv_used: none,
    sv_tested: small(({ checking, resetting }) => checking + resetting),
    sv_login: small(({ opening }) => opening),
    maxwait: small(({ longestWaitMs }) => Math.floor(longestWaitMs / 1_000)),
    maxwait_us: small(({ longestWaitMs }) => Math.floor(longestWaitMs * 1_000) % 1_000_000),
    pool_mode: ({ name }) => settingsFor(config, name).mode,
    load_balance_hosts: ({ name }) => balanceOf(config.upstreams[name.upstream]),
    ...(wanted !== undefined && {
      cl_idle: small(({ clients: all, active, waiting }) => Math.max(0, all - active - waiting)),
      sv_pinned: small(({ pinned }) => pinned),
      paused: truth(({ isPaused }) => isPaused),
      failing: truth(({ isFailing }) => isFailing),
      upstream: ({ name }) => name.upstream,
    }),
  });
  if (consoles.size === 0) return byName(table, 2);
  return byName(withRow(table, { ...ofConsole, user: consoleDatabase, cl_active: consoles.size }), 2);
}

/** As in PgBouncer: databases matched by `*` are listed by their own names while they have clients or backends. */
function databases({ host, config, consoles }: Sight, wanted?: Wanted): Table {
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
    port: small(([, { upstream }]) => config.upstreams[upstream]?.port),
    database: ([name, { database }]) => database ?? name,
    force_user: ([, { user }]) => user,
    pool_size: small(([, { size }]) => size ?? config.pool.size),
    min_pool_size: small(([, { min }]) => min ?? config.pool.min),
    reserve_pool_size: small(([, { reserve }]) => reserve ?? config.pool.reserve),
    server_lifetime: small(([, { lifetimeMs }]) => Math.round((lifetimeMs ?? config.pool.lifetimeMs) / 1_000)),
    // Without a mode of its own, the global one applies.
    pool_mode: ([, { mode }]) => mode,
    load_balance_hosts: ([, { upstream }]) => balanceOf(config.upstreams[upstream]),
    max_connections: small(([, { backendsMax }]) => backendsMax ?? 0),
    current_connections: small(([name]) => connections.get(name) ?? 0),
    max_client_connections: small(([, { clientsMax }]) => clientsMax ?? 0),
    current_client_connections: small(([name]) => clientsOf.get(name) ?? 0),
    paused: small(([name]) => (host.pools.standingOf(name) === 'paused' ? 1 : 0)),
    disabled: small(([name]) => (host.disabled.has(name) ? 1 : 0)),
    ...(wanted !== undefined && { upstream: ([, { upstream }]) => upstream }),
  });
  if (!hasConsole(config, consoleDatabase)) return byName(table);
  const ofOurs = {
    ...ofConsole,
    name: consoleDatabase,
    port: config.listen.port,
    force_user: consoleDatabase,
    current_client_connections: consoles.size,
  };
  return byName(withRow(table, ofOurs));
}

function users({ host, config, consoles, users: ofFile }: Sight): Table {
  const connections = countBy(host.pools.backends(), ({ pool }) => pool.name.user);
  const clientsOf = countBy([...host.clients, ...[...consoles].map(({ visitor }) => visitor)], ({ user }) => user);
  const names = new Set([...ofFile.keys(), ...Object.keys(config.users), ...connections.keys(), ...clientsOf.keys()]);
  names.delete('*');
  const rows = [...names].sort().map((name) => ({ name, rule: userOf(config, name)?.user }));
  return tableOf(rows, {
    name: ({ name }) => name,
    pool_size: ({ rule }) => rule?.size ?? '',
    reserve_pool_size: ({ rule }) => rule?.reserve ?? '',
    pool_mode: ({ rule }) => rule?.mode,
    max_user_connections: small(({ rule }) => rule?.backendsMax ?? 0),
    current_connections: small(({ name }) => connections.get(name) ?? 0),
    max_user_client_connections: small(({ rule }) => rule?.clientsMax ?? 0),
    current_client_connections: small(({ name }) => clientsOf.get(name) ?? 0),
  });
}

function countBy<T>(all: Iterable<T>, by: (one: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(by(one), (counts.get(by(one)) ?? 0) + 1);
  return counts;
}

function lists(sight: Sight): Table {
  const { host, config, arrivals, consoles } = sight;
  const clientsHere = host.clients.size + consoles.size;
  const backends = host.pools.backends().length;
  const items: Readonly<Record<string, number>> = {
    databases: databases(sight).rows.length,
    users: users(sight).rows.length,
    peers: Object.keys(config.instance.peers).length,
    pools: pools(sight).rows.length,
    peer_pools: Object.keys(config.instance.peers).length,
    free_clients: Math.max(0, config.clientsMax - clientsHere),
    used_clients: clientsHere,
    login_clients: arrivals,
    free_servers: 0,
    used_servers: backends,
    dns_names: host.servers.names.figures().length,
    dns_zones: 0,
    dns_queries: 0,
    dns_pending: 0,
  };
  return tableOf(Object.entries(items), { list: ([list]) => list, items: small(([, count]) => count) });
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
    size: whole(() => 1),
    used: whole(({ used }) => used),
    free: whole(({ free }) => free),
    memtotal: whole(({ memtotal }) => memtotal),
  });
}

function state({ host }: Sight): Table {
  const standing = host.pools.standingOf(undefined);
  const { rung, memoryUse } = host.overload;
  const said = (is: boolean): string => (is ? 'yes' : 'no');
  const rows = [
    ['active', said(standing === undefined)],
    ['paused', said(standing === 'paused')],
    ['suspended', said(false)],
    ['draining', said(standing === 'draining')],
    ['overload_rung', `${rung.level}: ${rung.meaning}`],
    ['memory_percent', String(Math.round(memoryUse * 100))],
  ] as const;
  return tableOf(rows, { key: ([key]) => key, value: ([, value]) => value });
}

function peers({ config }: Sight): Table {
  return tableOf(Object.entries(config.instance.peers), {
    peer_id: small(([id]) => Number(id)),
    host: ([, { host }]) => host,
    port: small(([, { port }]) => port),
    // Each cancel request has a connection of its own.
    pool_size: none,
  });
}

function peerPools({ config }: Sight): Table {
  return tableOf(Object.keys(config.instance.peers), {
    peer_id: small((id) => Number(id)),
    cl_active_cancel_req: none,
    cl_waiting_cancel_req: none,
    sv_active_cancel: none,
    sv_login: none,
  });
}

function dnsHosts({ host }: Sight): Table {
  return tableOf(host.servers.names.figures(), {
    hostname: (name) => name.host,
    ttl: whole(({ inMs }) => Math.ceil(inMs / 1_000)),
    addrs: ({ addresses }) => addresses.join(','),
  });
}

const dnsZones = (): Table => tableOf<never>([], { zonename: () => '', serial: whole(() => 0), count: small(() => 0) });

/** By PgBouncer's names, then by this proxy's. The table also has the scope. */
function configuration({ config }: Sight, wanted?: Wanted): Table {
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

export type View = (sight: Sight, wanted?: Wanted) => Table;

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
