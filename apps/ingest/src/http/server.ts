import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IngestConfig } from '../config.ts';
import { problem } from '../problem.ts';
import { ProblemFilter, type ProblemHooks } from './problem-filter.ts';
import { sendProblem } from './reply.ts';
import { RequestsInHand } from './requests-in-hand.ts';
import { Routes } from './routes.ts';

/** A sender that does not finish its request in this time is let go, ms. */
const requestTimeoutMs = 60_000;

/** As long as Node lets a request line and its headers be: what is too long for an id is told so by who reads ids. */
const addressCharactersMax = 16_384;

export interface HttpHooks extends ProblemHooks {
  /** Aborted when the process stops. */
  readonly signal: AbortSignal;
}

/** Nest on Fastify, with bodies left as bytes: what reads them decides what they are. Not listening yet. */
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
    // What the router itself refuses (an escape that is none) never comes to a filter.
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
  const inHand = new RequestsInHand(config.INGEST_REQUESTS_BYTES_MAX);
  fastify.addHook('onRequest', (request, reply, done) => {
    if (inHand.take(request.raw, reply.raw)) return done();
    hooks.onRefused('TOO_MUCH_IN_HAND');
    sendProblem(request, reply, problem('TOO_MUCH_IN_HAND', { retryAfterS: 1 }));
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    // A connection that is kept open behind the last answer would keep the process from stopping.
    if (hooks.signal.aborted) reply.header('connection', 'close');
    done(null, payload);
  });
  app.useGlobalFilters(new ProblemFilter(config.INGEST_REQUEST_BYTES_MAX, routes, hooks));
  return app;
}

/** Refused before a byte of the body is read. */
function refuseCompressed(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return done();
  sendProblem(request, reply, problem('ENCODING_UNSUPPORTED'));
}

/** Where the application listens, as others reach it. */
export async function listen(app: INestApplication, { HOST, PORT }: IngestConfig): Promise<string> {
  await app.listen(PORT, HOST);
  const address = (app.getHttpServer() as { address(): { readonly port: number } | string | null }).address();
  const port = typeof address === 'object' && address !== null ? address.port : PORT;
  const host = HOST.includes(':') ? `[${HOST}]` : HOST === '0.0.0.0' ? '127.0.0.1' : HOST;
  return `http://${host}:${port}`;
}
