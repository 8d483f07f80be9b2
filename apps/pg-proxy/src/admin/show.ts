import type { Wanted } from '@medrex/sql';
import { slotCaps, workloadClasses } from '@medrex/pool';
import type { CacheFigures } from '../cache/caches.ts';
import type { ProxyConfig } from '../config/proxy-config.ts';
import type { Plans } from '../observe/plans.ts';
import type { Statistics } from '../observe/statistics.ts';
import type { Client } from '../session/client/client.ts';
import type { LicenceShare } from '../upstream/iris/licence-shares.ts';
import type { PoolHost } from '../upstream/pool-host.ts';
import type { ConsoleSession } from './console-session.ts';
import { plans, profile, queries, slow, trends } from './show-statistics.ts';
import { tableOf, truth, whole, type Table } from './table.ts';
import { pgbouncerViews } from './show-pgbouncer.ts';

/** What SHOW can look at. */
export interface Sight {
  readonly host: PoolHost;
  readonly config: ProxyConfig;
  /** From the user file. */
  readonly users: { keys(): Iterable<string> };
  /** The sessions at the console. */
  readonly consoles: ReadonlySet<ConsoleSession>;
  /** The number of connections that are about to log in. */
  readonly arrivals: number;
  /** Converts a time of the proxy's clock to milliseconds since 1970. */
  readonly epochOf: (atMs: number) => number;
  /** Undefined: statistics are off. */
  readonly statistics?: Statistics | undefined;
  /** Undefined: statistics are off. */
  readonly plans?: Plans | undefined;
  /** The trace that a client was last in. */
  readonly traceOf?: ((client: Client) => string | undefined) | undefined;
}

/** Names PgBouncer first: tools look for the word, and for the number. */
export const consoleVersion = 'PgBouncer 1.25.2 compatible console of medrex pg-proxy 0.1.0';

/** Each pool by workload class. */
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

/** Connections of each login that a licence limits. */
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
  ...pgbouncerViews,
  classes,
  caches,
  licences,
  version,
  queries,
  profile,
  trends,
  slow,
  plans,
};

/** The views that SHOW accepts. */
export const viewNames: readonly string[] = Object.keys(views);

/** Undefined: there is no such view. @param wanted what a query will read of it; SHOW is limited to what fits a screen */
export function show(view: string, sight: Sight, wanted?: Wanted): Table | undefined {
  return Object.hasOwn(views, view) ? views[view]?.(sight, wanted) : undefined;
}
