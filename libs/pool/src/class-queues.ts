import type { ApplicationLimit } from './limits.ts';
import type { PooledClient } from './pooled-client.ts';
import { RoundRobin } from './round-robin.ts';
import type { SlotShares } from './slot-shares.ts';
import { WaitEstimate } from './wait-estimate.ts';
import { WaitQueue } from './wait-queue.ts';
import { workloadClasses, type WorkloadClass } from './workload-class.ts';

/** The waiting clients of one class. */
export interface ClassQueue<C, B> {
  readonly queue: WaitQueue<C, B>;
  readonly waitEstimate: WaitEstimate;
}

interface Aging {
  readonly agedAfterMs: number;
  readonly nowMs: number;
}

/**
 * The waiting clients of a pool by class, and which of them is next: admin first; then clients that have waited for `agedAfterMs`, in
 * the order of arrival over all classes; then the classes by turns. Within a class clients are served in the order of arrival, except
 * that those at the limit of their application are skipped.
 */
export class ClassQueues<C, B> {
  readonly of: Readonly<Record<WorkloadClass, ClassQueue<C, B>>>;
  readonly #shares: SlotShares;
  readonly #turns = new RoundRobin();
  #size = 0;

  constructor(shares: SlotShares) {
    this.#shares = shares;
    const newQueue = (): ClassQueue<C, B> => ({ queue: new WaitQueue(), waitEstimate: new WaitEstimate() });
    this.of = {
      interactive: newQueue(),
      vector: newQueue(),
      analytical: newQueue(),
      bulk: newQueue(),
      admin: newQueue(),
    };
  }

  get size(): number {
    return this.#size;
  }

  /** When the longest wait began; Infinity when no client waits. */
  get firstSinceMs(): number {
    let since = Infinity;
    for (const workClass of workloadClasses) since = Math.min(since, this.sinceMs(workClass));
    return since;
  }

  sinceMs(workClass: WorkloadClass): number {
    return this.of[workClass].queue.first?.waitingSinceMs ?? Infinity;
  }

  push(client: PooledClient<C, B>): void {
    this.of[client.workClass].queue.push(client);
    this.#size += 1;
  }

  remove(client: PooledClient<C, B>): void {
    const { queue, waitEstimate } = this.of[client.workClass];
    queue.remove(client);
    this.#size -= 1;
    if (queue.size === 0) waitEstimate.queueEmpty();
  }

  /** Removes the client that was `next` and got a backend. */
  served(client: PooledClient<C, B>, nowMs: number): void {
    this.of[client.workClass].waitEstimate.served(nowMs);
    this.#turns.served(client.workClass);
    this.remove(client);
  }

  next(agedAfterMs: number, nowMs: number): PooledClient<C, B> | undefined {
    if (this.#size === 0) return undefined;
    const admin = this.#firstOf('admin');
    if (admin !== undefined) return admin;
    const aged = nowMs - this.firstSinceMs >= agedAfterMs ? this.#oldest() : undefined;
    if (aged !== undefined && nowMs - aged.waitingSinceMs >= agedAfterMs) return aged;
    const turn = this.#turns.next((workClass) => this.#firstOf(workClass) !== undefined);
    return turn === undefined ? this.#firstStarved(agedAfterMs, nowMs) : this.#firstOf(turn);
  }

  /** Whether at least `number` clients have waited for `forMs` and could all be served if there were backends. */
  areWaiting(number: number, forMs: number, { agedAfterMs, nowMs }: Aging): boolean {
    let taken: Map<ApplicationLimit, number> | undefined;
    let others = this.#shares.roomOfOthers;
    let found = 0;
    for (const workClass of workloadClasses) {
      const isOther = this.#shares.room(workClass) !== Infinity;
      const own = Math.max(this.#shares.room(workClass), this.#isStarved(workClass, agedAfterMs, nowMs) ? 1 : 0);
      let room = Math.min(number - found, own, isOther ? others : Infinity);
      for (let client = this.of[workClass].queue.first; client !== undefined && room > 0; client = client.next) {
        if (nowMs - client.waitingSinceMs < forMs) break;
        const { application } = client;
        const more = taken?.get(application) ?? 0;
        if (application.held + more >= application.max) continue;
        if (application.max !== Infinity) (taken ??= new Map()).set(application, more + 1);
        room -= 1;
        found += 1;
        if (isOther) others -= 1;
      }
    }
    return found >= number;
  }

  /** The client that came first of those that may have a backend. */
  #oldest(): PooledClient<C, B> | undefined {
    let oldest: PooledClient<C, B> | undefined;
    for (const workClass of workloadClasses) {
      const first = this.#firstOf(workClass);
      if (first !== undefined && first.ticket < (oldest?.ticket ?? Infinity)) oldest = first;
    }
    return oldest;
  }

  /** The first client of a class that may have a backend. */
  #firstOf(workClass: WorkloadClass): PooledClient<C, B> | undefined {
    return this.#shares.mayHold(workClass) ? this.#firstWithinLimit(workClass) : undefined;
  }

  /** The first client of a class that got no backend for `agedAfterMs`: it may get one beyond the share of its class. */
  #firstStarved(agedAfterMs: number, nowMs: number): PooledClient<C, B> | undefined {
    for (const workClass of workloadClasses) {
      const first = this.#isStarved(workClass, agedAfterMs, nowMs) ? this.#firstWithinLimit(workClass) : undefined;
      if (first !== undefined) return first;
    }
    return undefined;
  }

  #isStarved(workClass: WorkloadClass, agedAfterMs: number, nowMs: number): boolean {
    const { queue, waitEstimate } = this.of[workClass];
    if (queue.first === undefined || !this.#shares.canLend) return false;
    return nowMs - Math.max(queue.first.waitingSinceMs, waitEstimate.servedAtMs ?? 0) >= agedAfterMs;
  }

  #firstWithinLimit(workClass: WorkloadClass): PooledClient<C, B> | undefined {
    for (let client = this.of[workClass].queue.first; client !== undefined; client = client.next) {
      if (!client.application.isReached) return client;
    }
    return undefined;
  }
}
