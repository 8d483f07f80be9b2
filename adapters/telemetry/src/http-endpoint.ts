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

/** Handlers of GET and HEAD by path. */
export type EndpointRoutes = Readonly<Record<string, () => EndpointReply | Promise<EndpointReply>>>;

/** Handlers of POST by path; they get the raw body. */
export type EndpointPosts = Readonly<Record<string, (body: Uint8Array) => EndpointReply | Promise<EndpointReply>>>;

export interface HttpEndpointOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Loopback when absent. */
  readonly host?: string;
  readonly routes: EndpointRoutes;
  /** Without them only GET and HEAD are accepted. */
  readonly posts?: EndpointPosts;
}

/** Maximum size of a posted body. */
const bodyBytesMax = 16 * 1024 * 1024;

export interface HttpEndpoint {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** A small HTTP server for processes without one of their own. @throws CodedError HTTP_ENDPOINT_UNAVAILABLE. */
export async function startHttpEndpoint({
  port,
  host = '127.0.0.1',
  routes,
  posts = {},
}: HttpEndpointOptions): Promise<HttpEndpoint> {
  const server = createServer(
    { requestTimeout: 5_000, maxHeaderSize: 8_192 },
    (request, response) => void answer({ routes, posts }, request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `port ${port} of ${host} cannot be listened on: ${cause.message}`;
      reject(telemetryError('endpointUnavailable', message, cause));
    });
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

type Paths = Pick<Required<HttpEndpointOptions>, 'routes' | 'posts'>;

async function answer(paths: Paths, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status = 200, contentType = 'text/plain; charset=utf-8', body } = await replyTo(paths, request);
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function replyTo({ routes, posts }: Paths, request: IncomingMessage): Promise<EndpointReply> {
  const { method, url = '/' } = request;
  const path = url.split('?', 1)[0] ?? '/';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  const post = Object.hasOwn(posts, path) ? posts[path] : undefined;
  if (!route && !post) return { status: 404, body: `Paths: ${Object.keys({ ...routes, ...posts }).join(', ')}\n` };
  try {
    if (post && method === 'POST') return await replyToPost(post, request);
    if (!route || (method !== 'GET' && method !== 'HEAD')) {
      return { status: 405, body: `${route ? 'GET' : 'POST'} only\n` };
    }
    return await route();
  } catch {
    return { status: 500, body: 'failed\n' }; // the message of an error is data
  }
}

async function replyToPost(post: EndpointPosts[string], request: IncomingMessage): Promise<EndpointReply> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    // A body that is too large is read to its end and dropped, so that the sender gets the answer.
    if (bytes <= bodyBytesMax) chunks.push(chunk);
  }
  if (bytes > bodyBytesMax) return { status: 413, body: `at most ${bodyBytesMax} bytes\n` };
  return post(Buffer.concat(chunks));
}
