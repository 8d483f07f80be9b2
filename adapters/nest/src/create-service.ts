import type { DynamicModule, INestMicroservice, RpcExceptionFilter, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomStrategy } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import type { EventLogStrategy } from './event-log-strategy.ts';

/**
 * Passes errors of a handler on to the log, which delivers the run again. Nest's default filter would replace the
 * error.
 */
export class PassErrors implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/** No log lines of Nest itself; errors are thrown instead of an abort. */
const nestOptions = { logger: false, abortOnError: false } as const;

/** Creates a Nest microservice on the event log, without Nest's own log lines; it does not listen yet. */
export async function createService(
  module: Type | DynamicModule,
  strategy: EventLogStrategy,
): Promise<INestMicroservice> {
  const service = await NestFactory.createMicroservice<CustomStrategy>(module, { strategy, ...nestOptions });
  service.useGlobalFilters(new PassErrors());
  return service;
}
