import { seededRandom } from '@medrex/contracts/testing';

/** Number of runs of each fault test, each with another seed: MEDREX_FAULT_RUNS, 1 by default. */
export const faultRuns = Math.max(1, Number(process.env['MEDREX_FAULT_RUNS'] ?? 1));

/** The seeds of a fault test: only MEDREX_SEED when it is set, otherwise fixed ones, so that runs are repeatable. */
export function seeds(first: number): readonly number[] {
  const given = process.env['MEDREX_SEED'];
  return given === undefined ? Array.from({ length: faultRuns }, (_, run) => first + run) : [Number(given)];
}

/** Random choices of one run. The seed determines schedule and messages, but not the timing of the machine. */
export class Chance {
  readonly seed: number;
  readonly #next: () => number;

  constructor(seed: number) {
    this.seed = seed;
    this.#next = seededRandom(seed);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low + 1));
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#next() * from.length)] as T;
  }

  /** A random permutation. */
  shuffled<T>(things: readonly T[]): T[] {
    const rest = [...things];
    return things.map(() => rest.splice(Math.floor(this.#next() * rest.length), 1)[0] as T);
  }

  /** An independent generator for a part of the run, so that concurrent parts do not influence each other. */
  part(number: number): Chance {
    return new Chance(this.seed * 1_000 + number);
  }
}

/** Runs `body`, and adds the seed to its errors. */
export async function seeded(seed: number, body: (chance: Chance) => Promise<void>): Promise<void> {
  try {
    await body(new Chance(seed));
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n(again with MEDREX_SEED=${seed})`, {
      cause: error,
    });
  }
}
