import type { PoolBackends } from './pool-backends.ts';
import type { PoolClosings, PoolClosingsOptions } from './pool-closings.ts';
import type { PoolOpenings } from './pool-openings.ts';
import type { Pool, PoolSurroundings } from './pool.ts';
import type { PooledBackend } from './pooled-backend.ts';
import type { PooledClient } from './pooled-client.ts';
import type { DisconnectReason } from './reasons.ts';
import type { WaitingClients } from './waiting-clients.ts';

export interface PoolCommandsOptions<C, B> extends PoolClosingsOptions<C, B> {
  readonly closings: PoolClosings<C, B>;
}

/** What an operator has told one pool to do: PAUSE, RESUME, RECONNECT, DRAIN, KILL. */
export class PoolCommands<C, B> {
  readonly #pool: Pool<C, B>;
  readonly #around: PoolSurroundings<C, B>;
  readonly #backends: PoolBackends<C, B>;
  readonly #waiting: WaitingClients<C, B>;
  readonly #openings: PoolOpenings<C, B>;
  readonly #closings: PoolClosings<C, B>;
  #isPaused = false;
  #isDraining = false;

  constructor({ pool, around, backends, waiting, openings, closings }: PoolCommandsOptions<C, B>) {
    this.#pool = pool;
    this.#around = around;
    this.#backends = backends;
    this.#waiting = waiting;
    this.#openings = openings;
    this.#closings = closings;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Nobody gets a backend from now on. First for all pools that a command concerns, or one would serve what another frees. */
  stop(): void {
    this.#isPaused = true;
  }

  pause(nowMs: number): void {
    this.stop();
    this.#closings.closeIdle('paused', nowMs);
  }

  /** Also calls off a drain. */
  resume(nowMs: number): void {
    this.#isDraining = false;
    if (!this.#isPaused) return;
    this.#isPaused = false;
    for (const client of this.#waiting.toArray()) client.countedFromMs = nowMs;
    this.#pool.grow(nowMs);
  }

  reconnect(nowMs: number): void {
    this.replace('reconnect', () => true, nowMs);
    this.tryAgain(nowMs);
  }

  /** What has failed so far says nothing about the next attempt. */
  tryAgain(nowMs: number): void {
    this.#openings.beginAnew();
    this.#pool.grow(nowMs);
  }

  /** Those backends are closed as soon as nobody has them. */
  replace(reason: DisconnectReason, isMeant: (backend: PooledBackend<C, B>) => boolean, nowMs: number): void {
    for (const backend of this.#backends.toArray().filter(isMeant)) {
      backend.closeAtCheckin ??= reason;
      if (backend.state === 'idle') this.#closings.close(backend, reason, nowMs);
    }
  }

  drain(nowMs: number): void {
    this.#isDraining = true;
    this.#closings.trim(nowMs);
    for (const client of [...this.#pool.clients]) this.moveOn(client);
  }

  /** A drained pool parts with a client as soon as it neither has a backend nor waits for one. */
  moveOn(client: PooledClient<C, B>): void {
    if (this.#isDraining && !client.isWaiting && client.backend === undefined && !client.hasLeft)
      this.#around.port.move(client);
  }

  kill(nowMs: number): void {
    this.stop();
    const clients = [...this.#pool.clients];
    for (const client of clients) {
      if (client.isWaiting) this.#waiting.stepOut(client);
      if (client.backend !== undefined) this.#pool.checkin(client, 'killed', nowMs);
    }
    this.#closings.closeAll('killed', nowMs);
    for (const client of clients) if (!client.hasLeft) this.#around.port.drop(client);
  }
}
