import {
  defaultPoolSettings,
  Pools,
  type CheckinFate,
  type ConnectReason,
  type DisconnectReason,
  type PooledBackend,
  type PooledClient,
  type PoolName,
  type PoolPolicy,
  type PoolPort,
  type PoolSettings,
  type Refusal,
  type WaitNotice,
  type WorkloadClass,
} from '../index.ts';

export type RigBackend = PooledBackend<string, undefined>;
export type RigClient = PooledClient<string, undefined>;

/** Settings and limits that apply to all pools alike. */
export interface RigPolicy {
  readonly settings?: Partial<PoolSettings>;
  readonly databaseMax?: number;
  readonly userMax?: number;
  readonly loginMax?: number;
  readonly upstreamMax?: number;
  /** The licensed server of every upstream. */
  readonly licensedServer?: string;
  readonly applications?: Readonly<Record<string, number>>;
  readonly kept?: readonly PoolName[];
}

export function aPolicy(rig: RigPolicy = {}): PoolPolicy {
  const max = { database: rig.databaseMax, user: rig.userMax, login: rig.loginMax, upstream: rig.upstreamMax };
  return {
    settings: () => ({ ...defaultPoolSettings, max: 2, reserve: 0, lifetimeJitter: 0, ...rig.settings }),
    backendsMax: (kind) => max[kind],
    licensedServer: () => rig.licensedServer,
    applicationMax: (application) => rig.applications?.[application],
    ...(rig.kept && { keptOpen: rig.kept }),
  };
}

export function aName(name: Partial<PoolName> = {}): PoolName {
  return { upstream: 'main', database: 'ehr', user: 'app', secret: 'own', ...name };
}

/** Pools with a port that records its calls, and a clock that only `after` moves. */
export class PoolRig implements PoolPort<string, undefined> {
  readonly pools: Pools<string, undefined>;
  readonly refusals: Refusal[] = [];
  readonly notices: WaitNotice[] = [];
  /** Not 0, so that points in time and durations differ. */
  nowMs = 1_000_000;
  #events: string[] = [];
  readonly #backends = new Map<number, RigBackend>();

  constructor(policy: RigPolicy = {}) {
    this.pools = new Pools({ policy: aPolicy(policy), port: this, jitter: () => 0 });
  }

  /** The port's calls since the last call of this: `open 1 demand`, `grant a 1`, `close 1 idle_timeout`. */
  events(): readonly string[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  backend(id: number): RigBackend {
    const backend = this.#backends.get(id);
    if (backend === undefined) throw new Error(`there is no backend ${id}`);
    return backend;
  }

  client(handle: string, at: Partial<PoolName> & { readonly application?: string } = {}): RigClient {
    const { application = 'web', ...name } = at;
    return this.pools.join(aName(name), application, handle);
  }

  checkout(client: RigClient, workClass: WorkloadClass = 'interactive'): number | undefined {
    return this.pools.checkout(client, workClass, this.nowMs)?.id;
  }

  checkin(client: RigClient, fate: CheckinFate = 'clean'): void {
    this.pools.checkin(client, fate, this.nowMs);
  }

  leave(client: RigClient): void {
    this.pools.leave(client, this.nowMs);
  }

  opened(...ids: readonly number[]): void {
    for (const id of ids) this.pools.opened(this.backend(id), this.nowMs);
  }

  openFailed(id: number, error: string, isTransient: boolean | 'full' = false): void {
    const isFull = isTransient === 'full';
    this.pools.openFailed(this.backend(id), { error, isTransient: isFull || isTransient, isFull }, this.nowMs);
  }

  closed(...ids: readonly number[]): void {
    for (const id of ids) this.pools.closed(this.backend(id), this.nowMs);
  }

  /** Advances the clock and calls `tick`. */
  after(ms: number): void {
    this.nowMs += ms;
    this.pools.tick(this.nowMs);
  }

  /** A client that has checked out a backend, opened if needed. */
  holder(handle: string, at: Partial<PoolName> & { readonly application?: string } = {}): RigClient {
    const client = this.client(handle, at);
    if (this.checkout(client) === undefined) {
      const opening = [...this.#backends.values()].findLast(({ state }) => state === 'opening');
      if (opening !== undefined) this.opened(opening.id);
    }
    if (client.backend === undefined) throw new Error(`${handle} got no backend`);
    this.events();
    return client;
  }

  open(backend: RigBackend, reason: ConnectReason): void {
    this.#backends.set(backend.id, backend);
    this.#events.push(`open ${backend.id} ${reason}`);
  }

  close(backend: RigBackend, reason: DisconnectReason): void {
    this.#events.push(`close ${backend.id} ${reason}`);
  }

  reset(backend: RigBackend): void {
    this.#events.push(`reset ${backend.id}`);
  }

  check(backend: RigBackend): void {
    this.#events.push(`check ${backend.id}`);
  }

  grant(client: RigClient, backend: RigBackend): void {
    this.#events.push(`grant ${client.handle} ${backend.id}`);
  }

  refuse(client: RigClient, refusal: Refusal): void {
    this.refusals.push(refusal);
    this.#events.push(`refuse ${client.handle} ${refusal.reason}`);
  }

  notice(client: RigClient, notice: WaitNotice): void {
    this.notices.push(notice);
    this.#events.push(`notice ${client.handle} ${notice.position}`);
  }

  lost(client: RigClient): void {
    this.#events.push(`lost ${client.handle}`);
  }

  move(client: RigClient): void {
    this.#events.push(`move ${client.handle}`);
  }

  drop(client: RigClient): void {
    this.#events.push(`drop ${client.handle}`);
  }

  forgotten({ database, user }: PoolName): void {
    this.#events.push(`forgotten ${database}/${user}`);
  }
}
