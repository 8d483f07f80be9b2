import { Breaker, type OpenReason } from './breaker.ts';
import type { BackoffLimits } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Probe } from './probe.ts';

/** Options of a ChannelHealth. */
export interface ChannelHealthOptions {
  readonly probe: Pick<Probe, 'ask'>;
  readonly clock: Clock;
  readonly backoff: BackoffLimits;
  readonly onProbe: (hasPassed: boolean) => void;
  readonly onOpened: (reason: OpenReason, error: unknown) => void;
  /** Called when the breaker closes again, after being open for `openMs`. */
  readonly onClosed: (openMs: number) => void;
}

/**
 * Whether the channel works. When either the channel or the operations may be at fault, `ask` settles it by a probe. While the probe
 * fails, the breaker is open and the probe is repeated with backoff.
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

  /** True when a probe has passed and no infrastructure failure followed, as required before a failure that counts as a strike. */
  get hasPassedProbe(): boolean {
    return this.#hasPassedProbe;
  }

  /** Settles a failure: resolves with true when a probe started after this call was carried to VALID. */
  async ask(): Promise<boolean> {
    const answer = await this.#options.probe.ask();
    if (this.#isEnded) return false;
    this.#options.onProbe(answer.kind === 'passed');
    if (answer.kind === 'passed') this.#probePassed();
    else this.#open('probe-failed', answer.error);
    return answer.kind === 'passed';
  }

  /** Notes an infrastructure failure; a probe decides whether the breaker opens. */
  infrastructureFailed(): void {
    this.#hasPassedProbe = false;
    void this.ask();
  }

  /** Opens the breaker because the contract lacks a template version of the log; retries until the upgrade. */
  templateMissing(error: unknown): void {
    this.#open('template-version-missing', error);
  }

  /** Notes that an envelope with operations became VALID, which closes the breaker. */
  carried(): void {
    if (this.#breaker.isClosed) this.#breaker.reset(this.#options.clock.now());
  }

  end(): void {
    this.#isEnded = true;
    this.#cancelRetry?.();
  }

  #probePassed(): void {
    this.#hasPassedProbe = true;
    // A passing probe says nothing about template versions; only the next try of the operations does.
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

  /** Half-opens the breaker: operations are sent again, and the failure count stays until one is carried. */
  #letThrough(): void {
    const openMs = this.#breaker.letThrough(this.#options.clock.now());
    if (openMs !== undefined) this.#options.onClosed(openMs);
  }
}
