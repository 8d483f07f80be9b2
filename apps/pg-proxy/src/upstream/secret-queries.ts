import type { AuthQueryConfig } from '../config/auth-config.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { databaseOf } from '../config/scopes.ts';
import { secretOf, type UserSecret } from '../config/user-file.ts';
import { pgProxyError } from '../errors.ts';
import type { Credentials } from './credentials.ts';
import { QueryConnection } from './query-connection.ts';
import type { UpstreamLogins } from './upstream-logins.ts';

/** `auth.query`: asks upstreams for the secrets of users, as the user of that query, over connections of its own. */
export class SecretQueries {
  readonly #loaded: LoadedConfig;
  readonly #query: AuthQueryConfig;
  readonly #upstreams: UpstreamLogins;
  readonly #salt: Uint8Array;
  readonly #connections = new Map<string, QueryConnection>();

  /** @param salt of the process, for plain secrets */
  constructor(loaded: LoadedConfig, query: AuthQueryConfig, upstreams: UpstreamLogins, salt: Uint8Array) {
    this.#loaded = loaded;
    this.#query = query;
    this.#upstreams = upstreams;
    this.#salt = salt;
  }

  /** Equal for databases of which the same answer holds. */
  keyOf(database: string): string {
    const place = this.#placeOf(database);
    return place === undefined ? '' : JSON.stringify([place.upstream, place.database]);
  }

  /** @throws CodedError PG_PROXY_AUTH_QUERY */
  async ask(user: string, database: string): Promise<UserSecret | undefined> {
    const place = this.#placeOf(database);
    if (place === undefined) return undefined;
    try {
      const rows = await this.#connectionTo(place).ask(this.#query.sql, [user]);
      const [name, secret] = rows[0] ?? [];
      if (rows.length > 1) throw new Error('it answers with more than one row');
      if (rows.length === 1 && secret === undefined) throw new Error('it answers with less than two columns');
      if (name !== user || secret === undefined || secret === null || secret === '') return undefined;
      return secretOf(user, secret, this.#salt);
    } catch (cause) {
      const where = `${place.database} at ${place.upstream}`;
      throw pgProxyError('PG_PROXY_AUTH_QUERY', `auth.query in ${where}: ${(cause as Error).message}`);
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  /** Gives up its connections to these databases; it opens others when it needs them. */
  vacate(upstream: string, databases: ReadonlySet<string>): void {
    for (const [key, connection] of this.#connections) {
      const [at, database = ''] = JSON.parse(key) as string[];
      if (at !== upstream || !databases.has(database)) continue;
      connection.close();
      this.#connections.delete(key);
    }
  }

  #placeOf(database: string): { upstream: string; database: string } | undefined {
    const asked = this.#query.database ?? database;
    const found = databaseOf(this.#loaded.config, asked);
    return found && { upstream: found.database.upstream, database: found.database.database ?? asked };
  }

  #connectionTo({ upstream, database }: { upstream: string; database: string }): QueryConnection {
    const key = JSON.stringify([upstream, database]);
    const { timeoutMs } = this.#query;
    const known = this.#connections.get(key);
    const connection =
      known ??
      new QueryConnection({
        ...{ address: this.#upstreams.addressOf(upstream), database, credentials: this.#credentials(), timeoutMs },
        keysOf: this.#upstreams.keysOf,
      });
    this.#connections.set(key, connection);
    return connection;
  }

  #credentials(): Credentials {
    const { user } = this.#query;
    const password = this.#loaded.queryPassword?.reveal();
    if (password !== undefined) return { user, secret: { kind: 'password', password } };
    const own = this.#loaded.users.get(user);
    if (own?.kind === 'plain') return { user, secret: { kind: 'password', password: own.password } };
    return { user, secret: own?.kind === 'md5' ? own : { kind: 'none' } };
  }
}
