import { LoginBackoff, type OpenFailure } from './login-backoff.ts';
import type { PoolBackends } from './pool-backends.ts';
import type { Pool, PoolSurroundings } from './pool.ts';
import { PooledBackend } from './pooled-backend.ts';
import type { ConnectReason } from './reasons.ts';
import { hasPlace } from './shared-places.ts';
import type { WaitingClients } from './waiting-clients.ts';

export interface PoolOpeningsOptions<C, B> {
  readonly pool: Pool<C, B>;
  readonly around: PoolSurroundings<C, B>;
  readonly backends: PoolBackends<C, B>;
  readonly waiting: WaitingClients<C, B>;
}

/** When one pool opens backends, and how it goes on when that fails. */
export class PoolOpenings<C, B> {
  readonly #pool: Pool<C, B>;
  readonly #around: PoolSurroundings<C, B>;
  readonly #backends: PoolBackends<C, B>;
  readonly #waiting: WaitingClients<C, B>;
  readonly #backoff = new LoginBackoff();

  constructor({ pool, around, backends, waiting }: PoolOpeningsOptions<C, B>) {
    this.#pool = pool;
    this.#around = around;
    this.#backends = backends;
    this.#waiting = waiting;
  }

  /** The last one, until a login succeeds. */
  get failure(): OpenFailure | undefined {
    return this.#backoff.failure;
  }

  /** Nobody will be served soon: logins are refused for good, and no backend is left. */
  get isHopeless(): boolean {
    return this.failure?.isTransient === false && this.#backends.live === 0;
  }

  /** As `isHopeless`, and it is too early to try again. */
  isHopelessUntilLater(nowMs: number): boolean {
    return this.isHopeless && !this.#backoff.isOver(nowMs);
  }

  /** A login has succeeded, or what has failed before says nothing about the next one. */
  beginAnew(): void {
    this.#backoff.succeeded();
  }

  failed(failure: OpenFailure, nowMs: number): void {
    const { backoffMinMs, backoffMaxMs } = this.#pool.settings;
    const limits = { minMs: backoffMinMs, maxMs: backoffMaxMs };
    this.#backoff.failed(failure, this.#around.jitter(), limits, nowMs);
  }

  /** Opens what waiting clients need and the limits allow. */
  grow(nowMs: number): void {
    const pool = this.#pool;
    for (let reason = this.#wish(nowMs); reason !== undefined; reason = this.#wish(nowMs)) {
      if (!hasPlace(pool, nowMs)) return;
      this.#open(reason, nowMs);
    }
    for (const limit of pool.limits) limit.hungry.delete(pool);
  }

  /** Opens what is missing to the minimum. */
  keep(nowMs: number): void {
    const { limits, minimum, settings } = this.#pool;
    while (
      this.#backends.live < minimum &&
      this.#backends.size < settings.max &&
      this.#mayOpen(nowMs) &&
      !limits.some((limit) => limit.isFull)
    )
      this.#open('minimum', nowMs);
  }

  /** Why one more backend is wanted, as far as this pool alone can tell. */
  #wish(nowMs: number): ConnectReason | undefined {
    if (this.#waiting.size === 0 || !this.#mayOpen(nowMs)) return undefined;
    const { max, reserve, reserveAfterMs, agedAfterMs } = this.#pool.settings;
    const { size } = this.#backends;
    if (size >= max + reserve) return undefined;
    const { idle, opening, resetting, checking } = this.#backends.in;
    const soon = idle + opening + resetting + checking;
    const now = { agedAfterMs, nowMs };
    if (size < max) return this.#waiting.lines.areWaiting(soon + 1, 0, now) ? 'demand' : undefined;
    return this.#waiting.lines.areWaiting(soon + 1, reserveAfterMs, now) ? 'reserve' : undefined;
  }

  #mayOpen(nowMs: number): boolean {
    const openingMax = this.failure === undefined ? this.#pool.settings.openingMax : 1;
    return !this.#pool.isPaused && this.#backends.in.opening < openingMax && this.#backoff.isOver(nowMs);
  }

  #open(reason: ConnectReason, nowMs: number): void {
    const backend = new PooledBackend<C, B>(this.#around.nextId(), this.#pool, nowMs);
    this.#backends.add(backend, reason);
    this.#around.port.open(backend, reason);
  }
}
