import { seededRandom } from '@medrex/contracts/testing';

/** How often each fault run is repeated, every time under another seed; once unless MEDREX_FAULT_RUNS says more. */
export const faultRuns = Math.max(1, Number(process.env['MEDREX_FAULT_RUNS'] ?? 1));

/** The seeds of a fault run: MEDREX_SEED alone when it is set, else fixed ones, so that a run can be had again. */
export function seeds(first: number): readonly number[] {
  const given = process.env['MEDREX_SEED'];
  return given === undefined ? Array.from({ length: faultRuns }, (_, run) => first + run) : [Number(given)];
}

/** Random choices of one run. The schedule and the messages come from the seed; what the machine does between them does not. */
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

  /** The same things in another order. */
  shuffled<T>(things: readonly T[]): T[] {
    const rest = [...things];
    return things.map(() => rest.splice(Math.floor(this.#next() * rest.length), 1)[0] as T);
  }

  /** A source of its own for a part of the run, so that parts at the same time do not take each other's numbers. */
  part(number: number): Chance {
    return new Chance(this.seed * 1_000 + number);
  }
}

/** Runs `body`; what it throws names the seed. */
export async function seeded(seed: number, body: (chance: Chance) => Promise<void>): Promise<void> {
  try {
    await body(new Chance(seed));
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n(again with MEDREX_SEED=${seed})`, {
      cause: error,
    });
  }
}
