import { isCodedError } from '@medrex/coded-error';
import {
  decodeOperations,
  operationsPerRecord,
  perTransactionContract,
  topics,
  type EventLog,
  type LogRun,
  type OperationStatus,
  type SequencedOperation,
  type StatusStore,
} from '@medrex/contracts';
import type { Admission } from './admission.ts';
import { newGate } from './gate.ts';
import type { KnownOperations } from './known-operations.ts';
import type { LiveOperations } from './live-operations.ts';

export interface ResumeOptions {
  readonly log: Pick<EventLog, 'subscribe' | 'bounds'>;
  readonly statuses: StatusStore;
  readonly partition: number;
  readonly group: string;
  /** Every operation with a lower seq is terminal. */
  readonly lowWaterMark: number;
  readonly known: KnownOperations;
  readonly live: LiveOperations;
  readonly admission: Admission;
  readonly onError: (error: unknown) => void;
}

/**
 * Restores state from the `operations` log on a restart. Every operation from the low-water mark on is recorded in the status store again,
 * since an earlier process may have died between append and record; those without an outcome in the store count as live.
 *
 * @returns number of operations read
 */
export async function resume(options: ResumeOptions): Promise<number> {
  const { log, partition, lowWaterMark } = options;
  const { start, end } = await log.bounds(topics.operations, partition);
  const from = Math.max(start, Math.floor(lowWaterMark / operationsPerRecord));
  if (from >= end) return 0;
  let read = 0;
  await readUpTo(end, from, options, async (run) => {
    read += await recordAgain(run, options);
  });
  return read;
}

/** Reads the operations between two offsets. */
async function readUpTo(
  end: number,
  from: number,
  { log, partition, group, onError }: ResumeOptions,
  onRun: (run: LogRun) => Promise<void>,
): Promise<void> {
  const place = { topic: topics.operations, partitions: [partition], from: { at: 'offset', offset: from } } as const;
  const reached = newGate();
  let lost: unknown;
  const subscription = await log.subscribe(
    {
      group,
      ...place,
      maxRecords: 16,
      onError: (error) => {
        onError(error);
        // The records were deleted meanwhile; waiting for them would block the start for ever.
        if (!isCodedError(error, 'OFFSET_OUT_OF_RANGE')) return;
        lost = error;
        reached.open();
      },
    },
    async (run) => {
      await onRun(run);
      if ((run.records.at(-1)?.offset ?? 0) + 1 >= end) reached.open();
    },
  );
  await reached.opened;
  await subscription.close();
  if (lost !== undefined) throw lost as Error;
}

async function recordAgain(
  run: LogRun,
  { statuses, lowWaterMark, known, live, admission }: ResumeOptions,
): Promise<number> {
  const operations = run.records.flatMap(decodeOperations).filter(({ seq }) => seq >= lowWaterMark);
  const rows = operations.map(statusOf);
  await statuses.accepted(rows);
  const stored = await statuses.get(rows.map(({ opId }) => opId));
  rows.forEach((row, index) => {
    const { opId, sourceHash: digest, seq, acceptedAtMs } = row;
    const status = stored[index];
    const call = operations[index]?.operation.contract === perTransactionContract ? ({ isCall: true } as const) : {};
    if (status?.sourceHash === digest) known.add({ opId, digest, seq, acceptedAtMs, ...call });
    // Another message under the same name has no status row; it is live until its outcome arrives.
    const isSettled = status?.sourceHash === digest && status.state !== 'pending';
    if (!isSettled && live.add({ opId, digest }, undefined)) admission.take(1);
  });
  return rows.length;
}

function statusOf({ operation, routing, seq }: SequencedOperation): OperationStatus {
  return {
    opId: operation.opId,
    sourceHash: operation.sourceHash,
    state: 'pending',
    seq,
    acceptedAtMs: routing.acceptedAtMs,
  };
}
