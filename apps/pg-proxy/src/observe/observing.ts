import { isAbsolute, join } from 'node:path';
import type { Telemetry } from '@medrex/telemetry';
import type { LoadedConfig } from '../config/load-config.ts';
import type { RequestObserver } from '../session/request.ts';
import type { PoolHost } from '../upstream/pool-host.ts';
import { gaugesOf } from './gauges.ts';
import { observersOf } from './observers.ts';
import { QueryTraces } from './query-traces.ts';
import type { SlowSample } from './slow-samples.ts';
import { Statistics } from './statistics.ts';
import { TrafficMetrics } from './traffic-metrics.ts';

export interface ObservingOptions {
  readonly loaded: LoadedConfig;
  /** Folder of the configuration. */
  readonly folder: string;
  readonly telemetry: Telemetry;
  /** What `telemetry` traces by itself. */
  readonly traceRatio: number;
  readonly isTracing: boolean;
  readonly now: () => number;
  readonly others: readonly (RequestObserver | undefined)[];
}

/** Everything that looks at what runs: statistics, traces, the log of what is slow. */
export class Observing {
  readonly statistics: Statistics | undefined;
  readonly traces: QueryTraces;
  readonly observer: RequestObserver | undefined;
  readonly #telemetry: Telemetry;

  constructor(options: ObservingOptions) {
    const { loaded, telemetry, now, traceRatio, isTracing } = options;
    this.#telemetry = telemetry;
    this.traces = new QueryTraces({
      ...{ tracing: telemetry.tracing, ratio: traceRatio, isOn: isTracing, draw: Math.random },
      epochOf: (atMs) => Date.now() - now() + atMs,
    });
    this.statistics = loaded.config.statistics.isOn ? this.#statisticsOf(options) : undefined;
    this.observer = observersOf([this.statistics, this.traces, ...options.others]);
  }

  async start(host: PoolHost): Promise<void> {
    await this.statistics?.start(() => gaugesOf(host.pools.figures(host.now())));
  }

  reload({ config }: LoadedConfig): void {
    this.statistics?.reload(config.statistics);
  }

  async close(): Promise<void> {
    await this.statistics?.close();
  }

  #statisticsOf({ loaded: { config }, folder, telemetry, now }: ObservingOptions): Statistics {
    const { queriesMax, slowMs, folder: own } = config.statistics;
    return new Statistics({
      ...{ queriesMax, slowMs, now, epochMs: Date.now },
      folder: own === undefined ? undefined : isAbsolute(own) ? own : join(folder, own),
      metrics: new TrafficMetrics(telemetry.metrics, Object.keys(config.databases)),
      slow: (sample) => this.#logSlow(sample),
      failed: (error) => telemetry.log.error({ error }, 'statistics could not be kept'),
    });
  }

  #logSlow({ fingerprint, workload, rows, totalMs, queueMs, backendMs, streamMs }: SlowSample): void {
    const times = { elapsedMs: totalMs, queueMs, backendMs, streamMs };
    this.#telemetry.log.warn({ fingerprint, class: workload, rows, ...times }, 'a statement was slow');
  }
}
