import type { PooledClient, PoolName, Pools, PoolScope } from '@medrex/pool';
import type { Redefinition } from '@medrex/sql';
import type { Caches } from '../cache/caches.ts';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';
import type { PoolBackend } from './backend-openings.ts';
import { HostNameWatch, type HostNameWatchOptions } from './host-name-watch.ts';
import type { UpstreamLogins } from './upstream-logins.ts';

export interface ServerChangesOptions extends Pick<HostNameWatchOptions, 'now' | 'upstreams' | 'lookup'> {
  readonly pools: Pools<Client, Backend>;
  readonly logins: UpstreamLogins;
  readonly caches: () => Caches | undefined;
  /** So many backends are connected to an address that their server's name no longer has. */
  readonly moved: (backends: number) => void;
}

/** Changes at servers while connections to them are open: their addresses, users and databases. */
export class ServerChanges {
  readonly names: HostNameWatch;
  readonly #options: ServerChangesOptions;

  constructor(options: ServerChangesOptions) {
    this.#options = options;
    this.names = new HostNameWatch({
      now: options.now,
      lookup: options.lookup,
      upstreams: options.upstreams,
      addressesInUse: (...place) =>
        new Set(this.#backendsAt(...place).flatMap(({ handle }) => handle?.address.ipAddress ?? [])),
      addressesGone: (...place) => this.#moved(...place),
    });
  }

  /** Replaces connections as soon as no client holds them. */
  reconnect(scope: PoolScope): void {
    const { pools, caches, now } = this.#options;
    pools.reconnect(scope, now());
    caches()?.reconnect(scope);
  }

  /**
   * As with direct connections, new sessions must start with the new definitions: idle backends are replaced at once, others when they are
   * given back.
   */
  redefined(upstream: string, whose: readonly Redefinition[]): void {
    const { pools, now } = this.#options;
    const nowMs = now();
    const here = pools.figures(nowMs).filter(({ name }) => name.upstream === upstream);
    for (const { name } of here) if (whose.some((one) => this.#isRedefined(one, name))) pools.reconnect(name, nowMs);
  }

  /** A client runs a command that needs databases without sessions: idle backends of these databases are closed. */
  closeSessionsOf(client: PooledClient<Client, Backend>, databases: ReadonlySet<string>): void {
    const { pools, logins, caches, now } = this.#options;
    const { upstream } = client.pool.name;
    const isMeant = (name: PoolName): boolean => name.upstream === upstream && databases.has(logins.databaseOf(name));
    pools.closeWithoutClients(isMeant, client, now());
    caches()?.closeSessionsOf(upstream, databases);
  }

  #isRedefined({ roles, database }: Redefinition, name: PoolName): boolean {
    const isRole = roles?.includes(name.user) ?? true;
    return isRole && (database === undefined || database === this.#options.logins.databaseOf(name));
  }

  #backendsAt(upstream: string, host: string): readonly PoolBackend[] {
    const isThere = ({ pool, handle }: PoolBackend): boolean =>
      pool.name.upstream === upstream && handle?.address.host === host;
    return this.#options.pools.backends().filter(isThere);
  }

  #moved(upstream: string, host: string, addresses: ReadonlySet<string>): void {
    const { pools, caches, now } = this.#options;
    const isThere = ({ handle }: PoolBackend): boolean => addresses.has(handle?.address.ipAddress ?? '');
    const moved = new Set(this.#backendsAt(upstream, host).filter(isThere));
    pools.replaceMoved((backend) => moved.has(backend), now());
    caches()?.reconnect({ upstream });
    this.#options.moved(moved.size);
  }
}
