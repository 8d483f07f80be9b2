/**
 * Which class plans next. The most urgent class with ready work does, unless another has been passed over so often that
 * its least share is due: each fusion of a more urgent class earns a waiting class its share of the fusion's operations,
 * and who has earned enough goes first, and into debt for what it takes beyond (deficit round robin: Shreedhar and
 * Varghese 1995). Class 0 (CPOE) stands outside: it always goes first, and nobody earns anything by waiting for it.
 */
export class Shares {
  readonly #shares: readonly number[];
  readonly #dueAt: number;
  readonly #earned: number[];

  /** @param dueAt operations that a class must have earned to go before a more urgent one. */
  constructor(shares: readonly number[], dueAt: number) {
    this.#shares = shares;
    this.#dueAt = dueAt;
    this.#earned = shares.map(() => 0);
  }

  /** The class to plan of those that could, which are in order of urgency; undefined when there are none. */
  next(could: readonly number[]): number | undefined {
    const [first] = could;
    if (first === undefined || first === 0) return first;
    const due = could.filter((place) => this.#earnedBy(place) >= this.#dueAt);
    return due.length === 0 ? first : due.reduce((a, b) => (this.#earnedBy(b) > this.#earnedBy(a) ? b : a));
  }

  /** A fusion of so many operations of a class was planned; `could` could have been planned in its place. */
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
