/**
 * One processor that works off what it is given in order: a peer's CPU, the orderer's single loop. It turns costs into waiting
 * times, so the model slows down under load as a network does; nothing really waits in it.
 */
export class Station {
  #freeAtMs = 0;

  /** Adds work and returns how long from now it takes until that work is begun and done. */
  work(nowMs: number, costMs: number): { readonly beginsInMs: number; readonly endsInMs: number } {
    const beginsAt = Math.max(nowMs, this.#freeAtMs);
    this.#freeAtMs = beginsAt + costMs;
    return { beginsInMs: beginsAt - nowMs, endsInMs: this.#freeAtMs - nowMs };
  }
}
