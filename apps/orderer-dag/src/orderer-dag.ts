import { CodedError } from '@medrex/coded-error';
import { topics, type LogRun, type StartPosition } from '@medrex/contracts';
import { ChannelDriver } from './channel-driver.ts';
import type { ChannelStatus } from './channel-loop.ts';
import type { ChannelOptions } from './channel-options.ts';
import { ordererErrors } from './errors.ts';

/** Options of an OrdererDag. */
export interface OrdererDagOptions {
  readonly channels: readonly ChannelOptions[];
  /** Called when the process has to end: another instance took over a channel, or a standby cannot go on. */
  readonly onEnd: (error: unknown) => void;
}

/** The block constructor of all channels of a process: passes runs of the log to the driver of their channel. */
export class OrdererDag {
  readonly #onEnd: (error: unknown) => void;
  readonly #drivers = new Map<number, ChannelDriver>();
  #isEnding = false;

  private constructor(onEnd: (error: unknown) => void) {
    this.#onEnd = onEnd;
  }

  /** Takes over every channel without a leader. @throws CodedError OPERATIONS_LOG_BEHIND */
  static async open({ channels, onEnd }: OrdererDagOptions): Promise<OrdererDag> {
    const dag = new OrdererDag(onEnd);
    for (const channel of channels) {
      const driver = await ChannelDriver.open(channel, (error) => void dag.#endProcess(error));
      dag.#drivers.set(channel.partition, driver);
    }
    return dag;
  }

  /** Number of channels that this process leads, and for which it is a standby. */
  get roles(): { readonly leader: number; readonly standby: number } {
    const leader = [...this.#drivers.values()].filter(({ loop }) => loop !== undefined).length;
    return { leader, standby: this.#drivers.size - leader };
  }

  /** The start offset of a topic; `operations` start at the low-water mark, never at a committed offset. */
  startOf(topic: string, partition: number | undefined): StartPosition {
    const { operations, progress } = this.#driver(partition).readFrom;
    if (topic === topics.operations) return { at: 'offset', offset: operations };
    return topic === topics.progress ? { at: 'offset', offset: progress } : { at: 'committed' };
  }

  /** @throws CodedError MESSAGE_MALFORMED for an unreadable record; the run is redelivered */
  async onOperations(run: LogRun): Promise<void> {
    await this.#driver(run.partition).onOperations(run);
  }

  /** Returns false when another instance leads the channel; then that one must commit the advice. */
  onAnalyzed(run: LogRun): boolean {
    return this.#driver(run.partition).onAnalyzed(run);
  }

  onProgress(run: LogRun): void {
    if (!this.#isEnding) this.#driver(run.partition).onProgress(run);
  }

  /** Statuses of the channels that this process leads. */
  statuses(): readonly ChannelStatus[] {
    return [...this.#drivers.values()].flatMap(({ loop }) => loop?.status() ?? []);
  }

  /** Why it is not ready, as a word; undefined when it is. A waiting standby is ready. */
  notReady(): string | undefined {
    if (this.#isEnding) return 'ending';
    for (const driver of this.#drivers.values()) {
      const reason = driver.notReady();
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** Handles SIGTERM: see `ChannelDriver.close`. */
  async close(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await Promise.all([...this.#drivers.values()].map((driver) => driver.close()));
  }

  /** Abandons all channels at once, and reports the reason of the first call. */
  async #endProcess(error: unknown): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await Promise.all([...this.#drivers.values()].map((driver) => driver.abandon()));
    this.#onEnd(error);
  }

  #driver(partition: number | undefined): ChannelDriver {
    const driver = partition === undefined ? undefined : this.#drivers.get(partition);
    if (driver === undefined)
      throw new CodedError(ordererErrors.CHANNEL_UNMAPPED, `partition ${partition} belongs to no channel`);
    return driver;
  }
}
