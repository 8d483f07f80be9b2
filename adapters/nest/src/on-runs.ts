import type { LogRun } from '@medrex/contracts';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { HandlerExtras } from './event-log-strategy.ts';
import type { RunContext } from './run-context.ts';

type RunHandler = (run: LogRun, context: RunContext) => Promise<void>;
type NestHandler = TypedPropertyDescriptor<(data: object, ...args: unknown[]) => Promise<void>>;

/**
 * Nest's `@EventPattern`, `@Payload` and `@Ctx` for a method that takes the runs of a topic:
 * `@OnRuns(topics.outcomes, { group: 'analyzer' })`.
 */
export function OnRuns(topic: string, extras: HandlerExtras) {
  return <Handler extends RunHandler>(
    controller: object,
    method: string | symbol,
    descriptor: TypedPropertyDescriptor<Handler>,
  ): void => {
    Payload()(controller, method, 0);
    Ctx()(controller, method, 1);
    EventPattern(topic, extras)(controller, method, descriptor as unknown as NestHandler);
  };
}
