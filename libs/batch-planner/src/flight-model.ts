/** What is believed before any flight was seen: 20 ms for the transaction and 0.1 ms for each unit of work in it. */
const believed = { fixedMs: 20, msPerUnit: 0.1 } as const;
/** What an older flight counts beside the next one: of the time that a flight takes now, and of what work adds to it, which changes less. */
const memory = { ms: 0.95, work: 0.98 } as const;
/** The belief weighs as much as one flight that differs by so many units from the one before it. */
const believedUnits = 32;
const msPerUnitMin = 0.005;
const msPerUnitMax = 10;

/** Work of an operation, roughly in operations: a key counts an eighth of one, 8 KiB as much as one. */
export function unitsOf(keys: number, bytes: number): number {
  return 1 + keys / 8 + bytes / 8192;
}

/**
 * How long a flight takes by the work in it: fixed + msPerUnit x units. The time for a unit comes from the differences between one
 * flight and the next (first-difference least squares with exponential forgetting), not from the flights themselves: on a busy
 * machine everything is slow just when much waits and fusions are large, and a line through the flights would take the one for the
 * reason of the other, make fusions small, and so the machine busier still. While all flights are about equally large only the
 * fixed part is learned.
 */
export class FlightModel {
  #weight = 1;
  #meanUnits = 0;
  #meanMs: number = believed.fixedMs;
  #last: { readonly units: number; readonly ms: number } | undefined;
  #spread = believedUnits ** 2;
  #covariance = believed.msPerUnit * believedUnits ** 2;

  get msPerUnit(): number {
    return Math.min(msPerUnitMax, Math.max(msPerUnitMin, this.#covariance / this.#spread));
  }

  get fixedMs(): number {
    return Math.max(0, this.#meanMs - this.msPerUnit * this.#meanUnits);
  }

  observe(units: number, ms: number): void {
    this.#weight = this.#weight * memory.ms + 1;
    this.#meanUnits += (units - this.#meanUnits) / this.#weight;
    this.#meanMs += (ms - this.#meanMs) / this.#weight;
    if (this.#last !== undefined) this.#observeStep(units - this.#last.units, ms - this.#last.ms);
    this.#last = { units, ms };
  }

  #observeStep(units: number, ms: number): void {
    if (units === 0) return; // tells nothing, and would only make the rest forgotten
    this.#spread = this.#spread * memory.work + units * units;
    this.#covariance = this.#covariance * memory.work + units * ms;
  }
}
