import type { OpenFailure } from './login-backoff.ts';
import { Pool, type PoolSurroundings } from './pool.ts';
import { rungs, type LoadFigures, type Rung } from './overload-ladder.ts';
import { Counters, sumOf, type PoolFigures, type PoolTotals } from './pool-figures.ts';
import { isInScope, nameKey, type PoolName, type PoolPolicy, type PoolScope } from './pool-policy.ts';
import type { PoolPort } from './pool-port.ts';
import type { Clamp } from './pool-settings.ts';
import type { PooledBackend } from './pooled-backend.ts';
import { PooledClient } from './pooled-client.ts';
import type { CheckinFate } from './reasons.ts';
import { settle, SharedLimits, type LimitFigures } from './shared-limits.ts';
import type { WorkloadClass } from './workload-class.ts';

type Standing = 'paused' | 'draining';

/**
 * All pools of one proxy. A state machine: it has no clock (every call says what time it is, in ms of a clock that never goes
 * back), and what it wants done it asks of the port. Calls of the port come from within calls of this class, and may call it.
 *
 * A client: `join`, then for each transaction `checkout` and `checkin`, at its end `leave`.
 * A backend: the port is asked to `open` it; `opened` or `openFailed`; at any time `closed`.
 * `tick` every 100 ms or so; all timeouts are as exact as that.
 *
 * Answers for a backend that has moved on meanwhile (a health check that ends after its timeout) are passed over.
 */
export class Pools<C, B> {
  readonly #pools = new Map<string, Pool<C, B>>();
  readonly #limits: SharedLimits<C, B>;
  /** Commands that hold for pools yet to come; the last that fits counts. */
  readonly #standing: { readonly scope: PoolScope; readonly what: Standing | undefined }[] = [];
  readonly #around: PoolSurroundings<C, B>;
  #policy: PoolPolicy;
  #rung: Rung = rungs[0];
  #lastId = 0;

  /** @param jitter a number in [0, 1): spreads lifetimes and attempts; seeded by the caller, so that a run can be repeated */
  constructor(options: { readonly policy: PoolPolicy; readonly port: PoolPort<C, B>; readonly jitter: () => number }) {
    this.#policy = options.policy;
    this.#limits = new SharedLimits(options.policy);
    this.#around = {
      port: options.port,
      counters: new Counters(),
      waiting: new Set(),
      rung: () => this.#rung,
      jitter: options.jitter,
      nextId: () => (this.#lastId += 1),
    };
    this.#keep(options.policy.kept);
  }

  /** A client has logged in. Its `pool.clamps` say what it should be told. */
  join(name: PoolName, application: string, handle: C): PooledClient<C, B> {
    const pool = this.#poolOf(name);
    const limit = this.#limits.applicationOf(application);
    const client = new PooledClient<C, B>(pool, handle, limit);
    limit.clients += 1;
    pool.clients.add(client);
    return client;
  }

  /** A client is gone, at any point; what it waits for is forgotten, and a backend that it still has is closed (`client_lost`): to keep it, check it in with `reset` first. */
  leave(client: PooledClient<C, B>, nowMs: number): void {
    client.pool.leave(client, nowMs);
    this.#limits.left(client.application);
  }

  /**
   * A backend for the client, until `checkin`. Undefined: none is idle, the client waits, and the port is told how it ends
   * (`grant` or `refuse`), which may have happened when this returns.
   * @throws CodedError POOL_CLIENT_STATE when it has one, waits for one or has left
   */
  checkout(client: PooledClient<C, B>, workClass: WorkloadClass, nowMs: number): PooledBackend<C, B> | undefined {
    return client.pool.checkout(client, workClass, nowMs);
  }

  /**
   * The client gives its backend back, at a transaction's end (statement mode: a statement's end; session mode: at its own end).
   * @throws CodedError POOL_CLIENT_STATE when it has none
   */
  checkin(client: PooledClient<C, B>, fate: CheckinFate, nowMs: number): void {
    client.pool.checkin(client, fate, nowMs);
  }

  /** The client no longer wants what it waits for (its request was cancelled); the port hears nothing more of this wait. */
  stopWaiting(client: PooledClient<C, B>): void {
    client.pool.stopWaiting(client);
  }

  /** The backend stays with its client across transactions: say so, so that it is counted; do not check it in meanwhile. Ends by `unpin`, and with the check-in. */
  pin(client: PooledClient<C, B>): void {
    client.pool.pin(client);
  }

  unpin(client: PooledClient<C, B>): void {
    client.pool.unpin(client);
  }

  /** How long this client may wait; undefined: as long as its pool's settings say. A pause has its own. */
  setWaitTimeout(client: PooledClient<C, B>, waitTimeoutMs: number | undefined): void {
    client.waitTimeoutMs = waitTimeoutMs;
    if (waitTimeoutMs !== undefined) client.pool.hasOwnTimeouts = true;
  }

  /** A client that waits has done so since then, for what another one was to be told for both. */
  waitsSince(client: PooledClient<C, B>, sinceMs: number): void {
    if (!client.isWaiting) return;
    client.waitingSinceMs = sinceMs;
    client.countedFromMs = sinceMs;
    client.pool.hasOwnTimeouts = true;
  }

  /** What a client does with the backend that it has turns out to be work of another class. */
  reclass(client: PooledClient<C, B>, workClass: WorkloadClass, nowMs: number): void {
    client.pool.reclass(client, workClass, nowMs);
  }

  /** Nothing runs in the client's transaction, or for long enough again. */
  rest(client: PooledClient<C, B>, isResting: boolean, nowMs: number): void {
    client.pool.rest(client, isResting, nowMs);
  }

  /** The client has another application name from now on. */
  setApplication(client: PooledClient<C, B>, application: string, nowMs: number): void {
    const old = client.application;
    if (old.application === application) return;
    client.pool.rename(client, this.#limits.applicationOf(application), nowMs);
    this.#limits.left(old);
  }

  opened(backend: PooledBackend<C, B>, nowMs: number): void {
    backend.pool.opened(backend, nowMs);
  }

  /** The connection could not be made or the login failed; it is gone, `closed` need not follow. */
  openFailed(backend: PooledBackend<C, B>, failure: OpenFailure, nowMs: number): void {
    backend.pool.openFailed(backend, failure, nowMs);
  }

  resetDone(backend: PooledBackend<C, B>, isOk: boolean, nowMs: number): void {
    backend.pool.resetDone(backend, isOk, nowMs);
  }

  checked(backend: PooledBackend<C, B>, isOk: boolean, nowMs: number): void {
    backend.pool.checked(backend, isOk, nowMs);
  }

  /** The connection is gone: the answer to `PoolPort.close`, or the upstream closed it. */
  closed(backend: PooledBackend<C, B>, nowMs: number): void {
    backend.pool.closed(backend, nowMs);
  }

  tick(nowMs: number): void {
    for (const [key, pool] of this.#pools) {
      pool.tick(nowMs);
      if (pool.clients.size === 0 && pool.size === 0 && pool.minimum === 0) this.#forget(key, pool);
    }
  }

  /** Backends are closed as they come to rest, and clients wait until RESUME. `isQuiet` says when it is done. */
  pause(scope: PoolScope, nowMs: number): void {
    this.#stand(scope, 'paused');
    const pools = this.#in(scope);
    for (const pool of pools) pool.commands.stop();
    for (const pool of pools) pool.commands.pause(nowMs);
  }

  /** Ends PAUSE, KILL and DRAIN of these pools. */
  resume(scope: PoolScope, nowMs: number): void {
    this.#stand(scope, undefined);
    for (const pool of this.#in(scope)) pool.commands.resume(nowMs);
  }

  /** Every backend is replaced as soon as nobody has it. */
  reconnect(scope: PoolScope, nowMs: number): void {
    for (const pool of this.#in(scope)) pool.commands.reconnect(nowMs);
  }

  /** That server takes connections again: nobody waits until a pause after failures is over. */
  tryAgain(upstream: string, nowMs: number): void {
    for (const pool of this.#pools.values()) if (pool.name.upstream === upstream) pool.commands.tryAgain(nowMs);
  }

  /** Those backends are at a server that their upstream is not any more: they are replaced as soon as nobody has them. */
  moved(isMeant: (backend: PooledBackend<C, B>) => boolean, nowMs: number): void {
    for (const pool of this.#pools.values()) pool.commands.replace('moved', isMeant, nowMs);
  }

  /** The backends of these pools are closed where no client is left but this one, and no others take their places. */
  vacate(isMeant: (name: PoolName) => boolean, but: PooledClient<C, B>, nowMs: number): void {
    for (const pool of this.#pools.values()) {
      const others = pool.clients.size - (pool.clients.has(but) ? 1 : 0);
      if (others > 0 || !isMeant(pool.name)) continue;
      pool.isKept = false;
      pool.commands.reconnect(nowMs);
    }
  }

  /**
   * For roll-outs: each client is told to `move` as soon as it has no backend; until it has gone it is served. The backends go with
   * the clients. `isQuiet` says when all have gone.
   */
  drain(scope: PoolScope, nowMs: number): void {
    this.#stand(scope, 'draining');
    for (const pool of this.#in(scope)) pool.commands.drain(nowMs);
  }

  /** Clients and backends of these pools are dropped at once; later clients wait until RESUME. */
  kill(scope: PoolScope, nowMs: number): void {
    this.#stand(scope, 'paused');
    const pools = this.#in(scope);
    for (const pool of pools) pool.commands.stop();
    for (const pool of pools) pool.commands.kill(nowMs);
  }

  /** Whether a PAUSE, KILL or DRAIN is done: no backend is left, after DRAIN no client either. */
  isQuiet(scope: PoolScope): boolean {
    return this.#in(scope).every((pool) => pool.isQuiet);
  }

  /**
   * Another configuration, for all pools or for none. What is above a new limit and idle is closed now, the rest at its check-in.
   * @param nameOf what a pool is called from now on, each another name: its clients stay, and its backends are replaced
   * @returns what could not be given as asked
   * @throws CodedError POOL_SETTINGS_UNUSABLE, and nothing has changed
   */
  reload(policy: PoolPolicy, nowMs: number, nameOf = (name: PoolName): PoolName => name): readonly Clamp[] {
    const pools = [...this.#pools.values()];
    const names = pools.map(({ name }) => nameOf(name));
    const given = names.map((name) => settle(policy, name));
    this.#limits.reload(policy, names);
    this.#policy = policy;
    pools.forEach((pool, at) => {
      const one = given[at];
      if (one !== undefined) pool.reload(one, nowMs);
    });
    this.#move(new Map(pools.map((pool, at) => [pool, names[at] ?? pool.name])), nowMs);
    this.#keep(policy.kept);
    for (const pool of [...this.#around.waiting]) pool.serve(nowMs);
    return given.flatMap(({ clamps }) => clamps);
  }

  /** The proxy stands on another rung of the ladder of overload: shares of analytical and bulk work shrink, or they are not taken at all. */
  stepTo(rung: Rung, nowMs: number): void {
    if (rung === this.#rung) return;
    this.#rung = rung;
    for (const pool of this.#pools.values()) pool.stepTo(rung, nowMs);
  }

  /** What the ladder of overload looks at, of the pool that is worst off. */
  load(nowMs: number): Omit<LoadFigures, 'memoryUse'> {
    const all = [...this.#pools.values()].flatMap((pool) => pool.load(nowMs) ?? []);
    return {
      poolUse: Math.max(0, ...all.map(({ poolUse }) => poolUse)),
      interactiveWaitMs: Math.max(0, ...all.map(({ interactiveWaitMs }) => interactiveWaitMs)),
      patienceUse: Math.max(0, ...all.map(({ patienceUse }) => patienceUse)),
      queueUse: Math.max(0, ...all.map(({ queueUse }) => queueUse)),
    };
  }

  /** How much of each limit across pools is used. */
  limits(): readonly LimitFigures[] {
    return this.#limits.figures();
  }

  /** SHOW POOLS. */
  figures(nowMs: number): readonly PoolFigures[] {
    return [...this.#pools.values()].map((pool) => pool.figures(nowMs));
  }

  totals(nowMs: number): PoolTotals {
    return { ...sumOf(this.figures(nowMs)), pools: this.#pools.size, counts: this.#around.counters.copy() };
  }

  /** Backends of all pools, those that are being opened among them. */
  get backendCount(): number {
    let count = 0;
    for (const pool of this.#pools.values()) count += pool.size;
    return count;
  }

  /** SHOW SERVERS. */
  backends(): readonly PooledBackend<C, B>[] {
    return [...this.#pools.values()].flatMap((pool) => pool.backends());
  }

  /** SHOW CLIENTS. */
  clients(): readonly PooledClient<C, B>[] {
    return [...this.#pools.values()].flatMap((pool) => [...pool.clients]);
  }

  /** What was last said of a database, or of all together. */
  standingOf(database: string | undefined): Standing | undefined {
    return this.#standing.findLast(({ scope }) => scope.database === undefined || scope.database === database)?.what;
  }

  /** Whether there is anything to resume. */
  get isStanding(): boolean {
    return this.#standing.some(({ what }) => what !== undefined);
  }

  /** Whether there is a pool of these: a client, or a backend. */
  has(scope: PoolScope): boolean {
    for (const { name } of this.#pools.values()) if (isInScope(scope, name)) return true;
    return false;
  }

  #in(scope: PoolScope): readonly Pool<C, B>[] {
    return [...this.#pools.values()].filter(({ name }) => isInScope(scope, name));
  }

  #stand(scope: PoolScope, what: Standing | undefined): void {
    const left = this.#standing.filter((one) => !isInScope(scope, one.scope));
    this.#standing.splice(0, this.#standing.length, ...left);
    // With nothing before it that it takes back for some, a RESUME says nothing.
    if (what !== undefined || left.length > 0) this.#standing.push({ scope, what });
  }

  #keep(names: readonly PoolName[] = []): void {
    for (const pool of this.#pools.values()) pool.isKept = false;
    for (const name of names) if (this.#policy.settings(name).min > 0) this.#poolOf(name).isKept = true;
  }

  #poolOf(name: PoolName): Pool<C, B> {
    const key = nameKey(name);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const given = settle(this.#policy, name);
    const limits = this.#limits.of(name);
    const pool = new Pool<C, B>(name, limits, this.#around, given);
    for (const limit of limits) limit.pools.add(pool);
    this.#pools.set(key, pool);
    const standing = this.#standing.findLast(({ scope }) => isInScope(scope, name))?.what;
    if (standing === 'paused') pool.commands.pause(0);
    if (standing === 'draining') pool.commands.drain(0);
    return pool;
  }

  /** Two may take each other's names. */
  #move(names: ReadonlyMap<Pool<C, B>, PoolName>, nowMs: number): void {
    const moved = [...names].filter(([pool, name]) => nameKey(pool.name) !== nameKey(name));
    for (const [pool] of moved) this.#pools.delete(nameKey(pool.name));
    for (const [pool, name] of moved) {
      this.#pools.set(nameKey(name), pool);
      const former = pool.limits;
      const limits = this.#limits.of(name);
      for (const limit of limits) limit.pools.add(pool);
      pool.move(name, limits, nowMs);
      this.#limits.withdraw(
        pool,
        former.filter((limit) => !limits.includes(limit)),
      );
    }
  }

  #forget(key: string, pool: Pool<C, B>): void {
    this.#pools.delete(key);
    this.#around.port.forgotten(pool.name);
    this.#limits.withdraw(pool, pool.limits);
  }
}
