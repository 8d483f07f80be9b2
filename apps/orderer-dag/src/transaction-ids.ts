import { createHmac } from 'node:crypto';

/**
 * Makes the transaction ids of one process: HMAC-SHA256 of generation and a counter under a secret that is drawn once
 * per process. No try ever reuses an id, neither of this process nor of one before it, so a code seen for an id is
 * about one envelope. (On Fabric the same value is the nonce, and the id is the hash of nonce and creator.)
 */
export function transactionIds(secret: Uint8Array, generation: number): () => string {
  let count = 0;
  return () => {
    count += 1;
    return createHmac('sha256', secret).update(`medrex-transaction ${generation} ${count}`).digest('hex');
  };
}
