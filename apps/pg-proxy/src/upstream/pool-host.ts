import { noticeResponse, type CancelRequest, type Report } from '@medrex/pg-wire';
import {
  Pools,
  type Clamp,
  type DisconnectReason,
  type PooledBackend,
  type PoolName,
  type PoolPolicy,
  type PoolPort,
  type PoolScope,
  type Refusal,
  type Rung,
} from '@medrex/pool';
import type { Caches } from '../cache/caches.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { Timeouts } from '../session/timeouts.ts';
import { Backend, type Traffic } from '../session/backend.ts';
import { CancelKeys } from '../session/cancel-keys.ts';
import { ClientLimits } from '../session/client-limits.ts';
import { departed, type Client } from '../session/client.ts';
import type { ClientHost, Pooled } from '../session/client-options.ts';
import { Departures, type DeparturePlan } from '../session/departures.ts';
import type { Asked } from '../session/request.ts';
import type { Classifier } from '../scheduling/classifier.ts';
import { ClassRoutes } from '../scheduling/class-routes.ts';
import { Overload, type ProcessFigures } from '../scheduling/overload.ts';
import { WaitWindow } from '../scheduling/wait-window.ts';
import { classifyLate } from '../scheduling/late-classes.ts';
import { BackendLogin, type LoggedIn } from './backend-login.ts';
import { IrisUpstreams, type IrisUpstreamsOptions } from './iris-upstreams.ts';
import { settingsFor } from '../config/scopes.ts';
import { LicenceShares, type LeaseBookOf } from './licence-shares.ts';
import { Peers } from './peers.ts';
import { Outage } from './outage.ts';
import { policyOf } from './policy.ts';
import { cacheOnlyReport, refusalReport, waitReport } from './refusal-report.ts';
import { ClientScopes } from './client-scopes.ts';
import { sendCancel } from './send-cancel.ts';
import { UpstreamLogins } from './upstream-logins.ts';

type PoolBackend = PooledBackend<Client, Backend>;

/** What the log of the process hears. */
export interface HostEvents {
  loginFailed(report: Report): void;
  /** A backend is logged in, after so long. */
  connected(database: string, ms: number): void;
  fault(message: string): void;
  /** Load or memory have put the proxy on another rung of the ladder. */
  stepped(rung: Rung): void;
}

export interface PoolHostOptions extends IrisUpstreamsOptions {
  /** In place of what this process says of itself. */
  readonly process?: ProcessFigures | undefined;
  readonly classifier: Classifier;
  readonly loaded: LoadedConfig;
  /** Undefined: each instance has its own part of a licence. */
  readonly leaseBookOf?: LeaseBookOf | undefined;
  readonly events: HostEvents;
  readonly now: () => number;
  readonly jitter: () => number;
  /** Why no work is taken now; undefined: it is. */
  readonly refusal: () => Report | undefined;
}

/** SQLSTATEs of logins that may succeed a moment later. */
const unreachable = /^08/;
const transient = /^(?:08|53|57P)/;

/** Between the pools, which decide, and the connections, which do. */
export class PoolHost implements PoolPort<Client, Backend>, ClientHost {
  readonly pools: Pools<Client, Backend>;
  readonly cancelKeys: CancelKeys;
  readonly peers = new Peers();
  readonly clients = new Set<Client>();
  readonly classifier: Classifier;
  readonly routes: ClassRoutes;
  readonly overload: Overload;
  readonly #waits = new WaitWindow();
  readonly departures = new Departures(this.clients);
  readonly traffic = new Map<string, Traffic>();
  /** Secrets of users may be others by now. */
  onRedefined: (() => void) | undefined;
  /** Undefined: the configuration keeps nothing. */
  caches: Caches | undefined;
  readonly now: () => number;
  readonly limits: ClientLimits<Client>;
  readonly upstreams: UpstreamLogins;
  readonly outage: Outage;
  readonly licences: LicenceShares;
  readonly scopes: ClientScopes;
  readonly #timeouts: Timeouts;
  readonly #events: HostEvents;
  readonly #refusal: () => Report | undefined;
  readonly #logins = new Map<PoolBackend, { abort(): void }>();
  readonly #iris: IrisUpstreams;
  /** How backends are cancelled that are no connection to a PostgreSQL. */
  readonly #cancels = new WeakMap<Backend, (done: () => void) => void>();
  readonly #afterCancel = new Map<Backend, () => void>();
  #loaded: LoadedConfig;

  constructor(options: PoolHostOptions) {
    this.#loaded = options.loaded;
    this.#events = options.events;
    this.now = options.now;
    this.#refusal = options.refusal;
    this.limits = new ClientLimits(options.loaded.config);
    this.upstreams = new UpstreamLogins(options.loaded);
    this.outage = new Outage({
      now: options.now,
      upstreams: () => Object.keys(this.#loaded.config.upstreams),
      addressOf: (upstream) => this.upstreams.addressOf(upstream),
    });
    this.cancelKeys = new CancelKeys(options.loaded.config.instance.id);
    this.#iris = new IrisUpstreams(options);
    this.#iris.warm(options.loaded.config);
    this.licences = new LicenceShares(options.loaded.config, options.leaseBookOf);
    this.pools = new Pools({ policy: this.#policyOf(options.loaded), port: this, jitter: options.jitter });
    this.scopes = new ClientScopes(this.pools, this.clients, options.loaded.config);
    this.#timeouts = new Timeouts({
      busy: () => this.pools.backends().flatMap(({ client }) => client?.handle ?? []),
      all: this.clients,
      cancel: (backend) => this.cancel(backend),
    });
    this.classifier = options.classifier;
    this.overload = new Overload(this.pools, this.#waits, {
      figures: options.process,
      changed: (rung) => options.events.stepped(rung),
    });
    this.routes = new ClassRoutes(this.pools, options.loaded.config, (asked) => this.classifier.analysisOf(asked));
  }

  /** @returns what could not be given as asked */
  reload(loaded: LoadedConfig): readonly Clamp[] {
    this.licences.reload(loaded.config);
    const clamps = this.pools.reload(this.#policyOf(loaded), this.now());
    this.#loaded = loaded;
    this.limits.reload(loaded.config);
    this.upstreams.reload(loaded);
    this.scopes.reload(loaded.config, this.now());
    this.#iris.warm(loaded.config);
    this.routes.reload(loaded.config);
    return clamps;
  }

  /** When nothing is left that uses it. */
  async end(): Promise<void> {
    await this.#iris.close();
  }

  /** A connection of the proxy's own, outside of all pools. */
  logIn(name: PoolName, loggedIn: (session: LoggedIn) => void, failed: () => void): BackendLogin {
    return this.#loginAs(name, { loggedIn, failed });
  }

  #loginAs(
    name: PoolName,
    more: Pick<ConstructorParameters<typeof BackendLogin>[0], 'loggedIn' | 'failed' | 'settings'>,
  ): BackendLogin {
    return new BackendLogin({
      address: this.upstreams.addressOf(name.upstream),
      database: this.upstreams.databaseOf(name),
      credentials: this.upstreams.credentialsOf(name),
      keysOf: (salt, iterations, make) => this.upstreams.keysOf(name, salt, iterations, make),
      ...more,
    });
  }

  #policyOf({ config }: LoadedConfig): PoolPolicy {
    return policyOf(config, this.licences);
  }

  // What the pools ask for.

  open(pooled: PoolBackend): void {
    const { name } = pooled.pool;
    const failed = (report: Report): void => this.#openFailed(pooled, report);
    const upstream = this.#loaded.config.upstreams[name.upstream];
    const login =
      upstream?.kind === 'iris'
        ? this.#iris.open(
            {
              ...{ upstream, name },
              ...{ database: this.upstreams.databaseOf(name), credentials: this.upstreams.credentialsOf(name) },
            },
            (session, cancel) => this.#opened(pooled, session, cancel),
            failed,
          )
        : this.#loginAs(name, {
            ...(this.routes.isAway(name) && { settings: { default_transaction_read_only: 'on' } }),
            ...{ failed, loggedIn: (session) => this.#opened(pooled, session) },
          });
    this.#logins.set(pooled, login);
  }

  close(pooled: PoolBackend, reason: DisconnectReason): void {
    const { handle } = pooled;
    this.#logins.get(pooled)?.abort();
    if (handle === undefined) {
      this.pools.closed(pooled, this.now());
      return;
    }
    // A server that is busy does not see that nobody is there any more.
    const isBusy = !handle.expected.isEmpty;
    if (isBusy) this.cancel(handle);
    if (isBusy || reason === 'client_lost' || handle.isDoomed) handle.socket.destroy();
    else handle.close();
  }

  reset(pooled: PoolBackend): void {
    const { handle } = pooled;
    if (handle === undefined) return;
    const begin = (): void => handle.reset((isOk) => this.pools.resetDone(pooled, isOk, this.now()));
    if (handle.cancelling === 0) begin();
    else this.#afterCancel.set(handle, begin);
  }

  check(pooled: PoolBackend): void {
    pooled.handle?.check((isOk) => this.pools.checked(pooled, isOk, this.now()));
  }

  grant({ handle: client, waitingSinceMs }: Pooled, { handle: backend }: PoolBackend): void {
    this.#waits.waited(this.now() - waitingSinceMs);
    if (backend !== undefined) client.granted(backend);
  }

  refuse({ handle: client }: Pooled, refusal: Refusal): void {
    this.#waits.waited(refusal.waitedMs);
    client.refused(refusalReport(refusal));
  }

  notice({ handle: client }: Pooled, notice: Parameters<typeof waitReport>[0]): void {
    client.tell(noticeResponse(waitReport(notice)));
  }

  lost({ handle: client }: Pooled): void {
    client.lost();
  }

  move({ handle: client }: Pooled): void {
    this.departures.rested(client, this.now());
  }

  drop({ handle: client }: Pooled): void {
    client.end(departed);
  }

  // What clients ask for.

  checkout(client: Client, asked: Asked | undefined, nowMs: number): Backend | undefined {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      client.refused(refusal);
      return undefined;
    }
    const workClass = this.classifier.classOf(client, asked);
    client.pooled = this.routes.pooledFor(client, workClass, asked);
    this.#waits.asked();
    return this.pools.checkout(client.pooled, workClass, nowMs)?.handle;
  }

  shedOf(client: Client, asked: Asked): Report | undefined {
    if (!this.overload.rung.isCacheOnly) return undefined;
    const workClass = this.classifier.classOf(client, asked);
    return workClass === 'analytical' || workClass === 'bulk' ? cacheOnlyReport(workClass) : undefined;
  }

  checkin(pooled: Pooled, fate: 'clean' | 'reset' | 'client_lost', nowMs: number): void {
    pooled.handle.restedAtMs = nowMs;
    this.pools.checkin(pooled, fate, nowMs);
  }

  get atBoundary(): boolean {
    return this.departures.atBoundary;
  }

  rested(client: Client): void {
    this.departures.rested(client, this.now());
  }

  /** Clients go as the plan says; the pools of a database, or all. */
  drain(scope: PoolScope, plan: DeparturePlan): void {
    const nowMs = this.now();
    this.pools.drain(scope, nowMs);
    this.departures.begin(scope, plan, nowMs);
  }

  resume(scope: PoolScope): void {
    this.departures.callOff(scope);
    this.pools.resume(scope, this.now());
  }

  /** All that depends on time. */
  tick(): void {
    this.caches?.tick(this.now());
    const nowMs = this.now();
    classifyLate(this.pools, this.classifier, nowMs);
    this.overload.tick(nowMs);
    if (this.caches !== undefined) this.caches.isPaused = this.overload.isMemoryShort;
    if (this.licences.tick(nowMs, () => this.pools.figures(nowMs)))
      this.pools.reload(this.#policyOf(this.#loaded), nowMs);
    this.pools.tick(nowMs);
    this.departures.sweep(nowMs);
    this.outage.tick();
    this.#timeouts.tick(nowMs);
  }

  /** As with a direct connection, new sessions begin with what holds now: those that rest are replaced, others when they are given back. */
  redefined(client: Client, what: 'users' | 'defaults'): void {
    const { upstream } = client.pooled.pool.name;
    if (what === 'defaults') this.pools.reconnect({ upstream }, this.now());
    this.onRedefined?.();
  }

  followed(client: Client): void {
    this.scopes.renew(client, this.now());
  }

  waits(client: Client, text: string): void {
    this.scopes.waits(client, text);
  }

  pin(pooled: Pooled): void {
    this.pools.pin(pooled);
    // Its backend is its own now, also when it asks nothing: it must not stand in the way of others of its class.
    this.pools.reclass(pooled, 'interactive', this.now());
  }

  unpin(pooled: Pooled): void {
    this.pools.unpin(pooled);
  }

  left(client: Client): void {
    this.cancelKeys.take(client);
    this.clients.delete(client);
    this.limits.left(client);
    this.routes.left(client, this.now());
  }

  clientOf(processId: number): Client | undefined {
    return this.cancelKeys.clientOf(processId);
  }

  waitNoLonger(client: Client): void {
    this.pools.stopWaiting(client.pooled);
  }

  /** A CancelRequest came: it reaches what this client has asked for, or nothing. */
  cancelBy(request: CancelRequest, done: () => void): void {
    if (this.peers.forward(request, this.#loaded.config, done)) return;
    const client = this.cancelKeys.find(request);
    if (client?.backend !== undefined) return this.cancel(client.backend, done);
    if (client?.isWaiting === true) this.#cancelWait(client);
    done();
  }

  cancel(backend: Backend, done: () => void = () => undefined): void {
    const { key } = backend;
    if (key === undefined || backend.expected.isEmpty) return done();
    backend.cancelling++;
    const cancel = this.#cancels.get(backend) ?? ((then): void => sendCancel(backend.address, key, then));
    cancel(() => {
      this.#cancelled(backend);
      done();
    });
  }

  #cancelled(backend: Backend): void {
    backend.cancelling--;
    if (backend.cancelling > 0) return;
    const after = this.#afterCancel.get(backend);
    this.#afterCancel.delete(backend);
    if (after !== undefined) after();
    // It has come to rest before: only an answer shows that the signal is not still on its way.
    else if (backend.isIdle) backend.check(() => undefined);
  }

  #cancelWait(client: Client): void {
    client.waitCancelled({ severity: 'ERROR', sqlstate: '57014', message: 'canceling statement due to user request' });
  }

  #opened(pooled: PoolBackend, session: LoggedIn, cancel?: (done: () => void) => void): void {
    this.#logins.delete(pooled);
    this.#events.connected(pooled.pool.name.database, this.now() - pooled.openedAtMs);
    this.outage.reached(pooled.pool.name.upstream);
    const backend = new Backend({
      ...session,
      address: this.upstreams.addressOf(pooled.pool.name.upstream),
      traffic: this.#trafficOf(pooled.pool.name.database),
      now: this.now,
      preparedMax: settingsFor(this.#loaded.config, pooled.pool.name).preparedStatements,
      events: {
        closed: () => this.pools.closed(pooled, this.now()),
        fault: ({ message }) => {
          this.#events.fault(message);
          backend.socket.destroy();
        },
      },
    });
    if (cancel !== undefined) this.#cancels.set(backend, cancel);
    pooled.handle = backend;
    backend.start();
    this.pools.opened(pooled, this.now());
  }

  #trafficOf(database: string): Traffic {
    const traffic = this.traffic.get(database) ?? { transactions: 0, queries: 0 };
    this.traffic.set(database, traffic);
    return traffic;
  }

  #openFailed(pooled: PoolBackend, report: Report): void {
    this.#logins.delete(pooled);
    this.#events.loginFailed(report);
    if (unreachable.test(report.sqlstate)) this.outage.failed(pooled.pool.name.upstream);
    this.pools.openFailed(pooled, { error: report, isTransient: transient.test(report.sqlstate) }, this.now());
  }
}
