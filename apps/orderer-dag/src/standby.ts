import { CodedError, isCodedError } from '@medrex/coded-error';
import {
  operationsPerRecord,
  progressCodec,
  topics,
  type LogRecord,
  type LogRun,
  type Progress,
} from '@medrex/contracts';
import type { ChannelOptions, StandbyLimits } from './channel-options.ts';
import type { LeadReason } from './channel-observer.ts';
import { pause } from './clock.ts';
import { ordererErrors } from './errors.ts';
import { KeptOperations } from './kept-operations.ts';
import { claimOf, isLater, type Claim } from './restart.ts';

/** Checks of the silence per `silenceMs`. Time between two checks counts as one step at most, so a standby that was suspended reads the log before it takes over. */
const checksPerSilence = 32;

/** Maximum random delay between standbys, in ms, so that the others see the claim of the first. */
const spreadMs = { silence: 250, 'handed-over': 100 };

/** The newest progress of a channel and its offset. */
export interface NewestProgress {
  readonly progress: Progress;
  readonly claim: Claim;
  readonly offset: number;
}

type StandbyReason = Exclude<LeadReason, 'start'>;

/** Callbacks of a Standby. */
export interface StandbyHooks {
  /** Takes over the channel, which has no leader. Rejects when that fails. */
  readonly takeOver: (before: Progress, reason: StandbyReason) => Promise<void>;
  /** Called when the standby cannot go on. */
  readonly onEnd: (error: unknown) => void;
}

/**
 * Standby of a channel that another instance leads. It follows `progress`, keeps the operations that a successor would read again, and
 * takes over when the leader hands over or has been silent for `silenceMs` on the standby's own clock. No clock of another machine is
 * used, and while the log cannot be read, nothing is concluded about the leader.
 */
export class Standby {
  readonly #options: ChannelOptions;
  readonly #limits: StandbyLimits;
  readonly #hooks: StandbyHooks;
  /** The operations that a successor would read again. */
  readonly kept: KeptOperations;
  #newest: NewestProgress;
  #readTo: number;
  #silentMs = 0;
  #isTrying = false;
  #failures = 0;
  #isClosed = false;
  #cancelLook: (() => void) | undefined;

  constructor(options: ChannelOptions, limits: StandbyLimits, newest: NewestProgress, hooks: StandbyHooks) {
    this.#options = options;
    this.#limits = limits;
    this.#newest = newest;
    this.#readTo = newest.offset;
    this.#hooks = hooks;
    this.kept = new KeptOperations(options.limits.live);
    this.#lookLater();
    options.observer.waits(newest.claim.generation);
  }

  get newest(): NewestProgress {
    return this.#newest;
  }

  /** Consecutive failures to take over, or to find out whether a take-over is due. */
  get failures(): number {
    return this.#failures;
  }

  onProgress(run: LogRun): void {
    for (const record of run.records) {
      this.#readTo = record.offset + 1;
      const newest = newestIn([record], this.#options.channel);
      if (newest !== undefined) this.#heard(newest);
    }
    if (this.#newest.progress.handedOver) void this.#try('handed-over');
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelLook?.();
    this.kept.close();
  }

  #heard(heard: NewestProgress): void {
    const { progress, claim, offset } = this.#newest;
    const isNewClaim = isLater(heard.claim, claim);
    if (!isNewClaim && (isLater(claim, heard.claim) || heard.offset <= offset)) return;
    this.#silentMs = 0;
    this.#failures = 0;
    this.#newest = heard;
    if (isNewClaim && heard.progress.lowWaterMark < progress.lowWaterMark) return this.#reset();
    this.kept.dropBelow(Math.floor(heard.progress.lowWaterMark / operationsPerRecord));
  }

  /** Ends the standby because the low-water mark decreased, i.e. the operations topic was recreated and the kept operations are void. */
  #reset(): void {
    const what = `channel ${this.#options.channel}: its low-water mark has decreased`;
    this.#hooks.onEnd(new CodedError(ordererErrors.CHANNEL_RESET, what));
  }

  #lookLater(): void {
    const stepMs = this.#limits.silenceMs / checksPerSilence;
    this.#cancelLook = this.#options.clock.after(stepMs, () => {
      this.#lookLater();
      this.#silentMs += stepMs;
      const reason = this.#due();
      if (reason !== undefined) void this.#try(reason);
    });
  }

  #due(): StandbyReason | undefined {
    if (this.#newest.progress.handedOver) return 'handed-over';
    return this.#silentMs >= this.#limits.silenceMs ? 'silence' : undefined;
  }

  async #try(reason: StandbyReason): Promise<void> {
    if (this.#isTrying) return;
    this.#isTrying = true;
    const { clock, place, observer } = this.#options;
    try {
      await pause(clock, place * spreadMs[reason]);
      if (await this.#isStillDue(reason)) await this.#hooks.takeOver(this.#newest.progress, reason);
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      observer.stepFailed('take-over', error, this.#failures);
      // Other errors are transient, e.g. an unavailable log, or one still locked by the last leader.
      if (isCodedError(error, 'OPERATIONS_LOG_BEHIND')) this.#hooks.onEnd(error);
    } finally {
      this.#silentMs = 0;
      this.#isTrying = false;
    }
  }

  /** Whether the leader is still silent, and the log has no progress of it that has not arrived yet. */
  async #isStillDue(reason: StandbyReason): Promise<boolean> {
    const { log, partition, channel } = this.#options;
    if (reason === 'silence' && this.#due() === reason) {
      const { end } = await log.bounds(topics.progress, partition);
      const newest = end > this.#readTo ? newestIn(await log.latest(topics.progress, partition), channel) : undefined;
      if (newest !== undefined) this.#heard(newest);
    }
    return !this.#isClosed && this.#due() === reason;
  }
}

/** The newest progress of a channel among records: the last one written under the latest claim. */
export function newestIn(records: readonly LogRecord[], channel: string): NewestProgress | undefined {
  let newest: NewestProgress | undefined;
  for (const record of records) {
    const claim = claimOf(record, channel);
    if (claim === undefined || (newest !== undefined && isLater(newest.claim, claim))) continue;
    newest = { progress: progressCodec.decode(record.value), claim, offset: record.offset };
  }
  return newest;
}
