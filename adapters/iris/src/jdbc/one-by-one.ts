/** Serializes asynchronous actions by key. */
export class OneByOne {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `act` after earlier actions with the same key, and returns its outcome. */
  async run(key: string, act: () => Promise<void>): Promise<void> {
    const own = (this.#last.get(key) ?? Promise.resolve()).then(act);
    const over = own.catch(() => undefined);
    this.#last.set(key, over);
    await over;
    if (this.#last.get(key) === over) this.#last.delete(key);
    return own;
  }
}
