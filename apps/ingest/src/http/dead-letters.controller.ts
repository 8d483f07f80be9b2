import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DeadLetterEntry, RefusedMessageEntry } from '../dead-letters.ts';
import { problem } from '../problem.ts';
import { IngestRuntime } from '../runtime.ts';
import { problemsOf, takenOperations, type MessageResult } from '../message-result.ts';
import type { ResendName } from '../message-name.ts';
import { deadLetterView, refusedView, resendView } from './dead-letter-views.ts';
import { resultsInTime } from './deadline.ts';
import { deadLettersMax, deadLettersStandard } from './openapi.ts';
import { sendJson, sendProblem } from './reply.ts';
import { locationOf, messageStatus } from './views.ts';

/** `/v1/dead-letters`: lists dead operations and refused messages, and resends them. */
@Controller('v1/dead-letters')
export class DeadLettersController {
  readonly #runtime: IngestRuntime;

  constructor(@Inject(IngestRuntime) runtime: IngestRuntime) {
    this.#runtime = runtime;
  }

  @Get()
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const query = request.query as { readonly limit?: string; readonly olderThan?: string };
    const { limit = String(deadLettersStandard), olderThan } = query;
    if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > deadLettersMax)
      return sendProblem(request, reply, problem('REQUEST_INVALID', { detail: `limit is 1 to ${deadLettersMax}.` }));
    const letters = await this.#runtime.deadLetters.newest(Number(limit), olderThan);
    if (letters === undefined) return sendProblem(request, reply, problem('DEAD_LETTER_UNKNOWN'));
    sendJson(reply, 200, { deadLetters: await this.#views(letters) });
  }

  @Get(':id')
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { id } = request.params as { readonly id: string };
    const letter = await this.#runtime.deadLetters.find(id);
    if (letter === undefined) return sendProblem(request, reply, problem('DEAD_LETTER_UNKNOWN'));
    const [view] = letter.kind === 'message' ? [await this.#refused(letter)] : await this.#views([letter]);
    sendJson(reply, 200, view);
  }

  @Post(':id/resend')
  async resend(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { resender, signal, config } = this.#runtime;
    const { id } = request.params as { readonly id: string };
    const resent = await resender.resend(id, signal);
    if (resent.kind === 'problem') return sendProblem(request, reply, resent.problem);
    const results = await resultsInTime(resent.results, config.INGEST_APPEND_WAIT_MS);
    if ('problem' in results) return sendProblem(request, reply, results.problem);
    this.#answer(request, reply, results[0] as MessageResult, resent.kind === 'sent' ? resent.resend : undefined);
  }

  #answer(request: FastifyRequest, reply: FastifyReply, result: MessageResult, resend?: ResendName): void {
    const [why] = problemsOf(result);
    if (why !== undefined && takenOperations(result).length === 0) return sendProblem(request, reply, why);
    const location = locationOf(result);
    if (location !== undefined) reply.header('location', location);
    const status = messageStatus(result);
    if (status === 200) reply.header('idempotent-replayed', 'true');
    sendJson(reply, status, resendView(result, resend));
  }

  /** Adds the contract's message to each letter, when the status store still has it. */
  async #views(letters: readonly DeadLetterEntry[]): Promise<readonly Record<string, unknown>[]> {
    const outcomes = await this.#runtime.transactions.outcomesOf(letters.map(({ id }) => id));
    return letters.map((letter, at) => deadLetterView(letter, outcomes[at]?.message));
  }

  async #refused(letter: RefusedMessageEntry): Promise<Record<string, unknown>> {
    const { deadLetters, refused } = this.#runtime;
    const kept = await deadLetters.openMessage(letter);
    return refusedView(letter, (kept && refused.open(kept)?.issues) ?? []);
  }
}
