export type { Fusion, PlannedOperation } from './batch-planner.ts';
export {
  defaultPlannerLimits,
  type ForeignWriteLimits,
  type FusionCaps,
  type FusionSizing,
  type PlannerLimits,
} from './planner-limits.ts';
