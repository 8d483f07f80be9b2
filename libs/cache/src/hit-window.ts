export interface HitWindowOptions {
  /** Lookups of one window. */
  readonly lookups: number;
  /** The cache is switched off when the share of hits in a window is below this. */
  readonly ratioMin: number;
  /** How long it stays off before it is tried again. */
  readonly offMs: number;
}

/**
 * Switches off a cache that costs more than it saves. The first window of each try is not judged, as the cache has to fill.
 */
export class HitWindow {
  readonly #options: HitWindowOptions;
  #hits = 0;
  #lookups = 0;
  #isWarm = false;
  #offUntilMs = -Infinity;
  /** How often it has switched off. */
  timesOff = 0;

  constructor(options: HitWindowOptions) {
    this.#options = options;
  }

  isOn(nowMs: number): boolean {
    return nowMs >= this.#offUntilMs;
  }

  recordLookup(isHit: boolean, nowMs: number): void {
    this.#lookups++;
    if (isHit) this.#hits++;
    const { lookups, ratioMin, offMs } = this.#options;
    if (this.#lookups < lookups) return;
    const isPoor = this.#hits < ratioMin * this.#lookups;
    if (this.#isWarm && isPoor) {
      this.#offUntilMs = nowMs + offMs;
      this.timesOff++;
    }
    this.#isWarm = !this.#isWarm || !isPoor;
    this.#hits = 0;
    this.#lookups = 0;
  }
}
