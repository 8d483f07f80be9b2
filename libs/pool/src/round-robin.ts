import type { WorkloadClass } from './workload-class.ts';

/** The classes that take turns, and the checkouts of a turn. Admin work takes no turns: it is rare, and goes first. */
export const turns = [
  ['interactive', 8],
  ['vector', 4],
  ['analytical', 2],
  ['bulk', 1],
] as const satisfies readonly (readonly [WorkloadClass, number])[];

export type TurnClass = (typeof turns)[number][0];

/**
 * Deficit round robin (Shreedhar and Varghese 1995) in which every checkout costs one: a class may be served its weight in a row, and
 * loses what it does not use. `next` only looks; `served` advances, since the class that `next` found may not be served after all.
 */
export class RoundRobin {
  #at = 0;
  #left: number = turns[0][1];

  next(canGo: (workClass: TurnClass) => boolean): TurnClass | undefined {
    const now = turns[this.#at];
    if (now !== undefined && this.#left > 0 && canGo(now[0])) return now[0];
    for (let step = 1; step <= turns.length; step += 1) {
      const turn = turns[(this.#at + step) % turns.length];
      if (turn !== undefined && canGo(turn[0])) return turn[0];
    }
    return undefined;
  }

  served(workClass: WorkloadClass): void {
    const at = turns.findIndex(([name]) => name === workClass);
    const weight = turns[at]?.[1];
    if (weight === undefined) return;
    if (at === this.#at && this.#left > 0) this.#left -= 1;
    else {
      this.#at = at;
      this.#left = weight - 1;
    }
  }
}
