/** A growing block height that can be waited for. */
export class Height {
  #value: number;
  readonly #waiting = new Set<() => void>();

  constructor(value: number) {
    this.#value = value;
  }

  get value(): number {
    return this.#value;
  }

  rise(value: number): void {
    this.#value = value;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves when the height is above a block number, or the signal aborts. */
  above(number: number, signal: AbortSignal): Promise<void> {
    return this.reached(() => this.#value > number, signal);
  }

  /** Resolves when the condition holds after some block. */
  reached(condition: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        if (!signal.aborted && !condition()) return;
        this.#waiting.delete(settle);
        signal.removeEventListener('abort', settle);
        resolve();
      };
      this.#waiting.add(settle);
      signal.addEventListener('abort', settle);
      settle();
    });
  }
}
