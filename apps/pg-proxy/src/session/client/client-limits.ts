import type { WireFault } from '@medrex/pg-wire';
import type { ProxyConfig } from '../../config/proxy-config.ts';
import { applicationOf, databaseOf, userOf } from '../../config/scopes.ts';

/** The client that asks to come in. */
export interface LimitedClient {
  /** Undefined: a client of the admin console. */
  readonly database: string | undefined;
  readonly user: string;
  /** The name given at login; later changes do not count. */
  readonly application: string;
}

interface Limit {
  readonly key: string;
  readonly max: number;
  readonly fault: WireFault;
}

/** Counts clients by database, user and application, where the configuration limits them. Clients of the console count as well. */
export class ClientLimits<C> {
  readonly #clients = new Map<C, LimitedClient>();
  readonly #counts = new Map<string, number>();
  #config: ProxyConfig;

  constructor(config: ProxyConfig) {
    this.#config = config;
  }

  /** Nobody is disconnected; new limits apply to the next client. */
  reload(config: ProxyConfig): void {
    this.#config = config;
    this.#counts.clear();
    for (const limited of this.#clients.values()) this.#count(limited, 1);
  }

  /** The refusal, if the client may not come in. */
  refusal(limited: LimitedClient): WireFault | undefined {
    // The console must stay reachable when there are too many clients: it shows who they are.
    if (limited.database !== undefined && this.#clients.size >= this.#config.clientsMax)
      return { sqlstate: '53300', message: 'sorry, too many clients already' };
    return limitsOf(this.#config, limited).find(({ key, max }) => (this.#counts.get(key) ?? 0) >= max)?.fault;
  }

  entered(client: C, limited: LimitedClient): void {
    this.#clients.set(client, limited);
    this.#count(limited, 1);
  }

  left(client: C): void {
    const limited = this.#clients.get(client);
    if (limited === undefined) return;
    this.#clients.delete(client);
    this.#count(limited, -1);
  }

  #count(limited: LimitedClient, by: 1 | -1): void {
    for (const { key } of limitsOf(this.#config, limited)) {
      const count = (this.#counts.get(key) ?? 0) + by;
      if (count > 0) this.#counts.set(key, count);
      else this.#counts.delete(key);
    }
  }
}

function limitsOf(config: ProxyConfig, { database, user, application }: LimitedClient): readonly Limit[] {
  const limits: Limit[] = [];
  const limit = (max: number | undefined, what: string, name: string): void => {
    if (max === undefined) return;
    const message = `too many connections for ${what} "${name}"`;
    limits.push({ key: `${what} ${name}`, max, fault: { sqlstate: '53300', message } });
  };
  if (database !== undefined) limit(databaseOf(config, database)?.database.clientsMax, 'database', database);
  limit(userOf(config, user)?.user.clientsMax, 'role', user);
  // All names that match one rule count together: the rule stands for one kind of client.
  const rule = applicationOf(config, application);
  limit(rule?.application.clientsMax, 'application', rule?.key ?? '');
  return limits;
}
