import { Heap } from './heap.ts';
import type { TrackedOperation } from './tracked-operation.ts';

interface Wait {
  readonly untilMs: number;
  readonly operation: TrackedOperation;
  readonly stamp: number;
}

/** Operations that are ready but must wait, the one whose wait ends first in front. */
export class Backoffs {
  readonly #waits = new Heap<Wait>((one, other) => one.untilMs < other.untilMs);
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  push(operation: TrackedOperation): void {
    operation.stamp += 1;
    this.#size += 1;
    this.#waits.push({ untilMs: operation.notBeforeMs, operation, stamp: operation.stamp });
  }

  remove(operation: TrackedOperation): void {
    operation.stamp += 1;
    this.#size -= 1;
    if (this.#size === 0) this.#waits.clear();
  }

  /** The operations whose wait is over. They stay until they are removed. */
  ended(nowMs: number): readonly TrackedOperation[] {
    const ended: TrackedOperation[] = [];
    for (let wait = this.#first(); wait !== undefined && wait.untilMs <= nowMs; wait = this.#first()) {
      this.#waits.pop();
      ended.push(wait.operation);
    }
    return ended;
  }

  nextMs(): number | undefined {
    return this.#first()?.untilMs;
  }

  #first(): Wait | undefined {
    while (this.#waits.first !== undefined && this.#waits.first.operation.stamp !== this.#waits.first.stamp)
      this.#waits.pop();
    return this.#waits.first;
  }
}
