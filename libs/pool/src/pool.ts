import { clientState } from './errors.ts';
import { Checkouts } from './checkouts.ts';
import type { ApplicationLimit, SharedLimit } from './limits.ts';
import { PoolClosings } from './pool-closings.ts';
import { PoolCommands } from './pool-commands.ts';
import { PoolOpenings } from './pool-openings.ts';
import type { OpenFailure } from './login-backoff.ts';
import { patienceMinMs, type LoadFigures, type Rung } from './overload-ladder.ts';
import { PoolBackends, reasonOfLoss } from './pool-backends.ts';
import { classGauges, Counters, waitOf, type PoolFigures } from './pool-figures.ts';
import { titleOf, type PoolName } from './pool-policy.ts';
import type { PoolPort } from './pool-port.ts';
import type { Clamp, PoolSettings } from './pool-settings.ts';
import type { PooledBackend } from './pooled-backend.ts';
import type { PooledClient } from './pooled-client.ts';
import type { CheckinFate, Refusal } from './reasons.ts';
import { growBlocked, makeRoom } from './shared-slots.ts';
import { SlotShares, slotCaps } from './slot-shares.ts';
import { WaitingClients, type WaitTerms } from './waiting-clients.ts';
import type { WorkloadClass } from './workload-class.ts';

/** A queue that has existed for less than this is a burst, not overload. */
const burstMs = 1_000;

/** What all pools of a proxy share. */
export interface PoolContext<C, B> {
  readonly port: PoolPort<C, B>;
  readonly counters: Counters;
  /** Pools in which a client waits. */
  readonly waiting: Set<Pool<C, B>>;
  /** The current rung of the overload ladder. */
  rung(): Rung;
  jitter(): number;
  nextId(): number;
}

/** The backends of one database with one login, and the clients that share them. Called by `Pools`, which documents the methods. */
export class Pool<C, B> implements WaitTerms {
  readonly title: string;
  readonly clients = new Set<PooledClient<C, B>>();
  hasOwnTimeouts = false;
  /** Its minimum stays open without clients too. */
  isKeptOpen = false;
  readonly commands: PoolCommands<C, B>;
  #name: PoolName;
  readonly #counters = new Counters();
  readonly #context: PoolContext<C, B>;
  readonly #backends: PoolBackends<C, B>;
  readonly #openings: PoolOpenings<C, B>;
  readonly #closings: PoolClosings<C, B>;
  readonly #shares: SlotShares;
  readonly #checkouts: Checkouts<C, B>;
  readonly #waiting: WaitingClients<C, B>;
  #settings: PoolSettings;
  #rung: Rung;
  #clamps: readonly Clamp[];

  constructor(
    name: PoolName,
    limits: readonly SharedLimit<C, B>[],
    context: PoolContext<C, B>,
    given: { readonly settings: PoolSettings; readonly clamps: readonly Clamp[] },
  ) {
    this.#name = name;
    this.title = titleOf(name);
    this.#context = context;
    this.#settings = given.settings;
    this.#rung = context.rung();
    this.#clamps = given.clamps;
    this.#shares = new SlotShares(slotCaps(given.settings, this.#rung.isShrunk));
    this.#checkouts = new Checkouts(this.title, this.#shares);
    const counters = [this.#counters, context.counters];
    this.#backends = new PoolBackends(limits, counters);
    this.#waiting = new WaitingClients<C, B>({
      shares: this.#shares,
      terms: this,
      port: context.port,
      counters,
      onAdded: () => context.waiting.add(this),
      onEmpty: () => this.#onNoneWaiting(),
      onRefused: (client) => this.commands.moveIfFree(client),
    });
    const parts = { pool: this, context, backends: this.#backends, waiting: this.#waiting };
    this.#openings = new PoolOpenings(parts);
    this.#closings = new PoolClosings({ ...parts, openings: this.#openings });
    this.commands = new PoolCommands({ ...parts, openings: this.#openings, closings: this.#closings });
  }

  get name(): PoolName {
    return this.#name;
  }

  get limits(): readonly SharedLimit<C, B>[] {
    return this.#backends.limits;
  }

  get settings(): PoolSettings {
    return this.#settings;
  }

  /** Settings that were lowered to fit a limit; a client is told at its login. */
  get clamps(): readonly Clamp[] {
    return this.#clamps;
  }

  get rung(): Rung {
    return this.#rung;
  }

  /** Backends that are kept open even if unused. */
  get minimum(): number {
    const isWanted = this.clients.size > 0 || this.isKeptOpen;
    return isWanted && !this.isDraining ? this.#settings.min : 0;
  }

  get failure(): OpenFailure | undefined {
    return this.#openings.failure;
  }

  get isPaused(): boolean {
    return this.commands.isPaused;
  }

  get isDraining(): boolean {
    return this.commands.isDraining;
  }

  /** Backends, those opening and closing included. */
  get size(): number {
    return this.#backends.size;
  }

  /** Whether a PAUSE or DRAIN has finished. */
  get isCommandDone(): boolean {
    return this.#backends.size === 0 && (!this.isDraining || this.clients.size === 0);
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether a checkout of this client, which has no backend, needs no other client to check in first. */
  hasRoomFor(client: PooledClient<C, B>): boolean {
    if (this.isPaused || this.isDraining || this.#openings.isHopeless || !this.#checkouts.mayCheckOut(client))
      return false;
    if (this.#backends.idle.size > 0) return true;
    return this.clients.size <= this.#settings.max && !this.limits.some((limit) => limit.isFull);
  }

  get oldestWaitSinceMs(): number {
    return this.#waiting.queues.firstSinceMs;
  }

  /** O(1) and without allocation if a backend is idle. */
  checkout(client: PooledClient<C, B>, workClass: WorkloadClass, nowMs: number): PooledBackend<C, B> | undefined {
    if (client.backend !== undefined) throw clientState(this.title, 'asked for a second backend');
    if (client.isWaiting || client.hasLeft) throw clientState(this.title, 'asked while it waits, or after it left');
    client.workClass = workClass;
    // A client that waits while a backend is idle may not have it (its share or limit is used up), so this overtakes no client.
    const mustWait = this.isPaused || !this.#checkouts.mayCheckOut(client);
    const backend = mustWait ? undefined : this.#backends.idle.take(this.#settings.isInTurn);
    if (backend === undefined) this.#wait(client, nowMs);
    else this.#give(backend, client, nowMs);
    return backend;
  }

  checkin(client: PooledClient<C, B>, fate: CheckinFate, nowMs: number): void {
    const backend = client.backend;
    if (backend === undefined) throw clientState(this.title, 'gave back a backend that it does not have');
    const { application } = client;
    const wasReached = application.isReached;
    this.#checkouts.checkIn(backend, client);
    backend.idleSinceMs = nowMs;
    backend.lastAnswerAtMs = nowMs;
    if (fate === 'clean') this.#reuseOrClose(backend, nowMs);
    else if (fate !== 'reset') this.#closings.close(backend, fate, nowMs);
    else this.#reset(backend, nowMs);
    if (wasReached) this.#applicationFreed(nowMs);
    if (this.#waiting.size > 0) this.serve(nowMs); // a slot of the class has become free
    if (this.isDraining && !client.hasLeft) this.#context.port.move(client);
  }

  leave(client: PooledClient<C, B>, nowMs: number): void {
    if (client.hasLeft) return;
    client.hasLeft = true;
    this.clients.delete(client);
    client.application.clients -= 1;
    if (client.isWaiting) this.#waiting.remove(client);
    if (client.backend !== undefined) this.checkin(client, 'client_lost', nowMs);
    if (this.isDraining) this.#closings.trim(nowMs);
  }

  stopWaiting(client: PooledClient<C, B>): void {
    if (client.isWaiting) this.#waiting.remove(client);
    this.commands.moveIfFree(client);
  }

  pin(client: PooledClient<C, B>): void {
    this.#checkouts.pin(client);
  }

  unpin(client: PooledClient<C, B>): void {
    this.#checkouts.unpin(client);
  }

  changeClass(client: PooledClient<C, B>, workClass: WorkloadClass, nowMs: number): void {
    if (client.backend === undefined || client.workClass === workClass) return;
    this.#checkouts.changeClass(client, workClass);
    if (this.#waiting.size > 0) this.serve(nowMs);
  }

  setIdleInTransaction(client: PooledClient<C, B>, isIdle: boolean, nowMs: number): void {
    if (client.backend === undefined || client.isIdleInTransaction === isIdle) return;
    if (!isIdle) return this.#checkouts.setRunning(client);
    this.#checkouts.setIdleInTransaction(client);
    if (this.#waiting.size > 0) this.serve(nowMs);
  }

  rename(client: PooledClient<C, B>, application: ApplicationLimit, nowMs: number): void {
    const held = client.backend === undefined ? 0 : 1;
    client.application.clients -= 1;
    client.application.held -= held;
    client.application = application;
    application.clients += 1;
    application.held += held;
    this.#applicationFreed(nowMs);
  }

  opened(backend: PooledBackend<C, B>, nowMs: number): void {
    if (backend.state !== 'opening') return;
    const { lifetimeMs, lifetimeJitter } = this.#settings;
    this.#openings.resetBackoff();
    backend.openedAtMs = nowMs;
    backend.lifetimeEndsAtMs = nowMs + lifetimeMs * (1 - lifetimeJitter * this.#context.jitter());
    backend.idleSinceMs = nowMs;
    backend.lastAnswerAtMs = nowMs;
    this.#reuseOrClose(backend, nowMs);
    this.grow(nowMs);
  }

  openFailed(backend: PooledBackend<C, B>, failure: OpenFailure, nowMs: number): void {
    if (backend.state !== 'opening') return;
    this.#backends.count('login_failed');
    this.#openings.failed(failure, nowMs);
    if (failure.isFull === true && this.hasWaiting) makeRoom(this, nowMs);
    this.#removeBackend(backend, nowMs);
    this.#giveUpIfHopeless(nowMs);
  }

  resetDone(backend: PooledBackend<C, B>, isOk: boolean, nowMs: number): void {
    if (backend.state !== 'resetting') return;
    backend.lastAnswerAtMs = nowMs;
    backend.idleSinceMs = nowMs;
    if (isOk) this.#reuseOrClose(backend, nowMs);
    else this.#closings.close(backend, 'reset_failed', nowMs);
  }

  checked(backend: PooledBackend<C, B>, isOk: boolean, nowMs: number): void {
    if (backend.state !== 'checking') return;
    backend.lastAnswerAtMs = nowMs;
    if (isOk) this.#reuseOrClose(backend, nowMs);
    else this.#closings.close(backend, 'check_failed', nowMs);
  }

  closed(backend: PooledBackend<C, B>, nowMs: number): void {
    if (backend.state === 'closed') return;
    if (backend.state === 'opening') return this.openFailed(backend, { error: undefined, isTransient: true }, nowMs);
    const { client } = backend;
    const wasReached = client?.application.isReached === true;
    if (backend.state === 'idle') this.#backends.idle.remove(backend);
    if (client !== undefined) this.#checkouts.checkIn(backend, client);
    if (backend.state !== 'closing') this.#backends.count(reasonOfLoss(backend.state));
    this.#removeBackend(backend, nowMs);
    this.#giveUpIfHopeless(nowMs);
    if (wasReached) this.#applicationFreed(nowMs);
    if (client !== undefined && this.#waiting.size > 0) this.serve(nowMs);
    if (client !== undefined) this.#context.port.lost(client);
  }

  /** Renames the pool, so that its clients use another upstream from their next checkout on. */
  move(name: PoolName, limits: readonly SharedLimit<C, B>[], nowMs: number): void {
    this.#name = name;
    this.#backends.setLimits(limits);
    this.commands.reconnect(nowMs);
  }

  reload(given: { readonly settings: PoolSettings; readonly clamps: readonly Clamp[] }, nowMs: number): void {
    this.#settings = given.settings;
    this.#clamps = given.clamps;
    this.#shares.set(slotCaps(given.settings, this.#rung.isShrunk));
    this.#closings.trim(nowMs);
  }

  /** Applies another rung of the overload ladder: adjusts the shares, and refuses waiting clients whose class is shed. */
  stepTo(rung: Rung, nowMs: number): void {
    this.#rung = rung;
    this.#shares.set(slotCaps(this.#settings, rung.isShrunk));
    this.#waiting.refuseShed(nowMs);
    this.serve(nowMs);
  }

  /** Gives idle backends to waiting clients that may have them, then opens the backends that are still needed. */
  serve(nowMs: number): void {
    const { idle } = this.#backends;
    while (idle.size > 0 && !this.isPaused) {
      const client = this.#next(nowMs);
      const backend = client === undefined ? undefined : idle.take(this.#settings.isInTurn);
      if (client === undefined || backend === undefined) break;
      this.#grant(backend, client, nowMs);
    }
    this.grow(nowMs);
  }

  /** Opens the backends that waiting clients need and the limits allow. */
  grow(nowMs: number): void {
    this.#openings.grow(nowMs);
  }

  /** Everything that depends on time: wait timeouts and notices, backend timeouts, lifetimes, health checks, the minimum, ended backoffs. */
  tick(nowMs: number): void {
    this.#waiting.tick(nowMs);
    this.#closings.tick(nowMs);
    this.#openings.openMinimum(nowMs);
    if (this.#waiting.size > 0) this.serve(nowMs);
  }

  figures(nowMs: number): PoolFigures {
    const { opening, idle, active, resetting, checking, closing } = this.#backends.in;
    const { queues } = this.#waiting;
    return {
      name: this.name,
      settings: this.#settings,
      clamps: this.#clamps,
      isPaused: this.isPaused,
      isDraining: this.isDraining,
      isFailing: this.failure !== undefined,
      clients: this.clients.size,
      waiting: queues.size,
      longestWaitMs: waitOf(this.oldestWaitSinceMs, nowMs),
      classes: classGauges(queues, this.#shares, nowMs),
      opening,
      idle,
      active,
      resetting,
      checking,
      closing,
      pinned: this.#checkouts.pinned,
      counts: this.#counters.copy(),
    };
  }

  /** Figures for the overload ladder; undefined while the pool is paused or cannot log in, which shedding load would not help. */
  load(nowMs: number): Omit<LoadFigures, 'memoryUse'> | undefined {
    if (this.isPaused || this.failure !== undefined) return undefined;
    const { max, waitingMax, waitTimeoutMs } = this.#settings;
    const interactiveWaitMs = waitOf(this.#waiting.queues.sinceMs('interactive'), nowMs);
    return {
      poolUse: this.#backends.in.active / max,
      interactiveWaitMs,
      patienceUse: interactiveWaitMs / Math.max(waitTimeoutMs, patienceMinMs),
      // Ignores bursts.
      queueUse: waitOf(this.oldestWaitSinceMs, nowMs) < burstMs ? 0 : this.#waiting.size / Math.max(1, waitingMax),
    };
  }

  backends(): readonly PooledBackend<C, B>[] {
    return this.#backends.toArray();
  }

  /** Closes the backend that was idle for longest, to free its place for another pool. */
  evictOldestIdle(nowMs: number): void {
    const { oldest } = this.#backends.idle;
    if (oldest !== undefined) this.#closings.close(oldest, 'evicted', nowMs);
  }

  get oldestIdleSinceMs(): number {
    return this.#backends.idle.oldest?.idleSinceMs ?? Infinity;
  }

  #wait(client: PooledClient<C, B>, nowMs: number): void {
    this.#waiting.add(client, nowMs);
    const refusal = this.#refusalAtOnce(client, nowMs);
    if (refusal === undefined) this.grow(nowMs);
    else this.#waiting.refuse(client, refusal);
  }

  #refusalAtOnce(client: PooledClient<C, B>, nowMs: number): Refusal | undefined {
    if (this.#waiting.isShed(client.workClass)) return this.#waiting.shedRefusal(client, nowMs);
    if (this.#openings.isHopelessUntilLater(nowMs))
      return { reason: 'upstream', error: this.failure?.error, waitedMs: 0 };
    return this.#waiting.queueFullRefusal(client);
  }

  #onNoneWaiting(): void {
    this.#context.waiting.delete(this);
    for (const limit of this.limits) limit.blocked.delete(this);
  }

  /** The client to serve next; undefined if none waits that may have a backend. */
  #next(nowMs: number): PooledClient<C, B> | undefined {
    return this.#waiting.queues.next(this.#settings.agedAfterMs, nowMs);
  }

  /** Closes a backend that no client has, grants it to the next client, or leaves it idle. */
  #reuseOrClose(backend: PooledBackend<C, B>, nowMs: number): void {
    const next = this.#next(nowMs);
    const reason = this.#closings.reasonToClose(backend, next, nowMs);
    if (reason !== undefined) return this.#closings.close(backend, reason, nowMs);
    if (next !== undefined) return this.#grant(backend, next, nowMs);
    this.#backends.setIdle(backend, nowMs);
  }

  #grant(backend: PooledBackend<C, B>, client: PooledClient<C, B>, nowMs: number): void {
    this.#waiting.served(client, nowMs);
    this.#give(backend, client, nowMs);
    this.#context.port.grant(client, backend);
  }

  #give(backend: PooledBackend<C, B>, client: PooledClient<C, B>, nowMs: number): void {
    this.#backends.setState(backend, 'active', nowMs);
    this.#checkouts.checkOut(backend, client);
  }

  #reset(backend: PooledBackend<C, B>, nowMs: number): void {
    const reason = this.#closings.reasonToClose(backend, undefined, nowMs);
    // Whether it is surplus or must be evicted is decided after the reset: a client may want it by then.
    if (reason !== undefined && reason !== 'evicted' && reason !== 'surplus')
      return this.#closings.close(backend, reason, nowMs);
    this.#backends.setState(backend, 'resetting', nowMs);
    this.#context.port.reset(backend);
  }

  #giveUpIfHopeless(nowMs: number): void {
    if (this.#openings.isHopeless && !this.isPaused) this.#waiting.refuseAll(nowMs);
  }

  #removeBackend(backend: PooledBackend<C, B>, nowMs: number): void {
    this.#backends.remove(backend, nowMs);
    growBlocked(this, nowMs);
  }

  /** The application has fallen below its limit: serves all pools, as its clients may wait in any of them. */
  #applicationFreed(nowMs: number): void {
    for (const pool of [...this.#context.waiting]) pool.serve(nowMs);
  }
}
