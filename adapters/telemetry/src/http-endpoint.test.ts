import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { observabilityRoutes, startHttpEndpoint, type HttpEndpoint } from './http-endpoint.ts';
import { createTelemetry } from './telemetry.ts';

let endpoint: HttpEndpoint;
let notReady: string | undefined;

beforeEach(async () => {
  notReady = undefined;
  const { metrics } = createTelemetry({ service: 'dependency-analyzer', traceRatio: 0 });
  const broken = async (): Promise<never> => Promise.reject(new Error('Koepp'));
  endpoint = await startHttpEndpoint({
    port: 0,
    routes: { ...observabilityRoutes(metrics, () => notReady), '/broken': broken },
    posts: { '/echo': (body) => ({ status: 201, body: Buffer.from(body).toString().toUpperCase() }), '/bad': broken },
  });
});
afterEach(() => endpoint.close());

const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${endpoint.url}${path}`, init);

describe('startHttpEndpoint', () => {
  it('serves metrics in the text format of Prometheus', async () => {
    const response = await get('/metrics?x=1');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('medrex_log_lines_total{level="error"} 0');
  });

  it('is healthy while it answers, and ready when the process says so', async () => {
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    notReady = 'catching up';
    const response = await get('/readyz');
    expect([response.status, await response.text()]).toEqual([503, 'catching up\n']);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('answers HEAD without a body, and nothing but GET and HEAD', async () => {
    const head = await get('/healthz', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '3', '']);
    expect((await get('/healthz', { method: 'POST', body: 'x' })).status).toBe(405);
  });

  it('passes posted bodies to their handlers, up to a size', async () => {
    const response = await get('/echo', { method: 'POST', body: 'abc' });
    expect([response.status, await response.text()]).toEqual([201, 'ABC']);
    expect((await get('/echo')).status).toBe(405);
    expect((await get('/bad', { method: 'POST', body: 'abc' })).status).toBe(500);
    const large = await get('/echo', { method: 'POST', body: Buffer.alloc(17 * 1024 * 1024) });
    expect(large.status).toBe(413);
  });

  it('answers 404 for other paths, and shows nothing of an error', async () => {
    expect((await get('/')).status).toBe(404);
    expect((await get('/constructor')).status).toBe(404);
    const response = await get('/broken');
    expect([response.status, await response.text()]).toEqual([500, 'failed\n']);
  });

  it('listens on loopback, and reports when its port is taken', async () => {
    expect(endpoint.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const port = Number(new URL(endpoint.url).port);
    await expect(startHttpEndpoint({ port, routes: {} })).rejects.toMatchObject({ code: 'HTTP_ENDPOINT_UNAVAILABLE' });
  });
});
