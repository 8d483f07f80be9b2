import { IdleStack } from './idle-stack.ts';
import type { SharedLimit } from './limits.ts';
import type { Counters } from './pool-figures.ts';
import type { BackendState, PooledBackend } from './pooled-backend.ts';
import type { ConnectReason, DisconnectReason } from './reasons.ts';

/** The backends of one pool, how many of them are in each state, and their places under the limits across pools. */
export class PoolBackends<C, B> {
  readonly in: Readonly<Record<BackendState, number>>;
  readonly idle = new IdleStack<C, B>();
  readonly #in = { opening: 0, idle: 0, active: 0, resetting: 0, checking: 0, closing: 0, closed: 0 };
  readonly #all = new Set<PooledBackend<C, B>>();
  #limits: readonly SharedLimit<C, B>[];
  readonly #counters: readonly Counters[];

  /** @param counters every one of them counts */
  constructor(limits: readonly SharedLimit<C, B>[], counters: readonly Counters[]) {
    this.in = this.#in;
    this.#limits = limits;
    this.#counters = counters;
  }

  /** All that are not gone, those that close included. */
  get size(): number {
    return this.#all.size;
  }

  /** Not on their way out. */
  get live(): number {
    return this.#all.size - this.#in.closing;
  }

  /** As they are now. */
  toArray(): readonly PooledBackend<C, B>[] {
    return [...this.#all];
  }

  /** There are more than some limit allows. */
  get isOverLimit(): boolean {
    for (const limit of this.#limits) if (limit.isOver) return true;
    return false;
  }

  get limits(): readonly SharedLimit<C, B>[] {
    return this.#limits;
  }

  /** All of them stand under these limits from now on. */
  standUnder(limits: readonly SharedLimit<C, B>[]): void {
    for (const limit of this.#limits) {
      limit.count -= this.#all.size;
      limit.closing -= this.#in.closing;
    }
    this.#limits = limits;
    for (const limit of limits) {
      limit.count += this.#all.size;
      limit.closing += this.#in.closing;
    }
  }

  /** One that is being opened. */
  add(backend: PooledBackend<C, B>, reason: ConnectReason): void {
    this.#all.add(backend);
    this.#in.opening += 1;
    for (const limit of this.#limits) {
      limit.count += 1;
      limit.hungry.delete(backend.pool);
    }
    for (const counters of this.#counters) counters.connects[reason] += 1;
  }

  enter(backend: PooledBackend<C, B>, state: BackendState, nowMs: number): void {
    this.#in[backend.state] -= 1;
    this.#in[state] += 1;
    backend.state = state;
    backend.sinceMs = nowMs;
  }

  /** Nobody has it, and somebody may. */
  rest(backend: PooledBackend<C, B>, nowMs: number): void {
    this.enter(backend, 'idle', nowMs);
    this.idle.put(backend);
  }

  /** It keeps its places under the limits until it is gone. */
  close(backend: PooledBackend<C, B>, reason: DisconnectReason, nowMs: number): void {
    if (backend.state === 'idle') this.idle.remove(backend);
    this.count(reason);
    this.enter(backend, 'closing', nowMs);
    for (const limit of this.#limits) limit.closing += 1;
  }

  count(reason: DisconnectReason): void {
    for (const counters of this.#counters) counters.disconnects[reason] += 1;
  }

  gone(backend: PooledBackend<C, B>, nowMs: number): void {
    const wasClosing = backend.state === 'closing' ? 1 : 0;
    this.enter(backend, 'closed', nowMs);
    this.#all.delete(backend);
    for (const limit of this.#limits) {
      limit.count -= 1;
      limit.closing -= wasClosing;
    }
  }
}

export function isOpen(backend: { readonly state: BackendState }): boolean {
  return backend.state !== 'closing' && backend.state !== 'closed';
}

/** What the loss of a backend in this state is called. */
export function reasonOfLoss(state: BackendState): DisconnectReason {
  if (state === 'active') return 'lost';
  return state === 'resetting' ? 'reset_failed' : 'upstream_closed';
}
