import { common, peer } from '@hyperledger/fabric-protos';
import type { Signer } from '../identity/low-s-signer.ts';
import type { ProposalMessage } from './proposal-message.ts';

/** A signed envelope, and its size as the orderer counts it. */
export interface SignedEnvelope {
  readonly bytes: Uint8Array;
  /** Size of payload and signature, which the block cutter and AbsoluteMaxBytes count. */
  readonly countedBytes: number;
}

/** The transaction of a proposal with the endorsements of one response. */
export function transactionEnvelope(
  { header, payload }: ProposalMessage,
  { response, endorsements }: { readonly response: Uint8Array; readonly endorsements: readonly peer.Endorsement[] },
  sign: Signer,
): SignedEnvelope {
  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(response);
  endorsed.setEndorsementsList([...endorsements]);
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(payload);
  actionPayload.setAction(endorsed);
  const action = new peer.TransactionAction();
  action.setHeader(header.getSignatureHeader_asU8());
  action.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.setActionsList([action]);
  return signedEnvelope(header, transaction.serializeBinary(), sign);
}

/** Any payload under a header, signed. */
export function signedEnvelope(header: common.Header, data: Uint8Array, sign: Signer): SignedEnvelope {
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  const payloadBytes = payload.serializeBinary();
  const signature = sign(payloadBytes);
  const envelope = new common.Envelope();
  envelope.setPayload(payloadBytes);
  envelope.setSignature(signature);
  return { bytes: envelope.serializeBinary(), countedBytes: payloadBytes.length + signature.length };
}
