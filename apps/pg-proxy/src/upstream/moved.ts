import { isDeepStrictEqual } from 'node:util';
import type { PoolName } from '@medrex/pool';
import type { DatabaseConfig, ProxyConfig, UpstreamConfig } from '../config/proxy-config.ts';
import { databaseOf } from '../config/scopes.ts';

const whereOf = ({ upstream, database, user, password }: DatabaseConfig): unknown => [
  ...[upstream, database, user, password],
];

const serverOf = ({ host, port, tls, ca, kind }: UpstreamConfig): unknown => [host, port, tls, ca, kind];

/**
 * What a pool is called under a new configuration: one at the upstream of its database follows that to another one, and whoever was there
 * for a class of work takes its former name. Not to a server of another kind: what its clients have said was said to this one.
 */
export function renamed(before: ProxyConfig, after: ProxyConfig, name: PoolName): PoolName {
  const [home, now] = [before, after].map((config) => databaseOf(config, name.database)?.database.upstream);
  if (home === undefined || now === undefined || home === now) return name;
  if (before.upstreams[home]?.kind !== after.upstreams[now]?.kind) return name;
  if (name.upstream === home) return { ...name, upstream: now };
  return name.upstream === now ? { ...name, upstream: home } : name;
}

/** Whether the database of a pool is at a server of another kind now: nobody who is in can go on there. */
export function isOfAnotherKind(before: ProxyConfig, after: ProxyConfig, { database }: PoolName): boolean {
  const [kind, now] = [before, after].map((config) => {
    const found = databaseOf(config, database)?.database;
    return found === undefined ? undefined : config.upstreams[found.upstream]?.kind;
  });
  return kind !== undefined && now !== undefined && kind !== now;
}

/** Whether a new configuration would have had the backends of a pool logged in elsewhere, or as somebody else. */
export function hasMoved(before: ProxyConfig, after: ProxyConfig, name: PoolName): boolean {
  const [upstream, upstreamNow] = [before, after].map(({ upstreams }) => upstreams[name.upstream]);
  if (
    upstream !== undefined &&
    upstreamNow !== undefined &&
    !isDeepStrictEqual(serverOf(upstream), serverOf(upstreamNow))
  )
    return true;
  const [database, databaseNow] = [before, after].map((config) => databaseOf(config, name.database)?.database);
  return (
    database !== undefined && databaseNow !== undefined && !isDeepStrictEqual(whereOf(database), whereOf(databaseNow))
  );
}

/** False: a name may mean another database now. */
export const areSamePlaces = (before: ProxyConfig, after: ProxyConfig): boolean =>
  isDeepStrictEqual([before.upstreams, before.databases], [after.upstreams, after.databases]);
