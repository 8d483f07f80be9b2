import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpPool, type HttpAnswer } from './http-pool.ts';

describe('a pool of HTTP connections', () => {
  let server: Server;
  let url: string;
  let pool: HttpPool;
  let connections: Socket[];
  /** Requests that wait for their answer, in the order of their coming. */
  let open: ServerResponse[];
  let onRequest: () => void;

  beforeEach(async () => {
    [connections, open, onRequest] = [[], [], () => undefined];
    server = createServer((_request, response) => {
      open.push(response);
      onRequest();
    });
    server.on('connection', (socket) => connections.push(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    pool = new HttpPool(url, 2);
  });
  afterEach(() => {
    pool.close();
    server.closeAllConnections();
    server.close();
  });

  const post = (timeoutMs = 60_000): Promise<HttpAnswer> => pool.post({ url, headers: {}, body: 'x', timeoutMs });
  const asked = (requests: number): Promise<void> =>
    new Promise((resolve) => {
      onRequest = () => open.length >= requests && resolve();
      onRequest();
    });

  it('limits connections, lets further calls wait, and reuses connections', async () => {
    const waits: number[] = [];
    pool.onWaited((waitedMs) => waits.push(waitedMs));
    const all = [post(), post(), post()];
    await asked(2);
    expect(pool.state()).toEqual({ inUse: 2, idle: 0, waiting: 1, connectionsMax: 2 });
    open[0]?.end('one');
    await asked(3);
    expect(pool.state()).toMatchObject({ inUse: 2, waiting: 0 });
    for (const response of open.slice(1)) response.end('more');
    expect((await Promise.all(all)).map(({ body }) => body)).toEqual(['one', 'more', 'more']);
    const later = post();
    await asked(4);
    open[3]?.end();
    await later;
    expect(connections).toHaveLength(2);
    expect(waits).toHaveLength(4);
    expect(waits.every((waitedMs) => waitedMs >= 0)).toBe(true);
  });

  it('sends the request again when the server had closed an idle connection', async () => {
    let failures = 0;
    pool.onConnectionFailed(() => (failures += 1));
    const first = post();
    await asked(1);
    open[0]?.end();
    await first;
    // Its end reaches the pool only after the next request has gone out on it.
    connections[0]?.resetAndDestroy();
    const second = post();
    await asked(2);
    open[1]?.end('again');
    expect((await second).body).toBe('again');
    expect([connections.length, failures]).toEqual([2, 0]);
  });

  it('reports broken connections, but not slow ones', async () => {
    let failures = 0;
    pool.onConnectionFailed(() => (failures += 1));
    await expect(post(20)).rejects.toThrow();
    expect(failures).toBe(0);
    const broken = post();
    await asked(2);
    connections.at(-1)?.destroy();
    await expect(broken).rejects.toThrow();
    expect(failures).toBe(1);
  });

  it('does not read an answer that is far too large', async () => {
    const answer = post();
    await asked(1);
    open[0]?.end(Buffer.alloc(2 << 20));
    await expect(answer).rejects.toThrow('larger than');
  });
});
