/** A relation by its number in PostgreSQL's catalogue, or one of those below. */
export type EpochId = number;

/** Grows when any row of the database may have changed, and nobody knows which. */
export const whole: EpochId = -1;
/** Grows with what is defined: what is read from the catalogue. */
export const schema: EpochId = -2;

/**
 * One number for each relation of a database, which grows whenever what can be read there may have changed. An answer stands
 * for as long as the numbers of everything it was read from are what they were before it was asked for.
 */
export class Epochs {
  readonly #numbers = new Map<EpochId, number>();
  /** Relations that may change at any moment without anybody saying so, and how many wait for the end of that. */
  readonly #uncertain = new Map<EpochId, number>();

  /** Only grows as one of them does: equal for the same ids means that nothing has changed between. */
  sumOf(ids: readonly EpochId[]): number {
    let sum = 0;
    for (const id of ids) sum += this.#numbers.get(id) ?? 0;
    return sum;
  }

  /** False while one of them may change unseen: what is read now is not kept, and what is kept is not shown. */
  isCertain(ids: readonly EpochId[]): boolean {
    return this.#uncertain.size === 0 || ids.every((id) => !this.#uncertain.has(id));
  }

  bump(ids: Iterable<EpochId>): void {
    for (const id of ids) this.#numbers.set(id, (this.#numbers.get(id) ?? 0) + 1);
  }

  /** From now, with a new number, until what it returns is called (once), and with a new number then. */
  doubt(ids: readonly EpochId[]): () => void {
    for (const id of ids) this.#uncertain.set(id, (this.#uncertain.get(id) ?? 0) + 1);
    this.bump(ids);
    return () => {
      this.bump(ids);
      for (const id of ids) this.#certain(id);
    };
  }

  #certain(id: EpochId): void {
    const left = (this.#uncertain.get(id) ?? 1) - 1;
    if (left === 0) this.#uncertain.delete(id);
    else this.#uncertain.set(id, left);
  }
}
