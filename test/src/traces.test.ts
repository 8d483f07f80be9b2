import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from './harness/eventually.ts';
import { expectOneTrace, wholeTrace } from './harness/operation-trace.ts';
import { OtlpReceiver } from './harness/otlp-receiver.ts';
import { Stack } from './harness/stack.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const senderSpan = 'b7ad6b7169203331';

let receiver: OtlpReceiver;
let stack: Stack;

/** Starts the services with the standard OpenTelemetry variables. */
beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  stack = new Stack({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  });
  await stack.start();
}, 60_000);
afterAll(async () => {
  await stack.stop();
  await stack.remove();
  await receiver.close();
});

const reading = (value: number) =>
  JSON.stringify({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
    subject: { identifier: { system: 'urn:hospital:mrn', value: 'T-1' } },
    effectiveDateTime: '2026-11-27T10:00:00Z',
    valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
  });

function send(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(stack.url('ingest', 'api') + path, { method: 'POST', body, headers });
}

describe('the trace of an operation', () => {
  it('continues from its sender through every service and back, with one span per hop', async () => {
    const headers = { 'content-type': 'application/fhir+json', traceparent: `00-${traceId}-${senderSpan}-01` };
    const answer = await send('/fhir/Observation', reading(71), headers);
    expect(answer.status).toBe(201);
    const spans = await wholeTrace(receiver, traceId);
    expectOneTrace(spans, senderSpan);
    expect(new Set(spans.map(({ service }) => service))).toEqual(
      new Set(['ingest', 'dependency-analyzer', 'orderer-dag']),
    );
    const fuse = spans.find(({ name }) => name === 'orderer-dag fuse');
    for (const step of spans.filter(({ parentSpanId }) => parentSpanId === fuse?.spanId))
      expect([step.name, step.startedAtMs >= (fuse?.startedAtMs ?? Infinity)]).toEqual([step.name, true]);
    expect(fuse?.links).toEqual([]);
    for (const { name, durationMs } of spans)
      expect([name, durationMs >= 0 && durationMs < 30_000]).toEqual([name, true]);
  });

  it('is linked from the Fabric transaction that carries it', async () => {
    const headers = { 'content-type': 'application/x-ndjson' };
    const lines = Array.from({ length: 20 }, (_, at) => reading(60 + at)).join('\n');
    expect((await send('/v1/batches', lines, headers)).status).toBe(202);
    const carried = await eventually('twenty operations are carried', async () => {
      const spans = receiver.spans.filter((span) => span.name === 'orderer-dag carry' && span.traceId !== traceId);
      return spans.length === 20 ? spans : undefined;
    });
    const linked = await eventually('their fusions are sent', async () => {
      const traces = new Set(
        receiver.spans
          .filter(({ name }) => name === 'orderer-dag fuse')
          .flatMap(({ links, traceId: own }) => [own, ...links]),
      );
      return carried.every((span) => traces.has(span.traceId)) ? traces : undefined;
    });
    expect(linked.size).toBeGreaterThanOrEqual(20);
  });
});
