import { describe, expect, it } from '@jest/globals';
import { aPlanner, keys, land, planned, seqsOf } from './testing/index.ts';

const alone = { isAlone: true };

describe('operations that go alone', () => {
  it('each have a flight of their own, in order on a key, in addition to those of fusions', () => {
    const planner = aPlanner({ flights: 1, flightsReserved: 0 });
    planner.admit(planned(1, { keys: keys('hot'), ...alone }));
    planner.admit(planned(2, { keys: keys('other'), ...alone }));
    planner.admit(planned(3, { keys: keys('hot'), ...alone }));
    planner.admit(planned(4));
    planner.admit(planned(5));
    const fusions = planner.plan(0);
    expect(fusions.map(seqsOf)).toEqual([[1], [2], [4, 5]]);
    land(planner, fusions[0]!, 1);
    expect(planner.plan(1).map(seqsOf)).toEqual([[3]]);
  });

  it('are not fused behind an operation that is', () => {
    const planner = aPlanner();
    planner.admit(planned(1, { keys: keys('shared') }));
    planner.admit(planned(2, { keys: keys('shared'), ...alone }));
    const [first, ...more] = planner.plan(0);
    expect([seqsOf(first), more]).toEqual([[1], []]);
    land(planner, first!, 1);
    expect(planner.plan(1).map(seqsOf)).toEqual([[2]]);
  });

  it('take as many flights as there are for them, the most urgent class first and the last ones for it only', () => {
    const planner = aPlanner({ flightsAlone: 3, flightsReserved: 1 });
    for (const seq of [1, 2, 3, 4]) planner.admit(planned(seq, { class: 2, ...alone }));
    expect(planner.plan(0).map(seqsOf)).toEqual([[1], [2]]);
    planner.admit(planned(5, { class: 0, ...alone }));
    planner.admit(planned(6, { class: 0, ...alone }));
    expect(planner.plan(0).map(seqsOf)).toEqual([[5]]);
  });

  it('go alone also when they are closed or after a backoff', () => {
    const planner = aPlanner();
    planner.admit(planned(1, alone));
    planner.admit(planned(2));
    const [call] = planner.plan(0);
    planner.giveBack(call!, 'invalid', 1);
    planner.closing(1, 'EXPIRED');
    expect(planner.plan(1).map(seqsOf)).toEqual([[1]]);
  });
});
