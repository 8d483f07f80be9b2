import type { OperationCounts } from './planner-statistics.ts';
import type { OperationState, TrackedOperation } from './tracked-operation.ts';

type Tally = Record<OperationState, number>;

const noneOf = (): Tally => ({ waiting: 0, ready: 0, 'backing-off': 0, taken: 0 });

function countsOf(tally: Tally): OperationCounts {
  const ready = tally.ready + tally['backing-off'];
  return { live: tally.waiting + ready + tally.taken, waiting: tally.waiting, ready, taken: tally.taken };
}

/** Live operations by state, in all and by effective class. O(live). */
export function countOperations(
  operations: Iterable<TrackedOperation>,
  classes: number,
): OperationCounts & { readonly classes: readonly OperationCounts[]; readonly backingOff: number } {
  const all = noneOf();
  const byClass = Array.from({ length: classes }, noneOf);
  for (const { state, class: place } of operations) {
    all[state] += 1;
    const tally = byClass[place];
    if (tally !== undefined) tally[state] += 1;
  }
  return { ...countsOf(all), classes: byClass.map(countsOf), backingOff: all['backing-off'] };
}
