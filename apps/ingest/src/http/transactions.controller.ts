import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../problem.ts';
import { IngestRuntime } from '../runtime.ts';
import { answerMessage } from './answer-message.ts';
import { bodyOf, sendJson, sendProblem } from './reply.ts';
import { transactionUnknown } from './transactions.ts';

const isOpId = (id: string) => /^[0-9a-f]{32}$/.test(id);
const noOpId = problem('TRANSACTION_UNKNOWN', {
  detail: 'The id is invalid: a transaction id has 32 lower-case hexadecimal digits, as in a receipt.',
});

/** `/v1/transactions`: accepts one message, and serves statuses. */
@Controller('v1/transactions')
export class TransactionsController {
  readonly #runtime: IngestRuntime;

  constructor(@Inject(IngestRuntime) runtime: IngestRuntime) {
    this.#runtime = runtime;
  }

  @Post()
  async send(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { transactions, observer, signal } = this.#runtime;
    const body = bodyOf(request);
    observer.received('transactions', 1, body.length);
    const result = await transactions.take(request.headers, body, signal);
    if (!('items' in result)) {
      observer.refused(result.problem.code, 1);
      return sendProblem(request, reply, result.problem);
    }
    if (result.problem !== undefined) return sendProblem(request, reply, result.problem);
    await answerMessage(this.#runtime, { request, reply, result });
  }

  @Get()
  async find(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { source, id } = request.query as Readonly<Record<string, string | undefined>>;
    if (source === undefined || id === undefined || source === '' || id === '') {
      return sendProblem(
        request,
        reply,
        problem('REQUEST_INVALID', { detail: 'Query parameters source and id are required.' }),
      );
    }
    const statuses = await this.#runtime.transactions.statusesOf(source, id);
    if (statuses.length === 0) return sendProblem(request, reply, transactionUnknown);
    sendJson(reply, 200, { source, id, transactions: statuses.map((one) => this.#runtime.transactions.view(one)) });
  }

  @Get(':id')
  async status(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { id } = request.params as { readonly id: string };
    const status = await this.#runtime.transactions.status(id);
    if (status === undefined) return sendProblem(request, reply, isOpId(id) ? transactionUnknown : noOpId);
    sendJson(reply, 200, this.#runtime.transactions.view(status));
  }
}
