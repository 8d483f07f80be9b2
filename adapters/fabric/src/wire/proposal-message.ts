import { common, peer } from '@hyperledger/fabric-protos';
import { packArguments, transientArguments, type Proposal } from '@medrex/ledger';
import type { FabricIdentity } from '../identity/fabric-identity.ts';
import { headerOf } from './headers.ts';

/** A proposal for the endorsers; header and payload are repeated in the envelope, byte for byte. */
export interface ProposalMessage {
  readonly header: common.Header;
  /** ChaincodeProposalPayload for the envelope: without transient data. */
  readonly payload: Uint8Array;
  readonly signed: Uint8Array;
}

type Call = Pick<Proposal, 'chaincode' | 'fn' | 'args' | 'isUnrecorded'>;

/** Builds and signs a proposal. */
export function proposalMessage(
  proposal: Pick<Proposal, 'channel' | 'txId'> & Call,
  { nonce, identity, nowMs }: { readonly nonce: Uint8Array; readonly identity: FabricIdentity; readonly nowMs: number },
): ProposalMessage {
  const { channel, chaincode, txId } = proposal;
  const type = common.HeaderType.ENDORSER_TRANSACTION;
  const header = headerOf({ type, channel, txId, chaincode, nowMs }, identity.creator, nonce);
  const payload = recordedPayload(proposal);
  const message = new peer.Proposal();
  message.setHeader(header.serializeBinary());
  message.setPayload(proposalPayload(payload, proposal));
  const bytes = message.serializeBinary();
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(bytes);
  signed.setSignature(identity.sign(bytes));
  return { header, payload: payload.serializeBinary(), signed: signed.serializeBinary() };
}

function recordedPayload({ chaincode, fn, args, isUnrecorded }: Call): peer.ChaincodeProposalPayload {
  const id = new peer.ChaincodeID();
  id.setName(chaincode);
  const input = new peer.ChaincodeInput();
  input.setArgsList([Buffer.from(fn), ...(isUnrecorded === true ? [] : args)]);
  const spec = new peer.ChaincodeSpec();
  spec.setType(peer.ChaincodeSpec.Type.NODE);
  spec.setChaincodeId(id);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocation.serializeBinary());
  return payload;
}

/** The payload for the endorsers: with the transient data, which their signatures do not cover. */
function proposalPayload(recorded: peer.ChaincodeProposalPayload, { args, isUnrecorded }: Call): Uint8Array {
  if (isUnrecorded !== true) return recorded.serializeBinary();
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(recorded.getInput());
  payload.getTransientmapMap().set(transientArguments, packArguments(args));
  return payload.serializeBinary();
}
