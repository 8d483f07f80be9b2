import type { OperationOutcome } from './outcome.ts';

/** What is known of one accepted operation. */
export interface OperationStatus {
  readonly opId: string;
  readonly sourceHash: string;
  readonly state: 'pending' | 'applied' | 'rejected' | 'dead';
  readonly seq: number | undefined;
  readonly acceptedAtMs: number;
  readonly outcome?: OperationOutcome;
  readonly settledAtMs?: number;
}

/** Place of an operation among those that were settled: the older first, those of one instant by id. */
export interface SettledPlace {
  readonly settledAtMs: number;
  readonly opId: string;
}

/** Which settled operations are asked for. */
export interface SettledQuery {
  /** Of the topic that their outcomes were read from: the channel's. */
  readonly partition: number;
  /** Settled before this, epoch ms. */
  readonly beforeMs: number;
  /** Behind this place; from the oldest on when absent. */
  readonly after?: SettledPlace;
  readonly limit: number;
}

/** Where every ingest instance finds receipts and statuses. `undefined` (unknown) and `pending` are different answers. */
export interface StatusStore {
  /** Statuses by operation id, in the order asked. */
  get(opIds: readonly string[]): Promise<readonly (OperationStatus | undefined)[]>;
  /** Notes accepted operations; an operation that is there already stays as it is. */
  accepted(statuses: readonly OperationStatus[]): Promise<void>;
  /** Notes outcomes together with the position they were read at, in one transaction; repeats change nothing. */
  settled(
    outcomes: readonly { readonly outcome: OperationOutcome; readonly settledAtMs: number }[],
    position: { readonly topic: string; readonly partition: number; readonly offset: number },
  ): Promise<void>;
  /** The position noted last by `settled`. */
  position(topic: string, partition: number): Promise<number | undefined>;
  /** Dead operations, newest first. */
  dead(limit: number): Promise<readonly OperationStatus[]>;
  /** Settled operations of one channel, in the order of their places. */
  settledBefore(query: SettledQuery): Promise<readonly OperationStatus[]>;
  /** Deletes settled operations; pending and unknown ones are not affected. */
  forget(opIds: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
