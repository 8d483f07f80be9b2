import type { PoolSettings } from './pool-settings.ts';

/** Which pool: clients of one database who are the same user at the upstream share its backends, whoever they are themselves. */
export interface PoolName {
  /** The upstream instance; a class of work may have one of its own. */
  readonly upstream: string;
  readonly database: string;
  /** Who logs in at the upstream. */
  readonly user: string;
  /** Tells logins of that user apart which differ in their secret; not the secret. */
  readonly secret: string;
}

/** What limits go across pools. `user` is one wherever he logs in, `login` at one upstream: what IRIS counts licences by; `upstream` all of them. */
export type LimitKind = 'database' | 'user' | 'login' | 'upstream';

/** The configuration as pools ask for it; scopes are resolved behind it. It answers the same until it is replaced by RELOAD. */
export interface PoolPolicy {
  settings(name: PoolName): PoolSettings;
  /** Backends that all pools of a database, a user or a login may have together; undefined without a limit. */
  backendsMax(kind: LimitKind, name: PoolName): number | undefined;
  /** The server whose licence counts logins at that upstream, however often it is configured; undefined: none. */
  licensedServer(upstream: string): string | undefined;
  /** Backends that all clients of one application may hold at once, over all pools; undefined without a limit. */
  applicationMax(application: string): number | undefined;
  /** Pools that keep their minimum also while they have no client: it is known as whom to log in. */
  readonly kept?: readonly PoolName[];
}

/** Names are compared as text; a NUL stands in none of them. */
export function nameKey(name: PoolName): string {
  return `${name.upstream}\0${name.database}\0${name.user}\0${name.secret}`;
}

/** How a pool is called in logs, notices and SHOW. */
export function titleOf(name: PoolName): string {
  return `${name.database}/${name.user}`;
}

/** Which pools a command concerns; a field that is not given means all. */
export type PoolScope = Partial<Pick<PoolName, 'upstream' | 'database' | 'user'>>;

export function isInScope(scope: PoolScope, name: PoolScope): boolean {
  return (
    (scope.upstream === undefined || scope.upstream === name.upstream) &&
    (scope.database === undefined || scope.database === name.database) &&
    (scope.user === undefined || scope.user === name.user)
  );
}
