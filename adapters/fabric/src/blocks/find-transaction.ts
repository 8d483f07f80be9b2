import { common } from '@hyperledger/fabric-protos';
import { CodedError } from '@medrex/coded-error';
import { ledgerErrors, type ChaincodeResponse, type FoundTransaction } from '@medrex/ledger';
import { blockOf } from '../wire/block-message.ts';

/** A peer's message when no block contains the id: Fabric 2.5 and 3.1. */
const unknown = /no such transaction ID|not found in index/i;
/** A peer's message when it was started from a snapshot and has no earlier blocks. */
const beforeSnapshot = /bootstrapped from a snapshot/i;

/**
 * The first transaction with an id, from the answer of the system chaincode qscc to GetBlockByTxID. A peer indexes the
 * first occurrence of an id; duplicates in later blocks do not change that.
 * @throws CodedError BLOCK_PRUNED, LEDGER_UNAVAILABLE
 */
export function foundTransaction(
  channel: string,
  txId: string,
  { status, message, payload }: ChaincodeResponse,
): FoundTransaction | undefined {
  if (status !== 200) {
    if (unknown.test(message)) return undefined;
    const row = beforeSnapshot.test(message) ? ledgerErrors.blockPruned : ledgerErrors.ledgerUnavailable;
    throw new CodedError(row, `tx ${txId}: the peer does not give its block`);
  }
  const block = blockOf(channel, common.Block.deserializeBinary(payload));
  const own = block.transactions.filter((transaction) => transaction.txId === txId);
  const transaction = own.find(({ code }) => code === 'VALID') ?? own[0];
  return transaction === undefined ? undefined : { transaction, block };
}
