import type { RingSockets } from '@medrex/linux';
import type { Redefinition } from '@medrex/sql';
import { noticeResponse, type CancelRequest, type Report } from '@medrex/pg-wire';
import {
  Pools,
  type Clamp,
  type DisconnectReason,
  type PoolName,
  type PoolPolicy,
  type PoolPort,
  type PoolScope,
  type Refusal,
  type Rung,
} from '@medrex/pool';
import type { Caches } from '../cache/caches.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { Timeouts } from '../session/client/timeouts.ts';
import type { Backend } from '../session/backend/backend.ts';
import type { ServerReports } from '../session/backend/server-reports.ts';
import { TrafficCounters, type Traffic } from '../session/backend/traffic.ts';
import { CancelKeys } from '../session/processes/cancel-keys.ts';
import { ClientLimits } from '../session/client/client-limits.ts';
import { terminatedByAdmin } from '../session/client/client-end.ts';
import type { Client } from '../session/client/client.ts';
import type { ClientHost, Pooled } from '../session/client/client-options.ts';
import { Departures, type DeparturePlan } from '../session/client/departures.ts';
import type { RequestText } from '../session/client/request.ts';
import type { Settings } from '../session/state/settings.ts';
import type { Move } from '../session/prepared/statement-book.ts';
import type { Classifier } from '../scheduling/classifier.ts';
import { ClassRoutes } from '../scheduling/class-routes.ts';
import { Overload, type ProcessFigures } from '../scheduling/overload.ts';
import { WaitWindow } from '../scheduling/wait-window.ts';
import { classifyRunning } from '../scheduling/classify-running.ts';
import { BackendCancels } from './backend-cancels.ts';
import type { BackendLogin, LoggedIn } from './backend-login.ts';
import { BackendOpenings, type OpeningEvents, type PoolBackend } from './backend-openings.ts';
import { isOneServer } from './host-rotation.ts';
import type { Lookup } from './host-name-watch.ts';
import { IrisUpstreams, type IrisUpstreamsOptions } from './iris/iris-upstreams.ts';
import { LicenceShares, type LeaseBookOf } from './iris/licence-shares.ts';
import { Peers } from './peers.ts';
import { hasMoved, changesKind, poolNameAfterReload } from './reloaded-pools.ts';
import { Outage } from './outage.ts';
import { policyOf } from './pool-policy.ts';
import { ServerChanges } from './server-changes.ts';
import { cacheOnlyReport, refusalReport, waitReport } from './refusal-report.ts';
import { ClientScopes } from './client-scopes.ts';
import { poolsOfOneUser, UpstreamLogins } from './upstream-logins.ts';

/** Events for the process's log. */
export interface HostEvents extends OpeningEvents {
  /** The proxy has moved to another rung of the ladder of overload. */
  rungChanged(rung: Rung): void;
  /** So many backends are connected to an address that their server's name no longer has. */
  serverMoved(backends: number): void;
}

export interface PoolHostOptions extends IrisUpstreamsOptions {
  /** Replaces the system's resolver. */
  readonly lookup?: Lookup | undefined;
  /** Replaces this process's own figures. */
  readonly process?: ProcessFigures | undefined;
  readonly ring: RingSockets | undefined;
  readonly classifier: Classifier;
  readonly loaded: LoadedConfig;
  /** Undefined: each instance has a fixed part of a licence. */
  readonly leaseBookOf?: LeaseBookOf | undefined;
  readonly events: HostEvents;
  readonly now: () => number;
  readonly jitter: () => number;
  /** Why work is refused now; undefined: it is not. */
  readonly refusal: () => Report | undefined;
}

/** Connects the pools, which decide, with the connections, which carry out. */
export class PoolHost implements PoolPort<Client, Backend>, ClientHost {
  readonly pools: Pools<Client, Backend>;
  readonly cancelKeys: CancelKeys;
  readonly peers = new Peers();
  readonly clients = new Set<Client>();
  /** The traffic of each database. */
  readonly traffic: TrafficCounters;
  readonly ring: RingSockets | undefined;
  /** Databases closed by DISABLE. */
  readonly disabled = new Set<string>();
  readonly classifier: Classifier;
  readonly routes: ClassRoutes;
  readonly overload: Overload;
  readonly #waits = new WaitWindow();
  readonly departures = new Departures(this.clients);
  /** The users' secrets may have changed. */
  onRedefined: (() => void) | undefined;
  /** Databases of an upstream that must have no sessions. */
  onCloseSessions: ((upstream: string, databases: ReadonlySet<string>) => void) | undefined;
  /** A pool no longer exists. */
  onForgotten: ((name: PoolName) => void) | undefined;
  /** Pools whose backends are at another server from now on. */
  onMoved: ((moved: readonly Move[]) => void) | undefined;
  /** What the server of this pool reports for unchanged settings; called for each new backend, and when it changes. */
  onReported: ((name: PoolName, reports: ServerReports) => void) | undefined;
  /** Undefined: nothing is cached. */
  caches: Caches | undefined;
  readonly now: () => number;
  readonly limits: ClientLimits<object>;
  readonly upstreams: UpstreamLogins;
  readonly outage: Outage;
  readonly servers: ServerChanges;
  readonly licences: LicenceShares;
  readonly scopes: ClientScopes;
  readonly #timeouts: Timeouts;
  readonly #events: HostEvents;
  readonly #refusal: () => Report | undefined;
  readonly #iris: IrisUpstreams;
  readonly #cancels = new BackendCancels();
  readonly #openings: BackendOpenings;
  readonly #onTick: readonly ((nowMs: number) => void)[] = [
    (nowMs) => classifyRunning(this.pools, this.classifier, nowMs),
    (nowMs) => this.overload.tick(nowMs),
    (nowMs) => this.#tickCaches(nowMs),
    (nowMs) => this.#tickLicences(nowMs),
    (nowMs) => this.pools.tick(nowMs),
    (nowMs) => this.traffic.tick(nowMs),
    (nowMs) => this.departures.tick(nowMs),
    () => this.outage.tick(),
    (nowMs) => this.servers.names.tick(nowMs),
    (nowMs) => this.#timeouts.tick(nowMs),
  ];
  #loaded: LoadedConfig;

  constructor(options: PoolHostOptions) {
    this.#loaded = options.loaded;
    this.now = options.now;
    this.ring = options.ring;
    this.traffic = new TrafficCounters(options.now());
    this.#events = options.events;
    this.#refusal = options.refusal;
    this.limits = new ClientLimits(options.loaded.config);
    this.upstreams = new UpstreamLogins(options.loaded);
    this.outage = new Outage({
      now: options.now,
      upstreams: () => Object.keys(this.#loaded.config.upstreams),
      addressesOf: (upstream) => this.upstreams.addressesOf(upstream),
      recovered: (upstream) => this.pools.endBackoff(upstream, this.now()),
    });
    this.cancelKeys = new CancelKeys(options.loaded.config.instance.id);
    this.#iris = new IrisUpstreams(options);
    this.licences = new LicenceShares(options.loaded.config, options.leaseBookOf);
    this.pools = new Pools({ policy: this.#policyOf(options.loaded), port: this, jitter: options.jitter });
    this.#iris.warm(options.loaded.config);
    this.servers = new ServerChanges({
      pools: this.pools,
      logins: this.upstreams,
      caches: () => this.caches,
      now: options.now,
      lookup: options.lookup,
      upstreams: () => this.#loaded.config.upstreams,
      moved: (backends) => options.events.serverMoved(backends),
    });
    this.scopes = new ClientScopes(this.pools, this.clients, options.loaded.config);
    this.#timeouts = new Timeouts({
      busy: () => this.pools.backends().flatMap(({ client }) => client?.handle ?? []),
      all: this.clients,
      cancel: (backend) => this.cancel(backend),
    });
    this.classifier = options.classifier;
    this.overload = new Overload(this.pools, this.#waits, {
      figures: options.process,
      changed: (rung) => options.events.rungChanged(rung),
    });
    this.routes = new ClassRoutes(this.pools, options.loaded.config, (asked) => this.classifier.analysisOf(asked));
    this.#openings = new BackendOpenings({
      pools: this.pools,
      upstreams: this.upstreams,
      iris: this.#iris,
      routes: this.routes,
      outage: this.outage,
      cancels: this.#cancels,
      events: options.events,
      now: options.now,
      loaded: () => this.#loaded,
      trafficOf: (database) => this.traffic.of(database),
      ring: options.ring,
      reported: (name, reports) => this.onReported?.(name, reports),
    });
  }

  trafficOf(database: string): Traffic {
    return this.traffic.of(database);
  }

  /** @returns what could not be granted as asked */
  reload(loaded: LoadedConfig): readonly Clamp[] {
    const nowMs = this.now();
    const former = this.#loaded;
    const [before, after] = [former.config, loaded.config];
    const moved = this.pools
      .figures(nowMs)
      .map(({ name }) => ({ from: name, to: poolNameAfterReload(before, after, name) }))
      .filter(({ from, to }) => from !== to || hasMoved(before, after, from));
    this.#apply(loaded);
    const clamps = this.#reloadPools(loaded, former, nowMs);
    this.limits.reload(after);
    this.scopes.reload(after, nowMs);
    this.#iris.warm(after);
    this.onMoved?.(moved);
    for (const { to } of moved) this.pools.reconnect(to, nowMs);
    const unmovable = [...this.clients].filter((client) => changesKind(before, after, this.routes.homeOf(client)));
    if (unmovable.length > 0) this.departures.sendAway(unmovable, after.drain, nowMs);
    return clamps;
  }

  /** Applies what says where backends are opened, and as whom. */
  #apply(loaded: LoadedConfig): void {
    this.#loaded = loaded;
    this.licences.reload(loaded.config);
    this.upstreams.reload(loaded);
    this.routes.reload(loaded.config);
  }

  #reloadPools(loaded: LoadedConfig, former: LoadedConfig, nowMs: number): readonly Clamp[] {
    try {
      return this.pools.reload(this.#policyOf(loaded), nowMs, (name) =>
        poolNameAfterReload(former.config, loaded.config, name),
      );
    } catch (error) {
      this.#apply(former);
      throw error;
    }
  }

  /** Called when nothing uses it any more. */
  async end(): Promise<void> {
    await this.#iris.close();
  }

  /** Opens a connection of the proxy's own, outside of all pools. */
  logIn(name: PoolName, loggedIn: (session: LoggedIn) => void, failed: () => void): BackendLogin {
    return this.#openings.logIn(name, { loggedIn, failed });
  }

  #policyOf(loaded: LoadedConfig): PoolPolicy {
    return { ...policyOf(loaded.config, this.licences), keptOpen: poolsOfOneUser(loaded) };
  }

  // What the pools ask for.

  open(pooled: PoolBackend): void {
    this.#openings.open(pooled);
  }

  close(pooled: PoolBackend, reason: DisconnectReason): void {
    const { handle } = pooled;
    this.#openings.abort(pooled);
    if (handle === undefined) {
      this.pools.closed(pooled, this.now());
      return;
    }
    if (handle.hasFatalError) handle.socket.destroy();
    else if (!handle.expected.isEmpty) this.#cancels.end(handle);
    else if (reason === 'client_lost') handle.socket.destroy();
    else handle.close();
  }

  reset(pooled: PoolBackend): void {
    const { handle } = pooled;
    if (handle === undefined) return;
    this.#cancels.reset(handle, (isOk) => this.pools.resetDone(pooled, isOk, this.now()));
  }

  check(pooled: PoolBackend): void {
    pooled.handle?.check((isOk) => this.pools.checked(pooled, isOk, this.now()));
  }

  grant({ handle: client, waitingSinceMs }: Pooled, { handle: backend }: PoolBackend): void {
    const waitedMs = this.now() - waitingSinceMs;
    this.#waits.waited(waitedMs);
    client.traffic.waitedMs += waitedMs;
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
    this.departures.departIfIdle(client, this.now());
  }

  drop({ handle: client }: Pooled): void {
    client.end(terminatedByAdmin);
  }

  forgotten(name: PoolName): void {
    this.onForgotten?.(name);
    this.upstreams.forget(name);
    const { upstream, database } = name;
    if (!this.pools.has({ upstream, database })) this.caches?.unused({ upstream, database });
  }

  // What clients ask for.

  checkout(client: Client, asked: RequestText | undefined, nowMs: number): Backend | undefined {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      client.refused(refusal);
      return undefined;
    }
    const workClass = this.classifier.classOf(client, asked);
    client.pooled = this.routes.pooledFor(client, workClass, asked, nowMs);
    this.#waits.checkedOut();
    return this.pools.checkout(client.pooled, workClass, nowMs)?.handle;
  }

  shedReport(client: Client, asked: RequestText): Report | undefined {
    if (!this.overload.rung.isCacheOnly) return undefined;
    const workClass = this.classifier.classOf(client, asked);
    return workClass === 'analytical' || workClass === 'bulk' ? cacheOnlyReport(workClass) : undefined;
  }

  checkin(pooled: Pooled, fate: 'clean' | 'reset' | 'client_lost', nowMs: number): void {
    pooled.handle.idleSinceMs = nowMs;
    const isSpent = fate !== 'client_lost' && pooled.backend?.handle?.isSingleUse === true;
    this.pools.checkin(pooled, isSpent ? 'state_left' : fate, nowMs);
  }

  replaceProcess({ backend }: Pooled, settings: Settings | undefined): void {
    if (backend !== undefined) this.#openings.replaceProcess(backend, settings);
  }

  get atBoundary(): boolean {
    return this.departures.atBoundary;
  }

  becameIdle(client: Client): void {
    this.departures.departIfIdle(client, this.now());
  }

  get isDraining(): boolean {
    return this.departures.isDraining;
  }

  departOnProbe(client: Client): boolean {
    return this.departures.departOnProbe(client, this.now());
  }

  /** Drains the pools of a database, or all, according to a plan. */
  drain(scope: PoolScope, plan: DeparturePlan): void {
    const nowMs = this.now();
    this.pools.drain(scope, nowMs);
    this.departures.drain(scope, plan, nowMs);
  }

  resume(scope: PoolScope): void {
    this.departures.cancel(scope);
    this.pools.resume(scope, this.now());
  }

  /** Everything that depends on time. If one part fails, the others go on. */
  tick(): void {
    for (const part of this.#onTick) {
      try {
        part(this.now());
      } catch (error) {
        this.internalError(error);
      }
    }
  }

  #tickCaches(nowMs: number): void {
    if (this.caches === undefined) return;
    this.caches.tick(nowMs);
    this.caches.isPaused = this.overload.isMemoryShort;
  }

  #tickLicences(nowMs: number): void {
    const isChanged = this.licences.tick(nowMs, () => this.pools.figures(nowMs));
    if (isChanged) this.pools.reload(this.#policyOf(this.#loaded), nowMs);
  }

  redefined(client: Client, whose: readonly Redefinition[]): void {
    this.servers.redefined(client.pooled.pool.name.upstream, whose);
    this.onRedefined?.();
  }

  closeSessionsOf({ pooled }: Client, databases: ReadonlySet<string>): void {
    this.servers.closeSessionsOf(pooled, databases);
    this.onCloseSessions?.(pooled.pool.name.upstream, databases);
  }

  settingsChanged(client: Client): void {
    this.scopes.update(client, this.now());
  }

  waitsForBackend(client: Client, text: string): void {
    this.scopes.startsWaiting(client, text);
  }

  backdateWait({ pooled }: Client, sinceMs: number): void {
    this.pools.backdateWait(pooled, sinceMs);
  }

  pin(pooled: Pooled): void {
    this.pools.pin(pooled);
    // The client keeps this backend even while idle, so it must not use up slots of its class.
    this.pools.changeClass(pooled, 'interactive', this.now());
  }

  unpin(pooled: Pooled): void {
    this.pools.unpin(pooled);
  }

  internalError(error: unknown): void {
    this.#events.internalError(error);
  }

  clientLeft(client: Client): void {
    this.cancelKeys.take(client);
    this.clients.delete(client);
    this.limits.left(client);
    this.routes.clientLeft(client, this.now());
  }

  isOneServer(upstream: string): boolean {
    return isOneServer(this.#loaded.config.upstreams[upstream]);
  }

  clientOf(processId: number): Client | undefined {
    return this.cancelKeys.clientOf(processId);
  }

  stopWaiting(client: Client): void {
    this.pools.stopWaiting(client.pooled);
  }

  /** Handles a CancelRequest: it reaches what this client is running, or nothing. */
  handleCancelRequest(request: CancelRequest, done: () => void): void {
    if (this.peers.forward(request, this.#loaded.config, done)) return;
    const client = this.cancelKeys.find(request);
    if (client?.backend !== undefined) return this.cancel(client.backend, done);
    if (client?.isWaiting === true) this.#cancelWait(client);
    done();
  }

  cancel(backend: Backend, done?: () => void): void {
    this.#cancels.cancel(backend, done);
  }

  #cancelWait(client: Client): void {
    client.waitCancelled({ severity: 'ERROR', sqlstate: '57014', message: 'canceling statement due to user request' });
  }
}
