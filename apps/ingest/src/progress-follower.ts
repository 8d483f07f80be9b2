import { progressCodec, topics, type EventLog, type LogRun, type Progress, type Subscription } from '@medrex/contracts';

export interface ProgressFollowerOptions {
  readonly log: Pick<EventLog, 'subscribe' | 'latest'>;
  readonly channel: string;
  readonly partition: number;
  readonly group: string;
  readonly onProgress: (progress: Progress) => void;
  readonly onError: (error: unknown) => void;
}

/** Follows the progress of orderer-dag. The highest generation counts; within it the low-water mark only rises. */
export class ProgressFollower {
  readonly #options: ProgressFollowerOptions;
  #progress: Progress | undefined;
  #subscription: Subscription | undefined;

  constructor(options: ProgressFollowerOptions) {
    this.#options = options;
  }

  /** The newest progress; undefined before any was written. */
  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** Every operation with a lower seq is terminal. */
  get lowWaterMark(): number {
    return this.#progress?.lowWaterMark ?? 0;
  }

  /** Resolves when the existing records of the topic are read. Subscribes before asking for the end, so that none is missed. */
  async start(): Promise<void> {
    const { log, partition, group, onError } = this.#options;
    const subscribe = { group, topic: topics.progress, partitions: [partition], from: { at: 'end' }, onError } as const;
    this.#subscription = await log.subscribe({ ...subscribe, paceMs: 100 }, async (run) => this.#onRun(run));
    for (const record of await log.latest(topics.progress, partition)) this.#update(progressCodec.decode(record.value));
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }

  #onRun(run: LogRun): void {
    for (const record of run.records) this.#update(progressCodec.decode(record.value));
  }

  #update(progress: Progress): void {
    if (progress.channel !== this.#options.channel) return;
    const known = this.#progress;
    if (known !== undefined && progress.generation < known.generation) return;
    if (known !== undefined && progress.generation === known.generation && progress.lowWaterMark < known.lowWaterMark)
      return;
    this.#progress = progress;
    this.#options.onProgress(progress);
  }
}
