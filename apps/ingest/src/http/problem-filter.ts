import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem, type Problem } from '../problem.ts';
import { sendProblem } from './reply.ts';
import type { Routes } from './routes.ts';

export interface ProblemHooks {
  /** Called for internal errors. */
  readonly onUnexpected: (error: unknown) => void;
  /** Called with the code of every answered problem. */
  readonly onRefused: (code: string) => void;
}

/** Answers every unhandled exception as a problem; its message is not revealed to the sender. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #requestBytesMax: number;
  readonly #routes: Routes;
  readonly #hooks: ProblemHooks;

  constructor(requestBytesMax: number, routes: Routes, hooks: ProblemHooks) {
    this.#requestBytesMax = requestBytesMax;
    this.#routes = routes;
    this.#hooks = hooks;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (reply.sent) return;
    const methods = this.#routes.methodsOf(request.url);
    const answer = this.#problemOf(error, request, methods);
    this.#hooks.onRefused(answer.code);
    if (answer.status === 405) reply.header('allow', methods.join(', '));
    // Fastify would close the connection while the sender is still sending, and it would never read the answer.
    if (answer.status === 413) reply.removeHeader('connection');
    sendProblem(request, reply, answer);
  }

  #problemOf(error: unknown, { method }: FastifyRequest, methods: readonly string[]): Problem {
    switch (statusOf(error)) {
      case 400:
        return problem('REQUEST_INVALID');
      case 404:
        if (methods.length === 0) return problem('NOT_FOUND');
        // The route accepts any type name; only FHIR resource types are served.
        return methods.includes(method) ? problem('TYPE_UNKNOWN') : notServed(method, methods);
      case 406:
        return problem('NOT_ACCEPTABLE');
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

/** The problem of an unsupported method, which under /fhir includes reads, searches and patches. */
function notServed(method: string, methods: readonly string[]): Problem {
  return problem('METHOD_NOT_SUPPORTED', {
    detail: `${method} is not supported for this address; it supports ${methods.join(', ')}.`,
  });
}

/** The HTTP status of an exception of Nest or an error of Fastify. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' ? error.statusCode : 500;
}
