import type { ColumnBounds } from '@medrex/sql';
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
import { tableOf, bool, int8, type Table } from './table.ts';
import { pgbouncerViews } from './show-pgbouncer.ts';

/** What SHOW can look at. */
export interface ShowContext {
  readonly host: PoolHost;
  readonly config: ProxyConfig;
  /** From the user file. */
  readonly users: { keys(): Iterable<string> };
  /** The sessions at the console. */
  readonly consoleSessions: ReadonlySet<ConsoleSession>;
  /** The number of connections that are about to log in. */
  readonly pendingLogins: number;
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
function classes({ host }: ShowContext): Table {
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
    sv_active: int8(({ active }) => active),
    sv_max: int8(({ caps, workClass }) => (caps.of[workClass] === Infinity ? undefined : caps.of[workClass])),
    cl_waiting: int8(({ waiting }) => waiting),
    maxwait: int8(({ longestWaitMs }) => Math.floor(longestWaitMs / 1_000)),
    maxwait_us: int8(({ longestWaitMs }) => Math.floor(longestWaitMs * 1_000) % 1_000_000),
  });
}

function caches({ host }: ShowContext): Table {
  return tableOf<CacheFigures>(host.caches?.figures() ?? [], {
    cache: ({ name }) => name,
    on: bool(({ isOn }) => isOn),
    entries: int8(({ entries }) => entries),
    bytes: int8(({ bytes }) => bytes),
    bytes_max: int8(({ bytesMax }) => bytesMax),
    hits: int8(({ counts }) => counts.hits),
    misses: int8(({ counts }) => counts.misses),
    awaited: int8(({ counts }) => counts.awaited),
    passed: int8(({ counts }) => counts.passed),
    hit_ratio: { type: 'float8', read: ({ hitRatio }) => hitRatio },
    kept: int8(({ counts }) => counts.kept),
    overtaken: int8(({ counts }) => counts.overtaken),
    too_large: int8(({ counts }) => counts.tooLarge),
    outdated: int8(({ counts }) => counts.outdated),
    times_off: int8(({ timesOff }) => timesOff),
  });
}

/** Connections of each login that a licence limits. */
function licences({ host }: ShowContext): Table {
  return tableOf<LicenceShare>(host.licences.shares(), {
    upstream: ({ upstream }) => upstream,
    user: ({ user }) => user,
    connections: int8(({ budget }) => budget),
    shared_by: int8(({ sharedBy }) => sharedBy),
    granted: int8(({ granted }) => granted),
    in_use: int8(({ inUse }) => inUse),
    by: ({ by }) => by,
  });
}

function version(): Table {
  return tableOf([consoleVersion], { version: (text) => text });
}

const views: Readonly<Record<string, (context: ShowContext, wanted?: ColumnBounds) => Table>> = {
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
export function show(view: string, context: ShowContext, wanted?: ColumnBounds): Table | undefined {
  return Object.hasOwn(views, view) ? views[view]?.(context, wanted) : undefined;
}
