import { Lease, ownShare, type LeaseBook, type LeaseTerms } from '@medrex/cache';
import type { PoolFigures } from '@medrex/pool';
import type { ProxyConfig, UpstreamConfig } from '../config/proxy-config.ts';

/** By which book instances lend connections to each other; the same key is the same budget. */
export type LeaseBookOf = (key: string) => LeaseBook;

/** Connections of one login at one upstream, as this instance may have them. */
export interface LicenceShare {
  readonly upstream: string;
  readonly user: string;
  /** Of all instances together. */
  readonly budget: number;
  readonly sharedBy: number;
  readonly granted: number;
  readonly inUse: number;
  /** `lease`: lent and borrowed; `share`: the part that is its own; `alone`: nobody shares them. */
  readonly by: 'alone' | 'share' | 'lease';
}

interface Login {
  readonly upstream: string;
  readonly user: string;
  readonly terms: LeaseTerms;
  readonly lease: Lease;
  inUse: number;
  wanted: number;
  /** What the pools know of. */
  applied: number;
}

const leaseMs = 3_000;
const lookMs = 200;

/** Of an upstream of kind iris: more connections of one user, and each of them costs a licence. */
export function licensedOf({ iris, backendsPerUserMax }: UpstreamConfig): number {
  const connections = iris?.licence.connections ?? Infinity;
  return Math.min(connections, backendsPerUserMax ?? connections);
}

/** What this instance may have of the connections that a licence allows, where several instances share it. */
export class LicenceShares {
  readonly #logins = new Map<string, Login>();
  readonly #instance: string;
  readonly #bookOf: LeaseBookOf | undefined;
  #config: ProxyConfig;
  #nextMs = -Infinity;

  constructor(config: ProxyConfig, bookOf: LeaseBookOf | undefined) {
    this.#config = config;
    this.#bookOf = bookOf;
    this.#instance = String(config.instance.id ?? 0);
  }

  reload(config: ProxyConfig): void {
    this.#config = config;
  }

  /** Connections that a user may have at an upstream now; undefined where no licence counts them. */
  limitOf(upstream: string, user: string): number | undefined {
    return this.#loginOf(upstream, user)?.lease.limit;
  }

  /** @returns whether somebody may have more or fewer than before */
  tick(nowMs: number, figures: () => readonly PoolFigures[]): boolean {
    if (this.#logins.size === 0) return false;
    if (nowMs >= this.#nextMs) {
      this.#nextMs = nowMs + lookMs;
      this.#look(figures());
    }
    let isChanged = false;
    for (const login of this.#logins.values()) {
      login.lease.tick(nowMs, login);
      isChanged ||= login.applied !== login.lease.limit;
      login.applied = login.lease.limit;
    }
    return isChanged;
  }

  shares(): readonly LicenceShare[] {
    return [...this.#logins.values()].map(({ upstream, user, terms, lease, inUse }) => ({
      ...{ upstream, user, inUse, budget: terms.budget, sharedBy: terms.instances, granted: lease.limit },
      by: terms.instances === 1 ? 'alone' : lease.isShared ? 'lease' : 'share',
    }));
  }

  /** This instance ends: others may have what it had, at once. */
  async leave(): Promise<void> {
    await Promise.all([...this.#logins.values()].map(({ lease }) => lease.leave()));
  }

  #look(figures: readonly PoolFigures[]): void {
    for (const login of this.#logins.values()) {
      const own = figures.filter(({ name }) => name.upstream === login.upstream && name.upstreamUser === login.user);
      login.inUse = own.reduce((sum, { opening, idle, active, resetting, checking, closing }) => {
        return sum + opening + idle + active + resetting + checking + closing;
      }, 0);
      const busy = own.reduce(
        (sum, { opening, active, resetting, waiting }) => sum + opening + active + resetting + waiting,
        0,
      );
      // One more than it needs, and some for the first who come.
      const least = Math.ceil(ownShare(login.terms) / 2);
      login.wanted = Math.min(login.terms.budget, Math.max(least, busy + 1));
    }
  }

  #loginOf(upstream: string, user: string): Login | undefined {
    const config = this.#config.upstreams[upstream];
    if (config?.iris === undefined) return undefined;
    const instances = config.iris.licence.sharedBy;
    const terms = { budget: licensedOf(config), instances, leaseMs };
    const key = JSON.stringify([config.host, config.port, user, terms.budget, instances]);
    const known = this.#logins.get(key);
    if (known !== undefined) return known;
    const book = instances === 1 ? undefined : this.#bookOf?.(key);
    const lease = new Lease({ terms, instance: this.#instance, book });
    const login: Login = { upstream, user, terms, lease, inUse: 0, wanted: ownShare(terms), applied: lease.limit };
    this.#logins.set(key, login);
    return login;
  }
}
