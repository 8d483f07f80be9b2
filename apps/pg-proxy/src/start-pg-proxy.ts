import { randomBytes } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { RingSockets } from '@medrex/linux';
import {
  createTelemetry,
  poolObserver,
  observabilityRoutes,
  startHttpEndpoint,
  telemetryOptions,
  telemetryVariables,
  type EndpointRoutes,
  type HttpEndpoint,
  type Telemetry,
  type TelemetryOptions,
} from '@medrex/telemetry';
import { z } from 'zod';
import { sharedByRedis, type SharedByRedis } from './cache/shared-by-redis.ts';
import { compileEarly } from './compile-early.ts';
import { loadConfig, type ConfigSource, type LoadedConfig } from './config/load-config.ts';
import type { SettingOverrides } from './config/pgbouncer/from-ini.ts';
import { pgProxyError } from './errors.ts';
import { keepOutOfDumps } from './keep-out-of-dumps.ts';
import { directoryCheckOf } from './login/directory.ts';
import { openFilesMax } from './login/open-files.ts';
import { pgProxyMetrics, type PgProxyMetrics } from './metrics.ts';
import { Observability } from './observe/observability.ts';
import { openRing } from './open-ring.ts';
import { proxyEvents } from './proxy-events.ts';
import { PgProxy, type ShutdownMode, type PgProxyOptions } from './proxy.ts';
import type { ProcessFigures } from './scheduling/overload.ts';
import { Scrape } from './scrape.ts';
import type { RequestObserver } from './session/client/request.ts';
import { tuningNotes } from './upstream/tuning-notes.ts';

/** A running proxy. */
export interface RunningPgProxy {
  readonly urls: { readonly postgres: string; readonly metrics: string };
  readonly proxy: PgProxy;
  /** What in a pgbouncer.ini has no effect or another one, and which settings are in effect with other values than asked for. */
  readonly notes: readonly string[];
  readonly observability: Observability;
  /**
   * Reads the configuration again; nobody is dropped. Returns what is not in effect as asked. @throws CodedError PG_PROXY_CONFIG; nothing
   * has changed then
   */
  reload(): readonly string[];
  /** As PAUSE at the console, for all databases: nobody gets a backend until `resume`. */
  pause(): void;
  resume(): void;
  /** Asks for the end, as SHUTDOWN at the console does. */
  stop(how: ShutdownMode): void;
  /** Resolves when the end has been asked for; `close` then carries it out. */
  readonly stopRequested: Promise<void>;
  /** Logs the reason for which the process dies. */
  logFatal(error: unknown): void;
  close(): Promise<void>;
}

export interface PgProxyStart extends ConfigSource {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly telemetry?: Telemetry;
  /** The options that `telemetry` was made with. */
  readonly telemetryOptions?: TelemetryOptions;
  /** How long clients may take to leave at the end, in ms; replaces `drain.timeoutMs`. */
  readonly patienceMs?: number;
  /** Observes every request. */
  readonly observer?: RequestObserver;
  /** Replaces JDBC for upstreams of kind iris; for tests. */
  readonly irisDriver?: PgProxyOptions['irisDriver'];
  /** Replaces the system's resolver; for tests. */
  readonly lookup?: PgProxyOptions['lookup'];
  /** Replaces the process's own figures for memory, event loop and CPU. */
  readonly process?: ProcessFigures;
  /** The number of files that it may have open; replaces its own limit. */
  readonly filesMax?: number;
  /** Replaces the process's clock, in ms; for tests. */
  readonly now?: () => number;
}

const clockOf = ({ now }: PgProxyStart): (() => number) => now ?? (() => performance.now());

/** Reads the configuration and reports everything that is wrong with it. @throws CodedError PG_PROXY_CONFIG */
export function checkPgProxyConfig({ environment, filesMax, ...source }: PgProxyStart): LoadedConfig {
  telemetryOf(environment);
  return withTuning(loadConfig(source, { environment, salt: randomBytes(32) }), filesMax ?? openFilesMax());
}

const withTuning = (loaded: LoadedConfig, filesMax: number): LoadedConfig => {
  return { ...loaded, notes: [...loaded.notes, ...tuningNotes(loaded, filesMax)] };
};

/** Starts the proxy that a configuration file describes; resolves when it listens. If it fails, nothing of it is left open. */
export async function startPgProxy(start: PgProxyStart): Promise<RunningPgProxy> {
  keepOutOfDumps();
  compileEarly();
  const salt = randomBytes(32);
  const load = (overrides?: SettingOverrides): LoadedConfig =>
    loadConfig({ ...start, overrides }, { environment: start.environment, salt });
  const loaded = load();
  const open = new OpenParts();
  try {
    const running = await startLoaded({ start, load, loaded, open });
    return { ...running, close: () => open.close() };
  } catch (error) {
    await open.close();
    throw error;
  }
}

/** What has been opened, to be closed in reverse order. */
class OpenParts {
  readonly #closings: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#closings.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closings.splice(0).reverse()) await close();
  }
}

interface Starting {
  readonly start: PgProxyStart;
  readonly load: ReloadOptions['load'];
  readonly loaded: LoadedConfig;
  readonly open: OpenParts;
}

/** What the proxy works with: opened before it and closed after it. */
interface Resources {
  readonly telemetry: Telemetry;
  readonly metrics: PgProxyMetrics;
  readonly endpoint: HttpEndpoint;
  readonly observability: Observability;
  readonly shared: SharedByRedis | undefined;
  readonly ring: RingSockets | undefined;
  /** The proxy, once it accepts clients. */
  readonly started: { proxy?: PgProxy };
}

async function startLoaded(starting: Starting): Promise<Omit<RunningPgProxy, 'close'>> {
  const { start, load, loaded, open } = starting;
  const { telemetry, metrics, endpoint, observability, shared, ring, started } = await openResources(starting);
  const { log } = telemetry;
  const filesMax = start.filesMax ?? openFilesMax();
  const reloader = new ConfigReloader({
    load,
    loaded,
    metrics,
    log,
    apply: (fresh) => {
      const notices = proxy.reload(fresh);
      observability.reload(fresh);
      return notices;
    },
  });
  const shutdown = new ShutdownRequest(start.patienceMs);
  const stop = (how: ShutdownMode): void => {
    shutdown.request(how);
    if (how === 'now') proxy.abortDrain();
  };
  const events = proxyEvents(metrics, log, observability);
  const proxy = await PgProxy.start({
    ring,
    loaded,
    observability,
    shared,
    filesMax,
    events,
    process: start.process,
    irisDriver: start.irisDriver,
    lookup: start.lookup,
    now: clockOf(start),
    jitter: Math.random,
    reload: () => reloader.run(),
    set: start.pgbouncerIni === undefined ? undefined : (name, value) => reloader.set(name, value),
    stop,
    directoryCheckOf: (from) => directoryCheckOf(from, (error) => events.lookupFailed(error)),
  });
  open.add(() => proxy.close(shutdown.mode, shutdown.patienceMs));
  await observability.start(proxy.host);
  const scrape = new Scrape(metrics);
  telemetry.metrics.beforeScrape(() => scrape.update(proxy, reloader.loaded));
  started.proxy = proxy;
  log.info({ port: proxy.port }, 'pg-proxy accepts clients');
  return runningOf({
    proxy,
    observability,
    reloader,
    shutdown,
    stop,
    log,
    urls: { postgres: urlOf(proxy, loaded.config.listen.socket?.folder), metrics: `${endpoint.url}/metrics` },
    notes: [...proxy.listenProblems, ...withTuning(loaded, filesMax).notes],
  });
}

async function openResources({ start, loaded, open }: Starting): Promise<Resources> {
  const options = start.telemetryOptions ?? telemetryOf(start.environment);
  const telemetry = start.telemetry ?? createTelemetry(options);
  if (start.telemetry === undefined) open.add(() => telemetry.close());
  const { log } = telemetry;
  const metrics = telemetry.metrics.define(pgProxyMetrics);
  const started: Resources['started'] = {};
  const notReady = (): string | undefined => (started.proxy === undefined ? 'it starts' : started.proxy.notReady);
  const endpoint = await endpointOf(loaded, observabilityRoutes(telemetry.metrics, notReady));
  open.add(async () => {
    await endpoint.close();
    if (started.proxy !== undefined) log.info({}, 'pg-proxy has ended');
  });
  const observability = await Observability.open({
    loaded,
    telemetry,
    now: clockOf(start),
    others: [start.observer],
    folder: dirname(resolve(start.file ?? start.pgbouncerIni ?? '.')),
    traceRatio: options.traceRatio,
    isTracing: options.otlpUrl !== undefined || options.keepSpans === true,
  });
  open.add(() => observability.close());
  const shared = sharedByRedis(loaded);
  if (shared !== undefined) {
    open.add(() => shared.pool.close());
    poolObserver(telemetry.metrics)(shared.pool);
  }
  const ring = openReportedRing(loaded, metrics, log);
  open.add(() => ring?.close());
  return { telemetry, metrics, endpoint, observability, shared, ring, started };
}

interface Parts extends Pick<RunningPgProxy, 'urls' | 'proxy' | 'observability' | 'notes' | 'stop'> {
  readonly reloader: ConfigReloader;
  readonly shutdown: ShutdownRequest;
  readonly log: Telemetry['log'];
}

function runningOf({
  proxy,
  observability,
  reloader,
  shutdown,
  stop,
  log,
  urls,
  notes,
}: Parts): Omit<RunningPgProxy, 'close'> {
  return {
    urls,
    proxy,
    observability,
    notes,
    stop,
    reload: () => reloader.run(),
    pause: () => {
      proxy.pause();
      log.info({}, 'pg-proxy is paused');
    },
    resume: () => {
      if (proxy.resume()) log.info({}, 'pg-proxy is resumed');
      else log.warn({}, 'pg-proxy is shutting down, and is not resumed');
    },
    stopRequested: shutdown.requested,
    logFatal: (error) => log.error({ error }, 'pg-proxy ends because of an internal error'),
  };
}

/** How the proxy is to end: as somebody has asked, or as configured. */
class ShutdownRequest {
  mode: ShutdownMode = 'drain';
  readonly requested: Promise<void>;
  readonly #patienceMs: number | undefined;
  #isRequested = false;
  #resolve: () => void = () => undefined;

  constructor(patienceMs: number | undefined) {
    this.#patienceMs = patienceMs;
    this.requested = new Promise((tell) => (this.#resolve = tell));
  }

  /** A WAIT asked for at the console has no time limit. */
  get patienceMs(): number | undefined {
    return this.#isRequested && this.mode !== 'now' ? Infinity : this.#patienceMs;
  }

  request(mode: ShutdownMode): void {
    this.mode = mode;
    this.#isRequested = true;
    this.#resolve();
  }
}

interface ReloadOptions {
  readonly load: (overrides?: SettingOverrides) => LoadedConfig;
  readonly loaded: LoadedConfig;
  /** @returns what is not in effect as asked */
  readonly apply: (loaded: LoadedConfig) => readonly string[];
  readonly metrics: PgProxyMetrics;
  readonly log: Telemetry['log'];
}

/** The configuration in effect, and how it is reloaded. */
class ConfigReloader {
  readonly #options: ReloadOptions;
  loaded: LoadedConfig;
  #overrides: SettingOverrides = new Map();

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.loaded = options.loaded;
  }

  /** Adds a setting to those made at the console. @throws as run */
  set(name: string, value: string): readonly string[] {
    return this.run(new Map([...this.#overrides, [name, value]]));
  }

  /** Discards settings made at the console. @throws CodedError PG_PROXY_CONFIG; nothing has changed then */
  run(overrides: SettingOverrides = new Map()): readonly string[] {
    const { load, apply, metrics, log } = this.#options;
    try {
      const fresh = load(overrides);
      const notices = apply(fresh);
      this.loaded = fresh;
      this.#overrides = overrides;
      metrics.reloadFailed.set(0);
      log.info({}, 'pg-proxy has reloaded its configuration');
      return notices;
    } catch (error) {
      metrics.reloadFailed.set(1);
      log.error({ error }, 'pg-proxy could not reload its configuration, and keeps the old one');
      throw error;
    }
  }
}

async function endpointOf({ config }: LoadedConfig, routes: EndpointRoutes): Promise<HttpEndpoint> {
  const { host, port } = config.metrics;
  try {
    return await startHttpEndpoint({ host, port, routes });
  } catch (cause) {
    throw pgProxyError('PG_PROXY_LISTEN', `metrics: ${(cause as Error).message}`, { cause });
  }
}

/** Reports on it to the log and the metrics. */
function openReportedRing(
  { config }: LoadedConfig,
  metrics: PgProxyMetrics,
  log: Telemetry['log'],
): RingSockets | undefined {
  const ring = openRing(config, {
    unavailable: (error) => log.info({ error }, 'io_uring is not available to this process, which uses epoll'),
    failed: (error) => {
      metrics.ioUring.set(0);
      log.error({ error }, 'io_uring has stopped working; the process goes on with epoll');
    },
  });
  metrics.ioUring.set(ring === undefined ? 0 : 1);
  return ring;
}

/** Logs and traces are set up by the environment, as for every service. @throws CodedError PG_PROXY_CONFIG */
function telemetryOf(environment: PgProxyStart['environment']): TelemetryOptions {
  const parsed = z.object(telemetryVariables).safeParse(environment);
  if (!parsed.success) throw pgProxyError('PG_PROXY_CONFIG', `the environment:\n${z.prettifyError(parsed.error)}`);
  return telemetryOptions('pg-proxy', parsed.data);
}

/** The address for clients on this host, in libpq's form. */
function urlOf({ addresses: [first], port }: PgProxy, folder = ''): string {
  if (first === undefined) return `postgres:///?host=${folder}&port=${port}`;
  const name = first === '*' ? 'localhost' : first.includes(':') ? `[${first}]` : first;
  return `postgres://${name}:${port}`;
}
