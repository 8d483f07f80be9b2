/** How one pinned peer stands at the moment. */
export interface PinnedState {
  readonly height: number | undefined;
  readonly silentForMs: number;
}

/** Why another peer of the organisation has to be pinned. */
export const pinTroubles = ['silent', 'behind'] as const;
export type PinTrouble = (typeof pinTroubles)[number];

/**
 * Tells which pinned peers are to be replaced: one that has been asked and has not answered for so long, and one that for so
 * long has not had a block that another pinned one has shown. Pure: the time is given.
 */
export class LagWatch {
  readonly #limitMs: number;
  /** When each height was first shown by anybody, ascending; only what somebody lacks is kept. */
  #shown: { readonly height: number; readonly atMs: number }[] = [];
  #highest = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** The verdict on each of the pinned peers, in their order. */
  check(pins: readonly PinnedState[], nowMs: number): readonly (PinTrouble | undefined)[] {
    const heights = pins.map(({ height }) => height ?? 0);
    const highest = Math.max(0, ...heights);
    if (highest > this.#highest) {
      this.#highest = highest;
      this.#shown.push({ height: highest, atMs: nowMs });
    }
    const lowest = Math.min(...heights);
    this.#shown = this.#shown.filter(({ height }) => height > lowest);
    return pins.map(({ height = 0, silentForMs }) => {
      if (silentForMs >= this.#limitMs) return 'silent';
      const lacking = this.#shown.find((shown) => shown.height > height);
      return lacking !== undefined && nowMs - lacking.atMs >= this.#limitMs ? 'behind' : undefined;
    });
  }
}
