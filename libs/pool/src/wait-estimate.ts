/** Estimates when a waiting client is served: a moving average (weight 1/10) of the time between clients served. */
export class WaitEstimate {
  #lastMs: number | undefined;
  #meanMs: number | undefined;

  /** A client that waited was served. */
  served(nowMs: number): void {
    if (this.#lastMs !== undefined) {
      const gapMs = nowMs - this.#lastMs;
      this.#meanMs = this.#meanMs === undefined ? gapMs : this.#meanMs + (gapMs - this.#meanMs) / 10;
    }
    this.#lastMs = nowMs;
  }

  /** When a client was last served; undefined if the queue has been empty since. */
  get servedAtMs(): number | undefined {
    return this.#lastMs;
  }

  /** The queue is empty: the time until the next client is served must not count. */
  queueEmpty(): void {
    this.#lastMs = undefined;
  }

  /** Estimated ms until the client at this place (1 is next) is served; undefined while unknown. */
  etaMs(position: number): number | undefined {
    return this.#meanMs === undefined ? undefined : Math.ceil(this.#meanMs * position);
  }
}
