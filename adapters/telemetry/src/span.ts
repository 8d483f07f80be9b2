import { SpanStatusCode, type Attributes, type Span as SdkSpan } from '@opentelemetry/api';
import type { Fields } from './allowed-fields.ts';
import { loggableError } from './loggable-error.ts';
import { formatTraceparent, newTraceparent } from './traceparent.ts';

/** One step of a trace. */
export interface Span {
  /** What the next hop takes as its parent. */
  readonly traceparent: string;
  readonly isSampled: boolean;
  /** Sets attributes of the allow-list. */
  set(attributes: Fields): void;
  /** Marks the step as failed; of the error only its code is kept. */
  fail(error: unknown): void;
  /** @param endedAtMs epoch ms; now when absent. */
  end(endedAtMs?: number): void;
}

/** A span that is recorded. */
export class RecordedSpan implements Span {
  readonly traceparent: string;
  readonly isSampled = true;
  readonly #span: SdkSpan;
  readonly #allowed: (fields: Fields) => Attributes;

  constructor(span: SdkSpan, allowed: (fields: Fields) => Attributes) {
    this.#span = span;
    this.#allowed = allowed;
    this.traceparent = formatTraceparent(span.spanContext());
  }

  set(attributes: Fields): void {
    this.#span.setAttributes(this.#allowed(attributes));
  }

  fail(error: unknown): void {
    const { name, code } = loggableError(error);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: code ?? name });
  }

  end(endedAtMs?: number): void {
    this.#span.end(endedAtMs);
  }
}

/** Passes on the trace of its parent and records nothing. Without a parent, its ids are created on demand. */
class PassThroughSpan implements Span {
  readonly isSampled = false;
  #traceparent: string | undefined;

  constructor(parent: string | undefined) {
    this.#traceparent = parent;
  }

  get traceparent(): string {
    this.#traceparent ??= newTraceparent(false);
    return this.#traceparent;
  }

  set(): void {
    // nobody reads it
  }

  fail(): void {
    // nobody reads it
  }

  end(): void {
    // nobody reads it
  }
}

export function passThroughSpan(parent: string | undefined): Span {
  return new PassThroughSpan(parent);
}
