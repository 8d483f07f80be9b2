import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DropReason } from './allowed-fields.ts';
import { LineWriter } from './line-writer.ts';
import { createLog, type Log, type LogLevel } from './log.ts';
import { PrometheusMetrics, type Metrics } from './metrics.ts';
import { prettyLine } from './pretty-line.ts';
import { keepingProcessor, otlpProcessor } from './span-exporters.ts';
import { telemetryMetrics } from './telemetry-metrics.ts';
import { OpenTelemetryTracing, type Tracing } from './tracing.ts';

/** How long `close` waits for a collector that does not answer, ms. */
const closeMaxMs = 2_000;

export interface TelemetryOptions {
  /** Name of the process: `ingest`, `orderer-dag`. */
  readonly service: string;
  /** Base address of an OTLP/HTTP receiver, e.g. `http://localhost:4318`; without one no trace is recorded. */
  readonly otlpUrl?: string | undefined;
  /** Share of new traces that are recorded, 0 to 1. */
  readonly traceRatio: number;
  readonly logLevel?: LogLevel;
  /** One readable line instead of JSON; when absent, exactly when stdout is a terminal. */
  readonly isPretty?: boolean;
  /** Where lines go; standard error when absent. */
  readonly writeLog?: (line: string) => void;
  /** Keeps ended spans for `tracing.finished()`: for tests. */
  readonly keepSpans?: boolean;
  /** Throws when a metric is misused, instead of counting that: for tests. */
  readonly isStrict?: boolean;
}

/** Logs, metrics and traces of a process; they must not contain identifiers of persons (`phi-allow-list.ts`). */
export interface Telemetry {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** Exports the last spans, within two seconds. */
  close(): Promise<void>;
}

/** Creates the telemetry of a process or worker thread; call it first. @throws CodedError OTLP_URL_INVALID. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const metrics = new PrometheusMetrics({
    isStrict: options.isStrict ?? false,
    onMisuse: (misuse) => own.misuses.inc({ misuse }),
  });
  const own = metrics.define(telemetryMetrics);
  const drop = (exporter: 'log' | 'span') => (reason: DropReason) => own.dropped.inc({ exporter, reason });

  const log = createLog({
    service: options.service,
    level: options.logLevel ?? 'info',
    write: logWriter(options, () => own.lost.inc()),
    onLine: (level) => own.lines.inc({ level }),
    onDrop: drop('log'),
  });
  const kept = options.keepSpans === true ? new InMemorySpanExporter() : undefined;
  const tracing = new OpenTelemetryTracing({
    service: options.service,
    ratio: options.traceRatio,
    processors: [
      ...(options.otlpUrl === undefined
        ? []
        : [otlpProcessor(options.otlpUrl, (result, spans) => own.spans.inc({ result }, spans))]),
      ...(kept === undefined ? [] : [keepingProcessor(kept)]),
    ],
    onDrop: drop('span'),
    kept: () => kept?.getFinishedSpans() ?? [],
  });
  return { log, metrics, tracing, close: () => withinMs(closeMaxMs, tracing.close()) };
}

function logWriter(
  { writeLog, isPretty = process.stdout.isTTY }: TelemetryOptions,
  onLost: () => void,
): (line: string) => void {
  const writer = new LineWriter({ onLost });
  const write = writeLog ?? ((line: string): void => writer.line(line));
  return isPretty ? (line) => write(prettyLine(line)) : write;
}

/** Waits for the promise, or until the time has passed; errors are ignored. */
async function withinMs(ms: number, promise: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const timeout = sleep(ms, undefined, { signal: timer.signal, ref: false }).catch(() => undefined);
  await Promise.race([promise.catch(() => undefined), timeout]);
  timer.abort();
}
