import { namespaceOf } from '@medrex/ledger';
import type { BlockRecord } from './block-record.ts';
import type { StateBatch } from './state-database.ts';

/** The writes of a block's valid transactions, in order and in stored form, and the ids of all its transactions. */
export function stateBatchOf({ block, stored }: Pick<BlockRecord, 'block' | 'stored'>): StateBatch {
  const writes: StateBatch['writes'][number][] = [];
  let at = 0;
  for (const { code, chaincode, readWriteSet } of block.transactions) {
    for (const { key } of readWriteSet.writes) {
      const value = stored[at++];
      if (code === 'VALID') writes.push({ namespace: namespaceOf(chaincode, key), key, stored: value });
    }
  }
  return { number: block.number, txIds: block.transactions.map(({ txId }) => txId), writes };
}
