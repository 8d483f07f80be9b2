/** What an instance holds of a shared budget, such as licences or connections of a server. */
export interface Holder {
  /** How much it wants, and how much it uses. */
  readonly wanted: number;
  readonly inUse: number;
  /** Its lease until `untilMs`; after that it holds its own share, which is reserved for it. */
  readonly granted: number;
  readonly untilMs: number;
}

export interface LeaseTerms {
  readonly budget: number;
  /** Maximum of instances; each is guaranteed an equal share of the budget. */
  readonly instances: number;
  readonly leaseMs: number;
}

/** What every instance may use without a lease. All own shares together never exceed the budget. */
export const ownShare = ({ budget, instances }: LeaseTerms): number => Math.floor(budget / instances);

/** What must be left to a holder: what it may be using, or may use without a lease. */
function reservedFor({ granted, inUse, untilMs }: Holder, terms: LeaseTerms, nowMs: number): number {
  const own = ownShare(terms);
  return nowMs < untilMs ? Math.max(granted, inUse) : Math.max(own, Math.min(inUse, granted));
}

/**
 * Divides silent holders (whose leases have ended) into those that may still be running, cut off but using their part (`counted`, those
 * that hold most first), and those that must have been replaced, as there can be only `instances` (`replaced`).
 */
export function silentOf<H extends Holder>(
  others: readonly H[],
  terms: LeaseTerms,
  nowMs: number,
): { readonly counted: readonly H[]; readonly replaced: readonly H[] } {
  const silent = others.filter(({ untilMs }) => nowMs >= untilMs);
  const max = Math.max(0, terms.instances - 1 - (others.length - silent.length));
  silent.sort((one, other) => reservedFor(other, terms, nowMs) - reservedFor(one, terms, nowMs));
  return { counted: silent.slice(0, max), replaced: silent.slice(max) };
}

/**
 * The lease of an instance that wants `wanted`, beside the other holders. Silent holders keep their own shares. Each other instance gets
 * what it wants up to its own share, and the rest is divided among those that want more. An instance never gets what another one may
 * still be using; it gets that at a later renewal.
 */
export function grantFor(wanted: number, others: readonly Holder[], terms: LeaseTerms, nowMs: number): number {
  const own = ownShare(terms);
  const live = others.filter(({ untilMs }) => nowMs < untilMs);
  const { counted } = silentOf(others, terms, nowMs);
  // An instance that is not in the book may still use its own share.
  const silent = Math.max(0, terms.instances - 1 - live.length);
  const left =
    terms.budget -
    silent * own -
    [...live.map((other) => other.wanted), wanted].reduce((sum, each) => sum + Math.min(each, own), 0);
  const greedy = live.filter((other) => other.wanted > own).length + (wanted > own ? 1 : 0);
  const fair = wanted <= own ? wanted : own + Math.floor(Math.max(0, left) / greedy);
  const unknown = (silent - counted.length) * own;
  const reserved = [...live, ...counted].reduce((sum, other) => sum + reservedFor(other, terms, nowMs), 0);
  return Math.max(0, Math.min(wanted, fair, terms.budget - unknown - reserved));
}

/** The record of all holders, shared by the instances. Each call is atomic. */
export interface LeaseBook {
  /** Records the demand of an instance, and returns what it is granted for `terms.leaseMs` from the time of the call. */
  renew(
    instance: string,
    asked: { readonly wanted: number; readonly inUse: number },
    terms: LeaseTerms,
  ): Promise<number>;
  /** Removes an instance. */
  leave(instance: string): Promise<void>;
}

export interface LeaseOptions {
  readonly terms: LeaseTerms;
  readonly instance: string;
  /** Undefined: this instance always has its own share. */
  readonly book: LeaseBook | undefined;
}

/** Renewals in the duration of a lease, so that two may fail. */
const renewalsPerLease = 3;

/**
 * What this instance may use of a budget. With the book, the limit follows the demands of all instances. When the book does not answer,
 * it falls back to the own share, which the book reserves as well: down to it when the own lease ends, and up to it only when the leases
 * of all others have ended.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #granted: number;
  #untilMs = -Infinity;
  /** Since when renewals have failed. */
  #failingSinceMs: number | undefined;
  #nextAtMs = -Infinity;
  #isAsking = false;
  #nowMs = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
    // Until its first renewal an instance may be one more than `instances`.
    this.#granted = options.book === undefined ? ownShare(options.terms) : 0;
  }

  /** How much may be in use now; give back what exceeds it. */
  get limit(): number {
    const { terms, book } = this.#options;
    if (book === undefined) return ownShare(terms);
    if (this.#nowMs < this.#untilMs) return this.#granted;
    const own = ownShare(terms);
    const areOthersOver = this.#failingSinceMs !== undefined && this.#nowMs - this.#failingSinceMs > terms.leaseMs;
    return areOthersOver ? own : Math.min(this.#granted, own);
  }

  /** Whether the limit was granted by the book; otherwise it is at most the own share. */
  get isShared(): boolean {
    return this.#options.book !== undefined && this.#nowMs < this.#untilMs;
  }

  tick(nowMs: number, asked: { readonly wanted: number; readonly inUse: number }): void {
    this.#nowMs = nowMs;
    const { book, terms, instance } = this.#options;
    if (book === undefined || this.#isAsking || nowMs < this.#nextAtMs) return;
    this.#isAsking = true;
    this.#nextAtMs = nowMs + terms.leaseMs / renewalsPerLease;
    book.renew(instance, asked, terms).then(
      (granted) => this.#renewed(granted, nowMs),
      () => this.#failed(nowMs),
    );
  }

  async leave(): Promise<void> {
    this.#granted = 0;
    this.#untilMs = -Infinity;
    await this.#options.book?.leave(this.#options.instance).catch(() => undefined);
  }

  /** A lease runs from the time of the request. */
  #renewed(granted: number, askedAtMs: number): void {
    this.#isAsking = false;
    this.#failingSinceMs = undefined;
    this.#granted = granted;
    this.#untilMs = askedAtMs + this.#options.terms.leaseMs;
  }

  #failed(askedAtMs: number): void {
    this.#isAsking = false;
    this.#failingSinceMs ??= askedAtMs;
  }
}
