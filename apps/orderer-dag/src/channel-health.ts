import { Breaker, type OpenReason } from './breaker.ts';
import type { BackoffLimits } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Probe } from './probe.ts';

/** Whom a ChannelHealth asks and tells. */
export interface ChannelHealthOptions {
  readonly probe: Pick<Probe, 'ask'>;
  readonly clock: Clock;
  readonly backoff: BackoffLimits;
  readonly onProbe: (hasPassed: boolean) => void;
  readonly onOpened: (reason: OpenReason, error: unknown) => void;
  /** The channel carries operations again, after being closed to them for `openMs`. */
  readonly onClosed: (openMs: number) => void;
}

/**
 * Whether the channel carries anything at all. A failure that could be the fault of either side is settled by `ask`;
 * while the probe fails, the breaker is open and the probe repeats with backoff until it passes.
 */
export class ChannelHealth {
  readonly #options: ChannelHealthOptions;
  readonly #breaker: Breaker;
  #hasPassedProbe = false;
  #cancelRetry: (() => void) | undefined;
  #isEnded = false;

  constructor(options: ChannelHealthOptions) {
    this.#options = options;
    this.#breaker = new Breaker(options.backoff);
  }

  /** True when operations may be sent. */
  get isClosed(): boolean {
    return this.#breaker.isClosed;
  }

  get openReason(): OpenReason | undefined {
    return this.#breaker.reason;
  }

  /** A probe has passed and no infrastructure has failed since: the "before" of a failure that may count as a strike. */
  get hasPassedProbe(): boolean {
    return this.#hasPassedProbe;
  }

  /** Settles a failure: true when a probe that started after this call was carried to VALID. */
  async ask(): Promise<boolean> {
    const answer = await this.#options.probe.ask();
    if (this.#isEnded) return false;
    this.#options.onProbe(answer.kind === 'passed');
    if (answer.kind === 'passed') this.#passed();
    else this.#open('probe-failed', answer.error);
    return answer.kind === 'passed';
  }

  /** Infrastructure is known to have failed; a probe says whether the channel has to be closed for it. */
  trouble(): void {
    this.#hasPassedProbe = false;
    void this.ask();
  }

  /** The contract on the channel lacks a template version of the log: wait for the upgrade, try again now and then. */
  templateMissing(error: unknown): void {
    this.#open('template-version-missing', error);
  }

  /** An envelope with operations became VALID: whatever was missing is there. */
  carried(): void {
    if (this.#breaker.isClosed) this.#breaker.reset(this.#options.clock.now());
  }

  end(): void {
    this.#isEnded = true;
    this.#cancelRetry?.();
  }

  #passed(): void {
    this.#hasPassedProbe = true;
    // A passing probe says nothing about template versions: only the next try of the operations themselves does.
    if (this.#breaker.reason === 'template-version-missing') return;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const openMs = this.#breaker.reset(this.#options.clock.now());
    if (openMs !== undefined) this.#options.onClosed(openMs);
  }

  #open(reason: OpenReason, error: unknown): void {
    if (reason === 'probe-failed') this.#hasPassedProbe = false;
    if (this.#isEnded || this.#cancelRetry !== undefined) return;
    const { clock, onOpened } = this.#options;
    const wasClosed = this.#breaker.isClosed;
    const waitMs = this.#breaker.trip(reason, clock.now());
    if (wasClosed) onOpened(reason, error);
    this.#cancelRetry = clock.after(waitMs, () => {
      this.#cancelRetry = undefined;
      if (reason === 'probe-failed') void this.ask();
      else this.#letThrough();
    });
  }

  /** Half open: operations go again, the count of failures stays until one of them is carried. */
  #letThrough(): void {
    const openMs = this.#breaker.letThrough(this.#options.clock.now());
    if (openMs !== undefined) this.#options.onClosed(openMs);
  }
}
