import { decodeResults, type OperationResult } from '@medrex/execute-batch';
import type { CommittedState } from '@medrex/execute-batch/testing';
import { operationRecordKey } from '@medrex/keys';
import type { Block, CommittedTransaction, KeyWrite } from '@medrex/ledger';
import { isOperations, type LedgerLeft } from './left-behind.ts';

/** An operation that ended here: applied, rejected or closed, not answered from an earlier operation record. */
export type OperationStep = Pick<OperationResult, 'opId' | 'sourceHash' | 'status' | 'code'>;

/** A foreign write. */
export interface ForeignStep {
  readonly foreign: readonly KeyWrite[];
}

/** The steps that took effect, in block order. Every writer other than orderer-dag is foreign, including administrators. */
export function committedHistory({
  blocks,
  writer,
}: Pick<LedgerLeft, 'blocks' | 'writer'>): readonly (OperationStep | ForeignStep)[] {
  return valid(blocks).flatMap((transaction): (OperationStep | ForeignStep)[] => {
    if (transaction.creator !== writer || transaction.fn !== 'executeBatch')
      return [{ foreign: operationWrites(transaction) }];
    const seen = new Set<string>();
    return decodeResults(transaction.payload).filter(({ opId, sourceHash, txId }) => {
      const message = `${opId} ${sourceHash}`;
      // Probes and prunes have no source hash; a repeat in the same transaction is answered from the record just written.
      const isFirst = sourceHash !== '' && txId === transaction.txId && !seen.has(message);
      seen.add(message);
      return isFirst;
    });
  });
}

/** The operations among the steps. */
export function operationSteps(steps: readonly (OperationStep | ForeignStep)[]): readonly OperationStep[] {
  return steps.filter((step) => 'opId' in step);
}

/** Applies writes to a state. */
export function applyWrites(writes: readonly KeyWrite[], state: CommittedState): void {
  for (const { key, value } of writes) {
    if (value === undefined) state.delete(key);
    else state.set(key, value);
  }
}

/** The state after the writes of all valid transactions, applied in order to the initial state. */
export function replayWrites(blocks: readonly Block[], before: CommittedState = new Map()): CommittedState {
  const state: CommittedState = new Map(before);
  for (const transaction of valid(blocks)) applyWrites(operationWrites(transaction), state);
  return state;
}

/** Number of writes of each operation record. */
export function timesRecorded(blocks: readonly Block[]): ReadonlyMap<string, number> {
  const prefix = operationRecordKey('');
  const times = new Map<string, number>();
  for (const { readWriteSet } of valid(blocks)) {
    for (const { key } of readWriteSet.writes) {
      if (!key.startsWith(prefix)) continue;
      const opId = key.slice(prefix.length);
      times.set(opId, (times.get(opId) ?? 0) + 1);
    }
  }
  return times;
}

/** The writes of a transaction, without chaincode definitions and probes. */
function operationWrites({ readWriteSet }: CommittedTransaction): readonly KeyWrite[] {
  return readWriteSet.writes.filter(({ key }) => isOperations(key));
}

function valid(blocks: readonly Block[]): readonly CommittedTransaction[] {
  return blocks.flatMap(({ transactions }) => transactions.filter(({ code }) => code === 'VALID'));
}
