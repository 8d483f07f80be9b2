import { TraceFlags, type SpanContext } from '@opentelemetry/api';
import { randomBytes } from 'node:crypto';

// https://www.w3.org/TR/trace-context/#traceparent-header; a later version may be longer.
const pattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
const flagsAt = 54;

/** The span that a traceparent names; `undefined` when it is not one. */
export function parseTraceparent(traceparent: string | undefined): SpanContext | undefined {
  const [, version = '', traceId = '', spanId = '', flags = ''] = pattern.exec(traceparent ?? '') ?? [];
  if (traceId === '' || (version === '00' && traceparent?.length !== flagsAt + 1)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
}

export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags & TraceFlags.SAMPLED ? '01' : '00'}`;
}

/**
 * Whether the trace is sampled. Reads one character, so it is cheap enough for every operation; an invalid text may pass here and is
 * refused when a span is started under it.
 */
export function isSampled(traceparent: string | undefined): boolean {
  if (traceparent === undefined || traceparent.length <= flagsAt) return false;
  const flag = traceparent.charCodeAt(flagsAt);
  return (flag <= 57 ? flag - 48 : flag - 87) % 2 === 1; // the last hex digit is odd
}

/** The traceparent of a new trace, for an unrecorded span. */
export function newTraceparent(sampled: boolean): string {
  const ids = randomBytes(24).toString('hex');
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-${sampled ? '01' : '00'}`;
}
