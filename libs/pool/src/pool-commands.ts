import type { PoolBackends } from './pool-backends.ts';
import type { PoolClosings, PoolClosingsOptions } from './pool-closings.ts';
import type { PoolOpenings } from './pool-openings.ts';
import type { Pool, PoolContext } from './pool.ts';
import type { PooledBackend } from './pooled-backend.ts';
import type { PooledClient } from './pooled-client.ts';
import type { DisconnectReason } from './reasons.ts';
import type { WaitingClients } from './waiting-clients.ts';

export interface PoolCommandsOptions<C, B> extends PoolClosingsOptions<C, B> {
  readonly closings: PoolClosings<C, B>;
}

/** The operator's commands on a pool: PAUSE, RESUME, RECONNECT, DRAIN, KILL. */
export class PoolCommands<C, B> {
  readonly #pool: Pool<C, B>;
  readonly #context: PoolContext<C, B>;
  readonly #backends: PoolBackends<C, B>;
  readonly #waiting: WaitingClients<C, B>;
  readonly #openings: PoolOpenings<C, B>;
  readonly #closings: PoolClosings<C, B>;
  #isPaused = false;
  #isDraining = false;

  constructor({ pool, context, backends, waiting, openings, closings }: PoolCommandsOptions<C, B>) {
    this.#pool = pool;
    this.#context = context;
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

  /** Stops granting backends. Called for all pools of a command first: otherwise one pool would open backends in places freed by another. */
  stop(): void {
    this.#isPaused = true;
  }

  pause(nowMs: number): void {
    this.stop();
    this.#closings.closeIdle('paused', nowMs);
  }

  /** Ends a pause and a drain; wait timeouts start anew. */
  resume(nowMs: number): void {
    this.#isDraining = false;
    if (!this.#isPaused) return;
    this.#isPaused = false;
    for (const client of this.#waiting.toArray()) client.timeoutFromMs = nowMs;
    this.#pool.grow(nowMs);
  }

  reconnect(nowMs: number): void {
    this.replace('reconnect', () => true, nowMs);
    this.endBackoff(nowMs);
  }

  /** Forgets failed logins and tries again. */
  endBackoff(nowMs: number): void {
    this.#openings.resetBackoff();
    this.#pool.grow(nowMs);
  }

  /** Closes the matching backends, each once no client has it. */
  replace(reason: DisconnectReason, matches: (backend: PooledBackend<C, B>) => boolean, nowMs: number): void {
    for (const backend of this.#backends.toArray().filter(matches)) {
      backend.closeAtCheckin ??= reason;
      if (backend.state === 'idle') this.#closings.close(backend, reason, nowMs);
    }
  }

  drain(nowMs: number): void {
    this.#isDraining = true;
    this.#closings.trim(nowMs);
    for (const client of [...this.#pool.clients]) this.moveIfFree(client);
  }

  /** While draining, asks the port to move a client that neither has a backend nor waits for one. */
  moveIfFree(client: PooledClient<C, B>): void {
    if (this.#isDraining && !client.isWaiting && client.backend === undefined && !client.hasLeft)
      this.#context.port.move(client);
  }

  kill(nowMs: number): void {
    this.stop();
    const clients = [...this.#pool.clients];
    for (const client of clients) {
      if (client.isWaiting) this.#waiting.remove(client);
      if (client.backend !== undefined) this.#pool.checkin(client, 'killed', nowMs);
    }
    this.#closings.closeAll('killed', nowMs);
    for (const client of clients) if (!client.hasLeft) this.#context.port.drop(client);
  }
}
