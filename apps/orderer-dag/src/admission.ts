import type { BatchPlanner } from '@medrex/batch-planner';
import {
  decodeOperations,
  operationClasses,
  operationsPerRecord,
  type LogRun,
  type SequencedOperation,
} from '@medrex/contracts';
import { operationRecordKey } from '@medrex/keys';
import type { Clock } from './clock.ts';
import type { LiveOperation } from './live-operation.ts';
import type { LiveOperations } from './live-operations.ts';
import type { ProgressKeeper } from './progress-keeper.ts';

/** Where admitted operations go. */
export interface AdmissionOptions {
  readonly planner: BatchPlanner;
  readonly keeper: ProgressKeeper;
  readonly live: LiveOperations;
  readonly clock: Clock;
}

const classNumber = new Map(operationClasses.map((name, number) => [name, number]));

/**
 * Takes runs of the `operations` log in: each operation once, in seq order, skipping what was read before (delivery is at
 * least once) and what an earlier generation finished. Waits between records while there is no room.
 */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Calls `onAdmitted` after each record with how many of its operations were new.
   * @throws CodedError MESSAGE_MALFORMED for a record that cannot be read; nothing behind it is taken, and nothing is skipped.
   */
  async take(run: LogRun, onAdmitted: (operations: number) => void): Promise<void> {
    const { keeper, live } = this.#options;
    for (const record of run.records) {
      const end = (record.offset + 1) * operationsPerRecord;
      if (end <= keeper.readTo) continue;
      if (!(await live.room())) return;
      let admitted = 0;
      for (const sequenced of decodeOperations(record)) {
        if (!keeper.isWanted(sequenced.seq)) continue;
        this.#admit(sequenced);
        admitted += 1;
      }
      keeper.read(end);
      onAdmitted(admitted);
    }
  }

  #admit({ seq, routing, operation, operationBytes }: SequencedOperation): void {
    const { planner, keeper, live, clock } = this.#options;
    const { opId, sourceHash } = operation;
    const { sealedName, item, traceparent, deadlineMs, acceptedAtMs } = routing;
    const record = { key: operationRecordKey(opId), mode: 'readWrite' } as const;
    const keys = [...operation.keys.filter(({ key }) => key !== record.key), record];
    const admitted: LiveOperation = {
      ...{ seq, opId, sourceHash, sealedName, item, keys, class: routing.class, bytes: operationBytes },
      ...{ day: operation.time.slice(0, 10), acceptedAtMs, admittedAtMs: clock.now() },
      ...(traceparent !== undefined && { traceparent }),
      ...(deadlineMs !== undefined && { deadlineMs }),
    };
    live.add(admitted);
    keeper.admit(seq);
    planner.admit({
      ...{ seq, keys, class: classNumber.get(routing.class) ?? operationClasses.length - 1 },
      ...{ bytes: operationBytes.byteLength, ...(deadlineMs !== undefined && { deadlineMs }) },
    });
  }
}
