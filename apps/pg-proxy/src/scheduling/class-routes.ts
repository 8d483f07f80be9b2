import type { PooledClient, PoolName, Pools, WorkloadClass } from '@medrex/pool';
import type { Analysis } from '@medrex/sql';
import type { ProxyConfig } from '../config/proxy-config.ts';
import { databaseOf } from '../config/scopes.ts';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';
import type { Asked } from '../session/client/request.ts';

type Pooled = PooledClient<Client, Backend>;

/** A client that has used other upstreams than that of its database. */
interface Traveller {
  readonly home: Pooled;
  readonly away: Pooled[];
}

/**
 * Workload classes with an upstream of their own: reads outside of a transaction go there, and only there. A client that holds a backend
 * (for a transaction, or for something left in its session) stays on it.
 */
export class ClassRoutes {
  readonly #pools: Pools<Client, Backend>;
  readonly #analyse: (asked: Asked) => Analysis;
  readonly #travellers = new Map<Client, Traveller>();
  #config: ProxyConfig;
  #isUsed = false;

  constructor(pools: Pools<Client, Backend>, config: ProxyConfig, analyse: (asked: Asked) => Analysis) {
    this.#pools = pools;
    this.#analyse = analyse;
    this.#config = config;
    this.reload(config);
  }

  reload(config: ProxyConfig): void {
    this.#config = config;
    this.#isUsed = Object.values(config.databases).some(({ upstreamOfClass }) => upstreamOfClass !== undefined);
  }

  /** The pool in which the client must ask for a backend. */
  pooledFor(client: Client, workClass: WorkloadClass, asked: Asked | undefined, nowMs: number): Pooled {
    if (!this.#isUsed && this.#travellers.size === 0) return client.pooled;
    const pooled = this.#routed(client, workClass, asked);
    // Its application name may have changed since it was last there.
    this.#pools.setApplication(pooled, client.settings.get('application_name') ?? '', nowMs);
    return pooled;
  }

  #routed(client: Client, workClass: WorkloadClass, asked: Asked | undefined): Pooled {
    const traveller = this.#travellers.get(client);
    const home = traveller?.home ?? client.pooled;
    const routes = databaseOf(this.#config, client.database)?.database.upstreamOfClass;
    const upstream = workClass === 'admin' ? undefined : routes?.[workClass];
    if (upstream === undefined || upstream === home.pool.name.upstream || !this.#onlyReads(asked)) return home;
    const { away } = traveller ?? this.#travel(client, home);
    // A RELOAD may have moved its pools.
    const known = away.find(({ pool }) => pool.name.upstream === upstream);
    if (known !== undefined) return known;
    const application = client.settings.get('application_name') ?? '';
    const joined = this.#pools.join({ ...home.pool.name, upstream }, application, client);
    away.push(joined);
    return joined;
  }

  /** Whether a pool belongs to the upstream of a class, where nobody may write. */
  isAway({ upstream, database }: PoolName): boolean {
    return upstream !== databaseOf(this.#config, database)?.database.upstream;
  }

  /** The client's pool for work whose class has no upstream of its own. */
  homeOf(client: Client): PoolName {
    return (this.#travellers.get(client)?.home ?? client.pooled).pool.name;
  }

  /** The client is gone. */
  left(client: Client, nowMs: number): void {
    const traveller = this.#travellers.get(client);
    this.#travellers.delete(client);
    const everywhere = traveller === undefined ? [client.pooled] : [traveller.home, ...traveller.away];
    for (const pooled of everywhere) this.#pools.leave(pooled, nowMs);
  }

  #travel(client: Client, home: Pooled): Traveller {
    const traveller: Traveller = { home, away: [] };
    this.#travellers.set(client, traveller);
    return traveller;
  }

  /** Whether nothing in a text writes, locks, or begins a transaction. */
  #onlyReads(asked: Asked | undefined): boolean {
    if (asked?.isWhole !== true) return false;
    const analysis = this.#analyse(asked);
    if (analysis.kind !== 'read' || analysis.statements.length === 0) return false;
    return analysis.statements.every(
      ({ isReadOnly, kind, effects }) =>
        isReadOnly && (kind === 'select' || kind === 'copyOut') && effects.length === 0,
    );
  }
}
