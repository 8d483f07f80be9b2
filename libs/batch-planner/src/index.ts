export { BatchPlanner, type Fusion, type Holding, type PlannedOperation, type PlannerStatistics, type Touched } from './batch-planner.ts';
export {
  defaultPlannerLimits,
  type ForeignWriteLimits,
  type FusionCaps,
  type FusionSizing,
  type PlannerLimits,
} from './planner-limits.ts';
