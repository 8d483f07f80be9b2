import { common } from '@hyperledger/fabric-protos';
import { CodedError } from '@medrex/coded-error';
import { ledgerErrors, type ChaincodeResponse, type FoundTransaction } from '@medrex/ledger';
import { blockOf } from '../wire/block-message.ts';

/** How a peer says that no block holds the id: Fabric 2.5 and 3.1. */
const unknown = /no such transaction ID|not found in index/i;
/** How it says that it began with a snapshot, and has no blocks from before. */
const beforeSnapshot = /bootstrapped from a snapshot/i;

/**
 * The first transaction of an id, out of what the system chaincode qscc answered to GetBlockByTxID. A peer indexes an id where it
 * stood first; duplicates in later blocks change nothing.
 *
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
