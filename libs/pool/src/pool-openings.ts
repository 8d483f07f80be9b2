import { LoginBackoff, type OpenFailure } from './login-backoff.ts';
import type { PoolBackends } from './pool-backends.ts';
import type { Pool, PoolContext } from './pool.ts';
import { PooledBackend } from './pooled-backend.ts';
import type { ConnectReason } from './reasons.ts';
import { requestSlot } from './shared-slots.ts';
import type { WaitingClients } from './waiting-clients.ts';

export interface PoolOpeningsOptions<C, B> {
  readonly pool: Pool<C, B>;
  readonly context: PoolContext<C, B>;
  readonly backends: PoolBackends<C, B>;
  readonly waiting: WaitingClients<C, B>;
}

/** Decides when a pool opens backends, and how it goes on when logins fail. */
export class PoolOpenings<C, B> {
  readonly #pool: Pool<C, B>;
  readonly #context: PoolContext<C, B>;
  readonly #backends: PoolBackends<C, B>;
  readonly #waiting: WaitingClients<C, B>;
  readonly #backoff = new LoginBackoff();

  constructor({ pool, context, backends, waiting }: PoolOpeningsOptions<C, B>) {
    this.#pool = pool;
    this.#context = context;
    this.#backends = backends;
    this.#waiting = waiting;
  }

  /** The last failed login, until one succeeds. */
  get failure(): OpenFailure | undefined {
    return this.#backoff.failure;
  }

  /** No client can be served: the upstream refuses logins for good, and no backend is left. */
  get isHopeless(): boolean {
    return this.failure?.isTransient === false && this.#backends.live === 0;
  }

  /** `isHopeless`, and the backoff before the next attempt has not ended. */
  isHopelessUntilLater(nowMs: number): boolean {
    return this.isHopeless && !this.#backoff.isOver(nowMs);
  }

  /** Forgets failed logins. */
  resetBackoff(): void {
    this.#backoff.succeeded();
  }

  failed(failure: OpenFailure, nowMs: number): void {
    const { backoffMinMs, backoffMaxMs } = this.#pool.settings;
    const limits = { minMs: backoffMinMs, maxMs: backoffMaxMs };
    this.#backoff.failed(failure, this.#context.jitter(), limits, nowMs);
  }

  /** Opens the backends that waiting clients need and the limits allow. */
  grow(nowMs: number): void {
    const pool = this.#pool;
    for (let reason = this.#reasonToOpen(nowMs); reason !== undefined; reason = this.#reasonToOpen(nowMs)) {
      if (!requestSlot(pool, nowMs)) return;
      this.#open(reason, nowMs);
    }
    for (const limit of pool.limits) limit.blocked.delete(pool);
  }

  /** Opens backends up to the minimum. */
  openMinimum(nowMs: number): void {
    const { limits, minimum, settings } = this.#pool;
    while (
      this.#backends.live < minimum &&
      this.#backends.size < settings.max &&
      this.#mayOpen(nowMs) &&
      !limits.some((limit) => limit.isFull)
    )
      this.#open('minimum', nowMs);
  }

  /** Why one more backend is needed, without regard to the limits across pools. */
  #reasonToOpen(nowMs: number): ConnectReason | undefined {
    if (this.#waiting.size === 0 || !this.#mayOpen(nowMs)) return undefined;
    const { max, reserve, reserveAfterMs, agedAfterMs } = this.#pool.settings;
    const { size } = this.#backends;
    if (size >= max + reserve) return undefined;
    const { idle, opening, resetting, checking } = this.#backends.in;
    const soon = idle + opening + resetting + checking;
    const now = { agedAfterMs, nowMs };
    if (size < max) return this.#waiting.queues.areWaiting(soon + 1, 0, now) ? 'demand' : undefined;
    return this.#waiting.queues.areWaiting(soon + 1, reserveAfterMs, now) ? 'reserve' : undefined;
  }

  #mayOpen(nowMs: number): boolean {
    const openingMax = this.failure === undefined ? this.#pool.settings.openingMax : 1;
    return !this.#pool.isPaused && this.#backends.in.opening < openingMax && this.#backoff.isOver(nowMs);
  }

  #open(reason: ConnectReason, nowMs: number): void {
    const backend = new PooledBackend<C, B>(this.#context.nextId(), this.#pool, nowMs);
    this.#backends.add(backend, reason);
    this.#context.port.open(backend, reason);
  }
}
