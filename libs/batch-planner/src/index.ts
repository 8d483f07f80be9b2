export { BatchPlanner } from './batch-planner.ts';
export { plannerErrors } from './errors.ts';
export type {
  Advice,
  Fusion,
  GiveBackReason,
  Hold,
  OperationEnd,
  PlannedOperation,
  TouchedKeys,
} from './planned-operation.ts';
export {
  defaultPlannerLimits,
  type ForeignWriteLimits,
  type FusionCaps,
  type FusionSizing,
  type PlannerLimits,
} from './planner-limits.ts';
export type { OperationCounts, PlannerStatistics } from './planner-statistics.ts';
