/** What is believed before any flight was seen: 20 ms for the transaction and 0.1 ms for each unit of work in it. */
const believed = [
  { units: 0, ms: 20 },
  { units: 500, ms: 70 },
] as const;
/** What an older flight counts beside the next one. */
const memory = 0.95;
const msPerUnitMin = 0.005;
const msPerUnitMax = 10;

/** Work of an operation, roughly in operations: a key counts an eighth of one, 8 KiB as much as one. */
export function unitsOf(keys: number, bytes: number): number {
  return 1 + keys / 8 + bytes / 8192;
}

/**
 * How long a flight takes by the work in it: fixed + msPerUnit x units, the line through the flights seen so far, older
 * ones counting less (least squares with exponential forgetting). While all flights are about equally large only the
 * fixed part is learned.
 */
export class FlightModel {
  #weight = 0;
  #meanUnits = 0;
  #meanMs = 0;
  #spread = 0;
  #covariance = 0;
  #msPerUnit = 0;

  constructor() {
    for (const { units, ms } of believed) this.observe(units, ms);
  }

  get msPerUnit(): number {
    return this.#msPerUnit;
  }

  get fixedMs(): number {
    return Math.max(0, this.#meanMs - this.#msPerUnit * this.#meanUnits);
  }

  observe(units: number, ms: number): void {
    this.#weight = this.#weight * memory + 1;
    const gain = 1 / this.#weight;
    const offset = units - this.#meanUnits;
    this.#meanUnits += gain * offset;
    this.#spread = (1 - gain) * (this.#spread + gain * offset * offset);
    this.#covariance = (1 - gain) * (this.#covariance + gain * offset * (ms - this.#meanMs));
    this.#meanMs += gain * (ms - this.#meanMs);
    if (this.#spread < 1) return;
    this.#msPerUnit = Math.min(msPerUnitMax, Math.max(msPerUnitMin, this.#covariance / this.#spread));
  }
}
