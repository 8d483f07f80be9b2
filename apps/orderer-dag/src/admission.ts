import type { BatchPlanner } from '@medrex/batch-planner';
import { CodedError } from '@medrex/coded-error';
import {
  decodeOperations,
  operationClasses,
  operationsPerRecord,
  type LogRun,
  type SequencedOperation,
} from '@medrex/contracts';
import { operationRecordKey, type DeclaredKey } from '@medrex/keys';
import type { CallKey } from '@medrex/privacy';
import { isCall, keysOfCall, readCall, type Call } from './calls/call.ts';
import type { LearnedKeys } from './calls/learned-keys.ts';
import { queuedKeys, type QueueNames } from './calls/touched-keys.ts';
import type { Clock } from './clock.ts';
import { ordererErrors } from './errors.ts';
import type { LiveOperation } from './live-operation.ts';
import type { LiveOperations } from './live-operations.ts';
import type { ProgressKeeper } from './progress-keeper.ts';

/** Options of an Admission. */
export interface AdmissionOptions {
  readonly planner: BatchPlanner;
  readonly keeper: ProgressKeeper;
  readonly live: LiveOperations;
  readonly clock: Clock;
  /** Undefined when per-transaction mode is off. */
  readonly callKey: CallKey | undefined;
  /** Undefined when per-transaction mode is off. */
  readonly names: QueueNames | undefined;
  readonly learned: LearnedKeys;
  /** Name of the Medrex chaincode, which calls must not name. */
  readonly chaincode: string;
}

const classNumber = new Map(operationClasses.map((name, number) => [name, number]));

/**
 * Admits runs of the `operations` log: each operation once, in seq order. Skips operations read before (delivery is at least once)
 * and those finished by an earlier generation. Waits between records while there is no room.
 */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Calls `onAdmitted` after each record with the number of its new operations.
   * @throws CodedError MESSAGE_MALFORMED for an unreadable record; nothing behind it is admitted, and nothing is skipped
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

  #admit(sequenced: SequencedOperation): void {
    const { planner, keeper, live } = this.#options;
    const { seq, routing, operation, operationBytes } = sequenced;
    const call = isCall(operation) ? this.#readCall(sequenced) : undefined;
    const admitted = this.#liveOperation(sequenced, call);
    live.add(admitted);
    keeper.admit(seq);
    const { keys, deadlineMs } = admitted;
    planner.admit({
      seq,
      keys,
      class: classNumber.get(routing.class) ?? operationClasses.length - 1,
      bytes: operationBytes.byteLength,
      ...(deadlineMs !== undefined && { deadlineMs }),
      ...(call !== undefined && { isAlone: true }),
    });
  }

  #liveOperation(
    { seq, routing, operation, operationBytes }: SequencedOperation,
    call: Call | undefined,
  ): LiveOperation {
    const { opId, sourceHash } = operation;
    const { sealedName, item, traceparent, deadlineMs, acceptedAtMs } = routing;
    const record = { key: operationRecordKey(opId), mode: 'readWrite' } as const;
    const declared = operation.keys.filter(({ key }) => key !== record.key);
    const keys = call === undefined ? [...declared, record] : this.#keysOfCall(call, declared, record.key);
    return {
      seq,
      opId,
      sourceHash,
      sealedName,
      item,
      keys,
      class: routing.class,
      bytes: operationBytes,
      day: operation.time.slice(0, 10),
      acceptedAtMs,
      admittedAtMs: this.#options.clock.now(),
      ...(traceparent !== undefined && { traceparent }),
      ...(deadlineMs !== undefined && { deadlineMs }),
      ...(call !== undefined && { call, ...(!call.isReadable && { closeReason: 'CALL_UNREADABLE' }) }),
    };
  }

  #readCall({ operation, operationBytes }: SequencedOperation): Call {
    const { callKey, chaincode } = this.#options;
    if (callKey !== undefined) return readCall(operationBytes, callKey, chaincode);
    throw new CodedError(ordererErrors.CALL_KEY_MISSING, `operation ${operation.opId} is a call`);
  }

  /** The keys of a call: declared by the sender or a template, otherwise predicted from earlier calls of the function. */
  #keysOfCall(call: Call, declared: readonly DeclaredKey[], recordKey: DeclaredKey['key']): readonly DeclaredKey[] {
    const callKey = this.#options.callKey as CallKey;
    const names = this.#options.names as QueueNames;
    const { chaincode, fn, args, isDeclared } = call;
    const predicted = isDeclared ? undefined : this.#options.learned.predict(chaincode, fn, args);
    const guesses = queuedKeys(predicted ?? [], names);
    const keys = keysOfCall(call, [...declared, ...guesses], recordKey, callKey);
    call.hold(keys);
    return keys;
  }
}
