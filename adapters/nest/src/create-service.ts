import type { DynamicModule, INestMicroservice, RpcExceptionFilter, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomStrategy } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import type { EventLogStrategy } from './event-log-strategy.ts';

/** Lets a handler's own error through to the log, which hands out the run again; Nest's filter would put another in its place. */
export class PassErrors implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/** No log lines of Nest's own, and errors thrown instead of an abort. */
const quiet = { logger: false, abortOnError: false } as const;

/** A Nest microservice over the event log, without Nest's own log lines; not listening yet. */
export async function createService(
  module: Type | DynamicModule,
  strategy: EventLogStrategy,
): Promise<INestMicroservice> {
  const service = await NestFactory.createMicroservice<CustomStrategy>(module, { strategy, ...quiet });
  service.useGlobalFilters(new PassErrors());
  return service;
}
