import { Heap } from './heap.ts';
import type { TrackedOperation } from './tracked-operation.ts';

/** Cap on the counted chain length, so that an operation without dependents gets its turn within a bounded number of admissions. */
const criticalityMax = 1_024;
/** Lanes of each class: for operations that may be fused, that exceed a cap, and that go alone. */
const lanesPerClass = 3;
/** Stale entries that a heap may hold in addition to valid ones. */
const voidMax = 1_024;

interface Place {
  readonly rank: number;
  readonly operation: TrackedOperation;
  readonly stamp: number;
}

/**
 * Rank of an operation within its class; the lowest goes first. It is the age in admissions, less `boost` for each
 * operation of the longest chain after it. Since ages grow and the advantage is bounded, no operation starves.
 */
export function rankOf(operation: TrackedOperation, boost: number): number {
  return operation.ordinal - boost * Math.min(operation.criticality, criticalityMax);
}

/**
 * The ready operations of each class, the lowest rank first. Those above a cap have a queue of their own, because only
 * one of them may be in flight and the others must not block it, and so have those that go alone. Stale entries are
 * skipped.
 */
export class ReadyQueue {
  readonly #boost: number;
  readonly #lanes: readonly Heap<Place>[];
  readonly #sizes: number[];

  constructor(classes: number, boost: number) {
    this.#boost = boost;
    this.#lanes = Array.from(
      { length: lanesPerClass * classes },
      () => new Heap<Place>((one, other) => one.rank < other.rank),
    );
    this.#sizes = new Array<number>(lanesPerClass * classes).fill(0);
  }

  get isEmpty(): boolean {
    return this.#lanes.every((lane) => lane.size === 0);
  }

  /** Number of ready operations of the class that may be fused. */
  size(place: number, withOversize: boolean): number {
    const lane = lanesPerClass * place;
    return this.#size(lane) + (withOversize ? this.#size(lane + 1) : 0);
  }

  push(operation: TrackedOperation): void {
    operation.stamp += 1;
    operation.lane = lanesPerClass * operation.class + (operation.isAlone ? 2 : operation.isOversize ? 1 : 0);
    this.#sizes[operation.lane] = this.#size(operation.lane) + 1;
    this.#heap(operation.lane).push({ rank: rankOf(operation, this.#boost), operation, stamp: operation.stamp });
  }

  remove(operation: TrackedOperation): void {
    const { lane } = operation;
    operation.stamp += 1;
    this.#sizes[lane] = this.#size(lane) - 1;
    const heap = this.#heap(lane);
    if (this.#size(lane) === 0) heap.clear();
    else if (heap.size > 2 * this.#size(lane) + voidMax) heap.filter(isValid);
  }

  first(place: number, withOversize: boolean): TrackedOperation | undefined {
    const one = this.#firstOf(lanesPerClass * place);
    const other = withOversize ? this.#firstOf(lanesPerClass * place + 1) : undefined;
    if (one === undefined || other === undefined) return one ?? other;
    return rankOf(other, this.#boost) < rankOf(one, this.#boost) ? other : one;
  }

  /** The first operation of the class that goes alone. */
  firstAlone(place: number): TrackedOperation | undefined {
    return this.#firstOf(lanesPerClass * place + 2);
  }

  #firstOf(lane: number): TrackedOperation | undefined {
    const heap = this.#heap(lane);
    while (heap.first !== undefined && !isValid(heap.first)) heap.pop();
    return heap.first?.operation;
  }

  #heap(lane: number): Heap<Place> {
    return this.#lanes[lane] as Heap<Place>;
  }

  #size(lane: number): number {
    return this.#sizes[lane] ?? 0;
  }
}

function isValid({ operation, stamp }: Place): boolean {
  return operation.stamp === stamp;
}
