import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
import { formatTraceparent, isSampled, newTraceparent, parseTraceparent } from './traceparent.ts';

const telemetry = (options: Partial<TelemetryOptions> = {}): Telemetry =>
  createTelemetry({
    service: 'orderer-dag',
    traceRatio: 1,
    keepSpans: true,
    isPretty: false,
    writeLog: () => undefined,
    ...options,
  });
const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const unsampled = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

describe('tracing', () => {
  it('carries one trace over hops, from parent to child', () => {
    const { tracing } = telemetry();
    const accept = tracing.startSpan('ingest accept', {
      parent,
      kind: 'server',
      attributes: { operations: 3, channel: 'ehr' },
    });
    const plan = tracing.startSpan('orderer plan', { parent: accept.traceparent });
    plan.set({ fusions: 1, byClass: { cpoe: 2 } });
    plan.end();
    accept.end();
    const [first, second] = tracing.finished();
    expect(first).toMatchObject({
      name: 'orderer plan',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      attributes: { fusions: 1, 'byClass.cpoe': 2 },
    });
    expect(second).toMatchObject({ parentSpanId: 'b7ad6b7169203331', attributes: { operations: 3, channel: 'ehr' } });
    expect(first!.parentSpanId).toBe(second!.spanId);
    expect(accept.traceparent).toBe(`00-${second!.traceId}-${second!.spanId}-01`);
  });

  it('links a batch to the sampled operations in it', () => {
    const { tracing } = telemetry();
    tracing
      .startSpan('orderer fuse', { links: [parent, unsampled, undefined, 'nonsense', newTraceparent(true)] })
      .end();
    expect(tracing.finished()[0]!.links).toHaveLength(2);
    expect(tracing.finished()[0]!.links[0]).toBe('b7ad6b7169203331');
  });

  it('follows the decision of the parent, whatever its own ratio', () => {
    const never = telemetry({ traceRatio: 0 }).tracing;
    const always = telemetry({ traceRatio: 1 }).tracing;
    never.startSpan('orderer plan', { parent }).end();
    always.startSpan('orderer plan', { parent: unsampled }).end();
    expect(never.finished()).toHaveLength(1);
    expect(always.finished()).toEqual([]);
  });

  it('draws new traces by the ratio', () => {
    const { tracing } = telemetry({ traceRatio: 0.25 });
    const sampled = Array.from({ length: 4_000 }, () => tracing.startSpan('ingest accept')).filter(
      (span) => span.isSampled,
    ).length;
    expect(sampled).toBeGreaterThan(800);
    expect(sampled).toBeLessThan(1_200);
  });

  it('passes on an unsampled trace unchanged, and creates ids for a new one', () => {
    const { tracing } = telemetry({ traceRatio: 0 });
    expect(tracing.startSpan('orderer plan', { parent: unsampled }).traceparent).toBe(unsampled);
    const root = tracing.startSpan('ingest accept');
    expect(parseTraceparent(root.traceparent)).toMatchObject({ traceFlags: 0 });
    expect(root.traceparent).toBe(root.traceparent);
    expect(root.isSampled).toBe(false);
  });

  it('starts a new trace under an invalid traceparent', () => {
    const { tracing } = telemetry();
    tracing.startSpan('ingest accept', { parent: `${'x'.repeat(54)}1` }).end();
    expect(tracing.finished()[0]!.parentSpanId).toBeUndefined();
  });

  it('records only the code of a failure, and accepts times of a completed step', () => {
    const { tracing } = telemetry();
    const startedAtMs = Date.UTC(2026, 0, 1); // a small number would be mistaken for the time since the process started
    const span = tracing.startSpan('orderer endorse', { startedAtMs });
    span.fail(Object.assign(new Error('Koepp'), { code: 'ECONNREFUSED' }));
    span.end(startedAtMs + 250);
    expect(tracing.finished()[0]).toMatchObject({ isError: true, durationMs: 250 });
    expect(JSON.stringify(tracing.finished())).not.toContain('Koepp');
  });

  it('records nothing without a receiver, and passes traces on', () => {
    const { tracing } = telemetry({ keepSpans: false });
    const span = tracing.startSpan('orderer plan', { parent });
    expect(span).toMatchObject({ isSampled: false, traceparent: parent });
    expect(tracing.finished()).toEqual([]);
  });

  it('sends spans by OTLP over HTTP with links and attributes, and counts accepted ones', async () => {
    const bodies: string[] = [];
    const receiver = createServer((request, response) => {
      let body = request.url ?? '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        bodies.push(body);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    const sending = telemetry({ otlpUrl: `http://127.0.0.1:${port}` });
    sending.tracing.startSpan('orderer fuse', { links: [parent], attributes: { txId: 'ab'.repeat(32) } }).end();
    await sending.close();
    receiver.close();
    receiver.closeAllConnections();
    expect(bodies).toHaveLength(1);
    for (const part of ['/v1/traces', '"orderer-dag"', '"orderer fuse"', 'b7ad6b7169203331', 'ab'.repeat(32)])
      expect(bodies[0]).toContain(part);
    expect(await sending.metrics.text()).toContain('medrex_telemetry_spans_total{result="exported"} 1');
  });

  it('does not wait for a collector that does not answer', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const sending = telemetry({ otlpUrl: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/v1/traces` });
    sending.tracing.startSpan('orderer plan').end();
    const startedAt = performance.now();
    await sending.close();
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    silent.closeAllConnections();
    silent.close();
  });

  it('refuses an invalid address', () => {
    for (const otlpUrl of ['localhost:4318', 'ftp://x/', '']) {
      expect(() => telemetry({ otlpUrl })).toThrow(expect.objectContaining({ code: 'OTLP_URL_INVALID' }));
    }
  });
});

describe('traceparent', () => {
  it('is read and written', () => {
    expect(formatTraceparent(parseTraceparent(parent)!)).toBe(parent);
    expect(parseTraceparent('cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later')).toMatchObject({
      spanId: 'b7ad6b7169203331',
    });
    expect(parseTraceparent(newTraceparent(true))).toMatchObject({ traceFlags: 1 });
  });

  it.each([
    ['', 'nothing'],
    [parent.toUpperCase(), 'capital letters'],
    [`${parent}-x`, 'more than version 00 has'],
    [parent.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)), 'no trace id'],
    [parent.replace('b7ad6b7169203331', '0'.repeat(16)), 'no span id'],
    [parent.replace('00-', 'ff-'), 'version ff'],
    [parent.slice(1), 'a character less'],
  ])('is refused: %s (%s)', (traceparent) => {
    expect(parseTraceparent(traceparent)).toBeUndefined();
  });

  it('has a sampled flag', () => {
    const flagged = (flags: string): boolean => isSampled(parent.slice(0, 53) + flags);
    expect(['01', '03', 'ff', 'fb'].map(flagged)).toEqual([true, true, true, true]);
    expect(['00', '02', 'fe', 'a8'].map(flagged)).toEqual([false, false, false, false]);
    expect([isSampled(undefined), isSampled('')]).toEqual([false, false]);
  });
});
