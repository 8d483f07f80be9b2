import { Lease, ownShare, type LeaseBook, type LeaseTerms } from '@medrex/cache';
import type { PoolFigures, PoolName } from '@medrex/pool';
import type { ProxyConfig, UpstreamConfig } from '../../config/proxy-config.ts';

/** The lease book through which instances lend connections to each other; equal keys share a budget. */
export type LeaseBookOf = (key: string) => LeaseBook;

/** How many connections of one login at one upstream this instance may have. */
export interface LicenceShare {
  readonly upstream: string;
  readonly user: string;
  /** The budget of all instances together. */
  readonly budget: number;
  readonly sharedBy: number;
  readonly granted: number;
  readonly inUse: number;
  /** `lease`: lent and borrowed; `share`: a fixed part; `alone`: nobody else uses them. */
  readonly by: 'alone' | 'share' | 'lease';
}

interface Login {
  readonly upstream: string;
  readonly user: string;
  readonly terms: LeaseTerms;
  readonly lease: Lease;
  inUse: number;
  wanted: number;
  /** The value that the pools know. */
  applied: number;
}

const leaseMs = 3_000;
const updateMs = 200;

/** For an upstream of kind iris: further connections of one user cost a licence each. */
export function licensedOf({ iris, backendsPerUserMax }: UpstreamConfig): number {
  const connections = iris?.licence.connections ?? Infinity;
  return Math.min(connections, backendsPerUserMax ?? connections);
}

/** The name under which the server is configured first: one host may be several upstreams, but has one licence. */
export function licensedServerOf({ upstreams }: ProxyConfig, upstream: string): string | undefined {
  const config = upstreams[upstream];
  if (config?.iris === undefined) return undefined;
  const isSame = ([, { iris, host, port }]: [string, UpstreamConfig]): boolean =>
    iris !== undefined && host === config.host && port === config.port;
  return Object.entries(upstreams).find(isSame)?.[0];
}

/** How many of the connections that a licence allows belong to this instance, if several instances share it. */
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
    this.#addConfiguredLogins();
  }

  /** Budgets that have changed are requested anew. */
  reload(config: ProxyConfig): void {
    this.#config = config;
    for (const [key, { upstream, user, lease }] of this.#logins) {
      if (this.#termsOf(upstream, user)?.key === key) continue;
      this.#logins.delete(key);
      void lease.leave();
    }
    this.#addConfiguredLogins();
  }

  /** How many connections a user may have at an upstream now; undefined: no licence limits them. */
  limitOf(upstream: string, user: string): number | undefined {
    return this.#loginOf(upstream, user)?.lease.limit;
  }

  /** @returns whether a limit has changed */
  tick(nowMs: number, figures: () => readonly PoolFigures[]): boolean {
    if (this.#logins.size === 0) return false;
    if (nowMs >= this.#nextMs) {
      this.#nextMs = nowMs + updateMs;
      this.#updateUse(figures());
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
      upstream,
      user,
      inUse,
      budget: terms.budget,
      sharedBy: terms.instances,
      granted: lease.limit,
      by: terms.instances === 1 ? 'alone' : lease.isShared ? 'lease' : 'share',
    }));
  }

  /** This instance ends, and frees its share at once. */
  async leave(): Promise<void> {
    await Promise.all([...this.#logins.values()].map(({ lease }) => lease.leave()));
  }

  #updateUse(figures: readonly PoolFigures[]): void {
    for (const login of this.#logins.values()) {
      const isOwn = ({ upstream, user }: PoolName): boolean =>
        user === login.user && licensedServerOf(this.#config, upstream) === login.upstream;
      const own = figures.filter(({ name }) => isOwn(name));
      login.inUse = own.reduce((sum, { opening, idle, active, resetting, checking, closing }) => {
        return sum + opening + idle + active + resetting + checking + closing;
      }, 0);
      const busy = own.reduce(
        (sum, { opening, active, resetting, waiting }) => sum + opening + active + resetting + waiting,
        0,
      );
      // One more than is needed, and some for the first clients that come.
      const least = Math.ceil(ownShare(login.terms) / 2);
      login.wanted = Math.min(login.terms.budget, Math.max(least, busy + 1));
    }
  }

  /** Other instances can only leave room for this one's needs if they know them, even before any client has come. */
  #addConfiguredLogins(): void {
    const { databases, identities } = this.#config;
    for (const { user, upstream, upstreamOfClass = {} } of Object.values(databases))
      for (const each of [upstream, ...Object.values(upstreamOfClass)]) {
        if (user !== undefined) this.#loginOf(each, user);
        for (const { as } of identities) this.#loginOf(each, as);
      }
  }

  #loginOf(upstream: string, user: string): Login | undefined {
    const counted = this.#termsOf(upstream, user);
    if (counted === undefined) return undefined;
    const { server, terms, key } = counted;
    const known = this.#logins.get(key);
    if (known !== undefined) return known;
    const book = terms.instances === 1 ? undefined : this.#bookOf?.(key);
    const lease = new Lease({ terms, instance: this.#instance, book });
    const made: Login = {
      upstream: server,
      user,
      terms,
      lease,
      inUse: 0,
      wanted: ownShare(terms),
      applied: lease.limit,
    };
    this.#logins.set(key, made);
    return made;
  }

  #termsOf(upstream: string, user: string): { server: string; terms: LeaseTerms; key: string } | undefined {
    const server = licensedServerOf(this.#config, upstream);
    const config = server === undefined ? undefined : this.#config.upstreams[server];
    if (server === undefined || config?.iris === undefined) return undefined;
    const instances = config.iris.licence.sharedBy;
    const terms = { budget: licensedOf(config), instances, leaseMs };
    return { server, terms, key: JSON.stringify([config.host, config.port, user, terms.budget, instances]) };
  }
}
