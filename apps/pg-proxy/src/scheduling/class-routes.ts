import type { PooledClient, PoolName, Pools, WorkloadClass } from '@medrex/pool';
import type { Analysis } from '@medrex/sql';
import type { ProxyConfig } from '../config/proxy-config.ts';
import { databaseOf } from '../config/scopes.ts';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';
import type { RequestText } from '../session/client/request.ts';

type Pooled = PooledClient<Client, Backend>;

/** A client that has used other upstreams than that of its database. */
interface RoutedClient {
  readonly home: Pooled;
  readonly away: Pooled[];
}

/**
 * Workload classes with an upstream of their own: reads outside of a transaction go there, and only there. A client that holds a backend
 * (for a transaction, or for something left in its session) stays on it.
 */
export class ClassRoutes {
  readonly #pools: Pools<Client, Backend>;
  readonly #analyse: (asked: RequestText) => Analysis;
  readonly #routedClients = new Map<Client, RoutedClient>();
  #config: ProxyConfig;
  #hasRoutes = false;

  constructor(pools: Pools<Client, Backend>, config: ProxyConfig, analyse: (asked: RequestText) => Analysis) {
    this.#pools = pools;
    this.#analyse = analyse;
    this.#config = config;
    this.reload(config);
  }

  reload(config: ProxyConfig): void {
    this.#config = config;
    this.#hasRoutes = Object.values(config.databases).some(({ upstreamOfClass }) => upstreamOfClass !== undefined);
  }

  /** The pool in which the client must ask for a backend. */
  pooledFor(client: Client, workClass: WorkloadClass, asked: RequestText | undefined, nowMs: number): Pooled {
    if (!this.#hasRoutes && this.#routedClients.size === 0) return client.pooled;
    const pooled = this.#routed(client, workClass, asked);
    // Its application name may have changed since it was last there.
    this.#pools.setApplication(pooled, client.settings.get('application_name') ?? '', nowMs);
    return pooled;
  }

  #routed(client: Client, workClass: WorkloadClass, asked: RequestText | undefined): Pooled {
    const routed = this.#routedClients.get(client);
    const home = routed?.home ?? client.pooled;
    const routes = databaseOf(this.#config, client.database)?.database.upstreamOfClass;
    const upstream = workClass === 'admin' ? undefined : routes?.[workClass];
    if (upstream === undefined || upstream === home.pool.name.upstream || !this.#onlyReads(asked)) return home;
    const { away } = routed ?? this.#addRoutedClient(client, home);
    // A RELOAD may have moved its pools.
    const known = away.find(({ pool }) => pool.name.upstream === upstream);
    if (known !== undefined) return known;
    const application = client.settings.get('application_name') ?? '';
    const joined = this.#pools.join({ ...home.pool.name, upstream }, application, client);
    away.push(joined);
    return joined;
  }

  /** Whether a pool belongs to the upstream of a class, where nobody may write. */
  isClassUpstream({ upstream, database }: PoolName): boolean {
    return upstream !== databaseOf(this.#config, database)?.database.upstream;
  }

  /** The client's pool for work whose class has no upstream of its own. */
  homeOf(client: Client): PoolName {
    return (this.#routedClients.get(client)?.home ?? client.pooled).pool.name;
  }

  /** The client is gone. */
  clientLeft(client: Client, nowMs: number): void {
    const routed = this.#routedClients.get(client);
    this.#routedClients.delete(client);
    const everywhere = routed === undefined ? [client.pooled] : [routed.home, ...routed.away];
    for (const pooled of everywhere) this.#pools.leave(pooled, nowMs);
  }

  #addRoutedClient(client: Client, home: Pooled): RoutedClient {
    const routed: RoutedClient = { home, away: [] };
    this.#routedClients.set(client, routed);
    return routed;
  }

  /** Whether nothing in a text writes, locks, or begins a transaction. */
  #onlyReads(asked: RequestText | undefined): boolean {
    if (asked?.isWhole !== true) return false;
    const analysis = this.#analyse(asked);
    if (analysis.kind !== 'read' || analysis.statements.length === 0) return false;
    return analysis.statements.every(
      ({ isReadOnly, kind, effects }) =>
        isReadOnly && (kind === 'select' || kind === 'copyOut') && effects.length === 0,
    );
  }
}
