import { stateKey, type AccessMode, type DeclaredKey } from '@medrex/keys';
import { BatchPlanner } from '../batch-planner.ts';
import type { Fusion, PlannedOperation } from '../planned-operation.ts';
import { defaultPlannerLimits, type PlannerLimits } from '../planner-limits.ts';

/** `keys('readWrite a', 'read b')`: declared test keys; readWrite if only a name is given. */
export function keys(...texts: readonly string[]): DeclaredKey[] {
  return texts.map((text) => {
    const [first = '', second] = text.split(' ');
    const mode = second === undefined ? 'readWrite' : (first as AccessMode);
    return { key: stateKey('clinical', 'test', second ?? first), mode };
  });
}

/** An operation of class 1 that reads and writes a key of its own; `over` replaces fields. */
export function planned(seq: number, over: Partial<PlannedOperation> = {}): PlannedOperation {
  return { seq, keys: keys(`own${seq}`), class: 1, bytes: 300, ...over };
}

/** Changes to the default limits; a group is merged with its defaults. */
export interface LimitChanges extends Partial<Omit<PlannerLimits, 'fusion' | 'size' | 'foreign'>> {
  readonly fusion?: Partial<PlannerLimits['fusion']>;
  readonly size?: Partial<PlannerLimits['size']>;
  readonly foreign?: Partial<PlannerLimits['foreign']>;
}

/** The default limits with changes. The jitter is 0, so each backoff lasts half of its maximum. */
export function testLimits({ fusion, size, foreign, ...rest }: LimitChanges = {}): PlannerLimits {
  return {
    ...defaultPlannerLimits,
    jitter: () => 0,
    ...rest,
    fusion: { ...defaultPlannerLimits.fusion, ...fusion },
    size: { ...defaultPlannerLimits.size, ...size },
    foreign: { ...defaultPlannerLimits.foreign, ...foreign },
  };
}

export function aPlanner(changes: LimitChanges = {}): BatchPlanner {
  return new BatchPlanner(testLimits(changes));
}

/** The seqs of a fusion. */
export function seqsOf(fusion: Fusion | undefined): readonly number[] {
  return fusion?.operations.map(({ seq }) => seq) ?? [];
}

/** Completes a fusion with every operation applied. */
export function land(planner: BatchPlanner, fusion: Fusion, nowMs: number): void {
  planner.complete(
    fusion,
    fusion.operations.map(({ seq }) => ({ seq, isApplied: true })),
    nowMs,
  );
}

/**
 * Plans and completes until nothing is live. Returns the planned fusions by round.
 * @throws Error when nothing proceeds any more
 */
export function drain(planner: BatchPlanner, fromMs = 0, flightMs = 10): readonly (readonly Fusion[])[] {
  const turns: (readonly Fusion[])[] = [];
  for (let nowMs = fromMs; planner.live > 0; nowMs += flightMs) {
    const fusions = planner.plan(Math.max(nowMs, planner.nextWakeMs(nowMs) ?? nowMs));
    if (fusions.length === 0) throw new Error(`nothing to plan, ${planner.live} operations live`);
    turns.push(fusions);
    for (const fusion of fusions) land(planner, fusion, nowMs + flightMs);
  }
  return turns;
}
