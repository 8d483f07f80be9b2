import { CodedError } from '@medrex/coded-error';
import { analyzedCodec, topics, type LogRecord, type LogRun, type Progress } from '@medrex/contracts';
import type { Block } from '@medrex/ledger';
import type { OpenReason } from './breaker.ts';
import { BlockFollower } from './block-follower.ts';
import { BlockIntake } from './block-intake.ts';
import type { ChannelOptions } from './channel-options.ts';
import { channelParts, type ChannelParts } from './channel-parts.ts';
import { pause } from './clock.ts';
import { deadLettersOf } from './dead-letters-of.ts';
import { ordererErrors } from './errors.ts';
import type { Landing } from './flights.ts';
import { outcomesOf } from './outcomes-of.ts';
import { Planning } from './planning.ts';
import { supersedes, takeOver, type Claim, type TakeOver } from './restart.ts';

/** How long `close` waits for flights, in ms. */
const graceMs = 1_000;

/** Options for opening a loop. */
export interface LoopStart {
  /** The newest progress, when the caller has followed the topic to its end. */
  readonly before?: Progress | undefined;
  /** Called when the log shows that another instance has taken over the channel. */
  readonly onSuperseded: () => void;
}

/** Readiness of a channel. */
export interface ChannelState {
  readonly channel: string;
  readonly generation: number;
  /** True when the blocks that existed at the start have been read. */
  readonly isCaughtUp: boolean;
  readonly breaker: OpenReason | undefined;
  /** The error that stopped the channel; undefined while it works. */
  readonly stopped: unknown;
}

/** Numbers of a channel. Computed from all live operations, so for scrapes only. */
export interface ChannelStatus extends ChannelState {
  readonly progress: Progress;
  /** Operations from the low-water mark to the last one read. */
  readonly span: number;
  readonly flights: number;
  readonly planner: ReturnType<ChannelParts['planner']['statistics']>;
}

/**
 * The DAG block constructor of one channel: reads operations, plans fusions, carries them through the ledger, follows the blocks, and
 * reports outcomes and progress. Single-threaded: every event ends in `Planning.soon`, which plans once for all events of a turn.
 */
export class ChannelLoop {
  readonly #options: ChannelOptions;
  readonly #onSuperseded: () => void;
  readonly #taken: TakeOver;
  readonly #parts: ChannelParts;
  readonly #planning: Planning;
  readonly #follower: BlockFollower;
  /** Planning begins when the blocks below this height have been read. */
  readonly #startHeight: number;
  #reportedHeight: number;
  #contractVersion: string;
  #stopped: unknown;
  #isEnding = false;

  private constructor(options: ChannelOptions, taken: TakeOver, startHeight: number, onSuperseded: () => void) {
    this.#options = options;
    this.#onSuperseded = onSuperseded;
    this.#taken = taken;
    this.#startHeight = startHeight;
    this.#reportedHeight = taken.progress.blockHeight;
    this.#contractVersion = taken.progress.contractVersion;
    this.#parts = channelParts(options, taken, {
      onLanded: (landing) => this.#landed(landing),
      onChange: () => this.#planning.soon(),
      onReported: (seqs) => this.#reported(seqs),
      onUnexecutable: (seq, reason) => this.#planning.close(seq, reason),
      onStop: (error) => this.#stop(error),
      snapshot: () => this.#progress(),
      onProgress: (_progress, madeMs) => this.#heard(madeMs),
    });
    this.#planning = new Planning(options, this.#parts, {
      mayPlan: () => this.#mayPlan(),
      height: () => this.#follower.height,
      onStop: (error) => this.#stop(error),
    });
    this.#follower = this.#followBlocks();
  }

  /** Takes over the channel and starts to follow its blocks. @throws CodedError OPERATIONS_LOG_BEHIND */
  static async open(options: ChannelOptions, { before, onSuperseded }: LoopStart): Promise<ChannelLoop> {
    const { log, channel, partition, blocks } = options;
    const startHeight = await blocks.height(); // first, so that an instance without access to the ledger claims nothing
    const taken = await takeOver({ log, channel, partition, ...(before && { before }) });
    return new ChannelLoop(options, taken, startHeight, onSuperseded);
  }

  /** Start offsets for reading `operations` and `progress`. */
  get readFrom(): { readonly operations: number; readonly progress: number } {
    return { operations: this.#taken.operationsOffset, progress: this.#taken.progressOffset };
  }

  /** The claim under which this instance leads the channel. */
  get claim(): Claim {
    return { generation: this.#taken.progress.generation, offset: this.#taken.progressOffset };
  }

  /** Admits a run; resolves when all of it is admitted, which gives back-pressure. @throws CodedError MESSAGE_MALFORMED */
  async onOperations(run: LogRun): Promise<void> {
    await this.#parts.admission.take(run, (operations) => {
      this.#options.observer.admitted(operations);
      this.#parts.progress.changed();
      this.#planning.soon();
    });
  }

  /** Takes advice, which may arrive late, twice, never, or for unknown operations. */
  onAnalyzed(run: LogRun): void {
    for (const record of run.records) {
      for (const { seq, depth, criticality } of analyzedCodec.decode(record.value).analyses) {
        this.#parts.planner.advise(seq, { depth, criticality });
      }
    }
  }

  /** True when another instance has taken over the channel; then this one writes nothing more and must end. */
  isSuperseded(run: LogRun): boolean {
    return run.records.some((record) => this.#isLater(record));
  }

  /** Handles SIGTERM: stops planning, waits at most a second for flights, and hands over the channel by a last progress record. */
  async close(): Promise<void> {
    const { live, flights, outcomes, reports, progress } = this.#parts;
    this.#end();
    const grace = pause(this.#options.clock, graceMs);
    while (
      flights.active > 0 &&
      (await Promise.race([grace.then(() => false), pause(this.#options.clock, 5).then(() => true)]))
    );
    flights.stopSending();
    await this.#follower.close();
    await Promise.race([grace, Promise.all([outcomes.drained(), reports.drained()])]);
    live.close();
    outcomes.close();
    reports.close();
    await progress.handOver();
    this.#options.observer.handedOver(this.#taken.progress.generation);
  }

  /** Stops at once without writing anything, as in a crash. */
  async abandon(): Promise<void> {
    const { flights, outcomes, reports, progress, live } = this.#parts;
    this.#end();
    flights.stopSending();
    live.close();
    outcomes.close();
    reports.close();
    progress.stop();
    await this.#follower.close();
  }

  state(): ChannelState {
    const { channel } = this.#options;
    const { generation } = this.#taken.progress;
    const breaker = this.#parts.health.openReason;
    return { channel, generation, isCaughtUp: this.#isCaughtUp(), breaker, stopped: this.#stopped };
  }

  status(): ChannelStatus {
    const { keeper, flights, planner } = this.#parts;
    return {
      ...this.state(),
      progress: this.#progress(),
      span: keeper.span,
      flights: flights.active,
      planner: planner.statistics(),
    };
  }

  #isCaughtUp(): boolean {
    return this.#follower.height >= this.#startHeight;
  }

  #mayPlan(): boolean {
    const { health, outcomes, lease } = this.#parts;
    if (this.#isEnding || this.#stopped !== undefined || !this.#isCaughtUp() || !lease.isHeld) return false;
    return health.isClosed && outcomes.waiting < this.#options.limits.outcomesWaitingMax;
  }

  #followBlocks(): BlockFollower {
    const { blocks, clock, limits, observer } = this.#options;
    const { planner, sent, recent, reports, flights, working, names } = this.#parts;
    const intake = new BlockIntake({
      planner,
      sent,
      recent,
      reports,
      clock,
      working,
      observer,
      liveFrom: this.#startHeight,
      chaincode: this.#options.chaincode,
      names,
      oldestHeight: (height) => flights.oldestHeight(height),
      onReported: (height) => {
        this.#reportedHeight = height;
        this.#parts.progress.changed();
      },
    });
    return new BlockFollower({
      stream: blocks,
      from: this.#taken.progress.blockHeight,
      clock,
      backoff: limits.backoff,
      onBlock: (block) => this.#onBlock(intake, block),
      onFailure: (error, failures) => observer.stepFailed('block-stream', error, failures),
    });
  }

  async #onBlock(intake: BlockIntake, block: Block): Promise<void> {
    try {
      intake.take(block);
    } catch (defect) {
      this.#stop(defect); // this process ignores the rest of the block; the next one finds it in the operation records
    }
    this.#planning.soon();
    const { reports } = this.#parts;
    if (reports.waiting > this.#options.limits.blocksWaitingMax) await reports.drained();
  }

  #landed({ flight, results, transaction, block, isLate }: Landing): void {
    const { planner, live, suspects, outcomes, working } = this.#parts;
    const { clock, observer } = this.#options;
    // The operations of a late envelope are already planned again, and get the same result from their operation records.
    if (isLate) return observer.settledLate(flight);
    const ends = flight.operations.map(({ seq }, at) => ({ seq, isApplied: results[at]?.status === 'applied' }));
    planner.complete(flight.fusion, ends, working.now());
    for (const { seq } of ends) {
      live.remove(seq);
      suspects.forget(seq);
    }
    this.#updateContractVersion(flight);
    const report = outcomesOf({
      operations: flight.operations,
      results,
      transaction,
      block,
      committedAtMs: clock.now(),
    });
    outcomes.write(report, deadLettersOf(flight.operations, report.outcomes));
    observer.settled(flight, report.outcomes);
  }

  /** Notes the version of the Medrex contract; the chaincodes of calls have their own versions. */
  #updateContractVersion({ endorsement }: Landing['flight']): void {
    if (endorsement?.proposal.chaincode === this.#options.chaincode)
      this.#contractVersion = endorsement.chaincodeVersion;
  }

  #reported(seqs: readonly number[]): void {
    for (const seq of seqs) this.#parts.keeper.done(seq);
    this.#parts.progress.changed();
    this.#planning.soon();
  }

  #isLater(record: LogRecord): boolean {
    return supersedes(record, this.#options.channel, this.#taken);
  }

  /** Called when our progress is durable. If the lease had run out, first checks in the log that no other instance took over meanwhile. */
  async #heard(madeMs: number): Promise<void> {
    const { lease } = this.#parts;
    if (!lease.isHeld) {
      const { log, partition } = this.#options;
      if ((await log.latest(topics.progress, partition)).some((record) => this.#isLater(record))) {
        return this.#onSuperseded();
      }
      this.#planning.soon(); // runs after this turn, when the lease is renewed
    }
    lease.renew(madeMs);
  }

  #progress(): Progress {
    const { keeper, planner } = this.#parts;
    const { channel, limits } = this.#options;
    return {
      channel,
      generation: this.#taken.progress.generation,
      ...keeper.position(limits.doneRangesMax),
      live: planner.live,
      contractVersion: this.#contractVersion,
      blockHeight: this.#reportedHeight,
    };
  }

  #stop(error: unknown): void {
    if (this.#stopped !== undefined || this.#isEnding) return;
    this.#stopped = error ?? new CodedError(ordererErrors.CHANNEL_STOPPED, `channel ${this.#options.channel}`);
    this.#options.observer.stopped(this.#stopped);
  }

  #end(): void {
    this.#isEnding = true;
    this.#planning.end();
    this.#parts.health.end();
    this.#parts.live.close();
  }
}
