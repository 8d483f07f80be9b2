import { peer } from '@hyperledger/fabric-protos';
import { ChaincodeFailure } from './chaincode-errors.ts';

/** The result of a chaincode. */
export interface ExecutionResult {
  readonly response: peer.Response;
  readonly event: peer.ChaincodeEvent | undefined;
}

/** Decodes a chaincode's last message. @throws ChaincodeFailure when it is an error or unreadable */
export function executionResult(message: peer.ChaincodeMessage, chaincode: string): ExecutionResult {
  const payload = message.getPayload_asU8();
  if (message.getType() === peer.ChaincodeMessage.Type.ERROR) {
    throw new ChaincodeFailure(`transaction returned with failure: ${Buffer.from(payload).toString()}`);
  }
  const event = message.getChaincodeEvent();
  event?.setChaincodeId(chaincode);
  event?.setTxId(message.getTxid());
  try {
    return { response: peer.Response.deserializeBinary(payload), event };
  } catch (error) {
    throw new ChaincodeFailure(`failed to unmarshal response for transaction ${message.getTxid()}: ${String(error)}`);
  }
}
