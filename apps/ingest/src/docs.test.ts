import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ingestConfig } from './config.ts';
import { batchSchema, messageStatusSchema, problemSchema, receiptSchema, statusSchema } from './http/schemas.ts';
import { ingestMetrics } from './metrics.ts';
import { readConfig } from './read-config.ts';
import { assetIntake } from './testing/asset-intake.ts';
import { Harness, type Json } from './testing/harness.ts';

const action = (asset: string) => JSON.stringify({ do: 'label', asset, label: 'x' });
let ingest: Harness;

beforeAll(async () => {
  ingest = await Harness.start({ contracts: [assetIntake] });
});
afterAll(() => ingest.close());

describe('the OpenAPI document', () => {
  it('is OpenAPI 3.1 with every path and every schema that it refers to', async () => {
    const { body } = await ingest.get('/openapi.json');
    expect(body['openapi']).toBe('3.1.0');
    expect(Object.keys(body['paths'] as Json)).toEqual(
      expect.arrayContaining([
        '/v1/transactions',
        '/v1/transactions/{id}',
        '/v1/channels/{channel}/transactions',
        '/v1/batches',
        '/v1/outcomes',
        '/fhir',
        '/fhir/{type}/{id}',
        '/metrics',
        '/healthz',
        '/readyz',
      ]),
    );
    const refs = [...JSON.stringify(body).matchAll(/"\$ref":"([^"]*)"/g)].map(([, pointer]) => pointer ?? '');
    expect(refs.length).toBeGreaterThan(10);
    for (const pointer of refs) {
      expect(pointer).toMatch(/^#\//);
      const found = pointer
        .slice(2)
        .split('/')
        .reduce<Json | undefined>((at, part) => at?.[part] as Json | undefined, body);
      expect([pointer, typeof found]).toEqual([pointer, 'object']);
    }
  });

  it('describes the actual answers', async () => {
    const name = { 'ce-id': 'm-1', 'ce-source': 's' };
    const receipt = (await (await ingest.post('/v1/transactions', action('a1'), name)).json()) as Json;
    expect(receiptSchema.parse(receipt)).toEqual(receipt);
    const several = await (
      await ingest.post(
        '/v1/transactions',
        JSON.stringify({ actions: [{ do: 'unknown' }, { do: 'label', asset: 'a', label: 'x' }] }),
      )
    ).json();
    expect(receiptSchema.parse(several)).toEqual(several);
    const lines = ['{', JSON.stringify({ id: 'm-2', body: { do: 'label', asset: 'a', label: 'x' } })].join('\n');
    const batch = await (await ingest.post('/v1/batches', lines, { 'content-type': 'application/x-ndjson' })).json();
    expect(batchSchema.parse(batch)).toEqual(batch);
    const problem = await (await ingest.post('/v1/transactions', action('other'), name)).json();
    expect(problemSchema.parse(problem)).toEqual(problem);
    const { body: pending } = await ingest.get(String(receipt['statusUrl']));
    expect(statusSchema.parse(pending)).toEqual(pending);
    await ingest.settle((await ingest.operations()).slice(0, 1), () => ({
      status: 'dead',
      code: 'EXPIRED',
      message: 'too late',
      detail: { by: 5 },
    }));
    const settled = await ingest.settled(String(receipt['transactionId']));
    expect(statusSchema.parse(settled)).toEqual(settled);
    const { body: message } = await ingest.get('/v1/transactions?source=s&id=m-1');
    expect(messageStatusSchema.parse(message)).toEqual(message);
  });

  it('is where a browser is redirected from the root', async () => {
    const response = await fetch(ingest.url, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, '/docs']);
  });

  it('has a page that loads nothing from other servers', async () => {
    const page = await (await fetch(`${ingest.url}/docs`)).text();
    const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
    expect(addresses.length).toBeGreaterThan(2);
    for (const address of addresses) {
      expect(address).toMatch(/^\/docs\//);
      expect((await fetch(ingest.url + address)).status).toBe(200);
    }
    expect((await fetch(`${ingest.url}/docs/package.json`)).status).toBe(404);
  });
});

describe('metrics and health', () => {
  it('have every series at zero after the start', async () => {
    const fresh = await Harness.start({ contracts: [assetIntake] });
    const text = await (await fetch(`${fresh.url}/metrics`)).text();
    for (const metric of Object.values(ingestMetrics)) expect(text).toContain(`# TYPE ${metric.name} ${metric.kind}`);
    const counted = text.split('\n').filter((line) => /^medrex_ingest_\w+_total/.test(line));
    expect(counted.length).toBeGreaterThan(40);
    for (const line of counted) expect(line).toMatch(/ 0$/);
    await fresh.close();
  });

  it('count messages by class, code and transport', async () => {
    const fresh = await Harness.start({ contracts: [assetIntake] });
    await fresh.post('/v1/transactions', action('a1'), { 'ce-id': 'm', 'ce-medrexclass': 'audit' });
    await fresh.post('/v1/transactions', action('a1'), { 'ce-id': 'm', 'ce-medrexclass': 'audit' });
    await fresh.post('/v1/batches', '{\n{"do":"unknown"}', { 'content-type': 'application/x-ndjson' });
    expect(await fresh.metric('medrex_ingest_operations_accepted_total{class="audit"}')).toBe(1);
    expect(await fresh.metric('medrex_ingest_operations_repeated_total')).toBe(1);
    expect(await fresh.metric('medrex_ingest_refused_total{code="BODY_NOT_JSON"}')).toBe(1);
    expect(await fresh.metric('medrex_ingest_refused_total{code="OTHER"}')).toBe(1);
    expect(await fresh.metric('medrex_ingest_messages_total{entrance="transactions"}')).toBe(2);
    expect(await fresh.metric('medrex_ingest_messages_total{entrance="batches"}')).toBe(2);
    expect(await fresh.metric('medrex_ingest_live_operations')).toBe(1);
    await fresh.close();
  });

  it('say that the process is alive and ready', async () => {
    expect(await ingest.get('/healthz')).toMatchObject({ status: 200 });
    expect(await ingest.get('/readyz')).toMatchObject({ status: 200, body: { isReady: true, reasons: [] } });
  });
});

describe('traces', () => {
  it("continue the sender's trace in the operation", async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await ingest.post('/v1/transactions', action('traced'), { traceparent });
    const { routing } = (await ingest.operations()).at(-1) ?? {};
    expect(routing?.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(routing?.traceparent).not.toBe(traceparent);
    const span = ingest.telemetry.tracing
      .finished()
      .find(({ traceId }) => traceId === '0af7651916cd43dd8448eb211c80319c');
    expect(span).toMatchObject({ name: 'ingest accept', parentSpanId: 'b7ad6b7169203331' });
  });

  it('continue the trace in a structured event when the request has none', async () => {
    const [inEvent, inRequest] = ['1', '2'].map((digit) => `00-${digit.repeat(32)}-b7ad6b7169203331-01`);
    const send = async (id: string, headers: Readonly<Record<string, string>>) => {
      const event = { specversion: '1.0', id, source: 'urn:ehr:traced', type: 'action', traceparent: inEvent };
      const body = JSON.stringify({ ...event, data: JSON.parse(action(id)) as unknown });
      const answer = await ingest.post('/v1/transactions', body, {
        'content-type': 'application/cloudevents+json',
        ...headers,
      });
      expect(answer.status).toBe(202);
      return (await ingest.operations()).at(-1)?.routing.traceparent?.slice(0, 35);
    };
    expect(await send('e-1', {})).toBe(inEvent?.slice(0, 35));
    expect(await send('e-2', { traceparent: inRequest ?? '' })).toBe(inRequest?.slice(0, 35));
  });

  it('are started for the configured share of messages', async () => {
    const all = await Harness.start({ contracts: [assetIntake], env: { MEDREX_TRACE_RATIO: '1' } });
    await all.post('/v1/transactions', action('a'));
    expect((await all.operations())[0]?.routing.traceparent).toMatch(/-01$/);
    await all.close();
    await ingest.post('/v1/transactions', action('untraced'));
    expect((await ingest.operations()).at(-1)?.routing).not.toHaveProperty('traceparent');
  });
});

describe('the configuration', () => {
  it('has a default for everything and a description of each variable', () => {
    expect(ingestConfig.parse({})).toMatchObject({ MEDREX_CHANNEL: 'ehr', HOST: '127.0.0.1' });
  });

  it('reports all problems at once, by variable name and without the values', () => {
    const read = () =>
      readConfig({ PORT: 'eighty', INGEST_LINES_MAX: '-1', MEDREX_CHANNELS: 'a', MEDREX_TENANT_KEY: '' });
    expect(read).toThrow(/PORT.*INGEST_LINES_MAX|INGEST_LINES_MAX.*PORT/s);
    expect(() => readConfig({ MEDREX_CHANNELS: 'a,b', MEDREX_CHANNEL: 'c' })).toThrow(/MEDREX_CHANNEL/);
    expect(read).not.toThrow(/eighty/);
  });

  it('does not show the tenant key', () => {
    const config = ingestConfig.parse({ MEDREX_TENANT_KEY: 'a'.repeat(64) });
    expect(JSON.stringify(config)).not.toContain('aaaa');
    expect(config.MEDREX_TENANT_KEY?.reveal()).toBe('a'.repeat(64));
  });
});
