export type { Fusion, PlannedOperation } from './batch-planner.ts';
