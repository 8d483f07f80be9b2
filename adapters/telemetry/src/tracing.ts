import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  ParentBasedSampler,
  TracerProvider,
  type ReadableSpan,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { allowedFields, type DropReason, type Fields } from './allowed-fields.ts';
import type { Constant } from './constant.ts';
import { passThroughSpan, RecordedSpan, type Span } from './span.ts';
import { isSampled, parseTraceparent } from './traceparent.ts';

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

export interface SpanOptions {
  /** Traceparent of the parent span; without one the ratio decides whether a new trace is recorded. */
  readonly parent?: string | undefined;
  /** Traceparents of related spans, e.g. of the operations in a fusion; only sampled ones are linked. */
  readonly links?: readonly (string | undefined)[];
  readonly attributes?: Fields;
  readonly kind?: keyof typeof kinds;
  /** Start time, epoch ms, for a span that is recorded afterwards. */
  readonly startedAtMs?: number;
}

/** An exported span; for tests. */
export interface FinishedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Span ids of the links. */
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
  readonly durationMs: number;
}

export interface Tracing {
  /** Starts a span: recorded if its trace is sampled, otherwise a cheap stand-in that passes the trace on. The name is a constant, `<process> <verb>`. */
  startSpan<const M extends string>(name: M & Constant<M>, options?: SpanOptions): Span;
  /** Spans that have ended, when `keepSpans` is set. */
  finished(): readonly FinishedSpan[];
  /** Exports ended spans. */
  flush(): Promise<void>;
}

export interface TracingOptions {
  readonly service: string;
  /** Share of new traces that are recorded, 0 to 1; traces from elsewhere keep their own decision. */
  readonly ratio: number;
  /** Where ended spans go; without any, nothing is recorded. */
  readonly processors: readonly SpanProcessor[];
  readonly onDrop: (reason: DropReason) => void;
  readonly kept: () => readonly ReadableSpan[];
}

export class OpenTelemetryTracing implements Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #options: TracingOptions;
  readonly #isOn: boolean;

  constructor(options: TracingOptions) {
    this.#options = options;
    this.#isOn = options.processors.length > 0;
    this.#provider = new TracerProvider({
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence, as the operator sets them.
      resource: resourceFromAttributes({ 'service.namespace': 'medrex', 'service.name': options.service }).merge(
        detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }),
      ),
      // The ratio is applied before the SDK is called, which keeps the common case cheap.
      sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
      spanProcessors: [...options.processors],
    });
    this.#tracer = this.#provider.getTracer('medrex');
  }

  startSpan<const M extends string>(name: M & Constant<M>, options: SpanOptions = {}): Span {
    const { parent } = options;
    if (!this.#isOn || (parent !== undefined && !isSampled(parent))) return passThroughSpan(parent);
    const above = parseTraceparent(parent);
    if (above === undefined && Math.random() >= this.#options.ratio) return passThroughSpan(undefined);
    const { kind = 'internal', links = [], attributes = {}, startedAtMs } = options;
    const span = this.#tracer.startSpan(
      name,
      {
        kind: kinds[kind],
        attributes: this.#attributes(attributes),
        links: links
          .filter(isSampled)
          .flatMap((link) => parseTraceparent(link) ?? [])
          .map((context) => ({ context })),
        ...(startedAtMs === undefined ? {} : { startTime: startedAtMs }),
      },
      above === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, above),
    );
    return new RecordedSpan(span, (fields) => this.#attributes(fields));
  }

  finished(): readonly FinishedSpan[] {
    return this.#options.kept().map(finishedSpan);
  }

  flush(): Promise<void> {
    return this.#provider.forceFlush();
  }

  close(): Promise<void> {
    return this.#provider.shutdown();
  }

  /** Span attributes have no objects, so tallies become one attribute per count. */
  #attributes(fields: Fields): Record<string, string | number | boolean | string[]> {
    const allowed = Object.entries(allowedFields(fields, this.#options.onDrop));
    return Object.fromEntries(
      allowed.flatMap(([name, value]): [string, string | number | boolean | string[]][] => {
        if (typeof value !== 'object') return [[name, value]];
        if (Array.isArray(value)) return [[name, value as string[]]];
        return Object.entries(value as Readonly<Record<string, number>>).map(([word, count]) => [
          `${name}.${word}`,
          count,
        ]);
      }),
    );
  }
}

function finishedSpan(span: ReadableSpan): FinishedSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    name: span.name,
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    links: span.links.map(({ context }) => context.spanId),
    attributes: span.attributes,
    isError: span.status.code === SpanStatusCode.ERROR,
    durationMs: span.duration[0] * 1_000 + span.duration[1] / 1e6,
  };
}
