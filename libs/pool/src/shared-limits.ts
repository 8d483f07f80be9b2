import { checkSettings } from './errors.ts';
import { ApplicationLimit, SharedLimit } from './limits.ts';
import { titleOf, type LimitKind, type PoolName, type PoolPolicy } from './pool-policy.ts';
import { clampSettings, type BackendCap, type Clamp } from './pool-settings.ts';
import type { Pool } from './pool.ts';

const limitKinds = ['database', 'user', 'login', 'upstream'] as const satisfies readonly LimitKind[];

/** A limit across pools; `max` is Infinity if it is unbounded. */
export interface LimitFigures extends BackendCap {
  readonly kind: LimitKind;
  /** Backends under it. */
  readonly count: number;
}

/** The limits across pools and of applications, by the policy. Each exists only while a pool or client is under it. */
export class SharedLimits<C, B> {
  readonly #limits = new Map<string, SharedLimit<C, B>>();
  readonly #applications = new Map<string, ApplicationLimit>();
  #policy: PoolPolicy;

  constructor(policy: PoolPolicy) {
    this.#policy = policy;
  }

  /** The limits of the pool of that name. */
  of(name: PoolName): readonly SharedLimit<C, B>[] {
    return limitsIn(this.#policy, name).map((limit) => this.#limitOf(limit));
  }

  applicationOf(application: string): ApplicationLimit {
    const known = this.#applications.get(application);
    if (known !== undefined) return known;
    const limit = new ApplicationLimit(application, applicationMax(this.#policy, application));
    this.#applications.set(application, limit);
    return limit;
  }

  /** A client has left, or changed its application name; removes the limit if it was the last client. */
  left({ application, clients }: ApplicationLimit): void {
    if (clients === 0) this.#applications.delete(application);
  }

  /** Removes a pool from limits. */
  removePool(pool: Pool<C, B>, limits: readonly SharedLimit<C, B>[]): void {
    for (const limit of limits) {
      limit.pools.delete(pool);
      limit.blocked.delete(pool);
      if (limit.pools.size === 0) this.#limits.delete(limitKey(limit.kind, limit.name));
    }
  }

  /** Applies another policy. @param names of the existing pools */
  reload(policy: PoolPolicy, names: readonly PoolName[]): void {
    this.#policy = policy;
    for (const { key, max, cause } of names.flatMap((name) => limitsIn(policy, name))) {
      const limit = this.#limits.get(key);
      if (limit !== undefined) Object.assign(limit, { max, cause });
    }
    for (const limit of this.#applications.values()) limit.max = applicationMax(policy, limit.application);
  }

  figures(): readonly LimitFigures[] {
    return [...this.#limits.values()].map(({ kind, max, count, cause }) => ({ kind, max, count, cause }));
  }

  #limitOf({ key, kind, name, max, cause }: NamedLimit): SharedLimit<C, B> {
    const known = this.#limits.get(key);
    if (known !== undefined) return known;
    const limit = new SharedLimit<C, B>(kind, name, max, cause);
    this.#limits.set(key, limit);
    return limit;
  }
}

interface NamedLimit extends BackendCap {
  readonly key: string;
  readonly kind: LimitKind;
  readonly name: string;
}

function limitKey(kind: LimitKind, name: string): string {
  return `${kind}\0${name}`;
}

/** The limits of a pool: one of each kind, unbounded where none is configured, so that RELOAD can set one. */
function limitsIn(policy: PoolPolicy, pool: PoolName): readonly NamedLimit[] {
  return limitKinds.map((kind) => {
    const licensed = kind === 'login' ? policy.licensedServer(pool.upstream) : undefined;
    const name = kind === 'login' ? `${licensed ?? pool.upstream}\0${pool.user}` : pool[kind];
    const cause = licensed === undefined ? 'limit' : 'licence';
    return { key: limitKey(kind, name), kind, name, max: policy.backendsMax(kind, pool) ?? Infinity, cause };
  });
}

function applicationMax(policy: PoolPolicy, application: string): number {
  return policy.applicationMax(application) ?? Infinity;
}

/** The settings of that pool which would be lowered to fit its limits. @throws CodedError POOL_SETTINGS_UNUSABLE */
export function clampsOf(policy: PoolPolicy, name: PoolName): readonly Clamp[] {
  return settingsWithinLimits(policy, name).clamps;
}

/** The settings of that pool, lowered to fit its limits. @throws CodedError POOL_SETTINGS_UNUSABLE */
export function settingsWithinLimits(policy: PoolPolicy, name: PoolName): ReturnType<typeof clampSettings> {
  const settings = policy.settings(name);
  checkSettings(titleOf(name), settings);
  return clampSettings(titleOf(name), settings, limitsIn(policy, name));
}
