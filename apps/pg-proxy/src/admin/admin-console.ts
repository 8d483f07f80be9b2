import type { WireFault } from '@medrex/pg-wire';
import type { SqlAnalyser } from '@medrex/sql';
import type { LoadedConfig } from '../config/load-config.ts';
import { databaseOf } from '../config/scopes.ts';
import type { AuthenticatedClient } from '../login/login-context.ts';
import type { Observability } from '../observe/observability.ts';
import { Plans, type PlanSession } from '../observe/plans.ts';
import type { Statistics } from '../observe/statistics.ts';
import { terminatedByAdmin } from '../session/client/client-end.ts';
import type { PoolHost } from '../upstream/pool-host.ts';
import { QueryConnection } from '../upstream/query-connection.ts';
import type { ProxyLifecycle } from './commands.ts';
import { ConsoleSession } from './console-session.ts';
import { LocalTables } from './local-tables.ts';
import { MedrexTables } from './medrex-tables.ts';
import { Preparer } from './preparer.ts';
import { consoleDatabase, hasConsole } from './show-pgbouncer.ts';
import type { ShowContext } from './show.ts';

/** The longest login and the longest answer of a server that is asked for a plan, in ms. */
const planTimeoutMs = 6_000;

/** Names of the console, unless a database has them. */
const names: ReadonlySet<string> = new Set([consoleDatabase, 'medrex']);

export interface AdminConsoleOptions {
  readonly host: PoolHost;
  readonly loaded: LoadedConfig;
  readonly analyser: SqlAnalyser;
  readonly lifecycle: ProxyLifecycle;
  /** The number of connections that are about to log in. */
  readonly pendingLogins: () => number;
  readonly observability: Observability;
}

/** The sessions at the console, and what administrators see there and in sessions of ordinary databases. */
export class AdminConsole {
  readonly #options: AdminConsoleOptions;
  readonly #sessions = new Set<ConsoleSession>();
  readonly #tables = new MedrexTables(() => this.#showContext());
  #loaded: LoadedConfig;
  #plans: Plans | undefined;

  constructor(options: AdminConsoleOptions) {
    this.#options = options;
    this.#loaded = options.loaded;
  }

  reload(loaded: LoadedConfig): void {
    this.#loaded = loaded;
  }

  isFor({ database }: AuthenticatedClient): boolean {
    return names.has(database) && hasConsole(this.#loaded.config, database);
  }

  /** @returns why the user may not enter */
  admit(authenticated: AuthenticatedClient): WireFault | undefined {
    const { socket, address, user, database, parameters } = authenticated;
    const { host } = this.#options;
    if (!this.#isAdmin(authenticated) && !this.#isObserver(user))
      return { sqlstate: '42501', message: 'this user may not use the console' };
    const { cancelKeys, now, limits } = host;
    const application = parameters.get('application_name') ?? '';
    const limited = { database: undefined, user, application };
    // Users who can do something about it are always admitted.
    const refusal = this.#isAdmin(authenticated) ? undefined : limits.refusal(limited);
    if (refusal !== undefined) return refusal;
    const preparer = this.#preparerOf(authenticated);
    socket.write(authenticated.authMessages);
    const processId = cancelKeys.reserve();
    const session = new ConsoleSession({
      socket,
      address,
      user,
      database,
      processId,
      now,
      application,
      traffic: host.trafficOf(consoleDatabase),
      read: (text, types) => preparer.read(text, types),
      onClosed: () => {
        this.#sessions.delete(session);
        limits.left(session);
        cancelKeys.release(processId);
      },
    });
    this.#sessions.add(session);
    limits.entered(session, limited);
    return undefined;
  }

  /** The proxy's tables, for users who may read them in a session of an ordinary database. */
  localTablesFor(authenticated: AuthenticatedClient): ((send: (message: Buffer) => void) => LocalTables) | undefined {
    if (!this.#isAdmin(authenticated) && !this.#isObserver(authenticated.user)) return undefined;
    const preparer = this.#preparerOf(authenticated);
    const tables = this.#tables;
    const { analyser } = this.#options;
    return (send) => new LocalTables({ send, read: (text, types) => preparer.read(text, types), analyser, tables });
  }

  /** The proxy ends. */
  close(): void {
    for (const session of this.#sessions) session.close(terminatedByAdmin);
  }

  #isObserver(user: string): boolean {
    return this.#loaded.config.admin.statsUsers.includes(user);
  }

  #isAdmin({ user, isOwner }: Pick<AuthenticatedClient, 'user' | 'isOwner'>): boolean {
    return isOwner || this.#loaded.config.admin.users.includes(user);
  }

  #showContext(): ShowContext {
    const { host, pendingLogins, observability } = this.#options;
    const { statistics, traces, epochOf } = observability;
    const plans = statistics === undefined ? undefined : this.#plansOf(statistics);
    const { config, users } = this.#loaded;
    const parts = { host, config, users, consoleSessions: this.#sessions, pendingLogins: pendingLogins() };
    return { ...parts, epochOf, statistics, plans, traceOf: traces.traceOf };
  }

  #plansOf(statistics: Statistics): Plans {
    this.#plans ??= new Plans({
      analyser: this.#options.analyser,
      find: (fingerprint) => statistics.queries.find(fingerprint),
      session: (database, user) => this.#planSession(database, user),
      epochMs: () => statistics.epochMs,
    });
    return this.#plans;
  }

  /** As a client with this user and database would have it. */
  #planSession(database: string, user: string): PlanSession | string {
    const { config } = this.#loaded;
    const found = databaseOf(config, database)?.database;
    if (found === undefined) return `there is no database "${database}" any more`;
    if (config.upstreams[found.upstream]?.kind === 'iris')
      return 'it runs on IRIS: EXPLAIN (TRANSLATE) shows what is sent there';
    const { upstreams } = this.#options.host;
    const login = upstreams.loginOf(upstreams.nameOf(found.upstream, database, user));
    const connection = new QueryConnection({ ...login, timeoutMs: planTimeoutMs });
    return { query: (text) => connection.query(text, []), close: () => connection.close() };
  }

  #preparerOf({ user, database, isOwner }: AuthenticatedClient): Preparer {
    const { lifecycle } = this.#options;
    return new Preparer({
      context: () => ({ ...this.#showContext(), isAdmin: this.#isAdmin({ user, isOwner }), lifecycle }),
      tables: this.#tables.of({ user, database }),
      epochMs: Date.now,
    });
  }
}
