import { closeItem } from '@medrex/execute-batch';
import type { Ledger, Proposal } from '@medrex/ledger';
import type { CallKey } from '@medrex/privacy';
import type { LiveOperation } from '../live-operation.ts';
import type { Proposer } from '../proposals.ts';
import type { TransactionName } from '../transaction-names.ts';
import type { Call } from './call.ts';

/** The close code of a call that its contract refused. */
export const refusedCode = 'CALL_REFUSED';

/** A live operation that is a call. */
export type CallOperation = LiveOperation & { readonly call: Call };

/** The close code of a call that is to be closed; undefined when the call itself is to be tried. */
export function closeCodeOf({ call, closeReason }: CallOperation): string | undefined {
  return closeReason ?? (call.refusal === undefined ? undefined : refusedCode);
}

/** The transaction id and nonce of a try, derived from the operation and the number of the try, so that no try takes effect twice. */
export function tryName(
  ledger: Pick<Ledger, 'transactionId'>,
  key: CallKey,
  { opId, call }: CallOperation,
): TransactionName {
  const nonce = key.nonce(opId, call.attempt);
  return { nonce, txId: ledger.transactionId(nonce) };
}

/** The proposal of a try. A close runs in the Medrex chaincode under the transaction id of the call, so only one of them can be valid. */
export function tryProposal(proposer: Proposer, operation: CallOperation, name: TransactionName): Proposal {
  const { opId, sourceHash, day, call } = operation;
  const reason = closeCodeOf(operation);
  const { channel, creator } = proposer;
  if (reason !== undefined) {
    const args = [closeItem({ opId, sourceHash, reason, day })];
    return { channel, creator, chaincode: proposer.chaincode, fn: 'executeBatch', args, ...name };
  }
  const args = call.args.map((arg) => Buffer.from(arg));
  return { channel, creator, chaincode: call.chaincode, fn: call.fn, args, ...name };
}
