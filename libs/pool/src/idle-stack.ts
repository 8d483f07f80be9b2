import type { PooledBackend } from './pooled-backend.ts';

/** Idle backends in the order of their last use. */
export class IdleStack<C, B> {
  readonly #stack: PooledBackend<C, B>[] = [];

  get size(): number {
    return this.#stack.length;
  }

  /** The backend that was idle for longest. */
  get oldest(): PooledBackend<C, B> | undefined {
    return this.#stack[0];
  }

  /**
   * By default the backend used last, O(1): few backends stay warm and the others reach their idle timeout. With `isInTurn` the oldest,
   * O(n).
   */
  take(isInTurn: boolean): PooledBackend<C, B> | undefined {
    return isInTurn ? this.#stack.shift() : this.#stack.pop();
  }

  /** Inserts by `idleSinceMs`: O(1) for one just used, O(n) for one that returns to its place after a health check. */
  put(backend: PooledBackend<C, B>): void {
    const stack = this.#stack;
    let at = stack.length;
    for (; at > 0; at -= 1) {
      const below = stack[at - 1];
      if (below === undefined || below.idleSinceMs <= backend.idleSinceMs) break;
    }
    if (at === stack.length) stack.push(backend);
    else stack.splice(at, 0, backend);
  }

  remove(backend: PooledBackend<C, B>): void {
    const at = this.#stack.indexOf(backend);
    if (at >= 0) this.#stack.splice(at, 1);
  }

  /** A snapshot, the oldest first. */
  toArray(): readonly PooledBackend<C, B>[] {
    return [...this.#stack];
  }
}
