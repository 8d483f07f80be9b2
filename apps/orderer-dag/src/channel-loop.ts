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

/** How long the end of the loop waits for what is under way, ms. */
const graceMs = 1_000;

/** What a loop is told by whoever opens it, and whom it tells. */
export interface LoopStart {
  /** The newest progress, for whoever has followed the topic to its end. */
  readonly before?: Progress | undefined;
  /** The log says that another instance has taken the channel over. */
  readonly onSuperseded: () => void;
}

/** Whether a channel can do its work. */
export interface ChannelState {
  readonly channel: string;
  readonly generation: number;
  /** The blocks that stood there at the start have been read. */
  readonly isCaughtUp: boolean;
  readonly breaker: OpenReason | undefined;
  /** Why the channel stands; undefined while it works. */
  readonly stopped: unknown;
}

/** How a channel stands, in numbers. Made by looking at every live operation: for a scrape, not for every turn. */
export interface ChannelStatus extends ChannelState {
  readonly progress: Progress;
  /** Operations between the low-water mark and what was read. */
  readonly span: number;
  readonly flights: number;
  readonly planner: ReturnType<ChannelParts['planner']['statistics']>;
}

/**
 * The DAG block constructor of one channel: reads operations, plans fusions, carries them through the ledger, follows the
 * blocks, reports outcomes and progress. One thread, one mutator: whatever happens ends in `Planning.soon`, which plans
 * once for everything that happened together.
 */
export class ChannelLoop {
  readonly #options: ChannelOptions;
  readonly #onSuperseded: () => void;
  readonly #taken: TakeOver;
  readonly #parts: ChannelParts;
  readonly #planning: Planning;
  readonly #follower: BlockFollower;
  /** Planning begins when the blocks that stood there at the start have been read. */
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
      onHopeless: (seq, reason) => this.#planning.close(seq, reason),
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

  /** Takes the channel over and begins to follow its blocks. @throws CodedError OPERATIONS_LOG_BEHIND */
  static async open(options: ChannelOptions, { before, onSuperseded }: LoopStart): Promise<ChannelLoop> {
    const { log, channel, partition, blocks } = options;
    const startHeight = await blocks.height(); // first: whoever cannot ask the ledger claims nothing
    const taken = await takeOver({ log, channel, partition, ...(before && { before }) });
    return new ChannelLoop(options, taken, startHeight, onSuperseded);
  }

  /** Where the reading of `operations` and of `progress` has to begin. */
  get readFrom(): { readonly operations: number; readonly progress: number } {
    return { operations: this.#taken.operationsOffset, progress: this.#taken.progressOffset };
  }

  /** The right by which this instance drives the channel. */
  get claim(): Claim {
    return { generation: this.#taken.progress.generation, offset: this.#taken.progressOffset };
  }

  /** Admits a run; resolves when all of it is in, which is the back-pressure. @throws CodedError MESSAGE_MALFORMED */
  async onOperations(run: LogRun): Promise<void> {
    await this.#parts.admission.take(run, (operations) => {
      this.#options.observer.admitted(operations);
      this.#parts.progress.changed();
      this.#planning.soon();
    });
  }

  /** Takes advice: it may come late, twice or never, and for operations that are gone. */
  onAnalyzed(run: LogRun): void {
    for (const record of run.records) {
      for (const { seq, depth, criticality } of analyzedCodec.decode(record.value).analyses) {
        this.#parts.planner.advise(seq, { depth, criticality });
      }
    }
  }

  /** True when another instance has taken the channel over; this one must end, and does not write any more. */
  isSuperseded(run: LogRun): boolean {
    return run.records.some((record) => this.#isLater(record));
  }

  /** SIGTERM: plans nothing more, waits at most a second for what is in flight, and hands the channel over by its last progress. */
  async close(): Promise<void> {
    const { live, flights, outcomes, reports, progress } = this.#parts;
    this.#end();
    const grace = pause(this.#options.clock, graceMs);
    while (
      flights.active > 0 &&
      (await Promise.race([grace.then(() => false), pause(this.#options.clock, 5).then(() => true)]))
    );
    flights.ground();
    await this.#follower.close();
    await Promise.race([grace, Promise.all([outcomes.drained(), reports.drained()])]);
    live.close();
    outcomes.close();
    reports.close();
    await progress.handOver();
    this.#options.observer.handedOver(this.#taken.progress.generation);
  }

  /** Lets go at once, as after a crash: nothing is written any more. */
  async abandon(): Promise<void> {
    const { flights, outcomes, reports, progress, live } = this.#parts;
    this.#end();
    flights.ground();
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
      ...{ planner, sent, recent, reports, clock, working, observer, liveFrom: this.#startHeight },
      ...{ chaincode: this.#options.chaincode, names },
      oldestHeight: (height) => flights.oldestHeight(height),
      onReported: (height) => {
        this.#reportedHeight = height;
        this.#parts.progress.changed();
      },
    });
    return new BlockFollower({
      ...{ stream: blocks, from: this.#taken.progress.blockHeight, clock, backoff: limits.backoff },
      onBlock: (block) => this.#onBlock(intake, block),
      onFailure: (error, failures) => observer.trouble('block-stream', error, failures),
    });
  }

  async #onBlock(intake: BlockIntake, block: Block): Promise<void> {
    try {
      intake.take(block);
    } catch (defect) {
      this.#stop(defect); // what else the block says of our envelopes is lost on this process, and in the records for the next
    }
    this.#planning.soon();
    const { reports } = this.#parts;
    if (reports.waiting > this.#options.limits.blocksWaitingMax) await reports.drained();
  }

  #landed({ flight, results, transaction, block, isLate }: Landing): void {
    const { planner, live, suspects, outcomes, working } = this.#parts;
    const { clock, observer } = this.#options;
    // A late envelope's operations are planned already, or under way again: there they get the same answer from their records.
    if (isLate) return observer.settledLate(flight);
    const ends = flight.operations.map(({ seq }, at) => ({ seq, isApplied: results[at]?.status === 'applied' }));
    planner.complete(flight.fusion, ends, working.now());
    for (const { seq } of ends) {
      live.remove(seq);
      suspects.forget(seq);
    }
    this.#noteVersion(flight);
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

  /** The version of our own contract: a call's chaincode has one of its own. */
  #noteVersion({ endorsement }: Landing['flight']): void {
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

  /** Our progress is in the log. After a silence of ours the log has to say that nobody took over in it. */
  async #heard(madeMs: number): Promise<void> {
    const { lease } = this.#parts;
    if (!lease.isHeld) {
      const { log, partition } = this.#options;
      if ((await log.latest(topics.progress, partition)).some((record) => this.#isLater(record))) {
        return this.#onSuperseded();
      }
      this.#planning.soon(); // when this has run out, and the lease is renewed
    }
    lease.renew(madeMs);
  }

  #progress(): Progress {
    const { keeper, planner } = this.#parts;
    const { channel, limits } = this.#options;
    return {
      ...{ channel, generation: this.#taken.progress.generation, ...keeper.position(limits.doneRangesMax) },
      ...{ live: planner.live, contractVersion: this.#contractVersion, blockHeight: this.#reportedHeight },
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
