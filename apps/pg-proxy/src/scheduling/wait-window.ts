const bounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, Infinity];
/** For how many seconds waits are remembered. */
const seconds = 10;

interface Second {
  /** All checkouts, including those that did not wait. */
  checkouts: number;
  readonly waits: Float64Array;
}

/** How long checkouts have waited for a backend in the last seconds. */
export class WaitWindow {
  readonly #ring: Second[] = Array.from({ length: seconds }, () => ({
    checkouts: 0,
    waits: new Float64Array(bounds.length),
  }));
  #at = 0;
  #now = this.#ring[0] as Second;

  checkedOut(): void {
    this.#now.checkouts++;
  }

  waited(ms: number): void {
    const at = bounds.findIndex((bound) => ms <= bound);
    this.#now.waits[at] = (this.#now.waits[at] ?? 0) + 1;
  }

  /** A second has passed. */
  nextSecond(): void {
    this.#at = (this.#at + 1) % seconds;
    this.#now = this.#ring[this.#at] as Second;
    this.#now.checkouts = 0;
    this.#now.waits.fill(0);
  }

  /** The time within which this share of all checkouts got a backend, rounded up to a bucket's bound; 0: without waiting. */
  quantileMs(share: number): number {
    let left = this.#ring.reduce((sum, { checkouts }) => sum + checkouts, 0) * (1 - share);
    for (let at = bounds.length - 1; at >= 0; at--) {
      left -= this.#ring.reduce((sum, { waits }) => sum + (waits[at] ?? 0), 0);
      if (left < 0) return bounds[at] ?? 0;
    }
    return 0;
  }
}
