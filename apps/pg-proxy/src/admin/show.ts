import type { Wanted } from '@medrex/sql';
import { slotCaps, workloadClasses, type PoolFigures } from '@medrex/pool';
import type { CacheFigures } from '../cache/caches.ts';
import type { ProxyConfig } from '../config/proxy-config.ts';
import type { Plans } from '../observe/plans.ts';
import type { Statistics } from '../observe/statistics.ts';
import type { Client } from '../session/client.ts';
import type { LicenceShare } from '../upstream/licence-shares.ts';
import type { PoolHost } from '../upstream/pool-host.ts';
import { plans, profile, queries, slow, trends } from './show-statistics.ts';
import { tableOf, truth, whole, type Table } from './table.ts';
import { configRows } from '../config/config-rows.ts';
import { settingsFor } from '../config/scopes.ts';

/** What SHOW can look at. */
export interface Sight {
  readonly host: PoolHost;
  readonly config: ProxyConfig;
  /** Undefined: nothing is remembered of what runs. */
  readonly statistics?: Statistics | undefined;
  /** Undefined with them. */
  readonly plans?: Plans | undefined;
  /** Which trace a client was last in. */
  readonly traceOf?: ((client: Client) => string | undefined) | undefined;
}

/** Says whom it is compatible with: tools look for the word. */
export const consoleVersion = 'PgBouncer-compatible console of medrex pg-proxy 0.1.0';

function pools({ host, config }: Sight): Table {
  return tableOf<PoolFigures>(host.pools.figures(host.now()), {
    database: ({ name }) => name.database,
    user: ({ name }) => name.user,
    cl_active: whole(({ active }) => active),
    cl_idle: whole(({ clients, active, waiting }) => Math.max(0, clients - active - waiting)),
    cl_waiting: whole(({ waiting }) => waiting),
    sv_active: whole(({ active }) => active),
    sv_pinned: whole(({ pinned }) => pinned),
    sv_idle: whole(({ idle }) => idle),
    sv_used: whole(({ resetting }) => resetting),
    sv_tested: whole(({ checking }) => checking),
    sv_login: whole(({ opening }) => opening),
    maxwait: whole(({ longestWaitMs }) => Math.floor(longestWaitMs / 1_000)),
    maxwait_us: whole(({ longestWaitMs }) => Math.floor(longestWaitMs * 1_000) % 1_000_000),
    pool_mode: ({ name }) => settingsFor(config, name).mode,
    paused: truth(({ isPaused }) => isPaused),
    failing: truth(({ isFailing }) => isFailing),
  });
}

/** Each pool by class of work. */
function classes({ host }: Sight): Table {
  const rows = host.pools
    .figures(host.now())
    .flatMap(({ name, classes: of, settings }) =>
      workloadClasses.map((workClass) => ({ name, workClass, caps: slotCaps(settings), ...of[workClass] })),
    );
  return tableOf(rows, {
    database: ({ name }) => name.database,
    user: ({ name }) => name.user,
    upstream: ({ name }) => name.upstream,
    class: ({ workClass }) => workClass,
    sv_active: whole(({ active }) => active),
    sv_max: whole(({ caps, workClass }) => (caps.of[workClass] === Infinity ? undefined : caps.of[workClass])),
    cl_waiting: whole(({ waiting }) => waiting),
    maxwait: whole(({ longestWaitMs }) => Math.floor(longestWaitMs / 1_000)),
    maxwait_us: whole(({ longestWaitMs }) => Math.floor(longestWaitMs * 1_000) % 1_000_000),
  });
}

function clients({ host, traceOf }: Sight): Table {
  return tableOf([...host.clients], {
    type: () => 'C',
    user: ({ user }) => user,
    database: ({ database }) => database,
    state: (client) => (client.isWaiting ? 'waiting' : client.backend === undefined ? 'idle' : 'active'),
    pinned: truth(({ isPinned }) => isPinned),
    addr: ({ socket }) => socket.remoteAddress,
    port: whole(({ socket }) => socket.remotePort),
    wait: whole(({ pooled }) => (pooled.isWaiting ? Math.floor((host.now() - pooled.waitingSinceMs) / 1_000) : 0)),
    ptr: whole(({ processId }) => processId),
    link: whole(({ pooled }) => pooled.backend?.id),
    application_name: ({ settings }) => settings.get('application_name'),
    tls: ({ socket }) => ('encrypted' in socket ? 'yes' : ''),
    trace_id: (client) => traceOf?.(client),
  });
}

function servers({ host }: Sight): Table {
  return tableOf(host.pools.backends(), {
    type: () => 'S',
    user: ({ pool }) => pool.name.upstreamUser,
    database: ({ pool }) => pool.name.database,
    upstream: ({ pool }) => pool.name.upstream,
    state: ({ state }) => state,
    addr: ({ handle }) => handle?.address.host,
    port: whole(({ handle }) => handle?.address.port),
    age: whole(({ openedAtMs }) => Math.floor((host.now() - openedAtMs) / 1_000)),
    ptr: whole(({ id }) => id),
    link: whole(({ client }) => client?.handle.processId),
    remote_pid: whole(({ handle }) => handle?.key?.processId),
  });
}

function stats({ host }: Sight): Table {
  const figures = host.pools.figures(host.now());
  const waitedOf = (database: string): number =>
    figures.reduce((sum, { name, counts }) => sum + (name.database === database ? counts.waitedMs : 0), 0);
  return tableOf([...host.traffic], {
    database: ([database]) => database,
    total_xact_count: whole(([, { transactions }]) => transactions),
    total_query_count: whole(([, { queries }]) => queries),
    total_wait_time: whole(([database]) => Math.round(waitedOf(database) * 1_000)),
  });
}

function databases({ config }: Sight): Table {
  return tableOf(Object.entries(config.databases), {
    name: ([name]) => name,
    host: ([, { upstream }]) => config.upstreams[upstream]?.host,
    port: whole(([, { upstream }]) => config.upstreams[upstream]?.port),
    database: ([name, { database }]) => database ?? (name === '*' ? '' : name),
    force_user: ([, { user }]) => user,
    pool_size: whole(([, { size }]) => size ?? config.pool.size),
    pool_mode: ([, { mode }]) => mode ?? config.pool.mode,
  });
}

function configuration({ config }: Sight): Table {
  return tableOf(configRows(config), {
    key: ({ key }) => key,
    value: ({ value }) => value,
    scope: ({ scope }) => scope,
    changeable: ({ changeable }) => changeable,
  });
}

function caches({ host }: Sight): Table {
  return tableOf<CacheFigures>(host.caches?.figures() ?? [], {
    cache: ({ name }) => name,
    on: truth(({ isOn }) => isOn),
    entries: whole(({ entries }) => entries),
    bytes: whole(({ bytes }) => bytes),
    bytes_max: whole(({ bytesMax }) => bytesMax),
    hits: whole(({ counts }) => counts.hits),
    misses: whole(({ counts }) => counts.misses),
    awaited: whole(({ counts }) => counts.awaited),
    passed: whole(({ counts }) => counts.passed),
    hit_ratio: { type: 'float8', read: ({ hitRatio }) => hitRatio },
    kept: whole(({ counts }) => counts.kept),
    overtaken: whole(({ counts }) => counts.overtaken),
    too_large: whole(({ counts }) => counts.tooLarge),
    outdated: whole(({ counts }) => counts.outdated),
    times_off: whole(({ timesOff }) => timesOff),
  });
}

/** Connections of each login that a licence counts. */
function licences({ host }: Sight): Table {
  return tableOf<LicenceShare>(host.licences.shares(), {
    upstream: ({ upstream }) => upstream,
    user: ({ user }) => user,
    connections: whole(({ budget }) => budget),
    shared_by: whole(({ sharedBy }) => sharedBy),
    granted: whole(({ granted }) => granted),
    in_use: whole(({ inUse }) => inUse),
    by: ({ by }) => by,
  });
}

function version(): Table {
  return tableOf([consoleVersion], { version: (text) => text });
}

const views: Readonly<Record<string, (sight: Sight, wanted?: Wanted) => Table>> = {
  pools,
  classes,
  clients,
  servers,
  stats,
  databases,
  config: configuration,
  caches,
  licences,
  version,
  queries,
  profile,
  trends,
  slow,
  plans,
};

/** What SHOW takes. */
export const viewNames: readonly string[] = Object.keys(views);

/** Undefined: there is nothing of that name. @param wanted what a query will look at of it; SHOW looks at what fits a screen */
export function show(view: string, sight: Sight, wanted?: Wanted): Table | undefined {
  return Object.hasOwn(views, view) ? views[view]?.(sight, wanted) : undefined;
}
