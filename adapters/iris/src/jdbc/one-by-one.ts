/** What has the same key is done one after the other. */
export class OneByOne {
  readonly #last = new Map<string, Promise<void>>();

  /** Resolves or rejects as `act` does, when its turn has come. */
  async run(key: string, act: () => Promise<void>): Promise<void> {
    const own = (this.#last.get(key) ?? Promise.resolve()).then(act);
    const over = own.catch(() => undefined);
    this.#last.set(key, over);
    await over;
    if (this.#last.get(key) === over) this.#last.delete(key);
    return own;
  }
}
