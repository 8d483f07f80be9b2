/**
 * Decides which class plans next: the most urgent one with ready operations, unless another has been skipped so often
 * that its minimum share is due. Each fusion of a more urgent class earns a waiting class its share of the fusion's
 * operations. A class that has earned enough goes first, and into debt for what it takes beyond that (deficit round
 * robin: Shreedhar and Varghese 1995). Class 0 (CPOE) is excluded: it always goes first, and no class earns by waiting
 * for it.
 */
export class Shares {
  readonly #shares: readonly number[];
  readonly #dueAt: number;
  readonly #earned: number[];

  /** @param dueAt operations that a class must have earned to go before a more urgent one */
  constructor(shares: readonly number[], dueAt: number) {
    this.#shares = shares;
    this.#dueAt = dueAt;
    this.#earned = shares.map(() => 0);
  }

  /** The class to plan next among those that could, given in order of urgency; undefined if there are none. */
  next(could: readonly number[]): number | undefined {
    const [first] = could;
    if (first === undefined || first === 0) return first;
    const due = could.filter((place) => this.#earnedBy(place) >= this.#dueAt);
    return due.length === 0 ? first : due.reduce((a, b) => (this.#earnedBy(b) > this.#earnedBy(a) ? b : a));
  }

  /** Records a planned fusion; `could` are the classes that could have been planned instead. */
  planned(place: number, operations: number, could: readonly number[]): void {
    if (place === 0) return;
    for (let other = 1; other < this.#earned.length; other += 1) {
      if (other === place) continue;
      const isPassedOver = could.includes(other);
      this.#earned[other] = isPassedOver ? this.#earnedBy(other) + operations * (this.#shares[other] ?? 0) : 0;
    }
    const isMostUrgent = could.every((other) => other === 0 || other >= place);
    this.#earned[place] = isMostUrgent ? 0 : this.#earnedBy(place) - operations;
  }

  #earnedBy(place: number): number {
    return this.#earned[place] ?? 0;
  }
}
