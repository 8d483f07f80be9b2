export interface HitWindowOptions {
  /** Lookups that are judged together. */
  readonly lookups: number;
  /** Below this share of them it is switched off. */
  readonly ratioMin: number;
  /** For how long; it is tried again after that. */
  readonly offMs: number;
}

/**
 * Switches a cache off that costs more than it saves. The first window of each try is not judged: an empty cache has to fill.
 */
export class HitWindow {
  readonly #options: HitWindowOptions;
  #hits = 0;
  #lookups = 0;
  #isWarm = false;
  #offUntilMs = -Infinity;
  /** How often it was switched off. */
  timesOff = 0;

  constructor(options: HitWindowOptions) {
    this.#options = options;
  }

  isOn(nowMs: number): boolean {
    return nowMs >= this.#offUntilMs;
  }

  looked(isHit: boolean, nowMs: number): void {
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
