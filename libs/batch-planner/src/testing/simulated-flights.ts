import type { BatchPlanner } from '../batch-planner.ts';
import type { Fusion, PlannedOperation } from '../planned-operation.ts';
import { land } from './planner-builders.ts';

/** An operation with its time of arrival. */
export interface Arrival {
  readonly atMs: number;
  readonly operation: PlannedOperation;
}

interface Landing {
  readonly atMs: number;
  readonly fusion: Fusion;
}

/**
 * Runs a planner in virtual time: operations arrive, every fusion takes `flightMs` of its size. Returns when each
 * operation ended, by seq.
 * @param arrivals by time
 */
export function simulateFlights(
  planner: BatchPlanner,
  arrivals: readonly Arrival[],
  flightMs: (operations: number) => number,
): ReadonlyMap<number, number> {
  const endedMs = new Map<number, number>();
  const coming = [...arrivals].reverse();
  let inFlight: readonly Landing[] = [];
  while (endedMs.size < arrivals.length) {
    const nowMs = Math.min(coming.at(-1)?.atMs ?? Number.POSITIVE_INFINITY, ...inFlight.map(({ atMs }) => atMs));
    if (nowMs === Number.POSITIVE_INFINITY) throw new Error(`${planner.live} operations are never planned`);
    for (; coming.at(-1)?.atMs === nowMs; coming.pop()) planner.admit(coming.at(-1)!.operation);
    for (const { fusion } of inFlight.filter(({ atMs }) => atMs === nowMs)) {
      for (const { seq } of fusion.operations) endedMs.set(seq, nowMs);
      land(planner, fusion, nowMs);
    }
    const started = planner.plan(nowMs).map((fusion) => ({ atMs: nowMs + flightMs(fusion.operations.length), fusion }));
    inFlight = [...inFlight.filter(({ atMs }) => atMs > nowMs), ...started];
  }
  return endedMs;
}
