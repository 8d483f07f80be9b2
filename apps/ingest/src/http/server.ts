import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IngestConfig } from '../config.ts';
import { problem } from '../problem.ts';
import { ProblemFilter, type ProblemHooks } from './problem-filter.ts';
import { sendProblem } from './reply.ts';
import { RequestsInProgress } from './requests-in-progress.ts';
import { Routes } from './routes.ts';

/** A request that is not received completely within this time is aborted, in ms. */
const requestTimeoutMs = 60_000;

/** Node's own limit of the request head, so that a too long id reaches the check of ids. */
const addressCharactersMax = 16_384;

export interface HttpHooks extends ProblemHooks {
  /** Aborted when the process stops. */
  readonly signal: AbortSignal;
}

/** Creates Nest on Fastify, not yet listening. Bodies stay bytes; the handlers parse them. */
export async function createHttpApplication(
  module: Parameters<typeof NestFactory.create>[0],
  config: IngestConfig,
  hooks: HttpHooks,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: config.INGEST_REQUEST_BYTES_MAX,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: addressCharactersMax },
    // Errors of the router itself (an invalid % escape) do not reach the exception filter.
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(request, reply, problem('REQUEST_INVALID', { detail: 'The address cannot be read.' })),
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    logger: false,
    abortOnError: false,
  });
  const fastify = adapter.getInstance();
  const routes = new Routes(fastify);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRequest', refuseCompressed);
  const inProgress = new RequestsInProgress(config.INGEST_REQUESTS_BYTES_MAX);
  fastify.addHook('onRequest', (request, reply, done) => {
    if (inProgress.take(request.raw, reply.raw)) return done();
    hooks.onRefused('TOO_MUCH_IN_HAND');
    sendProblem(request, reply, problem('TOO_MUCH_IN_HAND', { retryAfterS: 1 }));
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    // An open keep-alive connection would keep the process from stopping.
    if (hooks.signal.aborted) reply.header('connection', 'close');
    done(null, payload);
  });
  app.useGlobalFilters(new ProblemFilter(config.INGEST_REQUEST_BYTES_MAX, routes, hooks));
  return app;
}

/** Refuses compressed bodies before any of the body is read. */
function refuseCompressed(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return done();
  sendProblem(request, reply, problem('ENCODING_UNSUPPORTED'));
}

/** Listens, and returns the URL by which clients reach the application. */
export async function listen(app: INestApplication, { HOST, PORT }: IngestConfig): Promise<string> {
  await app.listen(PORT, HOST);
  const address = (app.getHttpServer() as { address(): { readonly port: number } | string | null }).address();
  const port = typeof address === 'object' && address !== null ? address.port : PORT;
  const host = HOST.includes(':') ? `[${HOST}]` : HOST === '0.0.0.0' ? '127.0.0.1' : HOST;
  return `http://${host}:${port}`;
}
