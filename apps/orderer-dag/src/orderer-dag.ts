import { CodedError } from '@medrex/coded-error';
import { topics, type LogRun, type StartPosition } from '@medrex/contracts';
import { ChannelLoop, type ChannelStatus } from './channel-loop.ts';
import type { ChannelOptions } from './channel-options.ts';
import { ordererErrors } from './errors.ts';

/** What an OrdererDag drives, and whom it tells that it has to end. */
export interface OrdererDagOptions {
  readonly channels: readonly ChannelOptions[];
  /** Another instance took a channel over: this process has to end. */
  readonly onSuperseded: (error: CodedError) => void;
}

/** The block constructor of all channels of one process: takes runs of the log and hands them to the loop of their channel. */
export class OrdererDag {
  readonly #onSuperseded: (error: CodedError) => void;
  readonly #loops = new Map<number, ChannelLoop>();
  #isEnding = false;

  private constructor(onSuperseded: (error: CodedError) => void) {
    this.#onSuperseded = onSuperseded;
  }

  /** Takes every channel over. @throws CodedError OPERATIONS_LOG_BEHIND */
  static async open({ channels, onSuperseded }: OrdererDagOptions): Promise<OrdererDag> {
    const dag = new OrdererDag(onSuperseded);
    for (const channel of channels) dag.#loops.set(channel.partition, await ChannelLoop.open(channel));
    return dag;
  }

  /** Where reading begins; a generation starts at its low-water mark and never by a committed offset. */
  startOf(topic: string, partition: number | undefined): StartPosition {
    const { operations, progress } = this.#loop(partition).readFrom;
    if (topic === topics.operations) return { at: 'offset', offset: operations };
    return topic === topics.progress ? { at: 'offset', offset: progress } : { at: 'committed' };
  }

  /** @throws CodedError MESSAGE_MALFORMED for a record that cannot be read; the same run comes again. */
  async onOperations(run: LogRun): Promise<void> {
    await this.#loop(run.partition).onOperations(run);
  }

  onAnalyzed(run: LogRun): void {
    this.#loop(run.partition).onAnalyzed(run);
  }

  async onProgress(run: LogRun): Promise<void> {
    const loop = this.#loop(run.partition);
    if (this.#isEnding || !loop.isSuperseded(run)) return;
    this.#isEnding = true;
    await this.#abandon();
    const what = `channel ${loop.state().channel}: another orderer-dag has taken it over`;
    this.#onSuperseded(new CodedError(ordererErrors.GENERATION_SUPERSEDED, what));
  }

  statuses(): readonly ChannelStatus[] {
    return [...this.#loops.values()].map((loop) => loop.status());
  }

  /** Why it cannot do its work at the moment, in a word; undefined when it can. */
  notReady(): string | undefined {
    if (this.#isEnding) return 'ending';
    for (const { isCaughtUp, stopped, breaker } of [...this.#loops.values()].map((loop) => loop.state())) {
      if (stopped !== undefined) return 'channel-stopped';
      if (!isCaughtUp) return 'catching-up';
      if (breaker !== undefined) return breaker;
    }
    return undefined;
  }

  /** SIGTERM: see `ChannelLoop.close`. */
  async close(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await Promise.all([...this.#loops.values()].map((loop) => loop.close()));
  }

  async #abandon(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.abandon()));
  }

  #loop(partition: number | undefined): ChannelLoop {
    const loop = partition === undefined ? undefined : this.#loops.get(partition);
    if (loop === undefined)
      throw new CodedError(ordererErrors.CHANNEL_UNMAPPED, `partition ${partition} is no channel's`);
    return loop;
  }
}
