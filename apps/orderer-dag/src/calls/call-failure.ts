import { CodedError, isCodedError } from '@medrex/coded-error';
import { failureVerdict, type FailureVerdict } from '../failure-table.ts';

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
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'failed'; readonly verdict: FailureVerdict };

/**
 * Beginning of a peer's own error message, when it could not run the contract to its end; any other message is from the
 * contract.
 */
const peerErrorPrefix = /^(error in simulation|failed to execute transaction|timeout expired while executing)/;

export function callFailure(error: unknown): CallFailure {
  if (isCodedError(error, 'TXID_USED')) return { kind: 'used' };
  if (isCodedError(error, 'CHAINCODE_MISSING')) return { kind: 'missing' };
  if (isCodedError(error, 'ENDORSEMENT_REFUSED') && 'chaincodeMessage' in error) {
    const message = String(error.chaincodeMessage);
    return peerErrorPrefix.test(message) ? { kind: 'failed', verdict: 'ask-probe' } : { kind: 'refused', message };
  }
  return { kind: 'failed', verdict: failureVerdict(error) };
}

/** The error without its message, for logs and spans: the message of a foreign contract may quote its arguments. */
export function withoutMessage(error: unknown, txId: string): Error {
  if (!isCodedError(error)) return new Error(`tx ${txId}: ${error instanceof Error ? error.name : 'unknown failure'}`);
  const { code, retryable, remedy } = error;
  return new CodedError({ code, retryable, meaning: code, remedy }, `tx ${txId}: ${code}`);
}
