import { stateKey, type StateKey } from '@medrex/keys';
import type { Block, CommittedTransaction, ValidationCode, Version } from '@medrex/ledger';

/** A state key for tests. */
export const bedKey = (name: string): StateKey => stateKey('clinical', 'bed', name);

/** A transaction of a block with defaults; `writes` and `deletes` are names for `bedKey`. */
export function aTransaction(given: {
  readonly txId?: string;
  readonly code?: ValidationCode;
  readonly writes?: readonly string[];
  readonly deletes?: readonly string[];
}): Omit<CommittedTransaction, 'txNum'> {
  const { txId = 'tx', code = 'VALID', writes = [], deletes = [] } = given;
  return {
    txId,
    code,
    creator: 'HospitalMSP',
    chaincode: 'medrex',
    fn: 'executeBatch',
    payload: new Uint8Array(),
    readWriteSet: {
      reads: [],
      ranges: [],
      writes: [
        ...writes.map((name) => ({ key: bedKey(name), value: Buffer.from('1') })),
        ...deletes.map((name) => ({ key: bedKey(name), value: undefined })),
      ],
    },
  };
}

/** A block of the given transactions, numbered in order. */
export const aBlock = (number: number, transactions: readonly Omit<CommittedTransaction, 'txNum'>[] = []): Block => ({
  channel: 'ehr',
  number,
  transactions: transactions.map((transaction, txNum) => ({ ...transaction, txNum })),
});

/** A version, [block, transaction]. */
export const at = (blockNum: number, txNum: number): Version => ({ blockNum, txNum });
