/** One record to append. The log does not read its value. */
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
  /** When it was appended, ms since the epoch. */
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

/**
 * Where a reader starts. `committed` means the start of the log for a group without a commit, and never any other
 * position.
 */
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
  /**
   * Minimum time between two requests to a log over a network, in ms: fewer and longer runs, for readers that may be
   * late.
   */
  readonly paceMs?: number;
  /**
   * Called for every failed try: of the handler, with its run, or of reading, without one. Both are retried with capped
   * backoff, except that a reader whose records were deleted (OFFSET_OUT_OF_RANGE) gets nothing more. Without this
   * function that last error becomes an uncaught exception, so nothing is skipped silently.
   */
  readonly onError?: (error: unknown, run: LogRun | undefined) => void;
}

export interface Subscription {
  pause(): void;
  resume(): void;
  /** Stops reading, waits for the current run, and closes. */
  close(): Promise<void>;
}

/**
 * The durable, partitioned log between all processes: Kafka, or files on one machine. Delivery is at least once. A
 * handler gets the next run of a partition only after its promise for the previous one has resolved, which gives
 * back-pressure. If it rejects, it gets the same run again.
 */
export interface EventLog {
  /**
   * Appends records in order, and resolves when they are durable: acks of all replicas, or an fsync. Appends to one
   * partition take effect in the order of the calls.
   */
  append(
    topic: string,
    partition: number,
    records: readonly NewRecord[],
  ): Promise<{ readonly baseOffset: number; readonly lastOffset: number }>;
  subscribe(subscribe: Subscribe, onRun: (run: LogRun) => Promise<void>): Promise<Subscription>;
  /** Commits `offset` for `group`: everything below it is processed. */
  commit(group: string, topic: string, partition: number, offset: number): Promise<void>;
  committed(group: string, topic: string, partition: number): Promise<number | undefined>;
  /** The first offset that is still kept, and the offset after the last one. */
  bounds(topic: string, partition: number): Promise<{ readonly start: number; readonly end: number }>;
  /** The newest record of each key of a compacted topic. */
  latest(topic: string, partition: number): Promise<readonly LogRecord[]>;
  /** Allows everything below `offset` to be deleted. Only whole segments are deleted, so some of it may remain. */
  truncateBefore(topic: string, partition: number, offset: number): Promise<void>;
  /** Readers and appends that are stuck at present, as text for an operator; empty if all is well. */
  problems(): readonly string[];
  close(): Promise<void>;
}
