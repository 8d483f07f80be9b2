import { common, peer } from '@hyperledger/fabric-protos';
import type { ReadWriteSet } from '@medrex/ledger';
import { sha256 } from './block-header.ts';
import type { OpenEnvelope } from './envelope.ts';
import { decodeReadWriteSet } from './read-write-set-message.ts';

/** An endorsed transaction in its envelope. */
export interface EndorserTransaction {
  readonly chaincode: string;
  /** The bytes signed by the endorsers. */
  readonly responsePayload: Uint8Array;
  readonly endorsements: readonly peer.Endorsement[];
  readonly response: peer.Response | undefined;
  readonly readWriteSet: ReadWriteSet;
  readonly event: peer.ChaincodeEvent | undefined;
}

/** Decodes an endorsed transaction. @throws Error if it is invalid (Fabric: INVALID_ENDORSER_TRANSACTION) */
export function readEndorserTransaction({ header, data }: OpenEnvelope): EndorserTransaction {
  const [action, ...others] = peer.Transaction.deserializeBinary(data).getActionsList();
  if (action === undefined || others.length > 0) throw new Error('only one action per transaction is supported');
  if (!sameBytes(action.getHeader_asU8(), header.getSignatureHeader_asU8())) {
    throw new Error('the action is signed by somebody else than the envelope');
  }
  const payload = peer.ChaincodeActionPayload.deserializeBinary(action.getPayload_asU8());
  const endorsed = payload.getAction();
  if (endorsed === undefined) throw new Error('the action has no endorsements');
  const responsePayload = endorsed.getProposalResponsePayload_asU8();
  const response = peer.ProposalResponsePayload.deserializeBinary(responsePayload);
  const hash = proposalHash(header, payload.getChaincodeProposalPayload_asU8());
  if (!sameBytes(hash, response.getProposalHash_asU8())) throw new Error('proposal hash does not match');
  return { responsePayload, endorsements: endorsed.getEndorsementsList(), ...fromAction(response) };
}

type ActionParts = Pick<EndorserTransaction, 'chaincode' | 'response' | 'readWriteSet' | 'event'>;

function fromAction(response: peer.ProposalResponsePayload): ActionParts {
  const action = peer.ChaincodeAction.deserializeBinary(response.getExtension_asU8());
  const chaincode = action.getChaincodeId()?.getName() ?? '';
  if (chaincode === '') throw new Error('the action names no chaincode');
  const event = action.getEvents_asU8();
  return {
    chaincode,
    response: action.getResponse(),
    readWriteSet: decodeReadWriteSet(chaincode, action.getResults_asU8()),
    event: event.length === 0 ? undefined : peer.ChaincodeEvent.deserializeBinary(event),
  };
}

/** The hash by which an endorsement refers to its proposal: of both headers and the payload without its transient map. */
export function proposalHash(header: common.Header, payload: Uint8Array): Buffer {
  return sha256(header.getChannelHeader_asU8(), header.getSignatureHeader_asU8(), payload);
}

/** The payload of a proposal without transient data, which never goes to the ledger. */
export function withoutTransient(payload: Uint8Array): Uint8Array {
  const proposal = peer.ChaincodeProposalPayload.deserializeBinary(payload);
  const visible = new peer.ChaincodeProposalPayload();
  visible.setInput(proposal.getInput_asU8());
  return visible.serializeBinary();
}

export interface NewEndorserTransaction {
  readonly header: common.Header;
  /** Payload of the proposal, without transient data. */
  readonly payload: Uint8Array;
  readonly responsePayload: Uint8Array;
  readonly endorsements: readonly peer.Endorsement[];
}

/** `protos.Transaction` of a proposal and its endorsements. */
export function endorserTransaction({
  header,
  payload,
  responsePayload,
  endorsements,
}: NewEndorserTransaction): peer.Transaction {
  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(responsePayload);
  endorsed.setEndorsementsList([...endorsements]);
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(payload);
  actionPayload.setAction(endorsed);
  const action = new peer.TransactionAction();
  action.setHeader(header.getSignatureHeader_asU8());
  action.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.setActionsList([action]);
  return transaction;
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
