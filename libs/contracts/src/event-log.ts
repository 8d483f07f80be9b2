/** One record as it is appended. The log never looks inside the value. */
export interface NewRecord {
  /** Compaction key; only compacted topics need one. */
  readonly key?: string;
  readonly value: Uint8Array;
  readonly headers?: ReadonlyMap<string, Uint8Array>;
}

export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | undefined;
  readonly value: Uint8Array;
  readonly headers: ReadonlyMap<string, Uint8Array>;
  /** When the log took it in, ms since the epoch. */
  readonly timestampMs: number;
}

/** A run of consecutive records of one partition, in offset order; never empty. Offsets may have gaps. */
export interface LogRun {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** End of the partition when the run was read: lag = endOffset - last offset - 1. */
  readonly endOffset: number;
}

/** Where a reader starts. `committed` falls back to the start of the log for a group that never committed, and to nothing else. */
export type StartPosition =
  | { readonly at: 'committed' }
  | { readonly at: 'start' }
  | { readonly at: 'end' }
  | { readonly at: 'offset'; readonly offset: number };

export interface Subscribe {
  readonly group: string;
  readonly topic: string;
  /** Partitions to read; all when absent (Kafka then balances them over the group). */
  readonly partitions?: readonly number[];
  readonly from: StartPosition;
  /** Upper bounds of one run. */
  readonly maxRecords?: number;
  readonly maxBytes?: number;
  /** A log that is asked over a network is asked at most once in this time, ms: fewer and longer runs, for readers that may be late. */
  readonly paceMs?: number;
  /**
   * Told of every try that failed: of the handler, with its run, or of reading, without one. Both are tried again with a capped
   * back-off, except that a reader whose records were deleted under it (OFFSET_OUT_OF_RANGE) gets nothing more. Without this
   * function that last error is thrown out of the process: nothing is skipped in silence.
   */
  readonly onError?: (error: unknown, run: LogRun | undefined) => void;
}

export interface Subscription {
  pause(): void;
  resume(): void;
  /** Stops reading, waits for the run in hand, and closes. */
  close(): Promise<void>;
}

/**
 * The durable, partitioned log that everything between the processes goes through: Kafka, or files on one machine.
 * Delivery is at least once. A handler gets the next run of a partition only after its promise for the last one has
 * resolved, which is the back-pressure; one that rejects gets the same run again.
 */
export interface EventLog {
  /**
   * Appends in the order given and resolves when the records are durable: acks of all replicas, or an fsync.
   * Appends to one partition take effect in the order of the calls.
   */
  append(
    topic: string,
    partition: number,
    records: readonly NewRecord[],
  ): Promise<{ readonly baseOffset: number; readonly lastOffset: number }>;
  subscribe(subscribe: Subscribe, onRun: (run: LogRun) => Promise<void>): Promise<Subscription>;
  /** Marks everything below `offset` as done by `group`. */
  commit(group: string, topic: string, partition: number, offset: number): Promise<void>;
  committed(group: string, topic: string, partition: number): Promise<number | undefined>;
  /** First offset still kept, and the offset after the last one. */
  bounds(topic: string, partition: number): Promise<{ readonly start: number; readonly end: number }>;
  /** The newest record of each key of a compacted topic. */
  latest(topic: string, partition: number): Promise<readonly LogRecord[]>;
  /** Allows everything below `offset` to be deleted; whole segments go, so some of it may stay. */
  truncateBefore(topic: string, partition: number, offset: number): Promise<void>;
  /** Readers and appends of this log that are stuck at the moment, in words for an operator; empty when all is well. */
  troubles(): readonly string[];
  close(): Promise<void>;
}
