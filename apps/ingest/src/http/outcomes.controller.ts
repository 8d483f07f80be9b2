import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../problem.ts';
import { IngestRuntime } from '../runtime.ts';
import { sinkOf } from './event-sink.ts';
import { parseEventId, type OutcomeFilter } from './outcome-event.ts';
import { sendProblem } from './reply.ts';

/** `/v1/outcomes`: a stream of outcomes as server-sent events. */
@Controller('v1/outcomes')
export class OutcomesController {
  readonly #runtime: IngestRuntime;

  constructor(@Inject(IngestRuntime) runtime: IngestRuntime) {
    this.#runtime = runtime;
  }

  @Get()
  async stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { feed } = this.#runtime;
    const lastId = request.headers['last-event-id'];
    const since = typeof lastId === 'string' ? parseEventId(lastId) : undefined;
    if (lastId !== undefined && since === undefined) {
      return sendProblem(
        request,
        reply,
        problem('REQUEST_INVALID', { detail: 'Last-Event-ID is not an id of this stream.' }),
      );
    }
    if (!feed.hasRoom) return sendProblem(request, reply, problem('TOO_MANY_LISTENERS', { retryAfterS: 10 }));
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    if (request.method === 'HEAD') return void reply.raw.end(); // the answer to HEAD has no body
    reply.raw.write('retry: 2000\n\n');
    const end = await feed.listen(readFilter(request), sinkOf(reply.raw), since);
    request.raw.on('close', end);
    if (request.raw.destroyed) end();
  }
}

function readFilter(request: FastifyRequest): OutcomeFilter {
  const { source, opIds } = request.query as Readonly<Record<string, string | undefined>>;
  return {
    ...(source !== undefined && source !== '' && { source }),
    ...(opIds !== undefined && opIds !== '' && { opIds: new Set(opIds.split(',')) }),
  };
}
