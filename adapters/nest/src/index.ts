export { createService, PassErrors } from './create-service.ts';
export { nestErrors } from './errors.ts';
export {
  EventLogStrategy,
  type EventLogStrategyOptions,
  type HandlerExtras,
  type StrategyStatus,
} from './event-log-strategy.ts';
export { OnRuns } from './on-runs.ts';
export { RunContext } from './run-context.ts';
export { runService, type RunningService, type ServiceHooks } from './run-service.ts';
