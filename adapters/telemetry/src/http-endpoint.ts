import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { telemetryError } from './errors.ts';
import type { Metrics } from './metrics.ts';

export interface EndpointReply {
  /** 200 when absent. */
  readonly status?: number;
  /** text/plain when absent. */
  readonly contentType?: string;
  readonly body: string;
}

/** What is answered to GET and HEAD, by path. */
export type EndpointRoutes = Readonly<Record<string, () => EndpointReply | Promise<EndpointReply>>>;

export interface HttpEndpointOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Loopback when absent: metrics are for the host's own collector unless somebody says otherwise. */
  readonly host?: string;
  readonly routes: EndpointRoutes;
}

export interface HttpEndpoint {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** A tiny HTTP server for processes that have none of their own. @throws CodedError HTTP_ENDPOINT_UNAVAILABLE. */
export async function startHttpEndpoint({
  port,
  host = '127.0.0.1',
  routes,
}: HttpEndpointOptions): Promise<HttpEndpoint> {
  const server = createServer(
    { requestTimeout: 5_000, maxHeaderSize: 8_192 },
    (request, response) => void answer(routes, request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(telemetryError('endpointUnavailable', `port ${port} cannot be listened on`, cause)),
    );
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * `/metrics`, `/healthz` (the process answers) and `/readyz` (it can do its work).
 *
 * @param notReady why it cannot, in a word or two of ours; `undefined` when it can.
 */
export function observabilityRoutes(metrics: Metrics, notReady: () => string | undefined): EndpointRoutes {
  return {
    '/metrics': async () => ({ contentType: metrics.contentType, body: await metrics.text() }),
    '/healthz': () => ({ body: 'ok\n' }),
    '/readyz': () => {
      const reason = notReady();
      return reason === undefined ? { body: 'ready\n' } : { status: 503, body: `${reason}\n` };
    },
  };
}

async function answer(routes: EndpointRoutes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status = 200, contentType = 'text/plain; charset=utf-8', body } = await replyTo(routes, request);
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function replyTo(routes: EndpointRoutes, { method, url = '/' }: IncomingMessage): Promise<EndpointReply> {
  const path = url.split('?', 1)[0] ?? '/';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (!route) return { status: 404, body: `Paths: ${Object.keys(routes).join(', ')}\n` };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'GET only\n' };
  try {
    return await route();
  } catch {
    return { status: 500, body: 'failed\n' }; // the message of an error is data
  }
}
