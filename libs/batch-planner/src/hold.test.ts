import { describe, expect, it } from '@jest/globals';
import type { BatchPlanner } from './batch-planner.ts';
import type { Fusion } from './planned-operation.ts';
import { aPlanner, drain, keys, land, planned, seqsOf, type LimitChanges } from './testing/index.ts';

const alone: LimitChanges = { fusion: { operationsMax: 1 }, size: { operationsMin: 1 } };

/** A planner with one flight for each list of keys, seqs 10, 20, 30, ... */
function inFlight(...all: readonly (readonly string[])[]): { planner: BatchPlanner; flights: readonly Fusion[] } {
  const planner = aPlanner({ ...alone, flights: all.length + 1 });
  for (const [place, names] of all.entries()) planner.admit(planned(10 * (place + 1), { keys: keys(...names) }));
  const flights = planner.plan(0);
  expect(flights.map(seqsOf)).toEqual(all.map((_, place) => [10 * (place + 1)]));
  return { planner, flights };
}

describe('hold', () => {
  it('holds a fusion that touched no new key, and one whose new keys no other flight holds', () => {
    const { planner, flights } = inFlight(['a']);
    expect(planner.hold(flights[0]!, [])).toEqual({ kind: 'held' });
    expect(planner.hold(flights[0]!, [{ seq: 10, keys: keys('a', 'b') }])).toEqual({ kind: 'held' });
    planner.admit(planned(20, { keys: keys('b') }));
    expect(planner.plan(1)).toEqual([]);
    land(planner, flights[0]!, 2);
    expect(planner.plan(2).map(seqsOf)).toEqual([[20]]);
  });

  it('returns a fusion that touched what another flight holds; it goes when that has landed, and includes the key', () => {
    const { planner, flights } = inFlight(['a'], ['b']);
    expect(planner.hold(flights[0]!, [{ seq: 10, keys: keys('read b') }])).toEqual({
      kind: 'returned',
      widened: [10],
      unstable: [],
    });
    expect(planner.plan(1)).toEqual([]);
    land(planner, flights[1]!, 2);
    const [again] = planner.plan(2);
    expect(again?.operations).toEqual([planned(10, { keys: keys('a', 'read b') })]);
  });

  it('includes a key that was declared as read and is written as both', () => {
    const { planner, flights } = inFlight(['read a'], ['read a']);
    expect(planner.hold(flights[0]!, [{ seq: 10, keys: keys('write a') }])).toMatchObject({ kind: 'returned' });
    land(planner, flights[1]!, 1);
    expect(planner.plan(1)[0]?.operations).toEqual([planned(10, { keys: keys('readWrite a') })]);
  });

  it('lets flights read together keys that each of them discovered', () => {
    const { planner, flights } = inFlight(['a'], ['read b']);
    expect(planner.hold(flights[0]!, [{ seq: 10, keys: keys('read b') }])).toEqual({ kind: 'held' });
  });

  it("returns the later of two flights that found each other's keys and holds the earlier one", () => {
    const { planner, flights } = inFlight(['a'], ['b']);
    planner.hold(flights[1]!, [{ seq: 20, keys: keys('a') }]);
    expect(planner.hold(flights[0]!, [{ seq: 10, keys: keys('b') }])).toEqual({ kind: 'held' });
    land(planner, flights[0]!, 1);
    expect(planner.plan(1).map(seqsOf)).toEqual([[20]]);
  });

  it('returns a fusion that touched what an earlier operation waits for, and holds one before a later operation', () => {
    const { planner, flights } = inFlight(['a'], ['b'], ['c']);
    planner.admit(planned(15, { keys: keys('a', 'k') })); // waits for 10
    expect(planner.hold(flights[1]!, [{ seq: 20, keys: keys('k') }])).toMatchObject({
      kind: 'returned',
      widened: [20],
    });
    expect(planner.hold(flights[0]!, [{ seq: 10, keys: keys('k') }])).toEqual({ kind: 'held' });
    for (const fusion of [flights[0]!, flights[2]!]) land(planner, fusion, 1);
    expect(drain(planner, 2).flat().flatMap(seqsOf)).toEqual([15, 20]);
  });

  it('returns all operations of the fusion, including those that touched nothing new', () => {
    const planner = aPlanner({ flights: 4, flightsReserved: 0 });
    planner.admit(planned(1, { keys: keys('held') }));
    const [held] = planner.plan(0);
    for (const seq of [2, 3, 4]) planner.admit(planned(seq, { keys: keys('chain') }));
    const [fusion] = planner.plan(1);
    const touched = [2, 3, 3, 4].map((seq) => ({ seq, keys: keys('chain', ...(seq === 3 ? ['held'] : [])) }));
    expect(planner.hold(fusion!, touched)).toMatchObject({ kind: 'returned', widened: [3] });
    expect(planner.plan(2).map(seqsOf)).toEqual([[2]]);
    land(planner, held!, 3);
    expect(planner.plan(3)).toEqual([]); // 3 still waits for 2
  });

  it('holds keys that operations of one fusion discovered of each other', () => {
    const planner = aPlanner();
    for (const seq of [1, 2]) planner.admit(planned(seq));
    const [fusion] = planner.plan(0);
    const touched = [1, 2].map((seq) => ({ seq, keys: keys('k') }));
    expect(planner.hold(fusion!, touched)).toEqual({ kind: 'held' });
    planner.admit(planned(3, { keys: keys('k') }));
    land(planner, fusion!, 1);
    expect(planner.plan(1).map(seqsOf)).toEqual([[3]]);
  });

  it('reports an operation as unstable when it was widened the maximum number of times', () => {
    const planner = aPlanner({ ...alone, flights: 3, flightsReserved: 0, wideningsMax: 3 });
    const unstable: (readonly number[])[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      planner.admit(planned(turn, { keys: keys(`k${turn}`) }));
      planner.admit(planned(100 + turn, { keys: keys(`other${turn}`) }));
      if (turn === 0) planner.admit(planned(50, { keys: keys('a') }));
      const fusions = planner.plan(turn);
      const holder = fusions.find((fusion) => seqsOf(fusion)[0] === turn)!;
      const surprised = fusions.find((fusion) => seqsOf(fusion)[0] === 50)!;
      const hold = planner.hold(surprised, [{ seq: 50, keys: keys(`k${turn}`) }]);
      if (hold.kind === 'returned') unstable.push(hold.unstable);
      for (const fusion of fusions) if (fusion !== surprised && fusion !== holder) land(planner, fusion, turn);
      land(planner, holder, turn);
    }
    expect(unstable).toEqual([[], [], [50]]);
    planner.closing(50, 'UNSTABLE_KEYS');
    expect(planner.plan(9)[0]?.operations[0]).toMatchObject({ seq: 50, closeReason: 'UNSTABLE_KEYS' });
  });

  it('refuses keys of operations that are not in the fusion', () => {
    const { planner, flights } = inFlight(['a']);
    expect(() => planner.hold(flights[0]!, [{ seq: 11, keys: keys('b') }])).toThrow('operation 11');
  });
});
