import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemsOf, type MessageResult } from '../message-result.ts';
import type { IngestRuntime } from '../runtime.ts';
import { readPrefer, sendJson, sendProblem } from './reply.ts';
import { locationOf, messageReceipt, messageStatus, retryAfterS } from './views.ts';

/** A message with the request and reply that it is answered on. */
export interface Answering {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly result: MessageResult;
  /** Extra members of every answer. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Answers a message with its receipt, or under `Prefer: wait` with its outcome if that arrives in time. */
export async function answerMessage(
  { transactions, signal }: Pick<IngestRuntime, 'transactions' | 'signal'>,
  { request, reply, result, more = {} }: Answering,
): Promise<void> {
  const location = locationOf(result);
  const status = messageStatus(result);
  const problems = problemsOf(result);
  const [only] = problems;
  if (location === undefined && result.items.length === 1 && only !== undefined)
    return sendProblem(request, reply, only);
  const retry = retryAfterS(problems);
  if (retry !== undefined) reply.header('retry-after', String(retry));
  if (location !== undefined) reply.header('location', location);
  if (status === 200) reply.header('idempotent-replayed', 'true');
  const { waitMs } = readPrefer(request);
  const receipt = (): void => sendJson(reply, status, { ...messageReceipt(result), ...more });
  if (waitMs === undefined) return receipt();
  const statuses = await transactions.outcome(result, waitMs, signal);
  if (statuses.some(({ state }) => state === 'pending')) return receipt();
  const [first] = statuses;
  if (result.items.length === 1 && first !== undefined) return sendJson(reply, 200, transactions.view(first));
  const { source, id } = result;
  sendJson(reply, 200, { source, id, transactions: statuses.map((one) => transactions.view(one)) });
}
