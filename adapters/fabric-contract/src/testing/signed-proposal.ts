import { common, msp, peer } from '@hyperledger/fabric-protos';
import { clientCertificate } from './certificates.ts';

export interface ProposalParts {
  readonly txId: string;
  readonly channel: string;
  readonly mspId: string;
  /** PEM; default: a client of the organisation. */
  readonly certificate?: string;
  readonly transient?: ReadonlyMap<string, Uint8Array>;
}

/** The part of a client's proposal that a peer passes on. The signature is empty, since the peer has checked it. */
export function signedProposal({ txId, channel, mspId, certificate, transient }: ProposalParts): peer.SignedProposal {
  const creator = new msp.SerializedIdentity();
  creator.setMspid(mspId);
  creator.setIdBytes(Buffer.from(certificate ?? clientCertificate));
  const signature = new common.SignatureHeader();
  signature.setCreator(creator.serializeBinary());
  signature.setNonce(Buffer.from('nonce'));
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setTxId(txId);
  channelHeader.setChannelId(channel);
  const header = new common.Header();
  header.setSignatureHeader(signature.serializeBinary());
  header.setChannelHeader(channelHeader.serializeBinary());
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(Buffer.from('input'));
  for (const [name, value] of transient ?? []) payload.getTransientmapMap().set(name, value);
  const proposal = new peer.Proposal();
  proposal.setHeader(header.serializeBinary());
  proposal.setPayload(payload.serializeBinary());
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(proposal.serializeBinary());
  return signed;
}
