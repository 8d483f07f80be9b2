import { CodedError } from '@medrex/coded-error';
import { topics, type LogRun, type StartPosition } from '@medrex/contracts';
import { ChannelDriver } from './channel-driver.ts';
import type { ChannelStatus } from './channel-loop.ts';
import type { ChannelOptions } from './channel-options.ts';
import { ordererErrors } from './errors.ts';

/** What an OrdererDag drives, and whom it tells that it has to end. */
export interface OrdererDagOptions {
  readonly channels: readonly ChannelOptions[];
  /** The process has to end: another instance took a channel over, or waiting in reserve has no sense any more. */
  readonly onEnd: (error: unknown) => void;
}

/** The block constructor of all channels of one process: takes runs of the log and hands them to the driver of their channel. */
export class OrdererDag {
  readonly #onEnd: (error: unknown) => void;
  readonly #drivers = new Map<number, ChannelDriver>();
  #isEnding = false;

  private constructor(onEnd: (error: unknown) => void) {
    this.#onEnd = onEnd;
  }

  /** Takes every channel over that nobody else drives. @throws CodedError OPERATIONS_LOG_BEHIND */
  static async open({ channels, onEnd }: OrdererDagOptions): Promise<OrdererDag> {
    const dag = new OrdererDag(onEnd);
    for (const channel of channels) {
      const driver = await ChannelDriver.open(channel, (error) => void dag.#give(error));
      dag.#drivers.set(channel.partition, driver);
    }
    return dag;
  }

  /** Channels that this process leads, and those that it waits for. */
  get roles(): { readonly leader: number; readonly standby: number } {
    const leader = [...this.#drivers.values()].filter(({ loop }) => loop !== undefined).length;
    return { leader, standby: this.#drivers.size - leader };
  }

  /** Where reading begins; a generation starts at its low-water mark and never by a committed offset. */
  startOf(topic: string, partition: number | undefined): StartPosition {
    const { operations, progress } = this.#driver(partition).readFrom;
    if (topic === topics.operations) return { at: 'offset', offset: operations };
    return topic === topics.progress ? { at: 'offset', offset: progress } : { at: 'committed' };
  }

  /** @throws CodedError MESSAGE_MALFORMED for a record that cannot be read; the same run comes again. */
  async onOperations(run: LogRun): Promise<void> {
    await this.#driver(run.partition).onOperations(run);
  }

  /** False when the advice was for somebody else, who has to say that it was read. */
  onAnalyzed(run: LogRun): boolean {
    return this.#driver(run.partition).onAnalyzed(run);
  }

  onProgress(run: LogRun): void {
    if (!this.#isEnding) this.#driver(run.partition).onProgress(run);
  }

  /** Of the channels that this process leads. */
  statuses(): readonly ChannelStatus[] {
    return [...this.#drivers.values()].flatMap(({ loop }) => loop?.status() ?? []);
  }

  /** Why it cannot do its work at the moment, in a word; undefined when it can. Waiting in reserve is work. */
  notReady(): string | undefined {
    if (this.#isEnding) return 'ending';
    for (const driver of this.#drivers.values()) {
      const reason = driver.notReady();
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** SIGTERM: see `ChannelDriver.close`. */
  async close(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await Promise.all([...this.#drivers.values()].map((driver) => driver.close()));
  }

  /** Lets go of everything at once and says why, the first time. */
  async #give(error: unknown): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await Promise.all([...this.#drivers.values()].map((driver) => driver.abandon()));
    this.#onEnd(error);
  }

  #driver(partition: number | undefined): ChannelDriver {
    const driver = partition === undefined ? undefined : this.#drivers.get(partition);
    if (driver === undefined)
      throw new CodedError(ordererErrors.CHANNEL_UNMAPPED, `partition ${partition} is no channel's`);
    return driver;
  }
}
