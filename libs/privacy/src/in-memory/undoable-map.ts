/** A map of rows that can undo its changes since the last `end`. */
export class UndoableMap<Row> {
  readonly #rows = new Map<string, Row>();
  readonly #before = new Map<string, Row | undefined>();

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  where(isWanted: (row: Row) => boolean): readonly Row[] {
    return [...this.#rows.values()].filter(isWanted);
  }

  set(key: string, row: Row): void {
    this.#note(key);
    this.#rows.set(key, row);
  }

  delete(key: string): void {
    this.#note(key);
    this.#rows.delete(key);
  }

  end(how: 'keep' | 'undo'): void {
    if (how === 'undo') for (const [key, row] of this.#before) this.#restore(key, row);
    this.#before.clear();
  }

  #note(key: string): void {
    if (!this.#before.has(key)) this.#before.set(key, this.#rows.get(key));
  }

  #restore(key: string, row: Row | undefined): void {
    if (row === undefined) this.#rows.delete(key);
    else this.#rows.set(key, row);
  }
}
