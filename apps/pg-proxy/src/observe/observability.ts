import { isAbsolute, join } from 'node:path';
import type { Report } from '@medrex/pg-wire';
import type { Telemetry } from '@medrex/telemetry';
import type { LoadedConfig } from '../config/load-config.ts';
import { pgProxyError } from '../errors.ts';
import type { RequestObserver } from '../session/client/request.ts';
import { AuditObserver } from '../audit/audit-observer.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { countAudit } from '../audit/audit-metrics.ts';
import { openAudit } from '../audit/open-audit.ts';
import type { PoolHost } from '../upstream/pool-host.ts';
import { gaugesOf } from './gauges.ts';
import { observersOf } from './observers.ts';
import { QueryTraces } from './query-traces.ts';
import { since1970 } from './since-1970.ts';
import type { SlowSample } from './slow-samples.ts';
import { Statistics } from './statistics.ts';
import { TrafficMetrics } from './traffic-metrics.ts';

export interface ObservabilityOptions {
  readonly loaded: LoadedConfig;
  /** The configuration's folder. */
  readonly folder: string;
  readonly telemetry: Telemetry;
  /** The share that `telemetry` traces by itself. */
  readonly traceRatio: number;
  readonly isTracing: boolean;
  readonly now: () => number;
  readonly others: readonly (RequestObserver | undefined)[];
}

const auditUnavailable: Report = {
  severity: 'ERROR',
  sqlstate: '53100',
  message: 'statements are refused because the audit log cannot be written',
  hint: 'The disk of the proxy may be full; it tries again every second.',
};

/** Everything that observes requests: statistics, traces, the slow log and the audit. */
export class Observability {
  readonly statistics: Statistics | undefined;
  readonly traces: QueryTraces;
  readonly observer: RequestObserver | undefined;
  readonly audit: AuditLog | undefined;
  /** Converts a time of the proxy's clock to milliseconds since 1970. */
  readonly epochOf: (atMs: number) => number;
  readonly #telemetry: Telemetry;

  /** @throws CodedError PG_PROXY_AUDIT */
  static async open(options: ObservabilityOptions): Promise<Observability> {
    return new Observability(options, await openAudit(options.loaded, options.folder, options.telemetry));
  }

  private constructor(options: ObservabilityOptions, audit: AuditLog | undefined) {
    this.audit = audit;
    countAudit(options.telemetry.metrics, audit);
    const { loaded, telemetry, now, traceRatio, isTracing } = options;
    this.#telemetry = telemetry;
    this.epochOf = since1970(now, Date.now);
    this.traces = new QueryTraces({
      tracing: telemetry.tracing,
      ratio: traceRatio,
      isOn: isTracing,
      random: Math.random,
      epochOf: this.epochOf,
    });
    this.statistics = loaded.config.statistics.isOn ? this.#statisticsOf(options) : undefined;
    // Without both, requests are not observed and cost nothing.
    const traces = isTracing || this.statistics !== undefined ? this.traces : undefined;
    this.observer = observersOf([this.statistics, traces, this.#auditObserverOf(loaded), ...options.others]);
  }

  async start(host: PoolHost): Promise<void> {
    await this.statistics?.start(() => gaugesOf(host.pools.figures(host.now())));
  }

  reload({ config }: LoadedConfig): void {
    this.statistics?.reload(config.statistics);
  }

  connected(database: string, ms: number, roundTripMs: number | undefined): void {
    this.statistics?.connected(database, ms, roundTripMs);
  }

  async close(): Promise<void> {
    await this.statistics?.close();
    await this.audit?.close();
  }

  /** Why nothing may run now. */
  readonly refusal = (): Report | undefined => (this.audit?.isRefusing === true ? auditUnavailable : undefined);

  #auditObserverOf({ config }: LoadedConfig): AuditObserver | undefined {
    if (this.audit === undefined || config.audit === undefined) return undefined;
    const { statements, personKeys } = config.audit;
    return new AuditObserver({ log: this.audit, statements, personKeys });
  }

  #statisticsOf({ loaded: { config }, folder, telemetry, now }: ObservabilityOptions): Statistics {
    const { queriesMax, slowMs, folder: own } = config.statistics;
    return new Statistics({
      queriesMax,
      slowMs,
      now,
      epochMs: Date.now,
      folder: own === undefined ? undefined : isAbsolute(own) ? own : join(folder, own),
      metrics: new TrafficMetrics(telemetry.metrics, Object.keys(config.databases)),
      slow: (sample) => this.#logSlow(sample),
      slowSkipped: (count) => telemetry.log.warn({ count }, 'more statements were slow than are logged'),
      failed: (cause) => {
        const error = pgProxyError('PG_PROXY_STATISTICS', 'the folder of statistics cannot be used', { cause });
        telemetry.log.error({ error }, 'statistics could not be saved');
      },
    });
  }

  #logSlow({ fingerprint, workload, rows, totalMs, queueMs, backendMs, streamMs }: SlowSample): void {
    const times = {
      elapsedMs: rounded(totalMs),
      queueMs: rounded(queueMs),
      backendMs: rounded(backendMs),
      streamMs: rounded(streamMs),
    };
    this.#telemetry.log.warn({ fingerprint, class: workload, rows, ...times }, 'a statement was slow');
  }
}

/** Milliseconds with three decimals. */
const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;
