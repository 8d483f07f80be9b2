/** The present state of one pinned peer. */
export interface PinnedState {
  readonly height: number | undefined;
  readonly silentForMs: number;
}

/** Why another peer of the organisation must be pinned. */
export const pinTroubles = ['silent', 'behind'] as const;
export type PinTrouble = (typeof pinTroubles)[number];

/**
 * Decides which pinned peers to replace: one that has not answered a request for the time limit, and one that for that
 * time has lacked a block that another pinned peer has. Pure: the time is an argument.
 */
export class LagWatch {
  readonly #limitMs: number;
  /** When each height was first reported by any peer, ascending; only heights that some peer lacks are kept. */
  #shown: { readonly height: number; readonly atMs: number }[] = [];
  #highest = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** The verdict on each pinned peer, in order. */
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
