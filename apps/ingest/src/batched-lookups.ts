/** One call of `find`. */
interface Lookup<Key, Answer> {
  readonly keys: readonly Key[];
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Batches concurrent lookups in a store that answers many keys as fast as one. One query is in flight; lookups that
 * arrive meanwhile share the next one. If a query fails, all its lookups reject.
 */
export class BatchedLookups<Key, Answer> {
  readonly #answer: (keys: readonly Key[]) => Promise<readonly Answer[]>;
  readonly #keysMax: number;
  #waiting: Lookup<Key, Answer>[] = [];
  #isRunning = false;

  /** @param keysMax maximum keys of one query; a single lookup with more keys gets a query of its own */
  constructor(answer: (keys: readonly Key[]) => Promise<readonly Answer[]>, keysMax: number) {
    this.#answer = answer;
    this.#keysMax = keysMax;
  }

  /** The answers in the order of the keys. @throws errors of the store */
  find(keys: readonly Key[]): Promise<readonly Answer[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        const answers = await this.#answer(batch.flatMap(({ keys }) => keys));
        let at = 0;
        for (const { keys, resolve } of batch) resolve(answers.slice(at, (at += keys.length)));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isRunning = false;
  }

  #take(): readonly Lookup<Key, Answer>[] {
    let keys = 0;
    let end = 0;
    while (end < this.#waiting.length) {
      keys += this.#waiting[end]?.keys.length ?? 0;
      if (end > 0 && keys > this.#keysMax) break;
      end += 1;
    }
    return this.#waiting.splice(0, end);
  }
}
