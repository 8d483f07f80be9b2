/** Strikes (failures alone between passing probes) after which an operation is poison. */
export const strikesMax = 3;

/**
 * Operations that failed alone while the channel worked.
 *
 * A failure counts as a strike only when a probe passed before and after it. Then the endorsers and the orderer worked, so the
 * operation itself is at fault.
 */
export class Suspects {
  readonly #strikes = new Map<number, number>();

  /** Number of operations with at least one strike. */
  get size(): number {
    return this.#strikes.size;
  }

  /** Counts a strike. Returns true when the operation has reached the maximum. */
  strike(seq: number): boolean {
    const strikes = (this.#strikes.get(seq) ?? 0) + 1;
    this.#strikes.set(seq, strikes);
    return strikes >= strikesMax;
  }

  /** Forgets an operation that is terminal. */
  forget(seq: number): void {
    this.#strikes.delete(seq);
  }
}
