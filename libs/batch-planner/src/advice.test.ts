import { describe, expect, it } from '@jest/globals';
import { DependencyGraph } from '@medrex/dependency-graph';
import type { PlannedOperation } from './planned-operation.ts';
import { aPlanner, keys, land, planned } from './testing/index.ts';

/** 3,000 operations that concern nobody, and behind them in the order a chain of 1,500. */
const workload: readonly PlannedOperation[] = Array.from({ length: 4_500 }, (_, seq) =>
  planned(seq, seq < 3_000 ? {} : { keys: keys('chain') }),
);

/** Virtual ms until everything is terminal: three flights of at most 50 operations, 20 ms and 0.1 ms for each operation. */
function makespanMs(isAdvised: boolean): number {
  const planner = aPlanner({ fusion: { operationsMax: 50 } });
  const graph = new DependencyGraph({ classes: 5, edgesMax: 0 });
  for (const operation of workload) {
    planner.admit(operation);
    graph.admit(operation);
    if (isAdvised) for (const { seq, ...advice } of graph.takeRisen()) planner.advise(seq, advice);
  }
  if (isAdvised) graph.statistics();
  if (isAdvised) for (const { seq, ...advice } of graph.takeRisen()) planner.advise(seq, advice);
  const landings: { readonly atMs: number; readonly land: () => void }[] = [];
  let nowMs = 0;
  while (planner.live > 0) {
    for (const fusion of planner.plan(nowMs)) {
      const atMs = nowMs + 20 + 0.1 * fusion.operations.length;
      landings.push({ atMs, land: () => land(planner, fusion, atMs) });
    }
    landings.sort((a, b) => a.atMs - b.atMs);
    const next = landings.shift()!;
    nowMs = next.atMs;
    next.land();
  }
  expect(planner.isEmpty).toBe(true);
  return nowMs;
}

describe('advice', () => {
  it('shortens the time for a long chain among much else by a third at least', () => {
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

  it('lets nobody starve: what nobody waits for goes before operations that came much later', () => {
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
