export { aPlanner, drain, keys, land, planned, seqsOf, testLimits, type LimitChanges } from './planner-builders.ts';
export { simulateFlights, type Arrival } from './simulated-flights.ts';
