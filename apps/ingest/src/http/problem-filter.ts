import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem, type Problem } from '../problem.ts';
import { isFhir, sendProblem } from './reply.ts';

export interface ProblemHooks {
  /** Told of errors that are no sender's fault. */
  readonly onUnexpected: (error: unknown) => void;
  /** Told of the code of every answer. */
  readonly onRefused: (code: string) => void;
}

/** Answers whatever no handler answered, in the same form as every other problem; what was thrown is not repeated to the sender. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #requestBytesMax: number;
  readonly #hooks: ProblemHooks;

  constructor(requestBytesMax: number, hooks: ProblemHooks) {
    this.#requestBytesMax = requestBytesMax;
    this.#hooks = hooks;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (reply.sent) return;
    const answer = this.#problemOf(error, request);
    this.#hooks.onRefused(answer.code);
    sendProblem(request, reply, answer);
  }

  #problemOf(error: unknown, { url, method }: FastifyRequest): Problem {
    switch (statusOf(error)) {
      case 400:
        return problem('REQUEST_INVALID');
      case 404:
        return isFhir(url) ? readsNotServed(method) : problem('NOT_FOUND');
      case 405:
        return problem('METHOD_NOT_SUPPORTED');
      case 413:
        return problem('REQUEST_TOO_LARGE', {
          detail: `The request has more than ${this.#requestBytesMax} bytes.`,
          more: { limitBytes: this.#requestBytesMax },
        });
      case 415:
        return problem('CONTENT_TYPE_UNSUPPORTED');
      default:
        this.#hooks.onUnexpected(error);
        return problem('INTERNAL');
    }
  }
}

/** Reads, searches, patches: FHIR knows them, this endpoint does not serve them. */
function readsNotServed(method: string): Problem {
  return problem('METHOD_NOT_SUPPORTED', {
    detail: `${method} of this address is not served: this endpoint takes writes (POST, PUT, DELETE).`,
  });
}

/** Nest's exceptions know their status, Fastify's errors have it as a field. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' ? error.statusCode : 500;
}
