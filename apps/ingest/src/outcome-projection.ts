import {
  outcomesCodec,
  PacedCommit,
  topics,
  type EventLog,
  type LogRun,
  type OperationOutcome,
  type StatusStore,
  type Subscription,
} from '@medrex/contracts';
import type { TenantSealer } from '@medrex/privacy';
import type { Admission } from './admission.ts';
import type { LiveOperations } from './live-operations.ts';
import type { MergeRecorder } from './merge-recorder.ts';
import { openName, type MessageName } from './message-name.ts';
import type { ReceiptPublisher } from './receipts.ts';
import { SettledMessages } from './settled-messages.ts';

/** An operation that became terminal, with the position of its outcome. */
export interface SettledOperation {
  readonly outcome: OperationOutcome;
  /** Undefined for housekeeping, and when the sealed name cannot be opened because it was sealed under another vault's key. */
  readonly name: MessageName | undefined;
  /** True when this process accepted it, and so counts the ended operations of its message. */
  readonly isOwn: boolean;
  readonly committedAtMs: number;
  /** Offset of the record in the `outcomes` topic, and index of the outcome in it. */
  readonly offset: number;
  readonly index: number;
}

export interface OutcomeProjectionOptions {
  readonly log: Pick<EventLog, 'subscribe' | 'commit'>;
  readonly statuses: StatusStore;
  readonly partition: number;
  /** Position of the store before it was asked for the live operations. Another instance may have moved it since, beyond outcomes that this one needs. */
  readonly projectedUpTo: number | undefined;
  readonly group: string;
  readonly identityKey: Uint8Array;
  readonly tenant: Pick<TenantSealer, 'open'>;
  readonly live: LiveOperations;
  readonly admission: Admission;
  readonly receipts: ReceiptPublisher;
  readonly merges: Pick<MergeRecorder, 'record'>;
  readonly nowMs: () => number;
  readonly after: (ms: number, act: () => void) => void;
  /** Called with the operations that became terminal, once that is durable; for waiting requests, streams and metrics. */
  readonly onSettled: (settled: readonly SettledOperation[]) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Projects the `outcomes` topic: first merges into the vault and receipts, then the status store together with the position, then
 * waiting requests and streams. A crash in between repeats the first two and loses nothing.
 */
export class OutcomeProjection {
  readonly #options: OutcomeProjectionOptions;
  readonly #messages: SettledMessages;
  #subscription: Subscription | undefined;
  readonly #commit: PacedCommit;
  #readUpTo = -1;

  constructor(options: OutcomeProjectionOptions) {
    this.#options = options;
    this.#messages = new SettledMessages(options.statuses, options.identityKey);
    const { log, group, after, onError } = options;
    this.#commit = new PacedCommit({ log, group, everyMs: 1_000, after, onError });
  }

  /** Offset of the last projected record; -1 before the first. */
  get readUpTo(): number {
    return this.#readUpTo;
  }

  /** Starts reading behind the position of the status store. @throws CodedError OFFSET_OUT_OF_RANGE when the next records are deleted */
  async start(): Promise<void> {
    const { log, projectedUpTo: position, partition, group, onError } = this.#options;
    this.#readUpTo = position ?? -1;
    this.#subscription = await log.subscribe(
      {
        group,
        topic: topics.outcomes,
        partitions: [partition],
        from: position === undefined ? { at: 'start' } : { at: 'offset', offset: position + 1 },
        maxRecords: 64,
        onError,
      },
      (run) => this.#project(run),
    );
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
    await this.#commit.end();
  }

  async #project(run: LogRun): Promise<void> {
    const { statuses, receipts, merges, onSettled } = this.#options;
    const settled = this.#read(run);
    const offset = run.records.at(-1)?.offset ?? this.#readUpTo;
    await merges.record(settled);
    await receipts.publish(await this.#messages.receipts(settled));
    const rows = settled.map(({ outcome, committedAtMs }) => ({ outcome, settledAtMs: committedAtMs }));
    await statuses.settled(rows, { topic: run.topic, partition: run.partition, offset });
    this.#readUpTo = offset;
    this.#forget(settled);
    onSettled(settled);
    // The position that counts is in the status store; this commit only serves tools that show consumer lag.
    this.#commit.done(run.topic, run.partition, offset + 1);
  }

  #read(run: LogRun): readonly SettledOperation[] {
    return run.records.flatMap((record) => {
      const { committedAtMs, outcomes } = outcomesCodec.decode(record.value);
      return outcomes.map((outcome, index) => {
        const isOwn = this.#ownName(outcome) !== undefined;
        return { outcome, name: this.nameOf(outcome), isOwn, committedAtMs, offset: record.offset, index };
      });
    });
  }

  #ownName({ opId, sourceHash: digest }: OperationOutcome): MessageName | undefined {
    return this.#options.live.nameOf({ opId, digest });
  }

  /** The name of the message of an operation; undefined for housekeeping, and when the sealed name cannot be opened. */
  nameOf(outcome: OperationOutcome): MessageName | undefined {
    const { tenant, onError } = this.#options;
    const own = this.#ownName(outcome);
    if (own !== undefined || outcome.sealedName === '') return own; // housekeeping belongs to no message
    try {
      return openName(tenant, outcome.sealedName);
    } catch (error) {
      onError(error);
      return undefined;
    }
  }

  #forget(settled: readonly SettledOperation[]): void {
    const { live, admission, nowMs } = this.#options;
    const ended = settled.filter(({ outcome }) => live.remove({ opId: outcome.opId, digest: outcome.sourceHash }));
    if (ended.length > 0) admission.settle(ended.length, nowMs());
  }
}
