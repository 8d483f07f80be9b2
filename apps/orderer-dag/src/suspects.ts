/** Failures alone between passing probes, after which an operation is dead. */
export const strikesMax = 3;

/**
 * Operations that failed alone although the channel was well.
 *
 * A failure counts as a strike only when a probe passed before the try and another one after it: then the endorsers and
 * the orderer carried something else at both ends, and the operation itself is what does not work.
 */
export class Suspects {
  readonly #strikes = new Map<number, number>();

  /** Operations with at least one strike. */
  get size(): number {
    return this.#strikes.size;
  }

  /** Counts a failure of the operation alone between two passing probes. True when it has had its last chance. */
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
