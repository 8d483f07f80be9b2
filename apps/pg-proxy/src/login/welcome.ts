import {
  backendKeyData,
  fatal,
  noticeResponse,
  readyForQuery,
  transactionStatus,
  type WireFault,
} from '@medrex/pg-wire';
import { nameKey, type PoolName } from '@medrex/pool';
import type { SqlAnalyser } from '@medrex/sql';
import type { Life } from '../admin/commands.ts';
import { ConsoleSession } from '../admin/console-session.ts';
import { consoleDatabase, hasConsole } from '../admin/show-pgbouncer.ts';
import { internalError } from '../internal-error.ts';
import { LocalTables } from '../admin/local-tables.ts';
import { MedrexTables } from '../admin/medrex-tables.ts';
import { Preparer } from '../admin/prepared.ts';
import type { Sight } from '../admin/show.ts';
import type { CachedSession } from '../cache/caches.ts';
import { placeOf, type Newcomer } from './arrival.ts';
import { longNameNotice } from './long-name.ts';
import { outOfFiles } from './open-files.ts';
import { departed } from '../session/client/client-end.ts';
import { Client } from '../session/client/client.ts';
import type { PoolMode } from '../session/client/client-options.ts';
import type { Entrant } from '../session/client/client-limits.ts';
import { observersOf } from '../observe/observers.ts';
import type { Observing } from '../observe/observing.ts';
import { Plans, type PlanSession } from '../observe/plans.ts';
import type { Statistics } from '../observe/statistics.ts';
import type { RequestObserver } from '../session/client/request.ts';
import { LoginReports, messagesOf, type Parameters } from './login-reports.ts';
import { settingsOf, type Settings } from '../session/left-behind/settings.ts';
import { StatementBook } from '../session/prepared/statement-book.ts';
import type { Shapes } from '../session/prepared/statements.ts';
import { UnseenCode } from '../session/code/unseen-code.ts';
import type { PoolHost } from '../upstream/pool-host.ts';
import { QueryConnection } from '../upstream/query-connection.ts';
import { databaseOf, settingsFor, userOf } from '../config/scopes.ts';
import type { ScopedSettings } from '../config/scoped-settings.ts';
import { problemOfSetting } from '../config/session-settings.ts';
import { clampReport, notAccepting } from '../upstream/refusal-report.ts';
import type { LoadedConfig } from '../config/load-config.ts';

/** Longest login and longest answer of the server that is asked for a plan. */
const planTimeoutMs = 6_000;

/** Names of the console, where no database has them. */
const consoles: ReadonlySet<string> = new Set([consoleDatabase, 'medrex']);
const ending: WireFault = { sqlstate: '57P03', message: 'the database system is shutting down' };

export interface WelcomeOptions {
  readonly host: PoolHost;
  readonly loaded: LoadedConfig;
  readonly analyser: SqlAnalyser;
  readonly life: Life;
  /** Who is about to log in. */
  readonly arrivals: () => number;
  /** Files that the process may have open. */
  readonly filesMax: number;
  readonly observing: Observing;
  /** @param address where it came from */
  readonly refused: (fault: WireFault, address: string) => void;
}

/** Makes clients of newcomers: a pool, the parameters that a server would report, a key to cancel with. */
export class Welcome {
  readonly #host: PoolHost;
  readonly #analyser: SqlAnalyser;
  readonly #life: Life;
  readonly #arrivals: () => number;
  readonly #filesMax: number;
  readonly #observing: Observing;
  readonly #refused: WelcomeOptions['refused'];
  readonly #observer: RequestObserver | undefined;
  readonly #consoles = new Set<ConsoleSession>();
  readonly #tables = new MedrexTables(() => this.#sight());
  #loaded: LoadedConfig;
  #plans: Plans | undefined;
  readonly #reports: LoginReports;
  readonly #statements: StatementBook;

  constructor({ host, loaded, analyser, life, arrivals, filesMax, observing, refused }: WelcomeOptions) {
    this.#refused = refused;
    this.#arrivals = arrivals;
    this.#filesMax = filesMax;
    this.#life = life;
    this.#host = host;
    this.#reports = new LoginReports(() => host.now());
    this.#analyser = analyser;
    this.#loaded = loaded;
    this.#observing = observing;
    this.#statements = new StatementBook(
      (name) => host.upstreams.databaseOf(name),
      (name) => this.#shapesOf(name),
    );
    host.onForgotten = (name) => {
      this.#statements.forget(name);
      this.#reports.forget(nameKey(name));
    };
    host.onMoved = (moved) => this.#statements.move(moved);
    host.onReported = (name, reports) => this.#reports.heard(nameKey(name), reports);
    this.#observer = observersOf([host.classifier.isOn ? host.classifier : undefined, observing.observer]);
  }

  reload(loaded: LoadedConfig): void {
    this.#loaded = loaded;
    this.#reports.clear();
  }

  /** The caches are others: clients that are in look and write there from their next request on. */
  renewCaches(): void {
    const { clients, caches } = this.#host;
    for (const client of clients) {
      const cached = this.#cachedFor(this.#host.routes.homeOf(client), client.user, client.mode);
      client.keep({ observer: cached?.observer ?? this.#observer, cacheOf: cached?.cacheOf });
      // What is under way was sent unseen.
      if (!client.isIdle) caches?.awaitUnseen(client.database, () => !clients.has(client) || client.isIdle);
    }
  }

  /** The proxy ends. */
  closeConsoles(): void {
    for (const console of this.#consoles) console.close(departed);
  }

  enter(newcomer: Newcomer): void {
    try {
      if (this.#isForConsole(newcomer)) this.#enterConsole(newcomer);
      else this.#enterDatabase(newcomer);
    } catch (error) {
      this.#host.broke(error);
      this.#refuse(newcomer, internalError);
    }
  }

  /** While the proxy ends, its operators still come in. */
  enterAtEnd(newcomer: Newcomer): void {
    if (this.#isForConsole(newcomer)) this.#enterConsole(newcomer);
    else this.#refuse(newcomer, ending);
  }

  #isForConsole({ database }: Newcomer): boolean {
    return consoles.has(database) && hasConsole(this.#loaded.config, database);
  }

  #enterConsole(newcomer: Newcomer): void {
    const { socket, address, user, database, parameters } = newcomer;
    if (!this.#mayLook(user))
      return this.#refuse(newcomer, { sqlstate: '42501', message: 'this user may not use the console' });
    const { cancelKeys, now, limits } = this.#host;
    const application = parameters.get('application_name') ?? '';
    const entrant = { database: undefined, user, application };
    // Who can do something about it always comes in.
    const refusal = this.#loaded.config.admin.users.includes(user) ? undefined : limits.refusal(entrant);
    if (refusal !== undefined) return this.#refuse(newcomer, refusal);
    const preparer = this.#preparerOf(newcomer);
    socket.write(newcomer.accepted);
    const processId = cancelKeys.reserve();
    const console = new ConsoleSession({
      ...{ socket, address, user, database, processId, now, application },
      traffic: this.#host.trafficOf(consoleDatabase),
      read: (text, types) => preparer.read(text, types),
    });
    this.#consoles.add(console);
    limits.entered(console, entrant);
    socket.once('close', () => {
      this.#consoles.delete(console);
      limits.left(console);
      cancelKeys.release(processId);
    });
  }

  #mayLook(user: string): boolean {
    const { users, statsUsers } = this.#loaded.config.admin;
    return users.includes(user) || statsUsers.includes(user);
  }

  #sight(): Sight {
    const { statistics, traces } = this.#observing;
    const plans = statistics === undefined ? undefined : this.#plansOf(statistics);
    const { config, users } = this.#loaded;
    const seen = { host: this.#host, config, users, consoles: this.#consoles, arrivals: this.#arrivals() };
    return { ...seen, statistics, plans, traceOf: traces.traceOf };
  }

  #plansOf(statistics: Statistics): Plans {
    this.#plans ??= new Plans({
      analyser: this.#analyser,
      find: (fingerprint) => statistics.queries.find(fingerprint),
      session: (database, user) => this.#planSession(database, user),
      epochMs: () => statistics.epochMs,
    });
    return this.#plans;
  }

  /** As a client of that name would have it. */
  #planSession(database: string, user: string): PlanSession | string {
    const { config } = this.#loaded;
    const found = databaseOf(config, database)?.database;
    if (found === undefined) return `there is no database "${database}" any more`;
    if (config.upstreams[found.upstream]?.kind === 'iris')
      return 'it runs on IRIS: EXPLAIN (TRANSLATE) shows what is sent there';
    const { upstreams } = this.#host;
    const login = upstreams.loginOf(upstreams.nameOf(found.upstream, database, user));
    const connection = new QueryConnection({ ...login, timeoutMs: planTimeoutMs });
    return { ask: (text) => connection.ask(text, []), close: () => connection.close() };
  }

  #preparerOf({ user, database }: Newcomer): Preparer {
    const isAdministrator = (): boolean => this.#loaded.config.admin.users.includes(user);
    return new Preparer({
      controls: () => ({ ...this.#sight(), mayAct: isAdministrator(), life: this.#life }),
      tables: this.#tables.of({ user, database }),
      epochMs: Date.now,
    });
  }

  /** The tables of the proxy, for those who may look at them from their own database. */
  #localOf(newcomer: Newcomer): ((send: (message: Buffer) => void) => LocalTables) | undefined {
    if (!this.#mayLook(newcomer.user)) return undefined;
    const preparer = this.#preparerOf(newcomer);
    const { analyser, tables } = { analyser: this.#analyser, tables: this.#tables };
    return (send) => new LocalTables({ send, read: (text, types) => preparer.read(text, types), analyser, tables });
  }

  #enterDatabase(newcomer: Newcomer): void {
    const { config } = this.#loaded;
    const { upstreams, limits } = this.#host;
    const { user, database } = newcomer;
    const found = databaseOf(config, database)?.database;
    if (found === undefined)
      return this.#refuse(newcomer, { sqlstate: '3D000', message: `database "${database}" does not exist` });
    const settings = startSettings(newcomer.parameters, new Set(config.ignoreStartupParameters), found.parameters);
    if ('sqlstate' in settings) return this.#refuse(newcomer, settings);
    const entrant = { database, user, application: settings.get('application_name') ?? '' };
    const refusal =
      this.#disabled(newcomer) ?? this.#denied(newcomer) ?? this.#overload() ?? this.#full() ?? limits.refusal(entrant);
    if (refusal !== undefined) return this.#refuse(newcomer, refusal);
    const scoped = settingsFor(config, entrant);
    if (config.applicationNameAddHost) settings.set('application_name', withPlace(entrant.application, newcomer));
    if (scoped.statementTimeoutMs > 0 && !settings.has('statement_timeout'))
      settings.set('statement_timeout', String(scoped.statementTimeoutMs));
    if (newcomer.shown !== undefined) upstreams.shown(user, database, newcomer.shown);
    const name = upstreams.nameOf(found.upstream, database, user);
    const client = this.#clientOf(newcomer, name, settings, scoped);
    client.contain(() => {
      client.outbox.push(newcomer.accepted);
      this.#join(client, name, entrant);
      const notice = longNameNotice(entrant.application);
      if (notice !== undefined) client.outbox.push(notice);
      this.#logIn(client, newcomer.minor);
    });
  }

  #cachedFor(name: PoolName, user: string, mode: PoolMode): CachedSession | undefined {
    // The connection that watches a server speaks PostgreSQL.
    const isWatched =
      this.#loaded.config.upstreams[name.upstream]?.kind !== 'iris' && this.#host.isOneServer(name.upstream);
    return (isWatched ? this.#host.caches : undefined)?.forClient({
      ...{ name, mode, user, observer: this.#observer },
      logIn: (loggedIn, failed) => this.#host.logIn(name, loggedIn, failed),
    });
  }

  #clientOf(newcomer: Newcomer, name: PoolName, settings: Settings, { mode, pinSequences }: ScopedSettings): Client {
    const cached = this.#cachedFor(name, newcomer.user, mode);
    const { socket, address, user, database } = newcomer;
    const client = new Client({
      socket,
      address,
      mode,
      settings,
      user,
      database,
      statements: this.#statements.of(name),
      analyser: this.#analyser,
      pinsSequences: pinSequences,
      host: this.#host,
      observer: cached?.observer ?? this.#observer,
      cacheOf: cached?.cacheOf,
      local: this.#localOf(newcomer),
    });
    return client;
  }

  /** From now on it counts. */
  #join(client: Client, name: PoolName, entrant: Entrant): void {
    const { pools, clients, limits } = this.#host;
    client.pooled = pools.join(name, entrant.application, client);
    clients.add(client);
    limits.entered(client, entrant);
    client.traffic.logins++;
    client.cameAtMs = this.#host.now();
    client.restedAtMs = client.cameAtMs;
    this.#host.followed(client);
  }

  #refuse({ socket, accepted, address }: Newcomer, fault: WireFault): void {
    this.#refused(fault, placeOf(address, socket));
    socket.on('error', () => socket.destroy());
    socket.write(Buffer.concat([accepted, fatal(fault)]));
    socket.destroySoon();
  }

  /** Whether DISABLE keeps everybody out. */
  #disabled({ database }: Newcomer): WireFault | undefined {
    if (!this.#host.disabled.has(database)) return undefined;
    return notAccepting(database);
  }

  /** Whether a rule keeps this user from this database. */
  #denied({ user, database }: Newcomer): WireFault | undefined {
    const allowed = userOf(this.#loaded.config, user)?.user.databases;
    if (allowed === undefined || allowed.includes(database)) return undefined;
    return { sqlstate: '42501', message: `permission denied for database "${database}"` };
  }

  #full(): WireFault | undefined {
    const { clients, pools } = this.#host;
    return outOfFiles(this.#filesMax, clients.size + pools.backendCount);
  }

  /** Who is in stays; who is not comes when there is less to do. */
  #overload(): WireFault | undefined {
    if (!this.#host.overload.rung.isClosed) return undefined;
    return {
      sqlstate: '53300',
      message: 'too much load: new connections are not taken now, try again in 5 s or later',
    };
  }

  #logIn(client: Client, minor: number): void {
    const key = `${nameKey(client.pooled.pool.name)}\0${client.settingsKey}`;
    const known = this.#reports.known(key);
    const { pooled, mode } = client;
    const { pool } = pooled;
    // Whoever asks a backend that rests waits for nobody.
    const isToAsk = pool.oldestIdleSinceMs !== Infinity && !this.#reports.isFresh(key, this.#host.now());
    // In session mode it gets the process id of its backend, which must be there for that.
    const isToHave = (mode === 'session' || isToAsk) && pool.hasRoomFor(pooled);
    if (known !== undefined && !isToHave) {
      this.#greet(client, minor, known);
      return;
    }
    // The first with these settings: a server says what they come to, and whether it takes them.
    client.outbox.send();
    this.#reports.learn(key, client, (learnt) => {
      if (learnt === undefined) return;
      if ('sqlstate' in learnt) client.end(learnt);
      else client.contain(() => this.#greet(client, minor, learnt));
    });
  }

  #greet(client: Client, minor: number, parameters: Parameters): void {
    const { outbox } = client;
    client.session.settings.reportedAtLogin = parameters;
    outbox.push(messagesOf(parameters));
    outbox.push(backendKeyData(this.#host.cancelKeys.give(client, minor)));
    for (const clamp of client.pooled.pool.clamps) outbox.push(noticeResponse(clampReport(clamp)));
    outbox.push(readyForQuery(transactionStatus.idle));
    outbox.send();
    client.restedAtMs = this.#host.now();
    client.start();
  }

  #shapesOf({ upstream }: PoolName): Shapes {
    const isPostgres = this.#loaded.config.upstreams[upstream]?.kind !== 'iris';
    return { version: 0, code: isPostgres ? new UnseenCode(() => this.#host.now()) : undefined };
  }
}

/** As PgBouncer writes it. */
function withPlace(application: string, { address, socket }: Newcomer): string {
  const place = placeOf(address, socket);
  return `${application === '' ? 'app' : application} - ${place}`;
}

/** What a session begins with: what its client says, then what its database does. */
function startSettings(
  parameters: ReadonlyMap<string, string>,
  ignored: ReadonlySet<string>,
  ofDatabase: Readonly<Record<string, string>> = {},
): Map<string, string> | WireFault {
  const settings = settingsOf(parameters, ignored);
  if ('sqlstate' in settings) return settings;
  for (const [name, value] of settings) {
    const problem = problemOfSetting(name, value);
    if (problem !== undefined) return { sqlstate: '22023', message: problem };
  }
  for (const [name, value] of Object.entries(ofDatabase)) if (!settings.has(name)) settings.set(name, value);
  return settings;
}
