import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { IngestRuntime } from '../runtime.ts';
import { sendJson } from './reply.ts';

/** Metrics, liveness and readiness for operators. */
@Controller()
export class OperationalController {
  readonly #runtime: IngestRuntime;

  constructor(@Inject(IngestRuntime) runtime: IngestRuntime) {
    this.#runtime = runtime;
  }

  @Get('metrics')
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    const text = await this.#runtime.metricsText();
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  }

  @Get('healthz')
  healthz(@Res() reply: FastifyReply): void {
    sendJson(reply, 200, { status: 'alive' });
  }

  @Get('readyz')
  readyz(@Res() reply: FastifyReply): void {
    const readiness = this.#runtime.readiness();
    sendJson(reply, readiness.isReady ? 200 : 503, readiness);
  }
}
