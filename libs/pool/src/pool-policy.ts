import type { PoolSettings } from './pool-settings.ts';

/** Identifies a pool: clients of one database that log in as the same upstream user share its backends, whatever their own users are. */
export interface PoolName {
  /** Name of the upstream instance; a workload class may have an upstream of its own. */
  readonly upstream: string;
  readonly database: string;
  /** The user that logs in at the upstream. */
  readonly user: string;
  /** Distinguishes logins of that user with different secrets. It is not the secret itself. */
  readonly secret: string;
}

/**
 * Kinds of limits across pools. `user`: a user at all upstreams together; `login`: a user at one upstream, by which IRIS counts licences;
 * `upstream`: all backends of an upstream.
 */
export type LimitKind = 'database' | 'user' | 'login' | 'upstream';

/** The configuration as pools query it; the implementation resolves scopes. Its answers are constant until RELOAD replaces it. */
export interface PoolPolicy {
  settings(name: PoolName): PoolSettings;
  /** Maximum of backends of all pools under one limit together; undefined: no limit. */
  backendsMax(kind: LimitKind, name: PoolName): number | undefined;
  /** The server whose licence counts logins at that upstream, also when several upstreams are that server; undefined: none. */
  licensedServer(upstream: string): string | undefined;
  /** Maximum of backends that all clients of an application may hold at once over all pools; undefined: no limit. */
  applicationMax(application: string): number | undefined;
  /** Pools that keep their minimum open without clients, as their login is known from the configuration. */
  readonly keptOpen?: readonly PoolName[];
}

/** A map key for a name; no part of a name contains a NUL. */
export function nameKey(name: PoolName): string {
  return `${name.upstream}\0${name.database}\0${name.user}\0${name.secret}`;
}

/** The name of a pool in logs, notices and SHOW. */
export function titleOf(name: PoolName): string {
  return `${name.database}/${name.user}`;
}

/** The pools that a command concerns; an omitted field matches all. */
export type PoolScope = Partial<Pick<PoolName, 'upstream' | 'database' | 'user'>>;

export function isInScope(scope: PoolScope, name: PoolScope): boolean {
  return (
    (scope.upstream === undefined || scope.upstream === name.upstream) &&
    (scope.database === undefined || scope.database === name.database) &&
    (scope.user === undefined || scope.user === name.user)
  );
}
