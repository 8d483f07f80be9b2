import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemsOf } from '../message-result.ts';
import type { Problem } from '../problem.ts';
import { IngestRuntime } from '../runtime.ts';
import type { BatchResult } from './batch-submitter.ts';
import { bundleView, linesView } from './batch-view.ts';
import { bodyOf, sendJson, sendProblem } from './reply.ts';
import { locationOf, retryAfterS } from './views.ts';

/** `/v1/batches`: accepts many messages, and answers each, in order. */
@Controller('v1/batches')
export class BatchesController {
  readonly #runtime: IngestRuntime;

  constructor(@Inject(IngestRuntime) runtime: IngestRuntime) {
    this.#runtime = runtime;
  }

  @Post()
  async send(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { batches, observer, signal } = this.#runtime;
    const body = bodyOf(request);
    const result = await batches.submit(request.headers, body, signal);
    observer.received('batches', result.kind === 'lines' ? result.lines.length : 1, body.length);
    for (const { code } of unread(result)) observer.refused(code, 1);
    reply.header('medrex-advised-lines', String(this.#runtime.advisedLines()));
    const retry = retryAfterS(problemsIn(result));
    if (retry !== undefined) reply.header('retry-after', String(retry));
    if (result.kind === 'problem') return sendProblem(request, reply, result.problem);
    if (result.kind === 'message') {
      if (result.result.problem !== undefined) return sendProblem(request, reply, result.result.problem);
      const location = locationOf(result.result);
      if (location !== undefined) reply.header('location', location);
    }
    const { status, body: answer } = result.kind === 'lines' ? linesView(result.lines) : bundleView(result.result);
    sendJson(reply, status, answer);
  }
}

function problemsIn(result: BatchResult): readonly Problem[] {
  if (result.kind === 'problem') return [result.problem];
  if (result.kind === 'message') return problemsOf(result.result);
  return result.lines.flatMap((line) => ('problem' in line ? [line.problem] : problemsOf(line.result)));
}

/** The problems of lines that could not be read as messages; other refusals are counted where they occur. */
function unread(result: BatchResult): readonly Problem[] {
  if (result.kind === 'problem') return [result.problem];
  return result.kind === 'lines' ? result.lines.flatMap((line) => ('problem' in line ? [line.problem] : [])) : [];
}
