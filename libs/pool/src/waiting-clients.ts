import { ClassQueues, type ClassQueue } from './class-queues.ts';
import type { OpenFailure } from './login-backoff.ts';
import type { Rung } from './overload-ladder.ts';
import type { Counters } from './pool-figures.ts';
import type { PoolPort } from './pool-port.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { PooledClient } from './pooled-client.ts';
import type { Refusal } from './reasons.ts';
import type { SlotShares } from './slot-shares.ts';
import type { WaitEstimate } from './wait-estimate.ts';
import { workloadClasses, type WorkloadClass } from './workload-class.ts';

/** The state of a pool that decides how long its clients wait, and what they are told. */
export interface WaitTerms {
  readonly settings: PoolSettings;
  readonly rung: Rung;
  readonly isPaused: boolean;
  /** The last failed login, if backends cannot be opened at the moment. */
  readonly failure: OpenFailure | undefined;
  /** Some client has its own wait timeout, or counts an earlier wait: timeouts need not end in the order of arrival. */
  readonly hasOwnTimeouts: boolean;
}

export interface WaitingClientsOptions<C, B> {
  readonly shares: SlotShares;
  readonly terms: WaitTerms;
  readonly port: PoolPort<C, B>;
  /** All of them are incremented. */
  readonly counters: readonly Counters[];
  /** A client has begun to wait. */
  readonly onAdded: () => void;
  /** No client waits any more. */
  readonly onEmpty: () => void;
  /** Called after the port was told of a refusal. */
  readonly onRefused: (client: PooledClient<C, B>) => void;
}

/** The clients of a pool that wait for a backend: their queues, timeouts, notices and refusals. */
export class WaitingClients<C, B> {
  readonly queues: ClassQueues<C, B>;
  readonly #options: WaitingClientsOptions<C, B>;
  #tickets = 0;

  constructor(options: WaitingClientsOptions<C, B>) {
    this.#options = options;
    this.queues = new ClassQueues(options.shares);
  }

  get size(): number {
    return this.queues.size;
  }

  /** A snapshot: while it is iterated, some clients may stop waiting. */
  toArray(): readonly PooledClient<C, B>[] {
    return workloadClasses.flatMap((workClass) => [...this.queues.of[workClass].queue]);
  }

  add(client: PooledClient<C, B>, nowMs: number): void {
    client.waitingSinceMs = nowMs;
    client.timeoutFromMs = nowMs;
    client.isNotified = false;
    client.isWaiting = true;
    client.ticket = this.#tickets += 1;
    this.queues.push(client);
    this.#options.onAdded();
  }

  /** Ends the wait of a client without a backend. */
  remove(client: PooledClient<C, B>): void {
    this.queues.remove(client);
    this.#ended(client);
  }

  /** Ends the wait of the client that was `next` and gets a backend. */
  served(client: PooledClient<C, B>, nowMs: number): void {
    this.queues.served(client, nowMs);
    this.#ended(client);
  }

  refuse(client: PooledClient<C, B>, refusal: Refusal): void {
    const { counters, port, onRefused } = this.#options;
    this.remove(client);
    for (const one of counters) one.refusals[refusal.reason] += 1;
    port.refuse(client, refusal);
    onRefused(client);
  }

  /** Refuses the clients whose class is shed. */
  refuseShed(nowMs: number): void {
    for (const client of this.toArray()) {
      if (client.isWaiting && this.isShed(client.workClass)) this.refuse(client, this.shedRefusal(client, nowMs));
    }
  }

  /** Refuses all clients with the error of the upstream. */
  refuseAll(nowMs: number): void {
    const { terms } = this.#options;
    for (const client of this.toArray()) {
      if (!client.isWaiting) continue;
      const waitedMs = nowMs - client.waitingSinceMs;
      this.refuse(client, { reason: 'upstream', error: terms.failure?.error, waitedMs });
    }
  }

  isShed(workClass: WorkloadClass): boolean {
    return this.#options.terms.rung.isShedding && (workClass === 'analytical' || workClass === 'bulk');
  }

  shedRefusal(client: PooledClient<C, B>, nowMs: number): Refusal {
    const waitedMs = nowMs - client.waitingSinceMs;
    const { queue, waitEstimate } = this.queues.of[client.workClass];
    const etaMs = waitEstimate.etaMs(queue.size + 1);
    return { reason: 'shed', sqlstate: '53300', workClass: client.workClass, waitedMs, etaMs };
  }

  /** The refusal of a client that was just added, if more clients wait than may. */
  queueFullRefusal(client: PooledClient<C, B>): Refusal | undefined {
    if (this.queues.size <= this.#options.terms.settings.waitingMax) return undefined;
    const { queue, waitEstimate } = this.queues.of[client.workClass];
    const etaMs = waitEstimate.etaMs(queue.size);
    return { reason: 'queue_full', sqlstate: '53300', waitedMs: 0, position: queue.size, etaMs };
  }

  /** Applies timeouts and sends notices. */
  tick(nowMs: number): void {
    for (const workClass of workloadClasses) this.#tickQueue(this.queues.of[workClass], nowMs);
  }

  #tickQueue({ queue, waitEstimate }: ClassQueue<C, B>, nowMs: number): void {
    const { terms } = this.#options;
    const { waitTimeoutMs, pausedTimeoutMs, noticeAfterMs } = terms.settings;
    let position = 0;
    for (const client of queue) {
      if (!client.isWaiting) continue;
      const limitMs = terms.isPaused ? pausedTimeoutMs : (client.waitTimeoutMs ?? waitTimeoutMs);
      if (nowMs - client.timeoutFromMs >= limitMs) {
        this.refuse(client, this.#timeoutRefusal(client, waitEstimate, nowMs));
        continue;
      }
      position += 1;
      const isLong = nowMs - client.waitingSinceMs >= noticeAfterMs;
      if (!isLong && !terms.hasOwnTimeouts) break; // the clients behind it came later
      if (isLong && !client.isNotified) this.#notify(client, position, nowMs);
    }
  }

  #timeoutRefusal(client: PooledClient<C, B>, waitEstimate: WaitEstimate, nowMs: number): Refusal {
    const { isPaused, failure } = this.#options.terms;
    const waitedMs = nowMs - client.waitingSinceMs;
    if (isPaused) return { reason: 'paused', sqlstate: '57P03', waitedMs };
    if (failure !== undefined) return { reason: 'upstream', error: failure.error, waitedMs };
    return { reason: 'timeout', sqlstate: '53300', waitedMs, position: 1, etaMs: waitEstimate.etaMs(1) };
  }

  #notify(client: PooledClient<C, B>, position: number, nowMs: number): void {
    const { terms, port } = this.#options;
    client.isNotified = true;
    const { queue, waitEstimate } = this.queues.of[client.workClass];
    const cause = terms.isPaused ? 'paused' : terms.failure === undefined ? 'busy' : 'upstream';
    const etaMs = cause === 'busy' ? waitEstimate.etaMs(position) : undefined;
    const waitedMs = nowMs - client.waitingSinceMs;
    port.notice(client, { position, waiting: queue.size, waitedMs, etaMs, cause });
  }

  #ended(client: PooledClient<C, B>): void {
    client.isWaiting = false;
    if (this.queues.size === 0) this.#options.onEmpty();
  }
}
