import type * as Otlp from '@opentelemetry/exporter-trace-otlp-http';
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { createRequire } from 'node:module';
import { telemetryError } from './errors.ts';

/** Maximum of spans per request, and of queued spans; further spans are dropped. */
const batchMax = 512;
const queueMax = 8_192;

/** Called after each request with its number of spans and whether the collector accepted them. */
export type OnExport = (result: 'exported' | 'failed', spans: number) => void;

/** Sends ended spans to an OTLP/HTTP receiver, in batches, beside the work, one request at a time on one connection. @throws CodedError OTLP_URL_INVALID. */
export function otlpProcessor(otlpUrl: string, onExport: OnExport): SpanProcessor {
  // Loaded only here: it takes 75 ms of start-up, and most processes of one machine send no traces.
  const { OTLPTraceExporter } = createRequire(import.meta.url)(
    '@opentelemetry/exporter-trace-otlp-http',
  ) as typeof Otlp;
  const exporter = counted(new OTLPTraceExporter({ url: tracesUrl(otlpUrl), timeoutMillis: 5_000 }), onExport);
  return new BatchSpanProcessor({
    exporter,
    maxExportBatchSize: batchMax,
    maxQueueSize: queueMax,
    scheduledDelayMillis: 1_000,
    exportTimeoutMillis: 5_000,
  });
}

/** Keeps ended spans in memory, for tests. */
export function keepingProcessor(exporter: InMemorySpanExporter): SpanProcessor {
  return new SimpleSpanProcessor({ exporter });
}

/** The receiver's traces address: a base address gets the standard path, a whole one stays. */
export function tracesUrl(otlpUrl: string): string {
  const url = URL.canParse(otlpUrl) ? new URL(otlpUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw telemetryError('otlpUrlInvalid', 'the address for traces is no http or https URL');
  if (url.pathname === '/' || url.pathname === '') url.pathname = '/v1/traces';
  return url.href;
}

function counted(exporter: SpanExporter, onExport: OnExport): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        onExport(result.error === undefined ? 'exported' : 'failed', spans.length);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
