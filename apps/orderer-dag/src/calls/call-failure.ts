import { CodedError, isCodedError } from '@medrex/coded-error';
import { whoFailed, type FailureVerdict } from '../failure-table.ts';

/**
 * What a failed endorsement of a call means.
 *
 * - `used`: a transaction of this id stands in a block; the ledger says what became of it
 * - `refused`: the contract ran and said no, in these words
 * - `missing`: there is no such chaincode, or not yet
 * - else who failed, as for a fusion
 */
export type CallFailure =
  | { readonly kind: 'used' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'failed'; readonly verdict: FailureVerdict };

/** How a peer begins when it could not run the contract to its end; what else comes with a status is the contract's own. */
const peersOwnWords = /^(error in simulation|failed to execute transaction|timeout expired while executing)/;

export function callFailure(error: unknown): CallFailure {
  if (isCodedError(error, 'TXID_USED')) return { kind: 'used' };
  if (isCodedError(error, 'CHAINCODE_MISSING')) return { kind: 'missing' };
  if (isCodedError(error, 'ENDORSEMENT_REFUSED') && 'chaincodeMessage' in error) {
    const words = String(error.chaincodeMessage);
    return peersOwnWords.test(words) ? { kind: 'failed', verdict: 'ask-probe' } : { kind: 'refused', words };
  }
  return { kind: 'failed', verdict: whoFailed(error) };
}

/** An error without its words: those of a foreign contract may quote its arguments, and logs and spans are no place for them. */
export function withoutWords(error: unknown, txId: string): Error {
  if (!isCodedError(error)) return new Error(`tx ${txId}: ${error instanceof Error ? error.name : 'unknown failure'}`);
  const { code, retryable, remedy } = error;
  return new CodedError({ code, retryable, meaning: code, remedy }, `tx ${txId}: ${code}`);
}
