import { common, peer } from '@hyperledger/fabric-protos';
import { proposalHash, withoutTransient } from '../block/endorser-transaction.ts';
import { transactionIdOf } from '../block/envelope.ts';
import type { IdentityRegister } from '../identity/identity-register.ts';

/** A proposal refused before any chaincode was called. */
export class ProposalRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProposalRefused';
  }
}

/** A decoded signed proposal. */
export interface OpenProposal {
  readonly signed: peer.SignedProposal;
  readonly header: common.Header;
  readonly channel: string;
  readonly txId: string;
  readonly creator: Uint8Array;
  readonly nonce: Uint8Array;
  readonly type: number;
  readonly chaincode: string;
  readonly input: peer.ChaincodeInput;
  /** The payload for the transaction. */
  readonly payload: Uint8Array;
  readonly hash: Buffer;
}

/** Decodes a signed proposal. @throws ProposalRefused when a part is missing or unreadable */
export function openProposal(signed: peer.SignedProposal): OpenProposal {
  try {
    return takeApart(signed);
  } catch (error) {
    if (error instanceof ProposalRefused) throw error;
    throw new ProposalRefused(
      `error unmarshalling the proposal: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function takeApart(signed: peer.SignedProposal): OpenProposal {
  if (signed.getProposalBytes_asU8().length === 0) throw new ProposalRefused('a signed proposal is required');
  const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
  const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  const signatureHeader = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  const full = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
  const spec = peer.ChaincodeInvocationSpec.deserializeBinary(full.getInput_asU8()).getChaincodeSpec();
  const chaincode = spec?.getChaincodeId()?.getName() ?? '';
  if (chaincode === '') throw new ProposalRefused('no chaincode id is provided');
  const payload = withoutTransient(proposal.getPayload_asU8());
  return {
    signed,
    header,
    channel: channelHeader.getChannelId(),
    txId: channelHeader.getTxId(),
    creator: signatureHeader.getCreator_asU8(),
    nonce: signatureHeader.getNonce_asU8(),
    type: channelHeader.getType(),
    chaincode,
    input: spec?.getInput() ?? new peer.ChaincodeInput(),
    payload,
    hash: proposalHash(header, payload),
  };
}

/** Checks signature, id and type of a proposal, like core/endorser. @throws ProposalRefused */
export function checkProposal(proposal: OpenProposal, register: IdentityRegister): void {
  const { signed, channel, creator, nonce, txId, type } = proposal;
  if (type !== common.HeaderType.ENDORSER_TRANSACTION) throw refused(`invalid header type ${type}`);
  if (nonce.length === 0 || creator.length === 0) throw refused('nonce or creator is empty');
  const expected = transactionIdOf(nonce, creator);
  if (txId !== expected) throw refused(`incorrectly computed txid '${txId}' -- expected '${expected}'`);
  try {
    register.signer(creator, signed.getProposalBytes_asU8(), signed.getSignature_asU8());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refused(`access denied: channel [${channel}] creator: ${why}`);
  }
}

const refused = (why: string): ProposalRefused => new ProposalRefused(`error validating proposal: ${why}`);
