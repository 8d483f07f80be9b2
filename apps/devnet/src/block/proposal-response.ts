import { peer } from '@hyperledger/fabric-protos';
import type { ReadWriteSet } from '@medrex/ledger';
import type { SigningIdentity } from '../identity/signing-identity.ts';
import { encodeReadWriteSet } from './read-write-set-message.ts';

/** The result of a simulation, to be endorsed. */
export interface SimulationResult {
  readonly proposalHash: Uint8Array;
  readonly chaincode: string;
  readonly version: string;
  readonly response: peer.Response;
  readonly readWriteSet: ReadWriteSet;
  readonly event: peer.ChaincodeEvent | undefined;
}

/** The bytes that endorsers of one proposal must agree on. */
export function responsePayloadOf(result: SimulationResult): Uint8Array {
  const chaincodeId = new peer.ChaincodeID();
  chaincodeId.setName(result.chaincode);
  chaincodeId.setVersion(result.version);
  const action = new peer.ChaincodeAction();
  action.setResults(encodeReadWriteSet(result.chaincode, result.readWriteSet));
  if (result.event !== undefined) action.setEvents(result.event.serializeBinary());
  action.setResponse(result.response);
  action.setChaincodeId(chaincodeId);
  const payload = new peer.ProposalResponsePayload();
  payload.setProposalHash(result.proposalHash);
  payload.setExtension$(action.serializeBinary());
  return payload.serializeBinary();
}

/** Signs a response payload as a peer. */
export function endorse(payload: Uint8Array, signer: SigningIdentity): peer.Endorsement {
  const endorsement = new peer.Endorsement();
  endorsement.setEndorser(signer.serialized);
  endorsement.setSignature(signer.sign(Buffer.concat([payload, signer.serialized])));
  return endorsement;
}

export function responseOf(status: number, message: string, payload?: Uint8Array): peer.Response {
  const response = new peer.Response();
  response.setStatus(status);
  response.setMessage(message);
  if (payload !== undefined) response.setPayload(payload);
  return response;
}
