import { readFileSync } from 'node:fs';
import { common, peer } from '@hyperledger/fabric-protos';
import { fabricIdentity, type FabricIdentity } from '../identity/fabric-identity.ts';
import { readChannelProfile, type KeyFiles } from '../profile/connection-profile.ts';
import { signedEnvelope } from '../wire/envelope-message.ts';
import { NetworkFiles } from './network-files.ts';

/**
 * Flaws of an envelope that do not come from its endorsers: `fewer` has one endorsement less, `none` has none, `twice`
 * has the first one in place of each, `forged` has an invalid signature of the last endorser, `altered` another answer
 * than they signed, `otherProposal` other arguments than they endorsed, `otherCreator` another sender under the same
 * id, `unsigned` an invalid signature of the sender.
 */
export const flaws = [
  'fewer',
  'none',
  'twice',
  'forged',
  'altered',
  'otherProposal',
  'otherCreator',
  'unsigned',
] as const;
export type Flaw = (typeof flaws)[number];

/**
 * Signers of a flawed envelope: its own client or, for `otherCreator`, another client that may write to the channel.
 */
export interface Signers {
  readonly client: FabricIdentity;
  readonly other: FabricIdentity;
}

/** The client of a connection profile, and the administrator of its organisation. */
export async function signersOf(profile: string, channel: string): Promise<Signers> {
  const { mspId, identity } = await readChannelProfile(profile, channel);
  if (identity === undefined) throw new Error(`${profile} names no client`);
  const files = new NetworkFiles(profile);
  const of = ({ certificate, privateKey }: KeyFiles): FabricIdentity =>
    fabricIdentity(mspId, { certificate: readFileSync(certificate), privateKey: readFileSync(privateKey) });
  return { client: of(identity), other: of(files.administrator(files.profile.client.organization)) };
}

/** The envelope of an endorsed transaction with one flaw. */
export function flawedEnvelope(envelope: Uint8Array, flaw: Flaw, { client, other }: Signers): Uint8Array {
  const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(envelope).getPayload_asU8());
  const header = payload.getHeader() ?? new common.Header();
  if (flaw === 'otherCreator') return signedEnvelope(sentBy(header, other), payload.getData_asU8(), other.sign).bytes;
  if (flaw === 'unsigned') return signedEnvelope(header, payload.getData_asU8(), flippedSigner(client)).bytes;
  return signedEnvelope(header, withFlaw(payload.getData_asU8(), flaw), client.sign).bytes;
}

function withFlaw(data: Uint8Array, flaw: Exclude<Flaw, 'otherCreator' | 'unsigned'>): Uint8Array {
  const transaction = peer.Transaction.deserializeBinary(data);
  const [action = new peer.TransactionAction()] = transaction.getActionsList();
  const parts = peer.ChaincodeActionPayload.deserializeBinary(action.getPayload_asU8());
  if (flaw === 'otherProposal') parts.setChaincodeProposalPayload(otherArguments(parts));
  else spoil(parts.getAction() ?? new peer.ChaincodeEndorsedAction(), flaw);
  action.setPayload(parts.serializeBinary());
  return transaction.serializeBinary();
}

function spoil(
  endorsed: peer.ChaincodeEndorsedAction,
  flaw: Exclude<Flaw, 'otherProposal' | 'otherCreator' | 'unsigned'>,
): void {
  const endorsements = endorsed.getEndorsementsList();
  const [first = new peer.Endorsement()] = endorsements;
  switch (flaw) {
    case 'fewer':
      return endorsed.setEndorsementsList(endorsements.slice(0, -1));
    case 'none':
      return endorsed.setEndorsementsList([]);
    case 'twice':
      return endorsed.setEndorsementsList(endorsements.map(() => first));
    case 'forged':
      return endorsements.at(-1)?.setSignature(first.getSignature_asU8());
    case 'altered':
      return endorsed.setProposalResponsePayload(otherAnswer(endorsed.getProposalResponsePayload_asU8()));
  }
}

/** The same answer with another message: it still answers the proposal, but is not signed. */
function otherAnswer(bytes: Uint8Array): Uint8Array {
  const answer = peer.ProposalResponsePayload.deserializeBinary(bytes);
  const action = peer.ChaincodeAction.deserializeBinary(answer.getExtension_asU8());
  const response = action.getResponse() ?? new peer.Response();
  response.setMessage('nobody signed this');
  action.setResponse(response);
  answer.setExtension$(action.serializeBinary());
  return answer.serializeBinary();
}

function otherArguments(parts: peer.ChaincodeActionPayload): Uint8Array {
  const proposal = peer.ChaincodeProposalPayload.deserializeBinary(parts.getChaincodeProposalPayload_asU8());
  const input = peer.ChaincodeInvocationSpec.deserializeBinary(proposal.getInput_asU8());
  input.getChaincodeSpec()?.getInput()?.addArgs(Buffer.from('one more'));
  proposal.setInput(input.serializeBinary());
  return proposal.serializeBinary();
}

function sentBy(header: common.Header, { creator }: FabricIdentity): common.Header {
  const signature = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  signature.setCreator(creator);
  const changed = new common.Header();
  changed.setChannelHeader(header.getChannelHeader_asU8());
  changed.setSignatureHeader(signature.serializeBinary());
  return changed;
}

/** Signs other bytes: a well-formed but invalid signature. */
const flippedSigner =
  ({ sign }: FabricIdentity) =>
  (message: Uint8Array): Uint8Array => {
    const other = Uint8Array.from(message);
    other[0] = (other[0] ?? 0) ^ 1;
    return sign(other);
  };
