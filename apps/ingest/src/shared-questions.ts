/** One call of `ask`. */
interface Asking<Key, Answer> {
  readonly keys: readonly Key[];
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Batches concurrent questions to a store that answers many keys as fast as one. One query is in flight; questions that arrive
 * meanwhile share the next one. When a query fails, all its questions reject.
 */
export class SharedQuestions<Key, Answer> {
  readonly #answer: (keys: readonly Key[]) => Promise<readonly Answer[]>;
  readonly #keysMax: number;
  #waiting: Asking<Key, Answer>[] = [];
  #isAsking = false;

  /** @param keysMax maximum keys of one query; a single question with more keys gets a query of its own */
  constructor(answer: (keys: readonly Key[]) => Promise<readonly Answer[]>, keysMax: number) {
    this.#answer = answer;
    this.#keysMax = keysMax;
  }

  /** The answers in the order of the keys. @throws errors of the store */
  ask(keys: readonly Key[]): Promise<readonly Answer[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, resolve, reject });
      if (!this.#isAsking) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.length > 0) {
      const together = this.#take();
      try {
        const answers = await this.#answer(together.flatMap(({ keys }) => keys));
        let at = 0;
        for (const { keys, resolve } of together) resolve(answers.slice(at, (at += keys.length)));
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
    }
    this.#isAsking = false;
  }

  #take(): readonly Asking<Key, Answer>[] {
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
