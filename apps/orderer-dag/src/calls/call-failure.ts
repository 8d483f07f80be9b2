import { CodedError, isCodedError } from '@medrex/coded-error';
import { whoFailed, type FailureVerdict } from '../failure-table.ts';

/**
 * The meaning of a failed endorsement of a call.
 *
 * - `used`: a transaction with this id is in a block; the ledger has its result
 * - `refused`: the contract ran and refused, with this message
 * - `missing`: the chaincode does not exist, or not yet
 * - `failed`: who failed, as for a fusion
 */
export type CallFailure =
  | { readonly kind: 'used' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'failed'; readonly verdict: FailureVerdict };

/** How the message of a peer begins when it could not run the contract to its end; any other message is of the contract itself. */
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

/** The error without its message, for logs and spans: the message of a foreign contract may quote its arguments. */
export function withoutWords(error: unknown, txId: string): Error {
  if (!isCodedError(error)) return new Error(`tx ${txId}: ${error instanceof Error ? error.name : 'unknown failure'}`);
  const { code, retryable, remedy } = error;
  return new CodedError({ code, retryable, meaning: code, remedy }, `tx ${txId}: ${code}`);
}
