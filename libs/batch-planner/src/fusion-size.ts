import type { FlightModel } from './flight-model.ts';
import type { FusionCaps, FusionSizing } from './planner-limits.ts';

/**
 * The self-tuned size of fusions. It doubles when a flight returns and more than that wait, halves when less than a
 * quarter does, and stays where a flight is expected to take `flightTargetMs`. If the fixed cost alone exceeds that, a
 * fusion may take twice the fixed cost, because smaller ones would only reduce throughput.
 */
export class FusionSize {
  readonly #sizing: FusionSizing;
  readonly #operationsMax: number;
  readonly #model: FlightModel;
  #limit: number;

  constructor(sizing: FusionSizing, caps: FusionCaps, model: FlightModel) {
    this.#sizing = sizing;
    this.#operationsMax = caps.operationsMax;
    this.#model = model;
    this.#limit = Math.min(sizing.operationsMin, caps.operationsMax);
  }

  /** Maximum of operations in one fusion. */
  get limit(): number {
    return this.#limit;
  }

  /** Called when a flight returned while so many operations waited. */
  landed(backlog: number): void {
    const smallest = Math.min(this.#sizing.operationsMin, this.#operationsMax);
    if (backlog > this.#limit) this.#limit = Math.min(this.#operationsMax, this.#limit * 2, this.#inTime());
    else if (backlog < this.#limit / 4) this.#limit /= 2;
    this.#limit = Math.max(smallest, Math.floor(this.#limit));
  }

  #inTime(): number {
    const { fixedMs, msPerUnit } = this.#model;
    return Math.max(this.#sizing.flightTargetMs - fixedMs, fixedMs) / msPerUnit;
  }
}
