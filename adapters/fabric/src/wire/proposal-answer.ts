import { peer } from '@hyperledger/fabric-protos';
import type { ChaincodeResponse, ReadWriteSet } from '@medrex/ledger';
import { readWriteSetOf } from './read-write-set.ts';

/** A ProposalResponsePayload: the answer of a chaincode, and its read-write set. */
export interface ChaincodeAnswer {
  readonly chaincode: string;
  readonly chaincodeVersion: string;
  readonly response: ChaincodeResponse;
  readonly readWriteSet: ReadWriteSet;
}

/** Reads a ProposalResponsePayload, of an endorsement or of a transaction in a block. */
export function chaincodeAnswer(payload: Uint8Array): ChaincodeAnswer {
  const response = peer.ProposalResponsePayload.deserializeBinary(payload);
  const action = peer.ChaincodeAction.deserializeBinary(response.getExtension_asU8());
  const chaincode = action.getChaincodeId()?.getName() ?? '';
  return {
    chaincode,
    chaincodeVersion: action.getChaincodeId()?.getVersion() ?? '',
    response: chaincodeResponse(action.getResponse()),
    readWriteSet: readWriteSetOf(chaincode, action.getResults_asU8()),
  };
}

/** A response message; absent means empty. */
export function chaincodeResponse(response: peer.Response | undefined): ChaincodeResponse {
  return {
    status: response?.getStatus() ?? 0,
    message: response?.getMessage() ?? '',
    payload: response?.getPayload_asU8() ?? new Uint8Array(0),
  };
}
