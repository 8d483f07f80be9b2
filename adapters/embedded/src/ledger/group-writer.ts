/** Maximum of records per sync; with blocks of a megabyte this is still an acceptable write. */
const groupMax = 16;

interface Waiting {
  readonly record: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: records that arrive while one append is being synced share the next sync. Promises resolve in the order
 * of records. The first failure is final, because after a failed sync the content of the disk is unknown until it is
 * read again.
 */
export class GroupWriter {
  readonly #append: (records: readonly Buffer[]) => Promise<void>;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(append: (records: readonly Buffer[]) => Promise<void>) {
    this.#append = append;
  }

  write(record: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, groupMax);
      try {
        if (this.#failure !== undefined) throw this.#failure.cause;
        await this.#append(group.map(({ record }) => record));
        for (const { resolve } of group) resolve();
      } catch (error) {
        this.#failure ??= { cause: error };
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = undefined;
  }
}
