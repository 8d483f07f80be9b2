import { grantFor, silentOf, type Holder, type LeaseBook, type LeaseTerms } from '../leases.ts';

/** A lease book in memory, with the clock of a test. */
export class MemoryLeaseBook implements LeaseBook {
  readonly holders = new Map<string, Holder>();
  readonly #now: () => number;
  isAway = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  async renew(
    instance: string,
    { wanted, inUse }: { readonly wanted: number; readonly inUse: number },
    terms: LeaseTerms,
  ): Promise<number> {
    if (this.isAway) throw new Error('away');
    const nowMs = this.#now();
    const others = [...this.holders]
      .filter(([name]) => name !== instance)
      .map(([name, holder]) => ({ name, ...holder }));
    for (const { name } of silentOf(others, terms, nowMs).replaced) this.holders.delete(name);
    const granted = grantFor(wanted, others, terms, nowMs);
    this.holders.set(instance, { wanted, inUse, granted, untilMs: nowMs + terms.leaseMs });
    return granted;
  }

  async leave(instance: string): Promise<void> {
    if (this.isAway) throw new Error('away');
    this.holders.delete(instance);
  }
}
