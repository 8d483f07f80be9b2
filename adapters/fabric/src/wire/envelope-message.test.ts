import { createHash, createPublicKey, verify } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from '@jest/globals';
import { transientArguments, unpackArguments } from '@medrex/ledger';
import { fabricIdentity, transactionIdOf } from '../identity/fabric-identity.ts';
import { recordings } from '../testing/golden.ts';
import { testIdentities } from '../testing/identity-fixture.ts';
import { blockOf } from './block-message.ts';
import { transactionEnvelope } from './envelope-message.ts';
import { proposalMessage } from './proposal-message.ts';

const { certificate, privateKey } = testIdentities.user;
const identity = fabricIdentity('Org1MSP', {
  certificate: Buffer.from(certificate),
  privateKey: Buffer.from(privateKey),
});
const nonce = Buffer.alloc(24, 7);
const txId = transactionIdOf(nonce, identity);
const proposal = { channel: 'ehr', chaincode: 'kv', fn: 'put', args: [Buffer.from('a'), Buffer.from([0, 255])], txId };
const message = proposalMessage(proposal, { nonce, identity, nowMs: 1_790_000_000_250 });
const isSigned = (bytes: Uint8Array, signature: Uint8Array): boolean =>
  verify('sha256', bytes, createPublicKey(certificate), signature);

describe('a proposal', () => {
  const signed = peer.SignedProposal.deserializeBinary(message.signed);
  const sent = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
  const header = common.Header.deserializeBinary(sent.getHeader_asU8());
  const channel = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());

  it('is signed by the client', () => {
    expect(isSigned(signed.getProposalBytes_asU8(), signed.getSignature_asU8())).toBe(true);
  });

  it('has the hash of its nonce and creator as id', () => {
    const signature = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
    const hash = createHash('sha256').update(signature.getNonce_asU8()).update(signature.getCreator_asU8());
    expect(channel.getTxId()).toBe(hash.digest('hex'));
    expect(channel.getTxId()).toBe(txId);
  });

  it('contains channel, chaincode, type and time', () => {
    expect([channel.getChannelId(), channel.getType(), channel.getEpoch()]).toEqual(['ehr', 3, 0]);
    expect(channel.getTimestamp()?.toDate().getTime()).toBe(1_790_000_000_250);
    const extension = peer.ChaincodeHeaderExtension.deserializeBinary(channel.getExtension_asU8());
    expect(extension.getChaincodeId()?.getName()).toBe('kv');
  });

  it('contains the function and the arguments unchanged', () => {
    const payload = peer.ChaincodeProposalPayload.deserializeBinary(sent.getPayload_asU8());
    const invocation = peer.ChaincodeInvocationSpec.deserializeBinary(payload.getInput_asU8());
    const args = invocation.getChaincodeSpec()?.getInput()?.getArgsList_asU8() ?? [];
    expect(args.map((argument) => Buffer.from(argument))).toEqual([Buffer.from('put'), ...proposal.args]);
  });
});

describe('a proposal whose arguments are not to be recorded', () => {
  const unrecorded = proposalMessage(
    { ...proposal, isUnrecorded: true },
    { nonce, identity, nowMs: 1_790_000_000_250 },
  );
  const signed = peer.SignedProposal.deserializeBinary(unrecorded.signed);
  const sent = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
  const asked = peer.ChaincodeProposalPayload.deserializeBinary(sent.getPayload_asU8());
  const recorded = peer.ChaincodeProposalPayload.deserializeBinary(unrecorded.payload);
  const argsOf = (payload: peer.ChaincodeProposalPayload) =>
    peer.ChaincodeInvocationSpec.deserializeBinary(payload.getInput_asU8())
      .getChaincodeSpec()
      ?.getInput()
      ?.getArgsList_asU8()
      .map((argument) => Buffer.from(argument).toString());

  it('contains them as transient data', () => {
    const packed = asked.getTransientmapMap().get(transientArguments) ?? new Uint8Array();
    expect(unpackArguments(Buffer.from(packed as Uint8Array))?.map((argument) => Buffer.from(argument))).toEqual(
      proposal.args,
    );
    expect(argsOf(asked)).toEqual(['put']);
  });

  it('goes into the envelope without them', () => {
    expect(recorded.getTransientmapMap().getLength()).toBe(0);
    expect(argsOf(recorded)).toEqual(['put']);
  });
});

describe('an envelope', () => {
  const [golden] = recordings();
  const answer = golden?.answer('endorsed') ?? new peer.ProposalResponse();
  const endorsements = [answer.getEndorsement() ?? new peer.Endorsement()];
  const envelope = transactionEnvelope(message, { response: answer.getPayload_asU8(), endorsements }, identity.sign);
  const sent = common.Envelope.deserializeBinary(envelope.bytes);

  it('is signed, with its size as counted by the orderer', () => {
    expect(isSigned(sent.getPayload_asU8(), sent.getSignature_asU8())).toBe(true);
    expect(envelope.countedBytes).toBe(sent.getPayload_asU8().length + sent.getSignature_asU8().length);
  });

  it('is read from a block as it was proposed and endorsed', () => {
    const data = new common.BlockData();
    data.setDataList([envelope.bytes]);
    const block = new common.Block();
    block.setData(data);
    const [transaction] = blockOf('ehr', block).transactions;
    expect(transaction).toMatchObject({ txId, creator: 'Org1MSP', chaincode: 'kv', fn: 'put' });
    expect(transaction?.readWriteSet.writes).toHaveLength(1);
  });
});
