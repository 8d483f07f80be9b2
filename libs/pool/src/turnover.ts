/** How fast those who wait are served, to say when somebody's turn comes. Weighs the last ten or so. */
export class Turnover {
  #lastMs: number | undefined;
  #meanMs: number | undefined;

  /** One who waited was served. */
  served(nowMs: number): void {
    if (this.#lastMs !== undefined) {
      const gapMs = nowMs - this.#lastMs;
      this.#meanMs = this.#meanMs === undefined ? gapMs : this.#meanMs + (gapMs - this.#meanMs) / 10;
    }
    this.#lastMs = nowMs;
  }

  /** When one who waited was last served; undefined where nobody waited since. */
  get servedAtMs(): number | undefined {
    return this.#lastMs;
  }

  /** Nobody waits: the time until somebody is served again says nothing. */
  rest(): void {
    this.#lastMs = undefined;
  }

  /** In how long the client at this place is served; undefined while nothing is known. */
  etaMs(position: number): number | undefined {
    return this.#meanMs === undefined ? undefined : Math.ceil(this.#meanMs * position);
  }
}
