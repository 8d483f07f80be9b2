import { common, peer } from '@hyperledger/fabric-protos';
import type { Proposal } from '@medrex/ledger';
import type { FabricIdentity } from '../identity/fabric-identity.ts';
import { headerOf } from './headers.ts';

/** A proposal as the endorsers get it; header and payload come again in the envelope, byte for byte. */
export interface ProposalMessage {
  readonly header: common.Header;
  /** ChaincodeProposalPayload; without transient data it may go into the envelope as it is. */
  readonly payload: Uint8Array;
  readonly signed: Uint8Array;
}

/** Builds and signs a proposal. */
export function proposalMessage(
  proposal: Pick<Proposal, 'channel' | 'chaincode' | 'fn' | 'args' | 'txId'>,
  { nonce, identity, nowMs }: { readonly nonce: Uint8Array; readonly identity: FabricIdentity; readonly nowMs: number },
): ProposalMessage {
  const { channel, chaincode, txId } = proposal;
  const type = common.HeaderType.ENDORSER_TRANSACTION;
  const header = headerOf({ type, channel, txId, chaincode, nowMs }, identity.creator, nonce);
  const payload = chaincodePayload(proposal);
  const message = new peer.Proposal();
  message.setHeader(header.serializeBinary());
  message.setPayload(payload);
  const bytes = message.serializeBinary();
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(bytes);
  signed.setSignature(identity.sign(bytes));
  return { header, payload, signed: signed.serializeBinary() };
}

function chaincodePayload({ chaincode, fn, args }: Pick<Proposal, 'chaincode' | 'fn' | 'args'>): Uint8Array {
  const id = new peer.ChaincodeID();
  id.setName(chaincode);
  const input = new peer.ChaincodeInput();
  input.setArgsList([Buffer.from(fn), ...args]);
  const spec = new peer.ChaincodeSpec();
  spec.setType(peer.ChaincodeSpec.Type.NODE);
  spec.setChaincodeId(id);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocation.serializeBinary());
  return payload.serializeBinary();
}
