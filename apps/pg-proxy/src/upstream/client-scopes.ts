import type { Pools } from '@medrex/pool';
import type { ProxyConfig } from '../config/proxy-config.ts';
import { settingsFor } from '../config/scopes.ts';
import { hintsOf, sessionSettingsOf } from '../config/session-settings.ts';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';

/**
 * The settings that apply to each client, from the configuration and its own session; computed when one of them changes, not for each
 * statement.
 */
export class ClientScopes {
  readonly #pools: Pools<Client, Backend>;
  readonly #clients: ReadonlySet<Client>;
  #config: ProxyConfig;

  constructor(pools: Pools<Client, Backend>, clients: ReadonlySet<Client>, config: ProxyConfig) {
    this.#pools = pools;
    this.#clients = clients;
    this.#config = config;
  }

  reload(config: ProxyConfig, nowMs: number): void {
    this.#config = config;
    for (const client of this.#clients) this.update(client, nowMs);
  }

  /** A client has come, or its session settings have changed. */
  update(client: Client, nowMs: number): void {
    const application = client.settings.get('application_name') ?? '';
    const who = { database: client.database, user: client.user };
    client.scoped = settingsFor(this.#config, { ...who, application }, sessionSettingsOf(client.settings));
    client.ownWaitMs = this.#ownWait(client);
    this.#pools.setApplication(client.pooled, application, nowMs);
    this.#pools.setWaitTimeout(client.pooled, client.ownWaitMs);
  }

  /** A client waits for a backend for a statement. */
  startsWaiting(client: Client, text: string): void {
    const own = hintsOf(text).waitTimeoutMs ?? client.ownWaitMs;
    if (own !== client.pooled.waitTimeoutMs) this.#pools.setWaitTimeout(client.pooled, own);
  }

  /** Undefined: as its pool says. */
  #ownWait({ scoped, pooled }: Client): number | undefined {
    const { waitTimeoutMs } = settingsFor(this.#config, pooled.pool.name);
    return scoped.waitTimeoutMs === waitTimeoutMs ? undefined : scoped.waitTimeoutMs;
  }
}
