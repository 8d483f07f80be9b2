import type { FastifyReply, FastifyRequest } from 'fastify';
import { operationOutcome } from '../fhir/operation-outcome.ts';
import { problemBody, type Problem } from '../problem.ts';

/** Whether the request is to the FHIR endpoint, whose problems are OperationOutcomes. */
export function isFhir(url: string): boolean {
  return url === '/fhir' || url.startsWith('/fhir/') || url.startsWith('/fhir?');
}

/** Answers with a problem: an OperationOutcome under /fhir, otherwise application/problem+json. */
export function sendProblem(request: Pick<FastifyRequest, 'url'>, reply: FastifyReply, problem: Problem): void {
  if (problem.retryAfterS !== undefined) reply.header('retry-after', String(problem.retryAfterS));
  reply.status(problem.status);
  if (isFhir(request.url))
    reply.type('application/fhir+json; charset=utf-8').send(JSON.stringify(operationOutcome([problem])));
  else reply.type('application/problem+json; charset=utf-8').send(JSON.stringify(problemBody(problem)));
}

export function sendJson(reply: FastifyReply, status: number, body: unknown): void {
  reply.status(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

/** The request's body as bytes; empty when there is none. */
export function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : emptyBody;
}

const emptyBody = Buffer.alloc(0);

/** The supported preferences of the Prefer header (RFC 7240). */
export interface Preferences {
  readonly isAsync: boolean;
  /** Maximum time to wait for the outcome, in ms. */
  readonly waitMs?: number;
  readonly returns?: 'minimal' | 'representation' | 'OperationOutcome';
}

export function readPrefer(request: Pick<FastifyRequest, 'headers'>): Preferences {
  const { prefer } = request.headers;
  const preferences = (Array.isArray(prefer) ? prefer.join(',') : (prefer ?? '')).split(/[,;]/).map(readPreference);
  const preference = (name: string) => preferences.find(([known]) => known === name)?.[1];
  const waitSeconds = preference('wait');
  const returns = (['minimal', 'representation', 'OperationOutcome'] as const).find(
    (one) => one.toLowerCase() === preference('return'),
  );
  return {
    isAsync: preference('respond-async') !== undefined,
    ...(waitSeconds !== undefined && /^\d{1,4}$/.test(waitSeconds) && { waitMs: Number(waitSeconds) * 1000 }),
    ...(returns !== undefined && { returns }),
  };
}

/** Parses `name=value`, with optional spaces and quotes; the name is case-insensitive. */
function readPreference(text: string): readonly [name: string, value: string] {
  const [name = '', value = ''] = text.toLowerCase().split('=');
  return [name.trim(), value.trim().replace(/^"(.*)"$/, '$1')];
}
