import { expect } from '@jest/globals';
import { eventually } from './eventually.ts';
import type { OtlpReceiver } from './otlp-receiver.ts';
import type { SentSpan } from './otlp-spans.ts';

/** The spans of an operation with their parents. `ingest accept` is a child of the sender's span. */
const parents = {
  'dependency-analyzer analyse': 'ingest accept',
  'orderer-dag plan': 'ingest accept',
  'orderer-dag fuse': 'ingest accept',
  'orderer-dag endorse': 'orderer-dag fuse',
  'orderer-dag submit': 'orderer-dag fuse',
  'orderer-dag commit': 'orderer-dag fuse',
  'orderer-dag carry': 'ingest accept',
  'ingest answer': 'ingest accept',
} as const;
const hops = ['ingest accept', ...Object.keys(parents)];

/** The spans of a trace, once those of all hops are exported. */
export function wholeTrace(receiver: OtlpReceiver, traceId: string): Promise<readonly SentSpan[]> {
  return eventually('the whole trace is sent', () => {
    const spans = receiver.spans.filter((span) => span.traceId === traceId);
    return hops.every((hop) => spans.some(({ name }) => name === hop)) ? spans : undefined;
  });
}

/** Asserts that each hop has one span, as a child of the previous hop, in the trace of the sender. */
export function expectOneTrace(spans: readonly SentSpan[], senderSpan: string): void {
  const bySpan = new Map(spans.map((span) => [span.spanId, span]));
  const found = spans.map(({ name, parentSpanId = '' }) => [name, bySpan.get(parentSpanId)?.name ?? parentSpanId]);
  expect(found.sort()).toEqual([['ingest accept', senderSpan], ...Object.entries(parents)].sort());
  expect(spans.find(({ name }) => name === 'orderer-dag commit')?.attributes).toMatchObject({ code: 'VALID' });
}
