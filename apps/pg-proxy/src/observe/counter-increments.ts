/** Turns counters kept elsewhere into increments for metrics. */
export class CounterIncrements {
  readonly #before = new Map<string, number>();

  /** The increase since the last call. */
  since(name: string, now: number): number {
    const before = this.#before.get(name) ?? 0;
    this.#before.set(name, now);
    // A RELOAD has restarted it.
    return now < before ? now : now - before;
  }
}
