import type { PooledBackend } from './pooled-backend.ts';

/** Idle backends, the one used last on top. */
export class IdleStack<C, B> {
  readonly #stack: PooledBackend<C, B>[] = [];

  get size(): number {
    return this.#stack.length;
  }

  /** Idle for longest. */
  get oldest(): PooledBackend<C, B> | undefined {
    return this.#stack[0];
  }

  /** The one used last: few stay warm, and the others reach their idle timeout. Or, in turn, the oldest: O(n). */
  take(isInTurn: boolean): PooledBackend<C, B> | undefined {
    return isInTurn ? this.#stack.shift() : this.#stack.pop();
  }

  /** O(1) for the one used last; one that comes back from a health check goes to its old place. */
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

  /** As they are now, the oldest first. */
  toArray(): readonly PooledBackend<C, B>[] {
    return [...this.#stack];
  }
}
