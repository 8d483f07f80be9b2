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
import { AdminConsole, type AdminConsoleOptions } from '../admin/admin-console.ts';
import type { CachedSession } from '../cache/caches.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { ScopedSettings } from '../config/scoped-settings.ts';
import { databaseOf, settingsFor, userOf } from '../config/scopes.ts';
import { problemOfSetting } from '../config/session-settings.ts';
import { internalError } from '../internal-error.ts';
import { observersOf } from '../observe/observers.ts';
import type { LimitedClient } from '../session/client/client-limits.ts';
import type { PoolMode } from '../session/client/client-options.ts';
import { Client } from '../session/client/client.ts';
import type { RequestObserver } from '../session/client/request.ts';
import { DatabaseCode } from '../session/code/database-code.ts';
import { settingsOf, type Settings } from '../session/state/settings.ts';
import { StatementBook } from '../session/prepared/statement-book.ts';
import type { Shapes } from '../session/prepared/statements.ts';
import type { PoolHost } from '../upstream/pool-host.ts';
import { notAccepting } from '../upstream/refusal-report.ts';
import { clampNotice } from '../upstream/tuning-notes.ts';
import { addressText } from './login-connection.ts';
import type { AuthenticatedClient } from './login-context.ts';
import { LoginReports, messagesOf, type Parameters } from './login-reports.ts';
import { longNameNotice } from './long-name.ts';
import { outOfFiles } from './open-files.ts';

const shuttingDown: WireFault = { sqlstate: '57P03', message: 'the database system is shutting down' };

export interface ClientAdmissionOptions extends AdminConsoleOptions {
  /** The number of files that the process may have open. */
  readonly filesMax: number;
  /** @param address the client's */
  readonly refused: (fault: WireFault, address: string) => void;
}

/** Turns authenticated connections into clients: gives them a pool, the parameters that a server would report, and a cancel key. */
export class ClientAdmission {
  readonly #host: PoolHost;
  readonly #analyser: SqlAnalyser;
  readonly #filesMax: number;
  readonly #refused: ClientAdmissionOptions['refused'];
  readonly #observer: RequestObserver | undefined;
  readonly #console: AdminConsole;
  #loaded: LoadedConfig;
  readonly #reports: LoginReports;
  readonly #statements: StatementBook;

  constructor({ filesMax, refused, ...options }: ClientAdmissionOptions) {
    const { host, loaded, analyser, observability } = options;
    this.#refused = refused;
    this.#filesMax = filesMax;
    this.#console = new AdminConsole(options);
    this.#host = host;
    this.#reports = new LoginReports(() => host.now());
    this.#analyser = analyser;
    this.#loaded = loaded;
    this.#statements = new StatementBook(
      (name) => host.upstreams.databaseOf(name),
      (name) => this.#shapesOf(name),
    );
    this.#listenTo(host);
    this.#observer = observersOf([host.classifier.isOn ? host.classifier : undefined, observability.observer]);
  }

  #listenTo(host: PoolHost): void {
    const forgotten: PoolHost['onForgotten'] = (name) => {
      this.#statements.forget(name);
      this.#reports.forget(nameKey(name));
    };
    const moved: PoolHost['onMoved'] = (moves) => this.#statements.move(moves);
    const reported: PoolHost['onReported'] = (name, reports) => this.#reports.serverReported(nameKey(name), reports);
    host.onForgotten = forgotten;
    host.onMoved = moved;
    host.onReported = reported;
  }

  reload(loaded: LoadedConfig): void {
    this.#loaded = loaded;
    this.#console.reload(loaded);
    this.#reports.clear();
  }

  /** The caches have been replaced: existing clients use the new ones from their next request on. */
  cachesReplaced(): void {
    const { clients, caches } = this.#host;
    for (const client of clients) {
      const cached = this.#cachedFor(this.#host.routes.homeOf(client), client.user, client.mode);
      client.setObserver({ observer: cached?.observer ?? this.#observer, cacheOf: cached?.cacheOf });
      // What is running was sent unobserved.
      if (!client.isIdle) caches?.suspendUntil(client.database, () => !clients.has(client) || client.isIdle);
    }
  }

  /** The proxy ends. */
  closeConsoles(): void {
    this.#console.close();
  }

  admit(authenticated: AuthenticatedClient): void {
    this.#contain(authenticated, () => {
      if (this.#console.isFor(authenticated)) this.#admitToConsole(authenticated);
      else this.#admitToDatabase(authenticated);
    });
  }

  /** Administrators can still log in while the proxy ends. */
  admitDuringShutdown(authenticated: AuthenticatedClient): void {
    this.#contain(authenticated, () => {
      if (this.#console.isFor(authenticated)) this.#admitToConsole(authenticated);
      else this.#refuse(authenticated, shuttingDown);
    });
  }

  /** An error in this login ends this login only. */
  #contain(authenticated: AuthenticatedClient, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#host.internalError(error);
      this.#refuse(authenticated, internalError);
    }
  }

  #admitToConsole(authenticated: AuthenticatedClient): void {
    const refusal = this.#console.admit(authenticated);
    if (refusal !== undefined) this.#refuse(authenticated, refusal);
  }

  #admitToDatabase(authenticated: AuthenticatedClient): void {
    const { config } = this.#loaded;
    const { upstreams, limits } = this.#host;
    const { user, database } = authenticated;
    const found = databaseOf(config, database)?.database;
    if (found === undefined)
      return this.#refuse(authenticated, { sqlstate: '3D000', message: `database "${database}" does not exist` });
    const settings = initialSettings(
      authenticated.parameters,
      new Set(config.ignoreStartupParameters),
      found.parameters,
    );
    if ('sqlstate' in settings) return this.#refuse(authenticated, settings);
    const entrant = { database, user, application: settings.get('application_name') ?? '' };
    const refusal =
      this.#disabled(authenticated) ??
      this.#denied(authenticated) ??
      this.#overload() ??
      this.#full() ??
      limits.refusal(entrant);
    if (refusal !== undefined) return this.#refuse(authenticated, refusal);
    const scoped = settingsFor(config, entrant);
    if (config.applicationNameAddHost)
      settings.set('application_name', withAddress(entrant.application, authenticated));
    if (scoped.statementTimeoutMs > 0 && !settings.has('statement_timeout'))
      settings.set('statement_timeout', String(scoped.statementTimeoutMs));
    if (authenticated.upstreamSecret !== undefined)
      upstreams.rememberSecret(user, database, authenticated.upstreamSecret);
    const name = upstreams.nameOf(found.upstream, database, user);
    const client = this.#clientOf(authenticated, name, settings, scoped);
    client.contain(() => {
      client.outbox.push(authenticated.authMessages);
      this.#register(client, name, entrant);
      const notice = longNameNotice(entrant.application);
      if (notice !== undefined) client.outbox.push(notice);
      this.#logIn(client, authenticated.minor);
    });
  }

  #cachedFor(name: PoolName, user: string, mode: PoolMode): CachedSession | undefined {
    // The connection that watches a server speaks PostgreSQL's protocol.
    const isWatched =
      this.#loaded.config.upstreams[name.upstream]?.kind !== 'iris' && this.#host.isOneServer(name.upstream);
    return (isWatched ? this.#host.caches : undefined)?.forClient({
      name,
      mode,
      user,
      observer: this.#observer,
      logIn: (loggedIn, failed) => this.#host.logIn(name, loggedIn, failed),
    });
  }

  #clientOf(
    authenticated: AuthenticatedClient,
    name: PoolName,
    settings: Settings,
    { mode, pinSequences }: ScopedSettings,
  ): Client {
    const cached = this.#cachedFor(name, authenticated.user, mode);
    const { socket, address, user, database } = authenticated;
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
      local: this.#console.localTablesFor(authenticated),
    });
    return client;
  }

  /** From here on the client counts. */
  #register(client: Client, name: PoolName, entrant: LimitedClient): void {
    const { pools, clients, limits } = this.#host;
    client.pooled = pools.join(name, entrant.application, client);
    clients.add(client);
    limits.entered(client, entrant);
    client.traffic.logins++;
    client.connectedAtMs = this.#host.now();
    client.idleSinceMs = client.connectedAtMs;
    this.#host.settingsChanged(client);
  }

  #refuse({ socket, authMessages, address }: AuthenticatedClient, fault: WireFault): void {
    this.#refused(fault, addressText(address, socket));
    socket.on('error', () => socket.destroy());
    socket.write(Buffer.concat([authMessages, fatal(fault)]));
    socket.destroySoon();
  }

  /** Whether DISABLE closes the database. */
  #disabled({ database }: AuthenticatedClient): WireFault | undefined {
    if (!this.#host.disabled.has(database)) return undefined;
    return notAccepting(database);
  }

  /** Whether a rule keeps this user out of this database. */
  #denied({ user, database }: AuthenticatedClient): WireFault | undefined {
    const allowed = userOf(this.#loaded.config, user)?.user.databases;
    if (allowed === undefined || allowed.includes(database)) return undefined;
    return { sqlstate: '42501', message: `permission denied for database "${database}"` };
  }

  #full(): WireFault | undefined {
    const { clients, pools } = this.#host;
    return outOfFiles(this.#filesMax, clients.size + pools.backendCount);
  }

  /** Existing clients stay; new ones must wait until the load is lower. */
  #overload(): WireFault | undefined {
    if (!this.#host.overload.rung.isClosed) return undefined;
    return {
      sqlstate: '53300',
      message: 'overload: new connections are refused at the moment, try again in 5 s or later',
    };
  }

  #logIn(client: Client, minor: number): void {
    const key = `${nameKey(client.pooled.pool.name)}\0${client.settingsKey}`;
    const known = this.#reports.known(key);
    const { pooled, mode } = client;
    const { pool } = pooled;
    // An idle backend can be asked without waiting.
    const shouldAsk = pool.oldestIdleSinceMs !== Infinity && !this.#reports.isFresh(key, this.#host.now());
    // In session mode the client is told its backend's process id, so it needs the backend now.
    const needsBackend = (mode === 'session' || shouldAsk) && pool.hasRoomFor(pooled);
    if (known !== undefined && !needsBackend) {
      this.#sendReady(client, minor, known);
      return;
    }
    // The first client with these settings: the server says what they come to, and whether it accepts them.
    client.outbox.send();
    this.#reports.learn(key, client, (learnt) => {
      if (learnt === undefined) return;
      if ('sqlstate' in learnt) client.end(learnt);
      else client.contain(() => this.#sendReady(client, minor, learnt));
    });
  }

  #sendReady(client: Client, minor: number, parameters: Parameters): void {
    const { outbox } = client;
    client.session.settings.reportedAtLogin = parameters;
    outbox.push(messagesOf(parameters));
    outbox.push(backendKeyData(this.#host.cancelKeys.give(client, minor)));
    for (const clamp of client.pooled.pool.clamps)
      outbox.push(noticeResponse({ severity: 'NOTICE', sqlstate: '01000', message: clampNotice(clamp) }));
    outbox.push(readyForQuery(transactionStatus.idle));
    outbox.send();
    client.idleSinceMs = this.#host.now();
    client.start();
  }

  #shapesOf({ upstream }: PoolName): Shapes {
    const isPostgres = this.#loaded.config.upstreams[upstream]?.kind !== 'iris';
    return { version: 0, code: isPostgres ? new DatabaseCode(() => this.#host.now()) : undefined };
  }
}

/** In PgBouncer's format. */
function withAddress(application: string, { address, socket }: AuthenticatedClient): string {
  const place = addressText(address, socket);
  return `${application === '' ? 'app' : application} - ${place}`;
}

/** The settings that a session starts with: those of its database, overridden by the client's own. */
function initialSettings(
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
