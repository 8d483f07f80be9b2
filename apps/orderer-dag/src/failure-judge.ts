import type { ChannelHealth } from './channel-health.ts';
import type { Clock } from './clock.ts';
import { pause } from './clock.ts';
import type { FailureVerdict } from './failure-table.ts';
import type { Flight } from './flight.ts';
import type { Suspects } from './suspects.ts';

/** Options of a FailureJudge. */
export interface FailureJudgeOptions {
  readonly health: Pick<ChannelHealth, 'ask' | 'infrastructureFailed' | 'templateMissing' | 'carried'>;
  readonly suspects: Suspects;
  readonly clock: Clock;
  /** How long operations keep their flight after an infrastructure failure, in ms, by consecutive failures. */
  readonly holdBackMs: (failures: number) => number;
  /** Called when an operation has failed alone three times between passing probes. */
  readonly onPoison: (seq: number) => void;
  readonly onStop: (error: unknown) => void;
}

/** Finds out whether infrastructure failed, which is awaited, or a set of operations, which is halved. */
export class FailureJudge {
  readonly #options: FailureJudgeOptions;
  #failures = 0;

  constructor(options: FailureJudgeOptions) {
    this.#options = options;
  }

  /** Resets the count of consecutive infrastructure failures after something was carried. */
  carried(): void {
    this.#failures = 0;
    this.#options.health.carried();
  }

  /**
   * Judges a failed flight. Resolves when its operations may return to their queues: `infrastructure` when none of them is suspect,
   * `suspect` when the set is at fault and has to be halved, `stop` when the channel stops instead.
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
        health.infrastructureFailed();
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

  /** Counts a failure of a single operation. A close never counts, as it does not execute the operation. */
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
