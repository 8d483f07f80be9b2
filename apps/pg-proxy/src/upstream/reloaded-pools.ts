import { isDeepStrictEqual } from 'node:util';
import type { PoolName } from '@medrex/pool';
import type { DatabaseConfig, ProxyConfig, UpstreamConfig } from '../config/proxy-config.ts';
import { databaseOf } from '../config/scopes.ts';

const loginOf = ({ upstream, database, user, password }: DatabaseConfig): unknown => [
  ...[upstream, database, user, password],
];

const serverOf = ({ host, port, tls, ca, kind }: UpstreamConfig): unknown => [host, port, tls, ca, kind];

/**
 * A pool's name under a new configuration: a pool at its database's upstream follows that to another one, and a pool that was at the new
 * upstream for a workload class takes over the former name. It does not follow to a server of another kind: what its clients have sent was
 * meant for this kind.
 */
export function poolNameAfterReload(before: ProxyConfig, after: ProxyConfig, name: PoolName): PoolName {
  const [home, now] = [before, after].map((config) => databaseOf(config, name.database)?.database.upstream);
  if (home === undefined || now === undefined || home === now) return name;
  if (before.upstreams[home]?.kind !== after.upstreams[now]?.kind) return name;
  if (name.upstream === home) return { ...name, upstream: now };
  return name.upstream === now ? { ...name, upstream: home } : name;
}

/** Whether the pool's database now is at a server of another kind, where its clients cannot go on. */
export function changesKind(before: ProxyConfig, after: ProxyConfig, { database }: PoolName): boolean {
  const [kind, now] = [before, after].map((config) => {
    const found = databaseOf(config, database)?.database;
    return found === undefined ? undefined : config.upstreams[found.upstream]?.kind;
  });
  return kind !== undefined && now !== undefined && kind !== now;
}

/** Whether under the new configuration the backends of a pool would have logged in elsewhere, or as another user. */
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
    database !== undefined && databaseNow !== undefined && !isDeepStrictEqual(loginOf(database), loginOf(databaseNow))
  );
}

/** False: a name may mean another database now. */
export const haveSameUpstreams = (before: ProxyConfig, after: ProxyConfig): boolean =>
  isDeepStrictEqual([before.upstreams, before.databases], [after.upstreams, after.databases]);
