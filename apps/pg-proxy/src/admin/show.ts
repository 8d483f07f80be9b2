import type { PoolFigures } from '@medrex/pool';
import type { ProxyConfig } from '../config/proxy-config.ts';
import type { PoolHost } from '../upstream/pool-host.ts';
import { settingsFor } from '../config/scopes.ts';

type Cell = string | number | boolean | undefined;

/** Rows with the columns of the first one; of none, the columns are still known. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** What SHOW can look at. */
export interface Sight {
  readonly host: PoolHost;
  readonly config: ProxyConfig;
}

/** Says whom it is compatible with: tools look for the word. */
export const consoleVersion = 'PgBouncer-compatible console of medrex pg-proxy 0.1.0';

function table<R>(rows: readonly R[], columns: Readonly<Record<string, (row: R) => Cell>>): Table {
  const readers = Object.values(columns);
  return { columns: Object.keys(columns), rows: rows.map((row) => readers.map((read) => read(row))) };
}

function pools({ host, config }: Sight): Table {
  return table<PoolFigures>(host.pools.figures(host.now()), {
    database: ({ name }) => name.database,
    user: ({ name }) => name.user,
    cl_active: ({ active }) => active,
    cl_idle: ({ clients, active, waiting }) => Math.max(0, clients - active - waiting),
    cl_waiting: ({ waiting }) => waiting,
    sv_active: ({ active }) => active,
    sv_pinned: ({ pinned }) => pinned,
    sv_idle: ({ idle }) => idle,
    sv_used: ({ resetting }) => resetting,
    sv_tested: ({ checking }) => checking,
    sv_login: ({ opening }) => opening,
    maxwait: ({ longestWaitMs }) => Math.floor(longestWaitMs / 1_000),
    maxwait_us: ({ longestWaitMs }) => Math.floor(longestWaitMs * 1_000) % 1_000_000,
    pool_mode: ({ name }) => settingsFor(config, name).mode,
    paused: ({ isPaused }) => isPaused,
    failing: ({ isFailing }) => isFailing,
  });
}

function clients({ host }: Sight): Table {
  return table([...host.clients], {
    type: () => 'C',
    user: ({ user }) => user,
    database: ({ database }) => database,
    state: (client) => (client.isWaiting ? 'waiting' : client.backend === undefined ? 'idle' : 'active'),
    pinned: ({ isPinned }) => isPinned,
    addr: ({ socket }) => socket.remoteAddress,
    port: ({ socket }) => socket.remotePort,
    wait: ({ pooled }) => (pooled.isWaiting ? Math.floor((host.now() - pooled.waitingSinceMs) / 1_000) : 0),
    ptr: ({ processId }) => processId,
    link: ({ pooled }) => pooled.backend?.id,
    application_name: ({ settings }) => settings.get('application_name'),
    tls: ({ socket }) => ('encrypted' in socket ? 'yes' : ''),
  });
}

function servers({ host }: Sight): Table {
  return table(host.pools.backends(), {
    type: () => 'S',
    user: ({ pool }) => pool.name.upstreamUser,
    database: ({ pool }) => pool.name.database,
    upstream: ({ pool }) => pool.name.upstream,
    state: ({ state }) => state,
    addr: ({ handle }) => handle?.address.host,
    port: ({ handle }) => handle?.address.port,
    age: ({ openedAtMs }) => Math.floor((host.now() - openedAtMs) / 1_000),
    ptr: ({ id }) => id,
    link: ({ client }) => client?.handle.processId,
    remote_pid: ({ handle }) => handle?.key?.processId,
  });
}

function stats({ host }: Sight): Table {
  const figures = host.pools.figures(host.now());
  const waitedOf = (database: string): number =>
    figures.reduce((sum, { name, counts }) => sum + (name.database === database ? counts.waitedMs : 0), 0);
  return table([...host.traffic], {
    database: ([database]) => database,
    total_xact_count: ([, { transactions }]) => transactions,
    total_query_count: ([, { queries }]) => queries,
    total_wait_time: ([database]) => Math.round(waitedOf(database) * 1_000),
  });
}

function databases({ config }: Sight): Table {
  return table(Object.entries(config.databases), {
    name: ([name]) => name,
    host: ([, { upstream }]) => config.upstreams[upstream]?.host,
    port: ([, { upstream }]) => config.upstreams[upstream]?.port,
    database: ([name, { database }]) => database ?? (name === '*' ? '' : name),
    force_user: ([, { user }]) => user,
    pool_size: ([, { size }]) => size ?? config.pool.size,
    pool_mode: ([, { mode }]) => mode ?? config.pool.mode,
  });
}

/** Of secrets the configuration knows only where they are; that is shown. */
function configuration({ config }: Sight): Table {
  const flat = (value: unknown, path: string): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([name, inner]) => flat(inner, path === '' ? name : `${path}.${name}`))
      : [[path, value]];
  return table(flat(config, ''), { key: ([key]) => key, value: ([, value]) => String(value) });
}

function version(): Table {
  return { columns: ['version'], rows: [[consoleVersion]] };
}

const views: Readonly<Record<string, (sight: Sight) => Table>> = {
  pools,
  clients,
  servers,
  stats,
  databases,
  config: configuration,
  version,
};

/** What SHOW takes. */
export const viewNames: readonly string[] = Object.keys(views);

/** Undefined: there is nothing of that name. */
export function show(view: string, sight: Sight): Table | undefined {
  return Object.hasOwn(views, view) ? views[view]?.(sight) : undefined;
}
