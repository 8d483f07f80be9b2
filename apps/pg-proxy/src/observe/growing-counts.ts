/** Counts that are kept elsewhere and only grow: counters of metrics take over what has come since. */
export class GrowingCounts {
  readonly #before = new Map<string, number>();

  /** What has come since it was asked for the last time. */
  more(name: string, now: number): number {
    const before = this.#before.get(name) ?? 0;
    this.#before.set(name, now);
    // A RELOAD has begun it anew.
    return now < before ? now : now - before;
  }
}
