export { aPlanner, drain, keys, land, planned, seqsOf, testLimits, type LimitChanges } from './planner-builders.ts';
