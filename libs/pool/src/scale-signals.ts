/** Figures that decide whether to add an instance of the proxy. Shares are in [0, 1]. */
export interface ScaleFigures {
  /** 95th percentile of the wait for a backend. */
  readonly queueMsP95: number;
  /** Backends in use over the sum of the pools' maxima. */
  readonly poolUse: number;
  /** 99th percentile of the event loop's delay. */
  readonly loopLagMsP99: number;
  readonly cpuUse: number;
}

export type ScaleSignal = 'queue' | 'pool' | 'loop' | 'cpu';

interface Rule {
  readonly figure: keyof ScaleFigures;
  readonly above: number;
  readonly forMs: number;
}

/** Thresholds of SC-002. */
const rules: Readonly<Record<ScaleSignal, Rule>> = {
  queue: { figure: 'queueMsP95', above: 50, forMs: 60_000 },
  pool: { figure: 'poolUse', above: 0.8, forMs: 120_000 },
  loop: { figure: 'loopLagMsP99', above: 20, forMs: 60_000 },
  cpu: { figure: 'cpuUse', above: 0.7, forMs: 60_000 },
};
export const scaleSignals = Object.keys(rules) as readonly ScaleSignal[];

/** After this time with all figures below half of their thresholds, one instance fewer is enough. */
const calmForMs = 600_000;

/** Turns figures that stay above (or below) their thresholds for some time into signals to scale out (or in). */
export class ScaleWatch {
  readonly #since: Record<ScaleSignal, number | undefined> = {
    queue: undefined,
    pool: undefined,
    loop: undefined,
    cpu: undefined,
  };
  #calmSince: number | undefined;
  #nowMs = 0;

  observe(figures: ScaleFigures, nowMs: number): void {
    this.#nowMs = nowMs;
    let isCalm = true;
    for (const signal of scaleSignals) {
      const { figure, above } = rules[signal];
      this.#since[signal] = figures[figure] > above ? (this.#since[signal] ?? nowMs) : undefined;
      if (figures[figure] > above / 2) isCalm = false;
    }
    this.#calmSince = isCalm ? (this.#calmSince ?? nowMs) : undefined;
  }

  asksFor(signal: ScaleSignal): boolean {
    const since = this.#since[signal];
    return since !== undefined && this.#nowMs - since >= rules[signal].forMs;
  }

  /** One instance fewer would be enough. */
  get isIdle(): boolean {
    return this.#calmSince !== undefined && this.#nowMs - this.#calmSince >= calmForMs;
  }
}
