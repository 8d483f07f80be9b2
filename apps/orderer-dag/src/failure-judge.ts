import type { ChannelHealth } from './channel-health.ts';
import type { Clock } from './clock.ts';
import { pause } from './clock.ts';
import type { FailureVerdict } from './failure-table.ts';
import type { Flight } from './flight.ts';
import type { Suspects } from './suspects.ts';

/** What a FailureJudge asks and whom it tells. */
export interface FailureJudgeOptions {
  readonly health: Pick<ChannelHealth, 'ask' | 'trouble' | 'templateMissing' | 'carried'>;
  readonly suspects: Suspects;
  readonly clock: Clock;
  /** How long operations that met failing infrastructure keep their flight, by failures in a row. */
  readonly holdBackMs: (failures: number) => number;
  /** The operation failed alone three times between passing probes. */
  readonly onPoison: (seq: number) => void;
  readonly onStop: (error: unknown) => void;
}

/** Finds out who failed, and keeps the two sides apart: infrastructure is waited for, a set of operations is narrowed down. */
export class FailureJudge {
  readonly #options: FailureJudgeOptions;
  #failures = 0;

  constructor(options: FailureJudgeOptions) {
    this.#options = options;
  }

  /** Something was carried: the next failure of infrastructure is the first again. */
  carried(): void {
    this.#failures = 0;
    this.#options.health.carried();
  }

  /**
   * Judges a failed flight. Resolves when its operations may go back to their places: `infrastructure` when nobody in it
   * is suspect, `suspect` when the set is at fault and has to be halved, `stop` when the channel stops instead.
   */
  async judge(flight: Flight, verdict: FailureVerdict, error: unknown): Promise<'infrastructure' | 'suspect' | 'stop'> {
    const { health, onStop } = this.#options;
    switch (verdict) {
      case 'stop':
        onStop(error);
        return 'stop';
      case 'template-missing':
        health.templateMissing(error);
        return 'infrastructure';
      case 'infrastructure':
        health.trouble();
        await this.#holdBack();
        return 'infrastructure';
      case 'set':
        this.#strike(flight, true);
        return 'suspect';
      case 'ask-probe':
        return this.#ask(flight);
    }
  }

  async #ask(flight: Flight): Promise<'infrastructure' | 'suspect'> {
    if (!(await this.#options.health.ask())) return 'infrastructure';
    this.#strike(flight, flight.start.isAfterPassingProbe);
    return 'suspect';
  }

  /** A failure alone counts; a close is never given up: it parses nothing, so it cannot be what is wrong. */
  #strike(flight: Flight, isCounted: boolean): void {
    const [operation, second] = flight.operations;
    if (!isCounted || operation === undefined || second !== undefined || operation.closeReason !== undefined) return;
    if (this.#options.suspects.strike(operation.seq)) this.#options.onPoison(operation.seq);
  }

  async #holdBack(): Promise<void> {
    this.#failures += 1;
    await pause(this.#options.clock, this.#options.holdBackMs(this.#failures));
  }
}
