import type { OperationOutcome } from './outcome.ts';

/** The status of one accepted operation. */
export interface OperationStatus {
  readonly opId: string;
  readonly sourceHash: string;
  readonly state: 'pending' | 'applied' | 'rejected' | 'dead';
  readonly seq: number | undefined;
  readonly acceptedAtMs: number;
  readonly outcome?: OperationOutcome;
  readonly settledAtMs?: number;
}

/** Position of a settled operation: older ones first, by id within one instant. */
export interface SettledPlace {
  readonly settledAtMs: number;
  readonly opId: string;
}

/** Which settled operations to list. */
export interface SettledQuery {
  /** Partition of the topic of their outcomes, i.e. the channel's. */
  readonly partition: number;
  /** Settled before this, epoch ms. */
  readonly beforeMs: number;
  /** After this position; from the oldest on if absent. */
  readonly after?: SettledPlace;
  readonly limit: number;
}

/**
 * The store in which every ingest instance finds receipts and statuses. `undefined` (unknown) and `pending` are
 * different answers.
 */
export interface StatusStore {
  /** Statuses by operation id, in the order asked. */
  get(opIds: readonly string[]): Promise<readonly (OperationStatus | undefined)[]>;
  /** Stores accepted operations; existing ones stay as they are. */
  accepted(statuses: readonly OperationStatus[]): Promise<void>;
  /** Stores outcomes together with the position of their record, in one transaction; repeats change nothing. */
  settled(
    outcomes: readonly { readonly outcome: OperationOutcome; readonly settledAtMs: number }[],
    position: { readonly topic: string; readonly partition: number; readonly offset: number },
  ): Promise<void>;
  /** The last position stored by `settled`. */
  position(topic: string, partition: number): Promise<number | undefined>;
  /** Dead operations, newest first. */
  dead(limit: number): Promise<readonly OperationStatus[]>;
  /** Settled operations of one channel, in the order of their places. */
  settledBefore(query: SettledQuery): Promise<readonly OperationStatus[]>;
  /** Deletes settled operations; pending and unknown ones are not affected. */
  forget(opIds: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
