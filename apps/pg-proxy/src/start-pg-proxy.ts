import { randomBytes, X509Certificate } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import {
  createTelemetry,
  poolObserver,
  observabilityRoutes,
  startHttpEndpoint,
  telemetryOptions,
  telemetryVariables,
  type Telemetry,
  type TelemetryOptions,
} from '@medrex/telemetry';
import { z } from 'zod';
import { CacheMetrics } from './cache/cache-metrics.ts';
import { sharedByRedis } from './cache/shared-by-redis.ts';
import { loadConfig, type ConfigSource, type LoadedConfig } from './config/load-config.ts';
import { pgProxyError } from './errors.ts';
import { keepOutOfDumps } from './keep-out-of-dumps.ts';
import { directoryOf } from './login/directory.ts';
import {
  pgProxyMetrics,
  PoolMetrics,
  RollOutMetrics,
  setClassGauges,
  setLicenceGauges,
  setOverloadGauges,
} from './metrics.ts';
import type { RequestObserver } from './session/client/request.ts';
import { Observing } from './observe/observing.ts';
import type { ProcessFigures } from './scheduling/overload.ts';
import { openFilesMax } from './login/open-files.ts';
import { openRing } from './open-ring.ts';
import { tuningNotes } from './upstream/tuning-notes.ts';
import { PgProxy, type Ending, type PgProxyOptions } from './proxy.ts';

/** A proxy that runs. */
export interface RunningPgProxy {
  readonly urls: { readonly postgres: string; readonly metrics: string };
  readonly proxy: PgProxy;
  /** What of a pgbouncer.ini means nothing here, or something else, and which settings are not in effect as they were asked for. */
  readonly notes: readonly string[];
  readonly observing: Observing;
  /** Reads the configuration again; nobody is dropped. Says what of it is not as it was asked. @throws CodedError PG_PROXY_CONFIG, and nothing has changed */
  reload(): readonly string[];
  /** As at the console, of all databases: nobody is given a backend until `resume`. */
  pause(): void;
  resume(): void;
  /** Asks for the end, as SHUTDOWN at the console does. */
  stop(how: Ending): void;
  /** Resolves when somebody has asked for the end; then `close` does it. */
  readonly stopAsked: Promise<void>;
  /** The last words about what ends the process. */
  died(error: unknown): void;
  close(): Promise<void>;
}

export interface PgProxyStart extends ConfigSource {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly telemetry?: Telemetry;
  /** What `telemetry` was made with. */
  readonly telemetryOptions?: TelemetryOptions;
  /** How long clients may take to go at the end, in place of `drain.timeoutMs`. */
  readonly patienceMs?: number;
  /** Told of every request. */
  readonly observer?: RequestObserver;
  /** In place of JDBC for upstreams of kind iris; for tests. */
  readonly irisDriver?: PgProxyOptions['irisDriver'];
  /** In place of the resolver of the system; for tests. */
  readonly lookup?: PgProxyOptions['lookup'];
  /** In place of what this process says of its memory, event loop and CPU. */
  readonly process?: ProcessFigures;
  /** Files that it may have open, in place of its own limit. */
  readonly filesMax?: number;
}

/** Reads the configuration and reports all that is wrong with it. @throws CodedError PG_PROXY_CONFIG */
export function checkPgProxyConfig({ environment, filesMax, ...source }: PgProxyStart): LoadedConfig {
  telemetryOf(environment);
  return withTuning(loadConfig(source, { environment, salt: randomBytes(32) }), filesMax ?? openFilesMax());
}

const withTuning = (loaded: LoadedConfig, filesMax: number): LoadedConfig => {
  return { ...loaded, notes: [...loaded.notes, ...tuningNotes(loaded, filesMax)] };
};

/** Starts the proxy that a configuration file describes; resolves when it listens. */
export async function startPgProxy(start: PgProxyStart): Promise<RunningPgProxy> {
  keepOutOfDumps();
  const salt = randomBytes(32);
  const load = (): LoadedConfig => loadConfig(start, { environment: start.environment, salt });
  const loaded = load();
  let current = loaded;
  const filesMax = start.filesMax ?? openFilesMax();
  const options = start.telemetryOptions ?? telemetryOf(start.environment);
  const telemetry = start.telemetry ?? createTelemetry(options);
  const metrics = telemetry.metrics.define(pgProxyMetrics);
  const take = (fresh: LoadedConfig): readonly string[] => {
    const notices = proxy.reload(fresh);
    observing.reload(fresh);
    current = fresh;
    return notices;
  };
  const reload = (): readonly string[] => {
    try {
      const notices = take(load());
      metrics.reloadFailed.set(0);
      telemetry.log.info({}, 'pg-proxy has read its configuration again');
      return notices;
    } catch (error) {
      metrics.reloadFailed.set(1);
      telemetry.log.error({ error }, 'pg-proxy could not read its configuration again, and keeps what it has');
      throw error;
    }
  };
  let askStop: () => void = () => undefined;
  const stopAsked = new Promise<void>((resolve) => (askStop = resolve));
  let ending: Ending = 'drain';
  let isAsked = false;
  const stop = (how: Ending): void => {
    ending = how;
    isAsked = true;
    askStop();
  };
  const lookupFailed = (error: Error): void => {
    metrics.lookupsFailed.inc();
    telemetry.log.warn({ error }, 'a user could not be looked up');
  };
  const observing = await Observing.open({
    ...{
      loaded,
      telemetry,
      folder: dirname(resolve(start.file ?? start.pgbouncerIni ?? '.')),
      now: () => performance.now(),
    },
    ...{ traceRatio: options.traceRatio, isTracing: options.otlpUrl !== undefined || options.keepSpans === true },
    others: [start.observer],
  });
  const shared = sharedByRedis(loaded);
  if (shared !== undefined) poolObserver(telemetry.metrics)(shared.pool);
  const ring = openRing(loaded.config, {
    hasNone: (error) => telemetry.log.info({ error }, 'there is no io_uring for this process: it works by epoll'),
    failed: (error) => {
      metrics.ioUring.set(0);
      telemetry.log.error({ error }, 'io_uring no longer works: the process goes on by epoll');
    },
  });
  metrics.ioUring.set(ring === undefined ? 0 : 1);
  const proxy = await PgProxy.start({
    ring,
    loaded,
    reload,
    observing,
    stop,
    now: () => performance.now(),
    jitter: Math.random,
    shared,
    process: start.process,
    filesMax,
    directoryOf: (from) => directoryOf(from, lookupFailed),
    irisDriver: start.irisDriver,
    lookup: start.lookup,
    events: {
      refused: ({ sqlstate, reason }, address) => {
        metrics.loginsRefused.inc();
        // Somebody may be trying passwords; and who ran out of time (57014) has heard nothing of it.
        const level = sqlstate.startsWith('28') || sqlstate === '57014' ? 'warn' : 'debug';
        telemetry.log[level]({ sqlstate, address, reason }, 'a connection was sent away before its login');
      },
      connected: (database, ms, roundTripMs) => observing.connected(database, ms, roundTripMs),
      loginFailed: ({ sqlstate, message }, { host, port }) => {
        const error = pgProxyError('PG_PROXY_UPSTREAM', message);
        telemetry.log.warn({ sqlstate, address: `${host}:${port}`, error }, 'a backend could not be opened');
      },
      lookupFailed,
      moved: (count) =>
        telemetry.log.warn({ count }, 'the name of a server has another address: its backends are replaced'),
      stepped: ({ level }) => {
        const state = `rung${level}`;
        if (level === 0) telemetry.log.info({ state }, 'load and memory ask for nothing any more');
        else telemetry.log.warn({ state }, 'load or memory have moved the proxy on the ladder of overload');
      },
      broke: (error) => {
        metrics.internalErrors.inc();
        telemetry.log.error({ error }, 'an error of our own has ended one connection');
      },
      fault: () => telemetry.log.error({}, 'a backend broke the protocol and was closed'),
    },
  }).catch((error: unknown) => {
    ring?.close();
    throw error;
  });
  await observing.start(proxy.host);
  const pools = new PoolMetrics(metrics);
  const cache = new CacheMetrics(metrics);
  const rollOut = new RollOutMetrics(metrics);
  telemetry.metrics.beforeScrape(() => {
    const { host } = proxy;
    const nowMs = host.now();
    const figures = host.pools.figures(nowMs);
    pools.set(host.pools.totals(nowMs), figures, proxy.arrivals);
    metrics.clamped.set(figures.reduce((sum, { clamps }) => sum + clamps.length, 0));
    metrics.certificateEnd.set(certificateEnd(current));
    cache.set(host.caches);
    setClassGauges(metrics, figures);
    setLicenceGauges(metrics, host.pools.limits(), host.licences.shares());
    setOverloadGauges(metrics, host.overload);
    rollOut.set(host.departures.counts, host.peers.counts);
  });
  const end = async (how: Ending, patienceMs?: number): Promise<void> => {
    await proxy.close(how, patienceMs);
    ring?.close();
    await observing.close();
  };
  const { host, port } = loaded.config.metrics;
  const routes = observabilityRoutes(telemetry.metrics, () => proxy.notReady);
  const endpoint = await startHttpEndpoint({ host, port, routes }).catch(async (cause: unknown) => {
    await end('now');
    if (start.telemetry === undefined) await telemetry.close();
    throw pgProxyError('PG_PROXY_LISTEN', `metrics: ${(cause as Error).message}`, { cause });
  });
  telemetry.log.info({ port: proxy.port }, 'pg-proxy takes clients');
  return {
    urls: { postgres: urlOf(proxy, loaded.config.listen.socket?.folder), metrics: `${endpoint.url}/metrics` },
    proxy,
    notes: [...proxy.notHeardAt, ...withTuning(loaded, filesMax).notes],
    observing,
    reload,
    pause: () => {
      proxy.pause();
      telemetry.log.info({}, 'pg-proxy is paused');
    },
    resume: () => {
      proxy.resume();
      telemetry.log.info({}, 'pg-proxy goes on');
    },
    stop,
    stopAsked,
    died: (error) => telemetry.log.error({ error }, 'pg-proxy ends because of an error of its own'),
    close: async () => {
      // Who asks at the console to wait has all the time that they want.
      const patienceMs = isAsked && ending !== 'now' ? Infinity : start.patienceMs;
      await end(ending, patienceMs);
      await endpoint.close();
      telemetry.log.info({}, 'pg-proxy has ended');
      if (start.telemetry === undefined) await telemetry.close();
    },
  };
}

/** The environment says of logs and traces what it says to every service. @throws CodedError PG_PROXY_CONFIG */
function telemetryOf(environment: PgProxyStart['environment']): TelemetryOptions {
  const parsed = z.object(telemetryVariables).safeParse(environment);
  if (!parsed.success) throw pgProxyError('PG_PROXY_CONFIG', `the environment:\n${z.prettifyError(parsed.error)}`);
  return telemetryOptions('pg-proxy', parsed.data);
}

/** Where clients of this host find it, as libpq takes it. */
function urlOf({ heardAt: [first], port }: PgProxy, folder = ''): string {
  if (first === undefined) return `postgres:///?host=${folder}&port=${port}`;
  const name = first === '*' ? 'localhost' : first.includes(':') ? `[${first}]` : first;
  return `postgres://${name}:${port}`;
}

/** Seconds since 1970; 0 without a certificate. */
function certificateEnd({ certificate }: LoadedConfig): number {
  return certificate === undefined ? 0 : Date.parse(new X509Certificate(certificate.cert).validTo) / 1_000;
}
