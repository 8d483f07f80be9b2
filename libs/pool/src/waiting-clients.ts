import { ClassLines, type ClassLine } from './class-lines.ts';
import type { OpenFailure } from './login-backoff.ts';
import type { Rung } from './overload-ladder.ts';
import type { Counters } from './pool-figures.ts';
import type { PoolPort } from './pool-port.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { PooledClient } from './pooled-client.ts';
import type { Refusal } from './reasons.ts';
import type { SlotShares } from './slot-shares.ts';
import type { Turnover } from './turnover.ts';
import { workloadClasses, type WorkloadClass } from './workload-class.ts';

/** What decides how long clients of a pool wait, and what they are told. */
export interface WaitTerms {
  readonly settings: PoolSettings;
  readonly rung: Rung;
  readonly isPaused: boolean;
  /** Why backends cannot be opened at the moment. */
  readonly failure: OpenFailure | undefined;
  /** Some client has a wait timeout of its own, or has waited elsewhere before: who came later may have to go earlier. */
  readonly hasOwnTimeouts: boolean;
}

export interface WaitingClientsOptions<C, B> {
  readonly shares: SlotShares;
  readonly terms: WaitTerms;
  readonly port: PoolPort<C, B>;
  /** Every one of them counts. */
  readonly counters: readonly Counters[];
  readonly firstCame: () => void;
  readonly lastWent: () => void;
  /** Somebody was refused, and has been told. */
  readonly refused: (client: PooledClient<C, B>) => void;
}

/** The clients of one pool that wait for a backend: how they come and go, and what is said to those who wait long or in vain. */
export class WaitingClients<C, B> {
  readonly lines: ClassLines<C, B>;
  readonly #options: WaitingClientsOptions<C, B>;
  #tickets = 0;

  constructor(options: WaitingClientsOptions<C, B>) {
    this.#options = options;
    this.lines = new ClassLines(options.shares);
  }

  get size(): number {
    return this.lines.size;
  }

  /** As they are now; some may be gone when their turn comes. */
  toArray(): readonly PooledClient<C, B>[] {
    return workloadClasses.flatMap((workClass) => [...this.lines.of[workClass].line]);
  }

  enter(client: PooledClient<C, B>, nowMs: number): void {
    client.waitingSinceMs = nowMs;
    client.countedFromMs = nowMs;
    client.isNotified = false;
    client.isWaiting = true;
    client.ticket = this.#tickets += 1;
    this.lines.push(client);
    this.#options.firstCame();
  }

  /** Goes without a backend. */
  stepOut(client: PooledClient<C, B>): void {
    this.lines.remove(client);
    this.#ends(client);
  }

  /** Was next, and gets a backend now. */
  served(client: PooledClient<C, B>, nowMs: number): void {
    this.lines.served(client, nowMs);
    this.#ends(client);
  }

  refuse(client: PooledClient<C, B>, refusal: Refusal): void {
    const { counters, port, refused } = this.#options;
    this.stepOut(client);
    for (const one of counters) one.refusals[refusal.reason] += 1;
    port.refuse(client, refusal);
    refused(client);
  }

  /** Those of classes that are not taken any more. */
  refuseShed(nowMs: number): void {
    for (const client of this.toArray()) {
      if (client.isWaiting && this.isShed(client.workClass)) this.refuse(client, this.shedding(client, nowMs));
    }
  }

  /** Nobody will be served soon. */
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

  shedding(client: PooledClient<C, B>, nowMs: number): Refusal {
    const waitedMs = nowMs - client.waitingSinceMs;
    const { line, turnover } = this.lines.of[client.workClass];
    const etaMs = turnover.etaMs(line.size + 1);
    return { reason: 'shed', sqlstate: '53300', workClass: client.workClass, waitedMs, etaMs };
  }

  /** Why the one who came last may not wait as well; undefined when he may. */
  overfull(client: PooledClient<C, B>): Refusal | undefined {
    if (this.lines.size <= this.#options.terms.settings.waitingMax) return undefined;
    const { line, turnover } = this.lines.of[client.workClass];
    const etaMs = turnover.etaMs(line.size);
    return { reason: 'queue_full', sqlstate: '53300', waitedMs: 0, position: line.size, etaMs };
  }

  /** Deadlines and notices. */
  tick(nowMs: number): void {
    for (const workClass of workloadClasses) this.#tickLine(this.lines.of[workClass], nowMs);
  }

  #tickLine({ line, turnover }: ClassLine<C, B>, nowMs: number): void {
    const { terms } = this.#options;
    const { waitTimeoutMs, pausedTimeoutMs, noticeAfterMs } = terms.settings;
    let position = 0;
    for (const client of line) {
      if (!client.isWaiting) continue;
      const limitMs = terms.isPaused ? pausedTimeoutMs : (client.waitTimeoutMs ?? waitTimeoutMs);
      if (nowMs - client.countedFromMs >= limitMs) {
        this.refuse(client, this.#lateRefusal(client, turnover, nowMs));
        continue;
      }
      position += 1;
      const isLong = nowMs - client.waitingSinceMs >= noticeAfterMs;
      if (!isLong && !terms.hasOwnTimeouts) break; // those behind came later
      if (isLong && !client.isNotified) this.#notify(client, position, nowMs);
    }
  }

  #lateRefusal(client: PooledClient<C, B>, turnover: Turnover, nowMs: number): Refusal {
    const { isPaused, failure } = this.#options.terms;
    const waitedMs = nowMs - client.waitingSinceMs;
    if (isPaused) return { reason: 'paused', sqlstate: '57P03', waitedMs };
    if (failure !== undefined) return { reason: 'upstream', error: failure.error, waitedMs };
    return { reason: 'timeout', sqlstate: '53300', waitedMs, position: 1, etaMs: turnover.etaMs(1) };
  }

  #notify(client: PooledClient<C, B>, position: number, nowMs: number): void {
    const { terms, port } = this.#options;
    client.isNotified = true;
    const { line, turnover } = this.lines.of[client.workClass];
    const cause = terms.isPaused ? 'paused' : terms.failure === undefined ? 'busy' : 'upstream';
    const etaMs = cause === 'busy' ? turnover.etaMs(position) : undefined;
    const waitedMs = nowMs - client.waitingSinceMs;
    port.notice(client, { position, waiting: line.size, waitedMs, etaMs, cause });
  }

  #ends(client: PooledClient<C, B>): void {
    client.isWaiting = false;
    if (this.lines.size === 0) this.#options.lastWent();
  }
}
