import { decodeResults, type OperationResult } from '@medrex/execute-batch';
import type { CommittedState } from '@medrex/execute-batch/testing';
import { operationRecordKey } from '@medrex/keys';
import type { Block, CommittedTransaction } from '@medrex/ledger';
import { isOperations } from './left-behind.ts';

/** An operation that took its effect here: applied, rejected or closed, and not answered from an earlier record. */
export type CommittedStep = Pick<OperationResult, 'opId' | 'sourceHash' | 'status' | 'code'>;

/** What took effect, in the order of the blocks. */
export function committedHistory(blocks: readonly Block[]): readonly CommittedStep[] {
  return valid(blocks).flatMap((transaction) => {
    if (transaction.fn !== 'executeBatch') return [];
    const seen = new Set<string>();
    return decodeResults(transaction.payload).filter(({ opId, sourceHash, txId }) => {
      const message = `${opId} ${sourceHash}`;
      // Probes and prunes carry no source hash; a repeat in the same transaction is answered from the record just written.
      const isFirst = sourceHash !== '' && txId === transaction.txId && !seen.has(message);
      seen.add(message);
      return isFirst;
    });
  });
}

/** The state that the valid transactions' writes come to, one after the other. */
export function replayWrites(
  blocks: readonly Block[],
  isWanted: (transaction: CommittedTransaction) => boolean = () => true,
): CommittedState {
  const state: CommittedState = new Map();
  for (const { readWriteSet } of valid(blocks).filter(isWanted)) {
    for (const { key, value } of readWriteSet.writes) {
      if (!isOperations(key)) continue;
      if (value === undefined) state.delete(key);
      else state.set(key, value);
    }
  }
  return state;
}

/** How often the record of each operation was written. */
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

function valid(blocks: readonly Block[]): readonly CommittedTransaction[] {
  return blocks.flatMap(({ transactions }) => transactions.filter(({ code }) => code === 'VALID'));
}
