import type { DeclaredKey, StateKey } from '@medrex/keys';
import type { ForeignWriteLimits } from './planner-limits.ts';

/** Keys recently written by a foreign writer. */
export class ForeignKeys {
  readonly #limits: ForeignWriteLimits;
  /**
   * Until when each key counts as foreign-written; the earliest first, since a key that is written again moves to the
   * end.
   */
  readonly #untilMs = new Map<StateKey, number>();

  constructor(limits: ForeignWriteLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  written(keys: readonly StateKey[], nowMs: number): void {
    for (const key of keys) {
      this.#untilMs.delete(key);
      this.#untilMs.set(key, nowMs + this.#limits.windowMs);
    }
  }

  /** Removes the keys whose window is over. */
  forget(nowMs: number): void {
    for (const [key, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) return;
      this.#untilMs.delete(key);
    }
  }

  /** The foreign-written keys of an operation, without commuting ones, which no other writer can write. */
  among(keys: readonly DeclaredKey[]): readonly StateKey[] {
    if (this.#untilMs.size === 0) return [];
    return keys
      .filter(({ key, mode }) => mode !== 'append' && mode !== 'delta' && this.#untilMs.has(key))
      .map(({ key }) => key);
  }

  /**
   * The wait after so many consecutive losses (1 for the first). The jitter is drawn once for all operations that lost
   * together.
   */
  backoffMs(losses: number, jitter: number): number {
    const { backoffMinMs, backoffMaxMs } = this.#limits;
    return Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(losses - 1, 30)) * (0.5 + jitter / 2);
  }
}
