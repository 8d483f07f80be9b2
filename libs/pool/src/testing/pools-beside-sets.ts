import { expect } from '@jest/globals';
import { Pools, rungs, workloadClasses, type CheckinFate, type PoolName, type PoolPort } from '../index.ts';
import { aName, aPolicy, type RigBackend, type RigClient, type RigPolicy } from './pool-rig.ts';

/** Kinds of calls and events. */
export type ActionKind =
  | 'join'
  | 'leave'
  | 'checkout'
  | 'checkin'
  | 'opened'
  | 'openFailed'
  | 'closed'
  | 'vanished'
  | 'resetDone'
  | 'checked'
  | 'pin'
  | 'rest'
  | 'rename'
  | 'time'
  | 'pause'
  | 'resume'
  | 'reconnect'
  | 'drain'
  | 'kill'
  | 'reload'
  | 'stepTo'
  | 'stopWaiting';

/** One call or event; `at` chooses its client or backend, `how` the other arguments. */
export interface Action {
  readonly kind: ActionKind;
  readonly at: number;
  readonly how: number;
}

const names: readonly PoolName[] = [
  aName(),
  aName({ user: 'nurse' }),
  aName({ database: 'billing' }),
  aName({ upstream: 'mirror', secret: 'mapped' }),
];
const applications = ['web', 'bi', 'etl'];
const settings = { min: 1, reserve: 1, waitingMax: 6, openingMax: 2, idleTimeoutMs: 9_000, lifetimeMs: 40_000 };
const policies: readonly RigPolicy[] = [
  { settings: { ...settings, max: 3 }, databaseMax: 5, applications: { bi: 2 } },
  { settings: { ...settings, max: 1, min: 0 }, userMax: 2, applications: { bi: 1, web: 3 } },
  { settings: { ...settings, max: 4, reserve: 2 }, loginMax: 4 },
  { settings: { ...settings, max: 10, openingMax: 4, waitingMax: 30 } },
  { settings: { ...settings, max: 2, reserve: 0 }, databaseMax: 2, userMax: 3, loginMax: 5, applications: { etl: 0 } },
];

/** The model's view of a backend. */
interface Seen {
  readonly backend: RigBackend;
  state: 'opening' | 'idle' | 'active' | 'resetting' | 'checking' | 'closing' | 'gone';
  holder: RigClient | undefined;
}

/** Runs `Pools` beside a simple model of sets, and compares them after each action. */
export class PoolsBesideSets implements PoolPort<string, undefined> {
  readonly pools: Pools<string, undefined>;
  readonly #isSync: boolean;
  readonly #random: () => number;
  readonly #seen = new Map<RigBackend, Seen>();
  readonly #clients = new Set<RigClient>();
  /** In the order of arrival. */
  readonly #waiting: RigClient[] = [];
  /** When a waiting client was last served, by pool and class. */
  readonly #servedAt = new Map<string, number>();
  #policy = policies[0]!;
  #nowMs = 0;
  #level = 0;
  #gone = 0;

  constructor(options: { readonly isSync: boolean; readonly random: () => number }) {
    this.#isSync = options.isSync;
    this.#random = options.random;
    this.pools = new Pools({ policy: aPolicy(this.#policy), port: this, jitter: options.random });
  }

  apply({ kind, at, how }: Action): void {
    this.#act(kind, at, how);
    this.#check();
  }

  /** Lets all clients leave and, by DRAIN, all backends be closed. */
  end(): void {
    this.pools.drain({}, this.#nowMs);
    for (const client of [...this.#clients]) this.#leave(client);
    this.#check();
    for (const { backend, state } of this.#all()) {
      if (state === 'opening') this.#opened(backend);
      if (state === 'resetting') this.#resetDone(backend, true);
      if (state === 'checking') this.#checked(backend, true);
    }
    for (const { backend } of this.#all('closing')) this.#closed(backend);
    expect(this.#all().length).toBe(0);
    expect(this.pools.isCommandDone({})).toBe(true);
    this.pools.tick(this.#nowMs);
    const { pools, counts } = this.pools.totals(this.#nowMs);
    const sum = (of: Readonly<Record<string, number>>): number => Object.values(of).reduce((all, one) => all + one, 0);
    expect([pools, sum(counts.connects), sum(counts.disconnects)]).toEqual([0, this.#seen.size, this.#gone]);
  }

  open(backend: RigBackend): void {
    this.#seen.set(backend, { backend, state: 'opening', holder: undefined });
    const { max, reserve } = backend.pool.settings;
    const alive = this.#all();
    expect(alive.filter((one) => one.backend.pool === backend.pool).length).toBeLessThanOrEqual(max + reserve);
    const { name } = backend.pool;
    const under = (key: (of: PoolName) => string): number =>
      alive.filter((one) => key(one.backend.pool.name) === key(name)).length;
    const { databaseMax = Infinity, userMax = Infinity, loginMax = Infinity } = this.#policy;
    expect(under((of) => of.database)).toBeLessThanOrEqual(databaseMax);
    expect(under((of) => of.user)).toBeLessThanOrEqual(userMax);
    expect(under((of) => `${of.upstream} ${of.user}`)).toBeLessThanOrEqual(loginMax);
    if (this.#isSync) this.#answerOpen(backend);
  }

  close(backend: RigBackend): void {
    const seen = this.#of(backend);
    expect(['closing', 'gone']).not.toContain(seen.state);
    expect(seen.holder).toBeUndefined();
    seen.state = 'closing';
    if (this.#isSync) this.#closed(backend);
  }

  reset(backend: RigBackend): void {
    this.#of(backend).state = 'resetting';
    if (this.#isSync) this.#resetDone(backend, this.#random() < 0.9);
  }

  check(backend: RigBackend): void {
    expect(this.#of(backend).state).toBe('idle');
    this.#of(backend).state = 'checking';
    if (this.#isSync) this.#checked(backend, this.#random() < 0.9);
  }

  grant(client: RigClient, backend: RigBackend): void {
    this.#hold(client, backend);
    this.#servedAt.set(lineOf(client), this.#nowMs);
    if (this.#isSync && this.#random() < 0.2) this.#checkin(client, 0);
  }

  refuse(client: RigClient): void {
    this.#stopWaiting(client);
  }

  notice(client: RigClient, { position, waiting }: { readonly position: number; readonly waiting: number }): void {
    const line = this.#waiting.filter((one) => one.pool === client.pool && one.workClass === client.workClass);
    expect([position, waiting]).toEqual([line.indexOf(client) + 1, line.length]);
  }

  lost(client: RigClient): void {
    expect(client.backend).toBeUndefined();
  }

  move(client: RigClient): void {
    expect(client.backend).toBeUndefined();
    if (this.#isSync && this.#random() < 0.5) this.#leave(client);
  }

  drop(client: RigClient): void {
    this.#leave(client);
  }

  forgotten(name: PoolName): void {
    expect([...this.#clients].filter(({ pool }) => pool.name === name).length).toBe(0);
    expect(this.#all().filter(({ backend }) => backend.pool.name === name).length).toBe(0);
  }

  #act(kind: ActionKind, at: number, how: number): void {
    const client = pick([...this.#clients], at);
    const scope = how % 3 === 0 ? { database: 'ehr' } : {};
    if (kind === 'join') this.#clients.add(this.pools.join(names[at % 9] ?? names[0]!, applications[how % 3]!, ''));
    if (kind === 'time') this.#pass(how % 8 === 0 ? how * 20 : how);
    if (kind === 'pause') this.pools.pause(scope, this.#nowMs);
    if (kind === 'resume') this.pools.resume(scope, this.#nowMs);
    if (kind === 'reconnect') this.pools.reconnect(scope, this.#nowMs);
    if (kind === 'drain') this.pools.drain(scope, this.#nowMs);
    if (kind === 'kill') this.#kill(scope);
    if (kind === 'reload') this.#reload(policies[how % policies.length]!);
    if (kind === 'stepTo') this.#stepTo(how % rungs.length);
    if (client !== undefined) this.#actFor(client, kind, how);
    this.#answer(kind, at, how);
  }

  #actFor(client: RigClient, kind: ActionKind, how: number): void {
    if (kind === 'leave') this.#leave(client);
    if (kind === 'checkout' && client.backend === undefined && !client.isWaiting) this.#checkout(client, how);
    if (kind === 'checkin' && client.backend !== undefined) this.#checkin(client, how);
    if (kind === 'stopWaiting') this.#stopWaitingNow(client);
    if (kind === 'pin' && client.backend !== undefined) this.pools.pin(client);
    if (kind === 'rest') this.pools.setIdleInTransaction(client, how % 3 > 0, this.#nowMs);
    if (kind === 'rename') this.pools.setApplication(client, applications[how % 3]!, this.#nowMs);
  }

  /** The upstream answers a request, or closes a connection. */
  #answer(kind: ActionKind, at: number, how: number): void {
    const one = (state: Seen['state']): RigBackend | undefined => pick(this.#all(state), at)?.backend;
    const opening = one('opening');
    const resetting = one('resetting');
    const checking = one('checking');
    const closing = one('closing');
    if (kind === 'opened' && opening !== undefined) this.#opened(opening);
    if (kind === 'openFailed' && opening !== undefined) this.#openFailed(opening, how % 2 === 0);
    if (kind === 'resetDone' && resetting !== undefined) this.#resetDone(resetting, how % 5 > 0);
    if (kind === 'checked' && checking !== undefined) this.#checked(checking, how % 5 > 0);
    if (kind === 'closed' && closing !== undefined) this.#closed(closing);
    const any = kind === 'vanished' ? pick(this.#all(), at)?.backend : undefined;
    if (any !== undefined) this.#closed(any);
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.pools.tick(this.#nowMs);
  }

  #kill(scope: { readonly database?: string }): void {
    const isIn = ({ name }: { readonly name: PoolName }): boolean =>
      scope.database === undefined || scope.database === name.database;
    for (const seen of this.#all()) if (isIn(seen.backend.pool)) seen.holder = undefined;
    for (const client of this.#clients) if (isIn(client.pool)) this.#stopWaiting(client);
    this.pools.kill(scope, this.#nowMs);
  }

  #reload(policy: RigPolicy): void {
    this.#policy = policy;
    this.pools.reload(aPolicy(policy), this.#nowMs);
  }

  #stepTo(level: number): void {
    this.#level = level;
    this.pools.stepTo(rungs[level]!, this.#nowMs);
  }

  #checkout(client: RigClient, how: number): void {
    const workClass = workloadClasses[how % 5]!;
    this.#waiting.push(client);
    const backend = this.pools.checkout(client, workClass, this.#nowMs);
    if (backend !== undefined) this.#hold(client, backend);
    if (this.#level >= 4 && (workClass === 'analytical' || workClass === 'bulk') && backend === undefined)
      expect(client.isWaiting).toBe(false);
  }

  #stopWaitingNow(client: RigClient): void {
    if (!client.isWaiting) return;
    this.#stopWaiting(client);
    this.pools.stopWaiting(client);
  }

  #checkin(client: RigClient, how: number): void {
    const seen = this.#of(client.backend!);
    const fates: readonly CheckinFate[] = ['clean', 'clean', 'clean', 'reset', 'reset', 'state_left'];
    const fate = fates[how % fates.length]!;
    seen.holder = undefined;
    if (fate === 'clean') seen.state = 'idle';
    this.pools.checkin(client, fate, this.#nowMs);
  }

  #leave(client: RigClient): void {
    if (!this.#clients.delete(client)) return;
    this.#stopWaiting(client);
    if (client.backend !== undefined) this.#of(client.backend).holder = undefined;
    this.pools.leave(client, this.#nowMs);
  }

  /** Checks that no other client has the backend, that the application's limit holds, and that no client is overtaken. */
  #hold(client: RigClient, backend: RigBackend): void {
    const seen = this.#of(backend);
    expect([seen.state, seen.holder]).toEqual(['idle', undefined]);
    expect(backend.pool).toBe(client.pool);
    expect(this.#mayHold(client)).toBe(true);
    for (const other of this.#before(client))
      expect([other.workClass, this.#mayHold(other)]).toEqual([other.workClass, false]);
    this.#stopWaiting(client);
    seen.state = 'active';
    seen.holder = client;
    expect(client.backend).toBe(backend);
  }

  /** The clients to be served before it: earlier ones of its class, and of any class after two seconds. */
  #before(client: RigClient): readonly RigClient[] {
    const isAged = ({ waitingSinceMs }: RigClient): boolean => this.#nowMs - waitingSinceMs >= 2_000;
    return this.#waiting
      .slice(0, this.#waiting.indexOf(client))
      .filter((other) => other.pool === client.pool)
      .filter((other) => other.workClass === client.workClass || (client.workClass !== 'admin' && isAged(other)));
  }

  /** The limit of the application and the shares of the classes, by counting all clients. */
  #mayHold(client: RigClient): boolean {
    const { pool, workClass } = client;
    const { application } = client.application;
    const holders = [...this.#seen.values()].flatMap(({ holder }) => holder ?? []);
    const held = holders.filter((holder) => holder.application.application === application).length;
    if (held >= (this.#policy.applications?.[application] ?? Infinity)) return false;
    if (workClass === 'interactive' || workClass === 'admin') return true;
    const own = holders.filter((holder) => holder.pool === pool);
    const others = own.filter((one) => one.workClass !== 'interactive' && one.workClass !== 'admin').length;
    const { max } = pool.settings;
    const othersMax = Math.max(1, Math.floor(max / 2));
    if (others >= othersMax) return false;
    const shares = { vector: 1, analytical: this.#level >= 1 ? 0.15 : 0.3, bulk: this.#level >= 1 ? 0.05 : 0.1 };
    const running = own.filter((one) => one.workClass === workClass && !one.isIdleInTransaction).length;
    if (running < Math.max(1, Math.floor(max * shares[workClass]))) return true;
    return this.#level === 0 && othersMax - others > Math.floor(othersMax / 4) && this.#isStuck(client);
  }

  /** No client of its class in the pool was served for two seconds, although one has waited that long. */
  #isStuck(client: RigClient): boolean {
    const line = this.#waiting.filter((one) => lineOf(one) === lineOf(client));
    const sinceMs = Math.max(line[0]?.waitingSinceMs ?? Infinity, this.#servedAt.get(lineOf(client)) ?? 0);
    return this.#nowMs - sinceMs >= 2_000;
  }

  #stopWaiting(client: RigClient): void {
    const at = this.#waiting.indexOf(client);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  #answerOpen(backend: RigBackend): void {
    const dice = this.#random();
    if (dice < 0.8) this.#opened(backend);
    else if (dice < 0.9) this.#openFailed(backend, dice < 0.85);
  }

  #opened(backend: RigBackend): void {
    this.#of(backend).state = 'idle';
    this.pools.opened(backend, this.#nowMs);
  }

  #openFailed(backend: RigBackend, isTransient: boolean): void {
    this.#end(backend);
    this.pools.openFailed(backend, { error: 'no', isTransient }, this.#nowMs);
  }

  #resetDone(backend: RigBackend, isOk: boolean): void {
    this.#of(backend).state = 'idle';
    this.pools.resetDone(backend, isOk, this.#nowMs);
  }

  #checked(backend: RigBackend, isOk: boolean): void {
    this.#of(backend).state = 'idle';
    this.pools.checked(backend, isOk, this.#nowMs);
  }

  #closed(backend: RigBackend): void {
    this.#end(backend);
    this.pools.closed(backend, this.#nowMs);
  }

  #end(backend: RigBackend): void {
    const seen = this.#of(backend);
    expect(seen.state).not.toBe('gone');
    seen.state = 'gone';
    seen.holder = undefined;
    this.#gone += 1;
  }

  #check(): void {
    for (const { backend, state } of this.#seen.values())
      expect(backend.state).toBe(state === 'gone' ? 'closed' : state);
    for (const client of this.#waiting) expect(client.isWaiting).toBe(true);
    const totals = this.pools.totals(this.#nowMs);
    const counted = (state: Seen['state']): number => this.#all(state).length;
    expect(totals).toMatchObject({
      clients: this.#clients.size,
      waiting: this.#waiting.length,
      opening: counted('opening'),
      idle: counted('idle'),
      active: counted('active'),
      resetting: counted('resetting'),
      checking: counted('checking'),
      closing: counted('closing'),
    });
    for (const client of this.#waiting) if (this.#mayHold(client)) this.#checkWaiting(client);
  }

  /** Checks that a client that may have a backend has a reason to wait. */
  #checkWaiting(client: RigClient): void {
    const { pool } = client;
    const own = this.#all().filter(({ backend }) => backend.pool === pool);
    const soon = own.filter(({ state }) => ['opening', 'resetting', 'checking'].includes(state)).length;
    expect(own.filter(({ state }) => state === 'idle').length).toBe(0);
    const figures = this.pools.figures(this.#nowMs).find(({ name }) => name === pool.name)!;
    const isFull = pool.limits.some((limit) => limit.isFull);
    if (figures.isPaused || figures.isFailing || soon > 0 || own.length >= pool.settings.max) return;
    expect(isFull).toBe(true);
    // Either a place is about to become free, or no pool under the full limit has an idle backend.
    const others = this.#all('idle').filter(({ backend }) =>
      backend.pool.limits.some((limit) => limit.isFull && pool.limits.includes(limit)),
    );
    const isComing = pool.limits.some((limit) => limit.isFull && limit.closing > 0);
    if (!isComing) expect(others.map(({ backend }) => backend.id)).toEqual([]);
  }

  #all(state?: Seen['state']): readonly Seen[] {
    return [...this.#seen.values()].filter(
      (one) => one.state !== 'gone' && (state === undefined || one.state === state),
    );
  }

  #of(backend: RigBackend): Seen {
    const seen = this.#seen.get(backend);
    if (seen === undefined) throw new Error(`backend ${backend.id} was never opened`);
    return seen;
  }
}

function lineOf({ pool, workClass }: RigClient): string {
  return `${names.indexOf(pool.name)} ${workClass}`;
}

function pick<T>(from: readonly T[], at: number): T | undefined {
  return from[at % Math.max(1, from.length)];
}
