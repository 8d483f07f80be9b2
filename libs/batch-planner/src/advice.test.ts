import { describe, expect, it } from '@jest/globals';
import { DependencyGraph } from '@medrex/dependency-graph';
import type { BatchPlanner } from './batch-planner.ts';
import type { PlannedOperation } from './planned-operation.ts';
import { aPlanner, keys, land, planned, simulateFlights } from './testing/index.ts';

/** 3,000 operations without dependents, and after them in the order a chain of 1,500. */
const workload: readonly PlannedOperation[] = Array.from({ length: 4_500 }, (_, seq) =>
  planned(seq, seq < 3_000 ? {} : { keys: keys('chain') }),
);

/** Virtual ms until everything is terminal: three flights of at most 50 operations, 20 ms and 0.1 ms for each operation. */
function makespanMs(isAdvised: boolean): number {
  const planner = aPlanner({ fusion: { operationsMax: 50 } });
  for (const operation of workload) planner.admit(operation);
  if (isAdvised) advise(planner);
  const arrivals = workload.map((operation) => ({ atMs: 0, operation })); // admitted again, which is ignored
  const endedMs = simulateFlights(planner, arrivals, (operations) => 20 + 0.1 * operations);
  expect(planner.isEmpty).toBe(true);
  return Math.max(...endedMs.values());
}

/** The analyzer's advice: criticalities as they grow with the graph, and as they are when its statistics are read. */
function advise(planner: BatchPlanner): void {
  const graph = new DependencyGraph({ classes: 5, edgesMax: 0 });
  const sendAdvice = () => graph.takeRisen().forEach(({ seq, ...advice }) => planner.advise(seq, advice));
  for (const operation of workload) {
    graph.admit(operation);
    sendAdvice();
  }
  graph.statistics();
  sendAdvice();
}

describe('advice', () => {
  it('shortens the time for a long chain among many others by at least a third', () => {
    expect(makespanMs(true) / makespanMs(false)).toBeLessThan(0.67);
  });

  it('may come twice, late, in between and for operations that are gone', () => {
    const planner = aPlanner();
    for (const seq of [1, 2]) planner.admit(planned(seq, { keys: keys('a') }));
    for (const seq of [1, 1, 2, 99]) planner.advise(seq, { depth: 7, criticality: seq });
    const [fusion] = planner.plan(0);
    planner.advise(1, { depth: 0, criticality: 500 });
    land(planner, fusion!, 1);
    planner.advise(1, { depth: 0, criticality: 500 });
    expect(planner.isEmpty).toBe(true);
  });

  it('starves no operation: one without dependents goes before operations that came much later', () => {
    const planner = aPlanner({ flights: 1, flightsReserved: 0, fusion: { operationsMax: 1 }, criticalityBoost: 1 });
    planner.admit(planned(0));
    let plans = 0;
    for (let seq = 1; planner.statistics().fusions === 0 || planner.live > 0; seq += 1) {
      planner.admit(planned(seq));
      planner.advise(seq, { depth: 0, criticality: 1_000_000 });
      const [fusion] = planner.plan(seq);
      plans += 1;
      if (fusion?.operations[0]?.seq === 0) break;
      land(planner, fusion!, seq);
    }
    expect(plans).toBeGreaterThan(500);
    expect(plans).toBeLessThanOrEqual(1_026);
  });
});
