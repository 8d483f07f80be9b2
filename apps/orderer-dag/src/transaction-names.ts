import { createHmac } from 'node:crypto';
import type { Ledger, Proposal } from '@medrex/ledger';

/** Nonce and id of one proposal. */
export type TransactionName = Required<Pick<Proposal, 'txId' | 'nonce'>>;

/**
 * Names the transactions of one process. A nonce is the HMAC-SHA256 of generation and counter under a random secret of the process;
 * the ledger derives the transaction id from it. Ids are never reused, by this or an earlier process, so the validation code of an
 * id belongs to one envelope.
 */
export function transactionNames(
  ledger: Pick<Ledger, 'transactionId'>,
  secret: Uint8Array,
  generation: number,
): () => TransactionName {
  let count = 0;
  return () => {
    count += 1;
    const nonce = createHmac('sha256', secret).update(`medrex-transaction ${generation} ${count}`).digest();
    return { nonce, txId: ledger.transactionId(nonce) };
  };
}
