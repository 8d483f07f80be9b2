/** The OID of a relation, or one of the constants below. */
export type EpochId = number;

/** Incremented when an unknown relation of the database may have changed. */
export const wholeDatabase: EpochId = -1;
/** Incremented when definitions change, for answers read from the catalogue. */
export const definitions: EpochId = -2;

/**
 * A number for each relation of a database, incremented whenever its content may have changed. An answer is valid while the numbers of
 * all relations that it was read from are what they were before the question.
 */
export class Epochs {
  readonly #numbers = new Map<EpochId, number>();
  /** Relations that may change unnoticed, with the number of `doubt` calls that have not ended. */
  readonly #uncertain = new Map<EpochId, number>();

  /** The sum of the numbers of these relations. As they only grow, equal sums mean that none has changed in between. */
  sumOf(ids: readonly EpochId[]): number {
    let sum = 0;
    for (const id of ids) sum += this.#numbers.get(id) ?? 0;
    return sum;
  }

  /** False while one of these relations may change unnoticed: no answer from it may be cached or served. */
  isCertain(ids: readonly EpochId[]): boolean {
    return this.#uncertain.size === 0 || ids.every((id) => !this.#uncertain.has(id));
  }

  bump(ids: Iterable<EpochId>): void {
    for (const id of ids) this.#numbers.set(id, (this.#numbers.get(id) ?? 0) + 1);
  }

  /** Makes relations uncertain until the returned function is called (once). Increments their numbers at both points. */
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
