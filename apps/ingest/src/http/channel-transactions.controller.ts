import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callMode } from '../calls/call-answers.ts';
import { readCallRequest } from '../calls/calls.ts';
import { problem } from '../problem.ts';
import { IngestRuntime } from '../runtime.ts';
import { answerMessage } from './answer-message.ts';
import { bodyOf, sendProblem } from './reply.ts';

/** `/v1/channels/{channel}/transactions`: calls of any chaincode (per-transaction mode), each in its own Fabric transaction. */
@Controller('v1/channels/:channel/transactions')
export class ChannelTransactionsController {
  readonly #runtime: IngestRuntime;

  constructor(@Inject(IngestRuntime) runtime: IngestRuntime) {
    this.#runtime = runtime;
  }

  @Post()
  async send(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { transactions, observer, signal, config, takesCalls } = this.#runtime;
    const { channel } = request.params as { readonly channel: string };
    const body = bodyOf(request);
    observer.received('calls', 1, body.length);
    const refuse = (why: ReturnType<typeof problem>): void => {
      observer.refused(why.code, 1);
      sendProblem(request, reply, why);
    };
    if (channel !== config.MEDREX_CHANNEL) return refuse(problem('CHANNEL_UNKNOWN'));
    if (!takesCalls) return refuse(problem('CALLS_OFF'));
    if (body.length > config.INGEST_OPERATION_BYTES_MAX) return refuse(tooLarge(config.INGEST_OPERATION_BYTES_MAX));
    const read = readCallRequest(request.headers, body);
    if ('problem' in read) return refuse(read.problem);
    const result = await transactions.submit(read, signal);
    if (!('items' in result)) return refuse(result.problem);
    if (result.problem !== undefined) return sendProblem(request, reply, result.problem);
    await answerMessage(this.#runtime, { request, reply, result, more: callMode });
  }
}

const tooLarge = (limitBytes: number): ReturnType<typeof problem> =>
  problem('OPERATION_TOO_LARGE', { detail: `A call may have at most ${limitBytes} bytes.`, more: { limitBytes } });
