import { setImmediate as nextTurn } from 'node:timers/promises';
import { CodedError } from '@medrex/coded-error';
import { operationsPerRecord, topics, type LogRun, type Progress } from '@medrex/contracts';
import { backoffMs } from './backoff.ts';
import { ChannelLoop } from './channel-loop.ts';
import type { LeadReason } from './channel-observer.ts';
import type { ChannelOptions } from './channel-options.ts';
import { pause } from './clock.ts';
import { ordererErrors } from './errors.ts';
import type { KeptOperations } from './kept-operations.ts';
import { newestIn, Standby, type NewestProgress } from './standby.ts';

/**
 * The role of one instance in a channel: leader or standby. Leadership is decided by the `progress` topic alone, so it works the same
 * on every log, independently of consumer groups.
 */
export class ChannelDriver {
  readonly #options: ChannelOptions;
  readonly #onEnd: (error: unknown) => void;
  #loop: ChannelLoop | undefined;
  #standby: Standby | undefined;
  /** The take-over in progress, and the replay of the kept operations. */
  #takingOver: Promise<void> | undefined;
  #replaying: Promise<void> | undefined;
  #isEnding = false;

  private constructor(options: ChannelOptions, onEnd: (error: unknown) => void) {
    this.#options = options;
    this.#onEnd = onEnd;
  }

  /**
   * Becomes leader if there is none, otherwise standby.
   * @param onEnd called when this instance has no role in the channel any more and the process has to end
   * @throws CodedError OPERATIONS_LOG_BEHIND
   */
  static async open(options: ChannelOptions, onEnd: (error: unknown) => void): Promise<ChannelDriver> {
    const { log, channel, partition, limits } = options;
    const driver = new ChannelDriver(options, onEnd);
    const newest = limits.standby && newestIn(await log.latest(topics.progress, partition), channel);
    if (newest === undefined || newest.progress.handedOver) await driver.#lead(newest?.progress, 'start');
    else driver.#wait(newest);
    return driver;
  }

  /** The loop, while this instance leads. */
  get loop(): ChannelLoop | undefined {
    return this.#loop;
  }

  /** Start offsets for reading `operations` and `progress`. */
  get readFrom(): { readonly operations: number; readonly progress: number } {
    if (this.#loop !== undefined) return this.#loop.readFrom;
    const { progress, offset } = (this.#standby as Standby).newest;
    return { operations: Math.floor(progress.lowWaterMark / operationsPerRecord), progress: offset };
  }

  /** Resolves when the whole run is admitted, or kept by a standby. @throws CodedError MESSAGE_MALFORMED */
  async onOperations(run: LogRun): Promise<void> {
    if (this.#loop === undefined && (await this.#standby?.kept.keep(run))) return;
    await this.#replaying; // the kept operations come first
    await this.#loop?.onOperations(run);
  }

  /** Returns false when the advice was ignored because another instance leads. */
  onAnalyzed(run: LogRun): boolean {
    this.#loop?.onAnalyzed(run);
    return this.#loop !== undefined;
  }

  onProgress(run: LogRun): void {
    if (this.#loop === undefined) this.#standby?.onProgress(run);
    else if (this.#loop.isSuperseded(run)) this.#superseded();
  }

  /** Why it is not ready, as a word; undefined when it is. A waiting standby is ready. */
  notReady(): string | undefined {
    if (this.#standby !== undefined && this.#standby.failures > 0) return 'progress-unreadable';
    const state = this.#loop?.state();
    if (state?.stopped !== undefined) return 'channel-stopped';
    if (state?.isCaughtUp === false) return 'catching-up';
    return state?.breaker;
  }

  /** Handles SIGTERM: a leader hands over, see `ChannelLoop.close`; a standby just stops. */
  async close(): Promise<void> {
    await this.#end();
    await this.#loop?.close();
  }

  /** Stops at once without writing anything. */
  async abandon(): Promise<void> {
    await this.#end();
    await this.#loop?.abandon();
  }

  #end(): Promise<void> {
    this.#isEnding = true;
    this.#standby?.close();
    return this.#takingOver?.catch(() => undefined) ?? Promise.resolve();
  }

  #wait(newest: NewestProgress): void {
    const { limits } = this.#options;
    if (limits.standby === undefined) return;
    this.#standby = new Standby(this.#options, limits.standby, newest, {
      takeOver: (before, reason) => (this.#takingOver = this.#lead(before, reason)),
      onEnd: (error) => this.#onEnd(error),
    });
  }

  async #lead(before: Progress | undefined, reason: LeadReason): Promise<void> {
    const loop = await ChannelLoop.open(this.#options, { before, onSuperseded: () => this.#superseded() });
    const standby = this.#standby;
    this.#loop = loop;
    this.#standby = undefined;
    this.#options.observer.leads(loop.claim.generation, reason);
    if (standby === undefined) return;
    standby.close();
    this.#replaying = this.#replay(standby.kept, loop);
  }

  /** Admits the kept operations, yielding to the event loop between runs so that blocks and answers are not delayed. */
  async #replay(kept: KeptOperations, loop: ChannelLoop): Promise<void> {
    for (const run of kept.handOut()) {
      await this.#retryUntilDone(() => loop.onOperations(run));
      await nextTurn();
    }
  }

  /** Retries until it succeeds, like the log with a failed run, so that nothing is skipped. */
  async #retryUntilDone(take: () => Promise<void>): Promise<void> {
    const { clock, observer, limits } = this.#options;
    for (let failures = 1; !this.#isEnding; failures++) {
      try {
        return await take();
      } catch (error) {
        observer.stepFailed('operations', error, failures);
        await pause(clock, backoffMs(failures, limits.backoff));
      }
    }
  }

  #superseded(): void {
    const what = `channel ${this.#options.channel}: another orderer-dag has taken over`;
    this.#onEnd(new CodedError(ordererErrors.GENERATION_SUPERSEDED, what));
  }
}
