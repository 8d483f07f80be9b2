import { isDeepStrictEqual } from 'node:util';
import type { PoolScope } from '@medrex/pool';
import type { DatabaseConfig, ProxyConfig } from '../config/proxy-config.ts';

const whereOf = ({ upstream, database, user, password }: DatabaseConfig): unknown => [
  ...[upstream, database, user, password],
];

/** Whose backends a new configuration would have logged in elsewhere, or as somebody else. */
export function movedIn(before: ProxyConfig, after: ProxyConfig): readonly PoolScope[] {
  const upstreams = Object.entries(before.upstreams).filter(([name, { host, port, tls, ca, ...rest }]) => {
    const now = after.upstreams[name];
    return (
      now !== undefined &&
      !isDeepStrictEqual([host, port, tls, ca, rest.kind], [now.host, now.port, now.tls, now.ca, now.kind])
    );
  });
  const databases = Object.entries(before.databases).filter(([name, database]) => {
    const now = after.databases[name];
    return name !== '*' && now !== undefined && !isDeepStrictEqual(whereOf(database), whereOf(now));
  });
  return [...upstreams.map(([upstream]) => ({ upstream })), ...databases.map(([database]) => ({ database }))];
}

/** False: a name may mean another database now. */
export const areSamePlaces = (before: ProxyConfig, after: ProxyConfig): boolean =>
  isDeepStrictEqual([before.upstreams, before.databases], [after.upstreams, after.databases]);
