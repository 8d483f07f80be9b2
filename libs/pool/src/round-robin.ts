import type { WorkloadClass } from './workload-class.ts';

/** Classes that take turns, and how many checkouts a turn has. Admin is none of them: it is rare, and goes first. */
export const turns = [
  ['interactive', 8],
  ['vector', 4],
  ['analytical', 2],
  ['bulk', 1],
] as const satisfies readonly (readonly [WorkloadClass, number])[];

export type TurnClass = (typeof turns)[number][0];

/**
 * Deficit round robin (Shreedhar and Varghese 1995) with every checkout at cost one: a class has its weight in a row, and loses
 * what it does not use. `next` only looks; `served` is what moves on, since who was looked at may not be served after all.
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
