import type { Span, Tracing } from '@medrex/telemetry';
import type { Request, Requester, RequestObserver } from '../session/client/request.ts';
import { outcomeOf, type Outcome } from './outcome.ts';

export interface QueryTracesOptions {
  readonly tracing: Tracing;
  /** The share of statements without a client's trace that start a new one. */
  readonly ratio: number;
  /** Whether spans are exported at all. */
  readonly isOn: boolean;
  readonly random: () => number;
  /** Converts a time of the proxy's clock to milliseconds since 1970. */
  readonly epochOf: (atMs: number) => number;
}

/** A traceparent has 55 characters; a longer text is none. */
const traceparentMax = 128;
const traceId = /^[0-9a-f]{2}-([0-9a-f]{32})-/;

/** Creates a span for each statement of a sampled trace, as a child of the client's span if sqlcommenter names one. */
export class QueryTraces implements RequestObserver {
  readonly #options: QueryTracesOptions;
  readonly #last = new WeakMap<Requester, string>();

  constructor(options: QueryTracesOptions) {
    this.#options = options;
  }

  /** The trace that a client was last in. */
  readonly traceOf = (from: Requester): string | undefined => this.#last.get(from);

  sent(request: Request): void {
    if (!request.hasComment) return;
    const id = traceId.exec(request.comment.get('traceparent') ?? '')?.[1];
    if (id !== undefined) this.#last.set(request.from, id);
  }

  ended(request: Request): void {
    const { isOn, ratio, random } = this.#options;
    if (!isOn) return;
    const parent = request.hasComment ? request.comment.get('traceparent') : undefined;
    if (parent === undefined && random() >= ratio) return;
    const outcome = outcomeOf(request);
    if (outcome !== undefined) this.#record(request, outcome, parent);
  }

  #record(request: Request, outcome: Outcome, parent: string | undefined): void {
    const { receivedAt, backendAt, firstAt, endedAt, translateMs } = request;
    const { tracing, epochOf } = this.#options;
    const { fingerprint, workload, rows, bytes, sqlstate, queueMs, backendMs, streamMs } = outcome;
    const span = tracing.startSpan('pg-proxy query', {
      kind: 'server',
      startedAtMs: epochOf(receivedAt),
      ...(parent !== undefined && parent.length <= traceparentMax && { parent }),
      attributes: { fingerprint, class: workload, rows, bytes, sqlstate, queueMs, backendMs, streamMs },
    });
    if (!span.isSampled) return;
    const first = firstAt === 0 ? endedAt : firstAt;
    this.#endChild(tracing.startSpan('pg-proxy queue', this.#childOf(span, receivedAt)), backendAt);
    const sentAt = backendAt + translateMs;
    if (translateMs > 0)
      this.#endChild(tracing.startSpan('pg-proxy translate', this.#childOf(span, backendAt)), sentAt);
    this.#endChild(tracing.startSpan('pg-proxy backend', this.#childOf(span, sentAt)), first);
    this.#endChild(tracing.startSpan('pg-proxy stream', this.#childOf(span, first)), endedAt);
    if (sqlstate !== undefined) span.fail(new Error('the server has said no'));
    span.end(epochOf(endedAt));
  }

  #childOf(span: Span, atMs: number): { parent: string; startedAtMs: number } {
    return { parent: span.traceparent, startedAtMs: this.#options.epochOf(atMs) };
  }

  #endChild(span: Span, endedAtMs: number): void {
    span.end(this.#options.epochOf(endedAtMs));
  }
}
