import type { OperationOutcome, TransactionOutcomes } from '@medrex/contracts';
import type { OperationResult } from '@medrex/execute-batch';
import { operationRecordKey } from '@medrex/keys';
import type { Block, CommittedTransaction, Version } from '@medrex/ledger';
import type { LiveOperation } from './live-operation.ts';

/** The data of a VALID envelope for its outcomes. */
export interface Settlement {
  readonly operations: readonly LiveOperation[];
  /** Results from the response payload of the envelope in the block, in the order of the operations. */
  readonly results: readonly OperationResult[];
  readonly transaction: CommittedTransaction;
  readonly block: Block;
  readonly committedAtMs: number;
}

/** The outcomes of one Fabric transaction. */
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
    seq,
    opId,
    sourceHash,
    sealedName,
    item,
    status,
    code,
    ...(message !== undefined && { message }),
    ...(detail !== undefined && { detail }),
    txId,
    blockNum: settledIn.blockNum,
    txNum: settledIn.txNum,
    ...(undeclared.length > 0 && { undeclared }),
    ...(author !== undefined && { author }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

/**
 * The version of an operation's record that this transaction read, i.e. where it was written; so the outcome of a repeat names the
 * same block and position as that of the original.
 */
function recordVersion(transaction: CommittedTransaction, opId: string): Version | undefined {
  const record = operationRecordKey(opId);
  return transaction.readWriteSet.reads.find(({ key }) => key === record)?.version;
}
