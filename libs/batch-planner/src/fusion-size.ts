import type { FlightModel } from './flight-model.ts';
import type { FusionCaps, FusionSizing } from './planner-limits.ts';

/**
 * How many operations go together: doubles when a flight comes back and more than that wait, halves when less than a
 * quarter does, and stays where a flight is expected to keep to `flightTargetMs`. Where the fixed cost alone exceeds
 * that, a fusion may take as long again as the fixed cost: smaller ones would only lose throughput.
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

  /** Operations of one fusion at most. */
  get limit(): number {
    return this.#limit;
  }

  /** A flight came back while so many operations waited for one. */
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
