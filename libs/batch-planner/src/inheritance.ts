import type { LiveOperation, LiveQueues } from '@medrex/dependency-graph';
import type { TrackedOperation } from './tracked-operation.ts';

/**
 * Priority inheritance (Sha, Rajkumar, Lehoczky 1990): an operation is as urgent as the most urgent one that waits for
 * it, directly or not. A class only becomes more urgent, so all calls together visit each place in a queue at most once
 * per class.
 */
export class Inheritance {
  readonly #queues: LiveQueues;
  readonly #tracked: (slot: LiveOperation) => TrackedOperation | undefined;
  readonly #setClass: (operation: TrackedOperation, place: number) => void;

  constructor(
    queues: LiveQueues,
    tracked: (slot: LiveOperation) => TrackedOperation | undefined,
    setClass: (operation: TrackedOperation, place: number) => void,
  ) {
    this.#queues = queues;
    this.#tracked = tracked;
    this.#setClass = setClass;
  }

  /** Called when an operation was placed: it inherits from what is after it, and what is before it inherits from it. */
  placed(operation: TrackedOperation): void {
    let place = operation.class;
    this.#queues.visitSuccessors(operation.slot, (slot) => {
      place = Math.min(place, this.#tracked(slot)?.class ?? place);
    });
    if (place < operation.class) this.#setClass(operation, place);
    const urgent = [operation];
    for (let next = urgent.pop(); next !== undefined; next = urgent.pop()) this.#passOn(next, urgent);
  }

  #passOn({ slot, class: place }: TrackedOperation, urgent: TrackedOperation[]): void {
    this.#queues.visitPredecessors(slot, (before) => {
      const operation = this.#tracked(before);
      if (operation === undefined || operation.class <= place) return;
      this.#setClass(operation, place);
      urgent.push(operation);
    });
  }
}
