/** Prior estimate before any flight was observed: 20 ms for the transaction and 0.1 ms for each unit of work. */
const prior = { fixedMs: 20, msPerUnit: 0.1 } as const;
/** Weight of a flight relative to the next one: for the fixed time, and for the time per unit, which changes less. */
const memory = { ms: 0.95, work: 0.98 } as const;
/** The prior weighs as much as one flight that differs by this many units from the one before it. */
const priorUnits = 32;
const msPerUnitMin = 0.005;
const msPerUnitMax = 10;

/** Work of an operation in units of about one operation: a key counts an eighth, 8 KiB count as one. */
export function unitsOf(keys: number, bytes: number): number {
  return 1 + keys / 8 + bytes / 8192;
}

/**
 * Estimates the duration of a flight from its work: fixed + msPerUnit x units. The time per unit is learned from the
 * differences between consecutive flights (first-difference least squares with exponential forgetting), not from the
 * flights themselves. On a busy machine everything is slow just when much waits and fusions are large. A line through
 * the flights would take this for the cost of work, make fusions small, and so the machine busier still. While all
 * flights have about the same size, only the fixed part is learned.
 */
export class FlightModel {
  #weight = 1;
  #meanUnits = 0;
  #meanMs: number = prior.fixedMs;
  #last: { readonly units: number; readonly ms: number } | undefined;
  #spread = priorUnits ** 2;
  #covariance = prior.msPerUnit * priorUnits ** 2;

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
    if (units === 0) return; // it has no information, and would only discount earlier flights
    this.#spread = this.#spread * memory.work + units * units;
    this.#covariance = this.#covariance * memory.work + units * ms;
  }
}
