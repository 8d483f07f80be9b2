import type { RingSockets } from '@medrex/linux';
import type { Report } from '@medrex/pg-wire';
import type { OpenFailure, PooledBackend, PoolName, Pools } from '@medrex/pool';
import type { LoadedConfig } from '../config/load-config.ts';
import { settingsFor } from '../config/scopes.ts';
import type { ClassRoutes } from '../scheduling/class-routes.ts';
import { internalError } from '../internal-error.ts';
import { Backend } from '../session/backend/backend.ts';
import type { BackendOptions } from '../session/backend/backend-options.ts';
import type { ServerReports } from '../session/backend/server-reports.ts';
import type { Traffic } from '../session/backend/traffic.ts';
import type { Client } from '../session/client/client.ts';
import type { Settings } from '../session/state/settings.ts';
import type { BackendCancels, CancelFunction } from './backend-cancels.ts';
import { BackendLogin, type LoggedIn } from './backend-login.ts';
import type { Address } from './connect.ts';
import type { IrisUpstreams } from './iris/iris-upstreams.ts';
import type { Outage } from './outage.ts';
import type { UpstreamLogins } from './upstream-logins.ts';

/** A session at the upstream, and the settings that it was started with. */
type Opened = LoggedIn & Pick<BackendOptions, 'ownSettings'>;

export type PoolBackend = PooledBackend<Client, Backend>;

/** Events of logins and connections. */
export interface OpeningEvents {
  /** @param address the upstream's */
  loginFailed(report: Report, address: Address): void;
  /** A backend has logged in. @param ms how long that took @param roundTripMs the network's part; undefined: unknown */
  connected(database: string, ms: number, roundTripMs: number | undefined): void;
  protocolViolation(message: string): void;
  /** An internal error occurred in work for one client or backend, which is closed. */
  internalError(error: unknown): void;
}

export interface BackendOpeningsOptions {
  readonly pools: Pools<Client, Backend>;
  readonly upstreams: UpstreamLogins;
  readonly iris: IrisUpstreams;
  readonly routes: ClassRoutes;
  readonly outage: Outage;
  readonly cancels: BackendCancels;
  readonly events: OpeningEvents;
  readonly now: () => number;
  readonly loaded: () => LoadedConfig;
  readonly trafficOf: (database: string) => Traffic;
  readonly ring: RingSockets | undefined;
  /** Called for each new backend, and when the values change. */
  readonly reported: (name: PoolName, reports: ServerReports) => void;
}

/** SQLSTATEs of logins that may succeed shortly. */
const unreachable = /^08/;
const transient = /^(?:08|53|57P)/;
/** A limit of the server's own (max_connections, CONNECTION LIMIT) leaves no room for the login. */
const tooManyConnections = '53300';

/** Opens the connections that pools ask for. */
export class BackendOpenings {
  readonly #options: BackendOpeningsOptions;
  readonly #logins = new Map<PoolBackend, { abort(): void }>();

  constructor(options: BackendOpeningsOptions) {
    this.#options = options;
  }

  /**
   * Opens a connection for a pool, which is told the outcome.
   *
   * @param ownSettings start-up settings of the process: it then belongs to the client that holds it and to nobody else
   */
  open(pooled: PoolBackend, ownSettings?: Settings): void {
    const { loaded, upstreams, iris, routes } = this.#options;
    const { name } = pooled.pool;
    const failed = (report: Report, address: Address): void => this.#failed(pooled, report, address, ownSettings);
    const upstream = loaded().config.upstreams[name.upstream];
    const login =
      upstream?.kind === 'iris'
        ? iris.open(
            { upstream, name, ...upstreams.loginOf(name) },
            (session, cancel) => this.#opened(pooled, session, cancel),
            failed,
          )
        : this.logIn(name, {
            settings: {
              ...(routes.isClassUpstream(name) && { default_transaction_read_only: 'on' }),
              ...Object.fromEntries(ownSettings ?? []),
            },
            failed,
            loggedIn: (session) => this.#opened(pooled, { ...session, ...(ownSettings && { ownSettings }) }),
          });
    this.#logins.set(pooled, login);
  }

  /** Replaces a client's process, which has served others, by a new one; the client is granted it. */
  replaceProcess(pooled: PoolBackend, own: Settings | undefined): void {
    const { handle } = pooled;
    const { pools, now } = this.#options;
    pooled.handle = undefined;
    const isAwaited = (): boolean => pooled.state === 'active' && pooled.handle === undefined;
    handle?.socket.once('close', () => isAwaited() && this.open(pooled, own));
    handle?.close();
    setTimeout(() => {
      if (!isAwaited()) return;
      handle?.socket.destroy();
      this.abort(pooled);
      pools.closed(pooled, now());
    }, pooled.pool.settings.connectTimeoutMs).unref();
  }

  /** Aborts a login. */
  abort(pooled: PoolBackend): void {
    this.#logins.get(pooled)?.abort();
  }

  /** Logs in as that pool does; the connection belongs to the caller. */
  logIn(
    name: PoolName,
    more: Pick<ConstructorParameters<typeof BackendLogin>[0], 'loggedIn' | 'failed' | 'settings'>,
  ): BackendLogin {
    return new BackendLogin({ ...this.#options.upstreams.loginOf(name), ...more });
  }

  #opened(pooled: PoolBackend, session: Opened, cancel?: CancelFunction): void {
    try {
      this.#register(pooled, session, cancel);
    } catch (error) {
      this.#options.events.internalError(error);
      if (pooled.handle !== undefined) return void pooled.handle.socket.destroy();
      session.socket.destroy();
      this.#notOpened(pooled, { error: { severity: 'FATAL', ...internalError }, isTransient: true });
    }
  }

  #register(pooled: PoolBackend, session: Opened, cancel?: CancelFunction): void {
    const { pools, outage, cancels, events, now, loaded, trafficOf, reported } = this.#options;
    const { name } = pooled.pool;
    const { ownSettings } = session;
    this.#logins.delete(pooled);
    events.connected(name.database, now() - pooled.openedAtMs, session.roundTripMs);
    outage.reached(name.upstream);
    const backend = new Backend({
      ...session,
      ring: this.#options.ring,
      traffic: trafficOf(name.database),
      now,
      isClassUpstream: this.#options.routes.isClassUpstream(name),
      preparedMax: settingsFor(loaded().config, name).preparedStatements,
      events: {
        closed: () => {
          if (pooled.handle === backend) pools.closed(pooled, now());
        },
        fault: ({ message }) => {
          events.protocolViolation(message);
          backend.socket.destroy();
        },
        internalError: (error) => events.internalError(error),
        reported: (reports) => ownSettings === undefined && reported(name, reports),
        lastClientPidOf: (processId) => this.#lastUserOf(name.upstream, session.address, processId),
      },
    });
    pooled.handle = backend;
    if (ownSettings === undefined) reported(name, backend.settings.reports);
    if (cancel !== undefined) cancels.setCustom(backend, cancel);
    backend.start();
    if (pooled.state === 'active') pooled.client?.handle.granted(backend);
    else pools.opened(pooled, now());
  }

  #lastUserOf(upstream: string, { host, ipAddress }: Address, processId: number): number {
    const isThere = (address: Address): boolean => address.host === host && address.ipAddress === ipAddress;
    const isThat = ({ pool, handle }: PoolBackend): boolean =>
      pool.name.upstream === upstream && handle?.key?.processId === processId && isThere(handle.address);
    const found = this.#options.pools.backends().find(isThat);
    return found?.handle?.client?.notificationPid ?? found?.handle?.lastClientPid ?? 0;
  }

  #failed(pooled: PoolBackend, report: Report, address: Address, own: Settings | undefined): void {
    const { outage, events } = this.#options;
    // The server may have refused what this client asked for, which concerns no one else.
    if (own === undefined) events.loginFailed(report, address);
    if (unreachable.test(report.sqlstate)) outage.failed(pooled.pool.name.upstream);
    const { sqlstate } = report;
    const isFull = sqlstate === tooManyConnections;
    this.#notOpened(pooled, { error: report, isTransient: transient.test(sqlstate), isFull });
  }

  #notOpened(pooled: PoolBackend, why: OpenFailure & { readonly error: Report }): void {
    const { pools, now } = this.#options;
    this.#logins.delete(pooled);
    if (pooled.state === 'active') {
      pooled.client?.handle.processNotStarted(why.error);
      pools.closed(pooled, now());
    } else pools.openFailed(pooled, why, now());
  }
}
