import type { OpenFailure } from './login-backoff.ts';
import { Pool, type PoolContext } from './pool.ts';
import { rungs, type LoadFigures, type Rung } from './overload-ladder.ts';
import { Counters, sumOf, type PoolFigures, type PoolTotals } from './pool-figures.ts';
import { isInScope, nameKey, type PoolName, type PoolPolicy, type PoolScope } from './pool-policy.ts';
import type { PoolPort } from './pool-port.ts';
import type { Clamp } from './pool-settings.ts';
import type { PooledBackend } from './pooled-backend.ts';
import { PooledClient } from './pooled-client.ts';
import type { CheckinFate } from './reasons.ts';
import { settingsWithinLimits, SharedLimits, type LimitFigures } from './shared-limits.ts';
import type { WorkloadClass } from './workload-class.ts';

/** A command that stays in force. */
type Command = 'paused' | 'draining';

/**
 * All pools of a proxy: a state machine without clock or I/O. Every call gets the time `nowMs`, in ms of a monotonic clock. I/O is done
 * by the port, whose methods are called from within calls of this class and may call it back.
 *
 * Life of a client: `join`, then `checkout` and `checkin` for each transaction, finally `leave`.
 * Life of a backend: the port is asked to `open` it and calls `opened` or `openFailed`; `closed` may come at any time.
 * Call `tick` about every 100 ms; timeouts are only that exact.
 *
 * A late answer (a health check that ends after its timeout) is ignored.
 */
export class Pools<C, B> {
  readonly #pools = new Map<string, Pool<C, B>>();
  readonly #limits: SharedLimits<C, B>;
  /** Commands that also apply to pools created later; the last matching one wins, and `undefined` is a RESUME. */
  readonly #commands: { readonly scope: PoolScope; readonly what: Command | undefined }[] = [];
  readonly #context: PoolContext<C, B>;
  #policy: PoolPolicy;
  #rung: Rung = rungs[0];
  #lastId = 0;

  /** @param jitter returns a number in [0, 1) that spreads lifetimes and login attempts; seed it to repeat a run */
  constructor(options: { readonly policy: PoolPolicy; readonly port: PoolPort<C, B>; readonly jitter: () => number }) {
    this.#policy = options.policy;
    this.#limits = new SharedLimits(options.policy);
    this.#context = {
      port: options.port,
      counters: new Counters(),
      waiting: new Set(),
      rung: () => this.#rung,
      jitter: options.jitter,
      nextId: () => (this.#lastId += 1),
    };
    this.#setKeptOpen(options.policy.keptOpen);
  }

  /** Adds a client that has logged in, and creates its pool if needed. The client should be told of `pool.clamps`. */
  join(name: PoolName, application: string, handle: C): PooledClient<C, B> {
    const pool = this.#poolOf(name);
    const limit = this.#limits.applicationOf(application);
    const client = new PooledClient<C, B>(pool, handle, limit);
    limit.clients += 1;
    pool.clients.add(client);
    return client;
  }

  /** Removes a client and ends its wait. A backend that it still has is closed (`client_lost`): to keep it, check it in as `reset` first. */
  leave(client: PooledClient<C, B>, nowMs: number): void {
    client.pool.leave(client, nowMs);
    this.#limits.left(client.application);
  }

  /**
   * Gives the client a backend until `checkin`. Undefined: the client waits, and the wait ends with `grant` or `refuse` of the port,
   * possibly before this returns.
   * @throws CodedError POOL_CLIENT_STATE the client has a backend, waits for one or has left
   */
  checkout(client: PooledClient<C, B>, workClass: WorkloadClass, nowMs: number): PooledBackend<C, B> | undefined {
    return client.pool.checkout(client, workClass, nowMs);
  }

  /**
   * Returns the client's backend to its pool: at the end of a transaction, statement or session, by the pool mode.
   * @throws CodedError POOL_CLIENT_STATE the client has no backend
   */
  checkin(client: PooledClient<C, B>, fate: CheckinFate, nowMs: number): void {
    client.pool.checkin(client, fate, nowMs);
  }

  /** Ends the wait of a client (its request was cancelled) without `grant` or `refuse`. */
  stopWaiting(client: PooledClient<C, B>): void {
    client.pool.stopWaiting(client);
  }

  /** Counts the client's backend as pinned: it is not checked in between transactions. Ends with `unpin` or the check-in. */
  pin(client: PooledClient<C, B>): void {
    client.pool.pin(client);
  }

  unpin(client: PooledClient<C, B>): void {
    client.pool.unpin(client);
  }

  /** Sets the wait timeout of a client; undefined: that of its pool. During a PAUSE, `pausedTimeoutMs` applies instead. */
  setWaitTimeout(client: PooledClient<C, B>, waitTimeoutMs: number | undefined): void {
    client.waitTimeoutMs = waitTimeoutMs;
    if (waitTimeoutMs !== undefined) client.pool.hasOwnTimeouts = true;
  }

  /** Sets an earlier begin of a client's wait: it continues that of another client. */
  backdateWait(client: PooledClient<C, B>, sinceMs: number): void {
    if (!client.isWaiting) return;
    client.waitingSinceMs = sinceMs;
    client.timeoutFromMs = sinceMs;
    client.pool.hasOwnTimeouts = true;
  }

  /** Changes the class of the client's current checkout. The client keeps its backend even if that exceeds the share of the class. */
  changeClass(client: PooledClient<C, B>, workClass: WorkloadClass, nowMs: number): void {
    client.pool.changeClass(client, workClass, nowMs);
  }

  /** Marks the client's transaction as idle (no statement runs) or not; an idle one does not count against the share of its class. */
  setIdleInTransaction(client: PooledClient<C, B>, isIdle: boolean, nowMs: number): void {
    client.pool.setIdleInTransaction(client, isIdle, nowMs);
  }

  /** Changes the application name of a client, and thereby its application limit. */
  setApplication(client: PooledClient<C, B>, application: string, nowMs: number): void {
    const old = client.application;
    if (old.application === application) return;
    client.pool.rename(client, this.#limits.applicationOf(application), nowMs);
    this.#limits.left(old);
  }

  opened(backend: PooledBackend<C, B>, nowMs: number): void {
    backend.pool.opened(backend, nowMs);
  }

  /** The connection or the login failed. The backend is removed; `closed` need not follow. */
  openFailed(backend: PooledBackend<C, B>, failure: OpenFailure, nowMs: number): void {
    backend.pool.openFailed(backend, failure, nowMs);
  }

  resetDone(backend: PooledBackend<C, B>, isOk: boolean, nowMs: number): void {
    backend.pool.resetDone(backend, isOk, nowMs);
  }

  checked(backend: PooledBackend<C, B>, isOk: boolean, nowMs: number): void {
    backend.pool.checked(backend, isOk, nowMs);
  }

  /** The connection has ended: by `PoolPort.close` or by the upstream. */
  closed(backend: PooledBackend<C, B>, nowMs: number): void {
    backend.pool.closed(backend, nowMs);
  }

  tick(nowMs: number): void {
    for (const [key, pool] of this.#pools) {
      pool.tick(nowMs);
      if (pool.clients.size === 0 && pool.size === 0 && pool.minimum === 0) this.#forget(key, pool);
    }
  }

  /** PAUSE: closes each backend once no client has it; clients wait until RESUME. `isCommandDone` tells when it has finished. */
  pause(scope: PoolScope, nowMs: number): void {
    this.#recordCommand(scope, 'paused');
    const pools = this.#poolsIn(scope);
    for (const pool of pools) pool.commands.stop();
    for (const pool of pools) pool.commands.pause(nowMs);
  }

  /** Ends PAUSE, KILL and DRAIN of these pools. */
  resume(scope: PoolScope, nowMs: number): void {
    this.#recordCommand(scope, undefined);
    for (const pool of this.#poolsIn(scope)) pool.commands.resume(nowMs);
  }

  /** RECONNECT: replaces each backend once no client has it. */
  reconnect(scope: PoolScope, nowMs: number): void {
    for (const pool of this.#poolsIn(scope)) pool.commands.reconnect(nowMs);
  }

  /** The upstream accepts connections again: ends the login backoff of its pools. */
  endBackoff(upstream: string, nowMs: number): void {
    for (const pool of this.#pools.values()) if (pool.name.upstream === upstream) pool.commands.endBackoff(nowMs);
  }

  /** Replaces backends connected to an address that the upstream no longer has, each once no client has it. */
  replaceMoved(hasMoved: (backend: PooledBackend<C, B>) => boolean, nowMs: number): void {
    for (const pool of this.#pools.values()) pool.commands.replace('moved', hasMoved, nowMs);
  }

  /** Closes the backends of matching pools that have no client other than `except`; their minimum is no longer kept. */
  closeWithoutClients(matches: (name: PoolName) => boolean, except: PooledClient<C, B>, nowMs: number): void {
    for (const pool of this.#pools.values()) {
      const others = pool.clients.size - (pool.clients.has(except) ? 1 : 0);
      if (others > 0 || !matches(pool.name)) continue;
      pool.isKeptOpen = false;
      pool.commands.reconnect(nowMs);
    }
  }

  /**
   * DRAIN, for roll-outs: asks the port to `move` each client once it has no backend; until it leaves, it is served. Backends are closed
   * as the clients leave. `isCommandDone` tells when all have left.
   */
  drain(scope: PoolScope, nowMs: number): void {
    this.#recordCommand(scope, 'draining');
    for (const pool of this.#poolsIn(scope)) pool.commands.drain(nowMs);
  }

  /** KILL: drops the clients and backends of these pools at once; later clients wait until RESUME. */
  kill(scope: PoolScope, nowMs: number): void {
    this.#recordCommand(scope, 'paused');
    const pools = this.#poolsIn(scope);
    for (const pool of pools) pool.commands.stop();
    for (const pool of pools) pool.commands.kill(nowMs);
  }

  /** Whether a PAUSE, KILL or DRAIN has finished: no backend is left, and after DRAIN no client either. */
  isCommandDone(scope: PoolScope): boolean {
    return this.#poolsIn(scope).every((pool) => pool.isCommandDone);
  }

  /**
   * RELOAD: applies another configuration to all pools, or to none if it throws. Backends above a new limit are closed at once if idle,
   * otherwise at their check-in.
   * @param nameOf maps the name of each pool to its new name, one to one: a renamed pool keeps its clients and replaces its backends
   * @returns the settings that were lowered to fit limits
   * @throws CodedError POOL_SETTINGS_UNUSABLE; nothing has changed then
   */
  reload(policy: PoolPolicy, nowMs: number, nameOf = (name: PoolName): PoolName => name): readonly Clamp[] {
    const pools = [...this.#pools.values()];
    const names = pools.map(({ name }) => nameOf(name));
    const given = names.map((name) => settingsWithinLimits(policy, name));
    this.#limits.reload(policy, names);
    this.#policy = policy;
    pools.forEach((pool, at) => {
      const one = given[at];
      if (one !== undefined) pool.reload(one, nowMs);
    });
    this.#rename(new Map(pools.map((pool, at) => [pool, names[at] ?? pool.name])), nowMs);
    this.#setKeptOpen(policy.keptOpen);
    for (const pool of [...this.#context.waiting]) pool.serve(nowMs);
    return given.flatMap(({ clamps }) => clamps);
  }

  /** Applies another rung of the overload ladder to all pools. */
  stepTo(rung: Rung, nowMs: number): void {
    if (rung === this.#rung) return;
    this.#rung = rung;
    for (const pool of this.#pools.values()) pool.stepTo(rung, nowMs);
  }

  /** Figures for the overload ladder, each of the pool where it is highest. */
  load(nowMs: number): Omit<LoadFigures, 'memoryUse'> {
    const all = [...this.#pools.values()].flatMap((pool) => pool.load(nowMs) ?? []);
    return {
      poolUse: Math.max(0, ...all.map(({ poolUse }) => poolUse)),
      interactiveWaitMs: Math.max(0, ...all.map(({ interactiveWaitMs }) => interactiveWaitMs)),
      patienceUse: Math.max(0, ...all.map(({ patienceUse }) => patienceUse)),
      queueUse: Math.max(0, ...all.map(({ queueUse }) => queueUse)),
    };
  }

  /** The limits across pools and how many backends are under each. */
  limits(): readonly LimitFigures[] {
    return this.#limits.figures();
  }

  /** The rows of SHOW POOLS. */
  figures(nowMs: number): readonly PoolFigures[] {
    return [...this.#pools.values()].map((pool) => pool.figures(nowMs));
  }

  totals(nowMs: number): PoolTotals {
    return { ...sumOf(this.figures(nowMs)), pools: this.#pools.size, counts: this.#context.counters.copy() };
  }

  /** Number of backends of all pools, those opening and closing included. */
  get backendCount(): number {
    let count = 0;
    for (const pool of this.#pools.values()) count += pool.size;
    return count;
  }

  /** The rows of SHOW SERVERS. */
  backends(): readonly PooledBackend<C, B>[] {
    return [...this.#pools.values()].flatMap((pool) => pool.backends());
  }

  /** The rows of SHOW CLIENTS. */
  clients(): readonly PooledClient<C, B>[] {
    return [...this.#pools.values()].flatMap((pool) => [...pool.clients]);
  }

  /** The command in force for a database; undefined as `database`: for all databases. */
  commandInForce(database: string | undefined): Command | undefined {
    return this.#commands.findLast(({ scope }) => scope.database === undefined || scope.database === database)?.what;
  }

  /** Whether any PAUSE, KILL or DRAIN is in force. */
  get hasCommandInForce(): boolean {
    return this.#commands.some(({ what }) => what !== undefined);
  }

  /** Whether a pool in this scope exists. */
  has(scope: PoolScope): boolean {
    for (const { name } of this.#pools.values()) if (isInScope(scope, name)) return true;
    return false;
  }

  #poolsIn(scope: PoolScope): readonly Pool<C, B>[] {
    return [...this.#pools.values()].filter(({ name }) => isInScope(scope, name));
  }

  #recordCommand(scope: PoolScope, what: Command | undefined): void {
    const left = this.#commands.filter((one) => !isInScope(scope, one.scope));
    this.#commands.splice(0, this.#commands.length, ...left);
    // A RESUME is recorded only if it takes back a part of a wider command.
    if (what !== undefined || left.length > 0) this.#commands.push({ scope, what });
  }

  #setKeptOpen(names: readonly PoolName[] = []): void {
    for (const pool of this.#pools.values()) pool.isKeptOpen = false;
    for (const name of names) if (this.#policy.settings(name).min > 0) this.#poolOf(name).isKeptOpen = true;
  }

  #poolOf(name: PoolName): Pool<C, B> {
    const key = nameKey(name);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const given = settingsWithinLimits(this.#policy, name);
    const limits = this.#limits.of(name);
    const pool = new Pool<C, B>(name, limits, this.#context, given);
    for (const limit of limits) limit.pools.add(pool);
    this.#pools.set(key, pool);
    const standing = this.#commands.findLast(({ scope }) => isInScope(scope, name))?.what;
    if (standing === 'paused') pool.commands.pause(0);
    if (standing === 'draining') pool.commands.drain(0);
    return pool;
  }

  /** Renames pools. All old names are removed first, as two pools may swap names. */
  #rename(names: ReadonlyMap<Pool<C, B>, PoolName>, nowMs: number): void {
    const replaceMoved = [...names].filter(([pool, name]) => nameKey(pool.name) !== nameKey(name));
    for (const [pool] of replaceMoved) this.#pools.delete(nameKey(pool.name));
    for (const [pool, name] of replaceMoved) {
      this.#pools.set(nameKey(name), pool);
      const former = pool.limits;
      const limits = this.#limits.of(name);
      for (const limit of limits) limit.pools.add(pool);
      pool.move(name, limits, nowMs);
      this.#limits.removePool(
        pool,
        former.filter((limit) => !limits.includes(limit)),
      );
    }
  }

  #forget(key: string, pool: Pool<C, B>): void {
    this.#pools.delete(key);
    this.#context.port.forgotten(pool.name);
    this.#limits.removePool(pool, pool.limits);
  }
}
