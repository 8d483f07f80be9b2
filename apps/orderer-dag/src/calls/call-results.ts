import { decodeResults, type OperationResult } from '@medrex/execute-batch';
import type { CommittedTransaction } from '@medrex/ledger';
import type { CallAnswer, CallKey } from '@medrex/privacy';
import { refusedCode, type CallOperation } from './call-proposals.ts';

/** Maximum bytes of a response, or of a refusal message, in an outcome. */
const payloadBytesMax = 16 * 1024;
const wordsMax = 1_024;

/** The result of a call from the VALID transaction of one of its tries. @param own the Medrex chaincode; its transaction is a close */
export function resultOf(
  operation: CallOperation,
  transaction: CommittedTransaction,
  own: string,
  key: CallKey,
): OperationResult {
  if (transaction.chaincode === own) return closedResult(operation, transaction, key);
  const { opId, sourceHash, call } = operation;
  const answer = answerOf(transaction.payload);
  return {
    opId,
    sourceHash,
    status: 'applied',
    code: 'OK',
    txId: transaction.txId,
    undeclared: call.discovered,
    ...(answer !== undefined && { detail: { sealed: key.sealAnswer(opId, answer) } }),
  };
}

function closedResult(
  { opId, sourceHash, call }: CallOperation,
  { payload, txId }: CommittedTransaction,
  key: CallKey,
): OperationResult {
  const [closed] = decodeResults(payload);
  if (closed === undefined || closed.sourceHash !== sourceHash) return reusedResult({ opId, sourceHash }, txId);
  if (closed.code !== refusedCode) return { ...closed, undeclared: [] };
  const words = call.refusal?.slice(0, wordsMax);
  return {
    ...closed,
    status: 'rejected',
    message: 'the contract refused the call',
    undeclared: [],
    ...(words !== undefined && { detail: { sealed: key.sealAnswer(opId, { message: words }) } }),
  };
}

/** The result when the name was used by a message with another body. */
export function reusedResult(
  { opId, sourceHash }: Pick<OperationResult, 'opId' | 'sourceHash'>,
  txId: string,
): OperationResult {
  const message = 'another message was sent under the same name before';
  return { opId, sourceHash, status: 'rejected', code: 'ID_REUSED', message, txId, undeclared: [] };
}

function answerOf(payload: Uint8Array): CallAnswer | undefined {
  if (payload.length === 0) return undefined;
  const isCut = payload.length > payloadBytesMax;
  const bytes = Buffer.from(payload.subarray(0, payloadBytesMax));
  const text = bytes.toString();
  const cut = isCut ? { isCut } : {};
  // Text that was cut inside a character is still text.
  const isText = Buffer.from(text).equals(bytes) || (isCut && !text.slice(0, -1).includes('\ufffd'));
  return isText ? { payload: text, ...cut } : { payload: bytes.toString('base64'), encoding: 'base64', ...cut };
}
