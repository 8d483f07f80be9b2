import { IdleStack } from './idle-stack.ts';
import type { SharedLimit } from './limits.ts';
import type { Counters } from './pool-figures.ts';
import type { BackendState, PooledBackend } from './pooled-backend.ts';
import type { ConnectReason, DisconnectReason } from './reasons.ts';

/** The backends of a pool, their counts by state, and their places under the limits across pools. */
export class PoolBackends<C, B> {
  readonly in: Readonly<Record<BackendState, number>>;
  readonly idle = new IdleStack<C, B>();
  readonly #in = { opening: 0, idle: 0, active: 0, resetting: 0, checking: 0, closing: 0, closed: 0 };
  readonly #all = new Set<PooledBackend<C, B>>();
  #limits: readonly SharedLimit<C, B>[];
  readonly #counters: readonly Counters[];

  /** @param counters all of them are incremented */
  constructor(limits: readonly SharedLimit<C, B>[], counters: readonly Counters[]) {
    this.in = this.#in;
    this.#limits = limits;
    this.#counters = counters;
  }

  /** Backends, those opening and closing included. */
  get size(): number {
    return this.#all.size;
  }

  /** Backends without those closing. */
  get live(): number {
    return this.#all.size - this.#in.closing;
  }

  /** A snapshot. */
  toArray(): readonly PooledBackend<C, B>[] {
    return [...this.#all];
  }

  /** Some limit across pools is exceeded. */
  get isOverLimit(): boolean {
    for (const limit of this.#limits) if (limit.isOver) return true;
    return false;
  }

  get limits(): readonly SharedLimit<C, B>[] {
    return this.#limits;
  }

  /** Moves all backends from their limits to these. */
  setLimits(limits: readonly SharedLimit<C, B>[]): void {
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

  /** Adds a backend that is being opened. */
  add(backend: PooledBackend<C, B>, reason: ConnectReason): void {
    this.#all.add(backend);
    this.#in.opening += 1;
    for (const limit of this.#limits) {
      limit.count += 1;
      limit.blocked.delete(backend.pool);
    }
    for (const counters of this.#counters) counters.connects[reason] += 1;
  }

  setState(backend: PooledBackend<C, B>, state: BackendState, nowMs: number): void {
    this.#in[backend.state] -= 1;
    this.#in[state] += 1;
    backend.state = state;
    backend.sinceMs = nowMs;
  }

  /** Makes a backend available. */
  setIdle(backend: PooledBackend<C, B>, nowMs: number): void {
    this.setState(backend, 'idle', nowMs);
    this.idle.put(backend);
  }

  /** Marks a backend as closing; it keeps its places under the limits until it is removed. */
  close(backend: PooledBackend<C, B>, reason: DisconnectReason, nowMs: number): void {
    if (backend.state === 'idle') this.idle.remove(backend);
    this.count(reason);
    this.setState(backend, 'closing', nowMs);
    for (const limit of this.#limits) limit.closing += 1;
  }

  count(reason: DisconnectReason): void {
    for (const counters of this.#counters) counters.disconnects[reason] += 1;
  }

  /** Removes a closed backend and frees its places under the limits. */
  remove(backend: PooledBackend<C, B>, nowMs: number): void {
    const wasClosing = backend.state === 'closing' ? 1 : 0;
    this.setState(backend, 'closed', nowMs);
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

/** The disconnect reason of a backend whose connection is lost in this state. */
export function reasonOfLoss(state: BackendState): DisconnectReason {
  if (state === 'active') return 'lost';
  return state === 'resetting' ? 'reset_failed' : 'upstream_closed';
}
