import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '@medrex/privacy';
import { HttpPool } from './http-pool.ts';
import { TokenEndpoint } from './oauth-token.ts';

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('a token endpoint', () => {
  let server: Server;
  let url: string;
  let pool: HttpPool;
  let asked: Asked[];
  let answer: { status: number; body: string };

  beforeEach(async () => {
    [asked, answer] = [[], { status: 200, body: '{"access_token":"t-1","expires_in":3600}' }];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        asked.push({ headers: request.headers, body });
        response.writeHead(answer.status, { 'content-type': 'application/json', location: '/elsewhere' });
        response.end(answer.body);
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  });
  afterEach(() => {
    pool.close();
    server.closeAllConnections();
    server.close();
  });

  const endpoint = (): TokenEndpoint =>
    new TokenEndpoint({
      url,
      clientId: 'med:rex',
      clientSecret: () => new Secret('gehe%im'),
      scope: 'kafka',
      pool: (pool = new HttpPool(url, 2)),
    });
  const failure = expect.objectContaining({ code: 'KAFKA_TOKEN', retryable: true });

  it('gets one request for all concurrent callers, and no other while the token is fresh', async () => {
    const tokens = endpoint();
    const all = [tokens.token(), tokens.token()];
    expect(await Promise.all(all)).toEqual(['t-1', 't-1']);
    expect(await tokens.token()).toBe('t-1');
    const basic = Buffer.from('med%3Arex:gehe%25im').toString('base64');
    expect(asked).toMatchObject([{ headers: { authorization: `Basic ${basic}` } }]);
    expect(asked[0]?.body).toBe('grant_type=client_credentials&scope=kafka');
  });

  it('gets another request when the token is old', async () => {
    const tokens = endpoint();
    answer.body = '{"access_token":"t-1","expires_in":0.000001}';
    await tokens.token();
    answer.body = '{"access_token":"t-2"}';
    expect([await tokens.token(), await tokens.token()]).toEqual(['t-2', 't-2']);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['refuses', 401, '{"error":"invalid_client"}'],
    ['sends elsewhere', 302, ''],
    ['answers with no token', 200, '{"access_token":""}'],
    ['answers with no JSON', 200, '<html>'],
  ])(
    'that %s is retried by the next call that needs a token, and no message contains the secret',
    async (_, status, body) => {
      answer = { status, body };
      const tokens = endpoint();
      await expect(tokens.token()).rejects.toEqual(failure);
      await expect(tokens.token()).rejects.not.toThrow('gehe');
      expect(asked).toHaveLength(2);
    },
  );

  it('that is unavailable is retried, too', async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await expect(endpoint().token()).rejects.toEqual(failure);
  });
});
