import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { RingSockets } from '@medrex/linux';
import type { WireFault } from '@medrex/pg-wire';
import { SqlAnalyser } from '@medrex/sql';
import type { ProxyLifecycle } from './admin/commands.ts';
import type { CacheConfig } from './cache/cache-config.ts';
import { Caches } from './cache/caches.ts';
import type { SharedByRedis } from './cache/shared-by-redis.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { needRestart } from './config/config-rows.ts';
import { haveSameUpstreams } from './upstream/reloaded-pools.ts';
import { clampNotice } from './upstream/tuning-notes.ts';
import { pgProxyError } from './errors.ts';
import { LoginConnection } from './login/login-connection.ts';
import type { AuthenticatedClient, LoginContext, ClientTls } from './login/login-context.ts';
import type { DirectoryCheck } from './login/client-auth.ts';
import { Authenticator } from './login/authenticator.ts';
import { tlsServerEndPoint, firstCertificate } from './login/tls-server-end-point.ts';
import type { Observability } from './observe/observability.ts';
import { Listener } from './login/listener.ts';
import type { DeparturePlan } from './session/client/departures.ts';
import type { Lookup } from './upstream/host-name-watch.ts';
import type { IrisUpstreamsOptions } from './upstream/iris/iris-upstreams.ts';
import type { ProcessFigures } from './scheduling/overload.ts';
import { Classifier } from './scheduling/classifier.ts';
import { PoolHost, type HostEvents } from './upstream/pool-host.ts';
import { ClientAdmission } from './login/client-admission.ts';

/** The precision of the pools' timeouts, in ms. */
const tickMs = 100;
/** How often a draining proxy checks whether it is empty, in ms. */
const drainPollMs = 50;

export interface ProxyEvents extends HostEvents {
  /** The directory of users could not be asked. */
  lookupFailed(error: Error): void;
  /** @param address the client's */
  refused(fault: WireFault, address: string): void;
}

export interface PgProxyOptions {
  readonly loaded: LoadedConfig;
  readonly events: ProxyEvents;
  readonly now: () => number;
  readonly jitter: () => number;
  /** RELOAD at the console. @throws CodedError PG_PROXY_CONFIG, POOL_SETTINGS_UNUSABLE */
  readonly reload: ProxyLifecycle['reload'];
  readonly set: ProxyLifecycle['set'];
  /** The LDAP directory that checks passwords, according to the configuration. */
  readonly directoryCheckOf: (loaded: LoadedConfig) => DirectoryCheck | undefined;
  /** Observes every request and keeps what is known about them. */
  readonly observability: Observability;
  /** Shares cached answers among instances; undefined: this instance is alone. */
  readonly shared?: SharedByRedis | undefined;
  /** SHUTDOWN at the console. */
  readonly stop: (how: ShutdownMode) => void;
  /** Replaces JDBC; for tests. */
  readonly irisDriver?: IrisUpstreamsOptions['irisDriver'];
  /** Replaces the system's resolver; for tests. */
  readonly lookup?: Lookup | undefined;
  /** Replaces this process's own figures. */
  readonly process?: ProcessFigures | undefined;
  /** The number of files that the process may have open. */
  readonly filesMax: number;
  /** Reads and writes connections without TLS; undefined: the event loop does. */
  readonly ring: RingSockets | undefined;
}

/** How the proxy ends: clients are drained as configured, or leave at the end of their transactions, or nobody is waited for. */
export type ShutdownMode = 'drain' | 'boundary' | 'now';

/** The proxy: listens, logs clients in, and gives them backends. */
export class PgProxy {
  readonly host: PoolHost;
  readonly #admission: ClientAdmission;
  readonly #pendingLogins = new Set<LoginConnection>();
  readonly #secrets = { mockSecret: randomBytes(32), salt: randomBytes(32) };
  readonly #directoryCheckOf: PgProxyOptions['directoryCheckOf'];
  readonly #events: ProxyEvents;
  readonly #analyser: SqlAnalyser;
  /** The cache settings in effect. */
  #cache: CacheConfig;
  #loaded: LoadedConfig;
  /** Settings that are only read at the start keep their values from here. */
  readonly #atStart: LoadedConfig['config'];
  #loginContext: LoginContext;
  #authenticator: Authenticator;
  #ticker: NodeJS.Timeout | undefined;
  #listener: Listener | undefined;
  /** The listener on this instance's own address. */
  #ownListener: Listener | undefined;
  #port = 0;
  #notReady: string | undefined;
  #isEnding = false;
  #isDrainAborted = false;

  private constructor(options: PgProxyOptions, analyser: SqlAnalyser) {
    const { loaded, events, now, jitter, reload, set, stop, observability, directoryCheckOf, irisDriver } = options;
    this.#analyser = analyser;
    this.#cache = loaded.config.cache;
    this.#loaded = loaded;
    this.#atStart = loaded.config;
    this.#directoryCheckOf = directoryCheckOf;
    this.#events = events;
    const classifier = new Classifier(analyser, loaded.config.classes);
    this.host = new PoolHost({
      loaded,
      events,
      now,
      jitter,
      analyser,
      irisDriver,
      classifier,
      process: options.process,
      lookup: options.lookup,
      ring: options.ring,
      refusal: observability.refusal,
      leaseBookOf: options.shared?.leaseBookOf,
    });
    this.host.caches = this.#cachesOf(loaded.config.cache, options.shared);
    const drain = (database: string | undefined): void => this.#drain(database);
    const resume = (database: string | undefined): boolean => this.resume(database);
    this.#admission = new ClientAdmission({
      host: this.host,
      loaded,
      analyser,
      observability,
      lifecycle: { reload, set, stop, drain, resume },
      pendingLogins: () => this.#pendingLogins.size,
      filesMax: options.filesMax,
      refused: (fault, address) => events.refused(fault, address),
    });
    this.#authenticator = this.#authenticatorOf(loaded);
    this.host.onRedefined = () => this.#authenticator.forgetSecrets();
    this.host.onCloseSessions = (upstream, databases) => this.#authenticator.closeSessionsOf(upstream, databases);
    this.#loginContext = this.#loginContextOf(loaded, this.#authenticator);
  }

  /** @throws CodedError PG_PROXY_LISTEN, PG_PROXY_CONFIG */
  static async start(options: PgProxyOptions): Promise<PgProxy> {
    const proxy = new PgProxy(options, await SqlAnalyser.load());
    try {
      await proxy.#listen();
    } catch (error) {
      await proxy.#release(true);
      await proxy.host.end();
      throw error;
    }
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Addresses and names at which clients reach it. */
  get addresses(): readonly string[] {
    return this.#listener?.addresses ?? [];
  }

  /** Why it could not listen at some of its addresses. */
  get listenProblems(): readonly string[] {
    return [this.#listener, this.#ownListener].flatMap((listener) => listener?.unavailable ?? []);
  }

  get ownPort(): number | undefined {
    return this.#ownListener?.port;
  }

  /** Why nobody should be sent here; for /readyz. */
  get notReady(): string | undefined {
    const isCutOff = this.host.outage.durationMs >= this.#loaded.config.metrics.notReadyAfterMs;
    return this.#notReady ?? (isCutOff ? 'no upstream can be reached' : undefined);
  }

  get pendingLogins(): number {
    return this.#pendingLogins.size;
  }

  /**
   * Applies another configuration, completely or not at all; nobody is dropped. @throws CodedError PG_PROXY_CONFIG, POOL_SETTINGS_UNUSABLE
   */
  reload(loaded: LoadedConfig): readonly string[] {
    const authenticator = this.#authenticatorOf(loaded);
    const reception = this.#loginContextOf(loaded, authenticator);
    const clamps = this.host.reload(loaded);
    this.#admission.reload(loaded);
    const notices = this.#reloadCaches(loaded.config.cache, !haveSameUpstreams(this.#loaded.config, loaded.config));
    this.#loaded = loaded;
    this.#loginContext = reception;
    this.#authenticator.close();
    this.#authenticator = authenticator;
    return [...needRestart(this.#atStart, loaded.config).map(restartNotice), ...notices, ...clamps.map(clampNotice)];
  }

  #cachesOf(config: CacheConfig, shared?: SharedByRedis): Caches | undefined {
    const { now, upstreams } = this.host;
    const serverNameOf = (database: string): string => upstreams.databaseOf({ database });
    return Caches.of({ config, analyser: this.#analyser, now, serverNameOf, shared });
  }

  /** @param isElsewhere cached answers may be another server's */
  #reloadCaches(asked: CacheConfig, isElsewhere: boolean): readonly string[] {
    const { host } = this;
    const before = this.#cache;
    const after = { ...asked, redis: before.redis };
    if (isDeepStrictEqual({ ...before, redis: before.redis }, after) && !isElsewhere) return [];
    const isWanted = Caches.isWanted(after);
    // Other instances wait for this one, or do not know about it.
    if (before.redis !== undefined && isWanted !== (host.caches !== undefined))
      return [`cache stays ${isWanted ? 'off' : 'on'} until a restart, because of cache.redis`];
    if (host.caches !== undefined && isWanted) host.caches.reload(after);
    else {
      void host.caches?.close();
      host.caches = this.#cachesOf(after);
    }
    this.#cache = after;
    this.#admission.cachesReplaced();
    return [];
  }

  /** Stops accepting clients, lets each one leave as `ending` says, and after a while disconnects those that remain. */
  async close(mode: ShutdownMode, patienceMs?: number): Promise<void> {
    const { drain } = this.#loaded.config;
    this.#notReady = 'the proxy ends';
    if (mode !== 'now') await wait(drain.announceMs);
    const closed = this.#listener?.close();
    this.#isEnding = true;
    if (mode !== 'now') await this.#drainAll(mode, patienceMs ?? drain.timeoutMs);
    for (const arrival of this.#pendingLogins) arrival.close();
    this.#admission.closeConsoles();
    const backends = this.host.pools.backends().map(({ handle }) => handle);
    this.host.pools.kill({}, this.host.now());
    const areWriting = backends.some((backend) => backend?.writes?.hasPending === true);
    for (const backend of backends) backend?.socket.destroy();
    clearInterval(this.#ticker);
    await this.#release(!areWriting);
    await Promise.all([closed, this.#ownListener?.close()]);
    await this.host.end();
  }

  /** Releases everything apart from clients and backends. @param isAllKnown false: some client was in the middle of a write */
  async #release(isAllKnown: boolean): Promise<void> {
    this.#authenticator.close();
    await this.host.licences.leave();
    await this.host.caches?.close(isAllKnown);
  }

  async #drainAll(mode: 'drain' | 'boundary', patienceMs: number): Promise<void> {
    const { host } = this;
    host.drain({}, this.#departurePlanOf(mode));
    const endMs = host.now() + patienceMs;
    const isEmpty = (): boolean => host.pools.isCommandDone({}) && this.#pendingLogins.size === 0;
    while (!isEmpty() && !this.#isDrainAborted && host.now() < endMs) await wait(drainPollMs);
  }

  /** A drain under way waits for nobody any more. */
  abortDrain(): void {
    this.#isDrainAborted = true;
  }

  /** DRAIN of one database, or of all. */
  #drain(database: string | undefined): void {
    this.host.drain(database === undefined ? {} : { database }, this.#departurePlanOf('drain'));
    if (database === undefined) this.#notReady = 'the proxy is drained';
  }

  /** PAUSE of all databases. */
  pause(): void {
    this.host.pools.pause({}, this.host.now());
  }

  /** Ends PAUSE, DRAIN and KILL of one database, or of all. False: the proxy is shutting down. */
  resume(database?: string): boolean {
    // Nobody new can come in, so clients that stayed would keep it from ending.
    if (this.#isEnding) return false;
    this.host.resume(database === undefined ? {} : { database });
    if (database === undefined) this.#notReady = undefined;
    return true;
  }

  #departurePlanOf(mode: 'drain' | 'boundary'): DeparturePlan {
    const { quietMs, boundaryAfterMs } = this.#loaded.config.drain;
    return { quietMs, boundaryAfterMs: mode === 'drain' ? boundaryAfterMs : 0 };
  }

  async #listen(): Promise<void> {
    const { listen, instance } = this.#loaded.config;
    this.#listener = await Listener.start(listen, (socket, isLocal) => this.#accept(socket, isLocal), this.host.ring);
    this.#port = this.#listener.port;
    try {
      if (instance.own !== undefined)
        this.#ownListener = await Listener.start(instance.own, (socket) => this.#acceptOwn(socket), this.host.ring);
    } catch (error) {
      await this.#listener.close();
      throw error;
    }
    this.#ticker = setInterval(() => this.#tick(), tickMs);
  }

  #tick(): void {
    this.host.tick();
    const nowMs = this.host.now();
    for (const arrival of this.#pendingLogins) arrival.tick(nowMs);
  }

  #accept(socket: Socket, isLocal: boolean): void {
    this.#pendingLogins.add(new LoginConnection(socket, isLocal, this.#loginContext));
  }

  /** While the proxy ends, this address serves only cancel requests and the console. */
  #acceptOwn(socket: Socket): void {
    const reception = this.#loginContext;
    const admit = (authenticated: AuthenticatedClient): void => this.#admission.admitDuringShutdown(authenticated);
    this.#pendingLogins.add(new LoginConnection(socket, false, this.#isEnding ? { ...reception, admit } : reception));
  }

  #authenticatorOf(loaded: LoadedConfig): Authenticator {
    return new Authenticator({
      loaded,
      upstreams: this.host.upstreams,
      directory: this.#directoryCheckOf(loaded),
      now: this.host.now,
      ...this.#secrets,
      isDisabled: (database) => this.host.disabled.has(database),
      failed: (error) => this.#events.lookupFailed(error),
    });
  }

  #loginContextOf(loaded: LoadedConfig, authenticator: Authenticator): LoginContext {
    const { config } = loaded;
    return {
      tls: tlsOf(loaded),
      loginTimeoutMs: config.loginTimeoutMs,
      now: this.host.now,
      authOf: (request, tls, then) => authenticator.authOf(request, tls, then),
      authFailed: (request) => authenticator.authFailed(request),
      cancel: (request, done) => this.host.handleCancelRequest(request, done),
      admit: (authenticated) => this.#admission.admit(authenticated),
      ended: (arrival) => this.#pendingLogins.delete(arrival),
      refused: (fault, address) => this.#events.refused(fault, address),
      internalError: (error) => this.#events.internalError(error),
    };
  }
}

const restartNotice = (key: string): string => `${key} stays as it was until a restart`;

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function tlsOf({ config, certificate }: LoadedConfig): ClientTls | undefined {
  if (certificate === undefined) return undefined;
  const { cert, key, clients } = certificate;
  const { minVersion, mode, clientCertificate } = config.listen.tls ?? {};
  try {
    return {
      context: createSecureContext({ cert, key, ...(minVersion && { minVersion }), ...clients }),
      endPoint: tlsServerEndPoint(firstCertificate(cert)),
      isRequired: mode === 'require',
      requestsCertificate: clients.ca !== undefined,
      requiresCertificate: clientCertificate === 'require',
    };
  } catch (cause) {
    throw pgProxyError('PG_PROXY_CONFIG', `listen.tls: ${(cause as Error).message}`, { cause });
  }
}
