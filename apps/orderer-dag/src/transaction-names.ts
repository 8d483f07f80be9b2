import { createHmac } from 'node:crypto';
import type { Ledger, Proposal } from '@medrex/ledger';

/** Nonce and id of one proposal. */
export type TransactionName = Required<Pick<Proposal, 'txId' | 'nonce'>>;

/**
 * Names the transactions of one process: a nonce is the HMAC-SHA256 of generation and a counter under a secret that is
 * drawn once per process, and the ledger makes the id of it. No try ever reuses an id, neither of this process nor of one
 * before it, so a code seen for an id is about one envelope.
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
