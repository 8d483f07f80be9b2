/** What one instance holds of something that there is only so much of, such as licences or connections of a server. */
export interface Holder {
  /** What it would like to have, and what it has in use. */
  readonly wanted: number;
  readonly inUse: number;
  /** Until `untilMs`; then it holds its own share, and nobody else has that. */
  readonly granted: number;
  readonly untilMs: number;
}

export interface LeaseTerms {
  readonly budget: number;
  /** How many instances share it at most: each has its part of the budget for certain. */
  readonly instances: number;
  readonly leaseMs: number;
}

/** What every instance has without asking anybody. All of them together are never above the budget. */
export const ownShare = ({ budget, instances }: LeaseTerms): number => Math.floor(budget / instances);

/** What must be left to a holder: what it may be using now, or may use without asking. */
function reservedFor({ granted, inUse, untilMs }: Holder, terms: LeaseTerms, nowMs: number): number {
  const own = ownShare(terms);
  return nowMs < untilMs ? Math.max(granted, inUse) : Math.max(own, Math.min(inUse, granted));
}

/**
 * Of those that are silent no more than there can be beside the others, those that hold most first; the rest have ended and have been
 * replaced. One that has not been replaced may be cut off, and have its part in use.
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
 * What an instance gets that asks for `wanted`, beside the others. Whoever is silent keeps his own share. Of the others each gets what it wants up to its own share; what is left is divided
 * among those who want more. It never gets what somebody else may still be using: that comes with the next time it asks.
 */
export function grantFor(wanted: number, others: readonly Holder[], terms: LeaseTerms, nowMs: number): number {
  const own = ownShare(terms);
  const live = others.filter(({ untilMs }) => nowMs < untilMs);
  const { counted } = silentOf(others, terms, nowMs);
  // Whoever is not heard may have his own share in use, though he has never asked.
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

/** Where holders are written down, for all instances; one call is one step for everybody. */
export interface LeaseBook {
  /** Takes over what is asked for, and says what is granted for `terms.leaseMs` from when it was asked. */
  renew(
    instance: string,
    asked: { readonly wanted: number; readonly inUse: number },
    terms: LeaseTerms,
  ): Promise<number>;
  /** It holds nothing any more. */
  leave(instance: string): Promise<void>;
}

export interface LeaseOptions {
  readonly terms: LeaseTerms;
  readonly instance: string;
  /** Undefined: this instance has its own share, always. */
  readonly book: LeaseBook | undefined;
}

/** A third of the time that a lease lasts: two renewals may fail. */
const renewalsPerLease = 3;

/**
 * What this instance may use of a budget. With the book it grows and shrinks with what all want; without it falls back to the share that
 * is its own, which is reserved for it there as well. A limit above what is asked for again is not kept beyond its lease; one
 * below the own share is not raised to that before the leases of all others have ended.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #granted: number;
  #untilMs = -Infinity;
  /** Since when the book has not answered. */
  #failingSinceMs: number | undefined;
  #nextAtMs = -Infinity;
  #isAsking = false;
  #nowMs = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
    // An instance that has never asked may be one too many until it has.
    this.#granted = options.book === undefined ? ownShare(options.terms) : 0;
  }

  /** How much may be in use now. What is in use above it should be given back. */
  get limit(): number {
    const { terms, book } = this.#options;
    if (book === undefined) return ownShare(terms);
    if (this.#nowMs < this.#untilMs) return this.#granted;
    const own = ownShare(terms);
    const areOthersOver = this.#failingSinceMs !== undefined && this.#nowMs - this.#failingSinceMs > terms.leaseMs;
    return areOthersOver ? own : Math.min(this.#granted, own);
  }

  /** Whether the limit is what the book has granted; else it is what this instance has for certain. */
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

  /** It counts from when it was asked for. */
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
