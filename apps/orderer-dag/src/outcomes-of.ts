import type { OperationOutcome, TransactionOutcomes } from '@medrex/contracts';
import type { OperationResult } from '@medrex/execute-batch';
import { operationRecordKey } from '@medrex/keys';
import type { Block, CommittedTransaction, Version } from '@medrex/ledger';
import type { LiveOperation } from './live-operation.ts';

/** What a VALID envelope settled. */
export interface Settlement {
  readonly operations: readonly LiveOperation[];
  /** From the response payload of the envelope in the block, in the order of the operations. */
  readonly results: readonly OperationResult[];
  readonly transaction: CommittedTransaction;
  readonly block: Block;
  readonly committedAtMs: number;
}

/** The report of one Fabric transaction: how each of its operations ended. */
export function outcomesOf({
  operations,
  results,
  transaction,
  block,
  committedAtMs,
}: Settlement): TransactionOutcomes {
  const { txId, txNum } = transaction;
  const here = { blockNum: block.number, txNum };
  const settledIn = (result: OperationResult): Version => {
    if (result.txId === txId) return here;
    return recordVersion(transaction, result.opId) ?? here;
  };
  const outcomes = operations.map((operation, at) => {
    const result = results[at] as OperationResult;
    return outcomeOf(operation, result, settledIn(result));
  });
  return { txId, blockNum: block.number, txNum, committedAtMs, outcomes };
}

function outcomeOf(operation: LiveOperation, result: OperationResult, settledIn: Version): OperationOutcome {
  const { seq, opId, sourceHash, sealedName, item, traceparent } = operation;
  const { status, code, message, detail, txId, undeclared, author } = result;
  return {
    ...{ seq, opId, sourceHash, sealedName, item, status, code },
    ...(message !== undefined && { message }),
    ...(detail !== undefined && { detail }),
    ...{ txId, blockNum: settledIn.blockNum, txNum: settledIn.txNum },
    ...(undeclared.length > 0 && { undeclared }),
    ...(author !== undefined && { author }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

/**
 * Where an operation's record was written: the version at which this transaction read it. So the report of a repeat
 * names the same place as the report of the original.
 */
function recordVersion(transaction: CommittedTransaction, opId: string): Version | undefined {
  const record = operationRecordKey(opId);
  return transaction.readWriteSet.reads.find(({ key }) => key === record)?.version;
}
