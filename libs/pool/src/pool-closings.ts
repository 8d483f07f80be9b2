import { isOpen, type PoolBackends } from './pool-backends.ts';
import type { PoolOpenings, PoolOpeningsOptions } from './pool-openings.ts';
import type { Pool, PoolContext } from './pool.ts';
import type { PooledBackend } from './pooled-backend.ts';
import type { PooledClient } from './pooled-client.ts';
import type { DisconnectReason } from './reasons.ts';
import { mustEvict } from './shared-slots.ts';
import type { WaitingClients } from './waiting-clients.ts';

export interface PoolClosingsOptions<C, B> extends PoolOpeningsOptions<C, B> {
  readonly openings: PoolOpenings<C, B>;
}

/** Decides when a pool closes backends, and why. */
export class PoolClosings<C, B> {
  readonly #pool: Pool<C, B>;
  readonly #context: PoolContext<C, B>;
  readonly #backends: PoolBackends<C, B>;
  readonly #waiting: WaitingClients<C, B>;
  readonly #openings: PoolOpenings<C, B>;

  constructor({ pool, context, backends, waiting, openings }: PoolClosingsOptions<C, B>) {
    this.#pool = pool;
    this.#context = context;
    this.#backends = backends;
    this.#waiting = waiting;
    this.#openings = openings;
  }

  close(backend: PooledBackend<C, B>, reason: DisconnectReason, nowMs: number): void {
    this.#backends.close(backend, reason, nowMs);
    this.#context.port.close(backend, reason);
    if (this.#waiting.size > 0) this.#pool.grow(nowMs); // a waiting client may have counted on this one
  }

  closeIdle(reason: DisconnectReason, nowMs: number): void {
    for (const backend of this.#backends.idle.toArray())
      if (backend.state === 'idle') this.close(backend, reason, nowMs);
  }

  closeAll(reason: DisconnectReason, nowMs: number): void {
    for (const backend of this.#backends.toArray()) if (isOpen(backend)) this.close(backend, reason, nowMs);
  }

  /** Closes idle backends above a limit, or that a draining pool no longer needs. */
  trim(nowMs: number): void {
    for (const backend of this.#backends.idle.toArray()) {
      const reason = backend.state === 'idle' ? this.#surplusReason() : undefined;
      if (reason !== undefined) this.close(backend, reason, nowMs);
    }
  }

  /** Applies timeouts, lifetimes and health checks. */
  tick(nowMs: number): void {
    for (const backend of this.#backends.toArray()) this.#tickBackend(backend, nowMs);
  }

  /** Why a backend that no client has must be closed; undefined: it stays open. @param next the client that would get it */
  reasonToClose(
    backend: PooledBackend<C, B>,
    next: PooledClient<C, B> | undefined,
    nowMs: number,
  ): DisconnectReason | undefined {
    if (backend.closeAtCheckin !== undefined) return backend.closeAtCheckin;
    if (this.#pool.isPaused) return 'paused';
    if (nowMs >= backend.lifetimeEndsAtMs) return 'lifetime';
    const { max, reserve } = this.#pool.settings;
    if (next === undefined) {
      const spare = this.#surplusReason();
      if (spare !== undefined) return spare;
    } else if (this.#backends.live > max + reserve) return 'surplus';
    for (const limit of this.#pool.limits) {
      if (limit.isOver) return 'surplus';
      if (mustEvict(this.#pool, limit, next, nowMs)) return 'evicted';
    }
    return undefined;
  }

  /** Why the pool has an idle backend too many; undefined: it has not. */
  #surplusReason(): DisconnectReason | undefined {
    const { isDraining, clients, settings } = this.#pool;
    if (isDraining && this.#backends.live > clients.size) return 'drained';
    if (this.#backends.live > settings.max) return 'surplus';
    return this.#backends.isOverLimit ? 'surplus' : undefined;
  }

  #tickBackend(backend: PooledBackend<C, B>, nowMs: number): void {
    const { connectTimeoutMs, resetTimeoutMs, checkTimeoutMs } = this.#pool.settings;
    const inStateMs = nowMs - backend.sinceMs;
    if (backend.state === 'idle') this.#tickIdle(backend, nowMs);
    else if (backend.state === 'resetting' && inStateMs >= resetTimeoutMs) this.close(backend, 'reset_timeout', nowMs);
    else if (backend.state === 'checking' && inStateMs >= checkTimeoutMs) this.close(backend, 'check_timeout', nowMs);
    else if (backend.state === 'opening' && inStateMs >= connectTimeoutMs) {
      this.#openings.failed({ error: undefined, isTransient: true }, nowMs);
      this.close(backend, 'login_timeout', nowMs);
    }
  }

  #tickIdle(backend: PooledBackend<C, B>, nowMs: number): void {
    const { idleTimeoutMs, checkAfterMs } = this.#pool.settings;
    const spare = this.#surplusReason();
    const isUnused = nowMs - backend.idleSinceMs >= idleTimeoutMs && this.#backends.live > this.#pool.minimum;
    if (spare !== undefined) this.close(backend, spare, nowMs);
    else if (nowMs >= backend.lifetimeEndsAtMs) this.close(backend, 'lifetime', nowMs);
    else if (isUnused) this.close(backend, 'idle_timeout', nowMs);
    else if (nowMs - backend.lastAnswerAtMs >= checkAfterMs && this.#mayCheck) {
      this.#backends.idle.remove(backend);
      this.#backends.setState(backend, 'checking', nowMs);
      this.#context.port.check(backend);
    }
  }

  /** About a fifth of the available backends are checked at once, so that clients find the others idle. */
  get #mayCheck(): boolean {
    return this.#backends.in.checking * 4 <= this.#backends.idle.size;
  }
}
