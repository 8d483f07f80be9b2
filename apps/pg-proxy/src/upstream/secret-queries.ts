import { queryLimits, type SecretQuery } from '../config/auth-config.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Secret } from '@medrex/privacy';
import { databaseOf } from '../config/scopes.ts';
import { secretOf, type UserSecret } from '../config/user-file.ts';
import { pgProxyError } from '../errors.ts';
import type { Credentials } from './credentials.ts';
import { LoginRefused, QueryConnection } from './query-connection.ts';
import { notAccepting } from './refusal-report.ts';
import type { UpstreamLogins } from './upstream-logins.ts';

/** Where to ask about the users of a database. */
interface QueryTarget {
  readonly query: SecretQuery;
  readonly password: Secret | undefined;
  readonly upstream: string;
  /** Its name at the server, and in the configuration. */
  readonly database: string;
  readonly configuredName: string;
  /** The query runs in the database that the client names. */
  readonly isOfClient: boolean;
}

/**
 * `auth.query`, and `authQuery` of databases: asks upstreams for users' secrets, as the user configured for the query, on connections of
 * its own.
 */
export class SecretQueries {
  readonly #loaded: LoadedConfig;
  readonly #upstreams: UpstreamLogins;
  readonly #salt: Uint8Array;
  readonly #isDisabled: (database: string) => boolean;
  readonly #connections = new Map<string, QueryConnection>();

  /** @param salt random for this process, for plain secrets @param isDisabled whether a database of the configuration is closed */
  constructor(
    loaded: LoadedConfig,
    upstreams: UpstreamLogins,
    salt: Uint8Array,
    isDisabled: (database: string) => boolean,
  ) {
    this.#isDisabled = isDisabled;
    this.#loaded = loaded;
    this.#upstreams = upstreams;
    this.#salt = salt;
  }

  /** The number of connections that are open or being opened. */
  get size(): number {
    return this.#connections.size;
  }

  /** Equal for databases that share the same answers. */
  keyOf(database: string): string {
    const target = this.#targetOf(database);
    return target === undefined ? '' : keyOf(target);
  }

  ttlMsOf(database: string): number {
    return this.#targetOf(database)?.query.ttlMs ?? 0;
  }

  /** @throws CodedError PG_PROXY_AUTH_QUERY; LoginRefused where there is no database of the name that the client said */
  async query(user: string, database: string): Promise<UserSecret | undefined> {
    const target = this.#targetOf(database);
    if (target === undefined) return undefined;
    try {
      if (this.#isDisabled(target.configuredName))
        throw new LoginRefused({ severity: 'FATAL', ...notAccepting(target.configuredName) });
      const rows = await this.#connectionTo(target).query(target.query.sql, [user]);
      const [name, secret, mayLogIn] = rows[0] ?? [];
      if (rows.length > 1) throw new Error('the query returned more than one row');
      if (rows.length === 1 && secret === undefined) throw new Error('the query returned fewer than two columns');
      if (name !== user || secret === undefined) return undefined;
      const isThere = secret !== null && secret !== '';
      const known: UserSecret = isThere ? secretOf(user, secret, this.#salt) : { kind: 'none' };
      return mayLogIn === 'f' ? { ...known, mayLogIn: false } : known;
    } catch (cause) {
      if (target.isOfClient && cause instanceof LoginRefused && databaseUnavailable.test(cause.report.sqlstate))
        throw cause;
      const where = `${target.database} at ${target.upstream}`;
      throw pgProxyError(
        'PG_PROXY_AUTH_QUERY',
        `auth.query as ${target.query.user} in ${where}: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  /** Closes its connections to these databases; new ones are opened on demand. */
  closeSessionsOf(upstream: string, databases: ReadonlySet<string>): void {
    for (const [key, connection] of this.#connections) {
      const [at, database] = JSON.parse(key) as [string, string];
      if (at !== upstream || !databases.has(database)) continue;
      connection.close();
      this.#connections.delete(key);
    }
  }

  #targetOf(database: string): QueryTarget | undefined {
    const { config, queryPassword, queryPasswords } = this.#loaded;
    const from = databaseOf(config, database);
    const own = from?.database.authQuery;
    const query = own ?? config.auth.query;
    const configuredName = query?.database ?? database;
    const found = databaseOf(config, configuredName)?.database;
    if (query === undefined || from === undefined || found === undefined) return undefined;
    const password = own === undefined ? queryPassword : queryPasswords.get(from.key);
    const isOfClient = query.database === undefined;
    return {
      query,
      password,
      upstream: found.upstream,
      database: found.database ?? configuredName,
      configuredName,
      isOfClient,
    };
  }

  #connectionTo(target: QueryTarget): QueryConnection {
    const { upstream, database } = target;
    const key = keyOf(target);
    const { timeoutMs } = this.#loaded.config.auth.query ?? queryLimits;
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const connection = new QueryConnection({
      ...this.#upstreams.targetOf(upstream),
      database,
      credentials: this.#credentials(target),
      timeoutMs,
      keysOf: this.#upstreams.keysOf,
      // Clients could make up any number of database names.
      ended: () => {
        if (this.#connections.get(key) === connection) this.#connections.delete(key);
      },
    });
    this.#connections.set(key, connection);
    return connection;
  }

  #credentials({ query: { user }, password }: QueryTarget): Credentials {
    if (password !== undefined) return { user, secret: { kind: 'password', password: password.reveal() } };
    const own = this.#loaded.users.get(user);
    if (own?.kind === 'plain') return { user, secret: { kind: 'password', password: own.password } };
    return { user, secret: own?.kind === 'md5' ? own : { kind: 'none' } };
  }
}

/** The database does not exist (3D000) or is closed (55000). */
const databaseUnavailable = /^(?:3D000|55000)$/;

/** Equal for identical queries. */
const keyOf = ({ upstream, database, query }: QueryTarget): string =>
  JSON.stringify([upstream, database, query.user, query.sql]);
