import { common, peer } from '@hyperledger/fabric-protos';
import { lifecycleNamespace } from '@medrex/ledger';
import { endorserTransaction, proposalHash } from '../block/endorser-transaction.ts';
import { newEnvelope } from '../block/envelope.ts';
import { endorse, responseOf, responsePayloadOf } from '../block/proposal-response.ts';
import type { SigningIdentity } from '../identity/signing-identity.ts';
import { definitionWrites, type ChaincodeDefinition } from './chaincode-definition.ts';

interface DefinitionParts {
  readonly channel: string;
  readonly definition: ChaincodeDefinition;
  readonly admin: SigningIdentity;
  readonly endorsers: readonly SigningIdentity[];
}

/** The transaction that commits a chaincode definition, by an administrator and endorsed by every organisation. */
export function definitionEnvelope({ channel, definition, admin, endorsers }: DefinitionParts): common.Envelope {
  const chaincodeId = new peer.ChaincodeID();
  chaincodeId.setName(lifecycleNamespace);
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(chaincodeId);
  const payload = proposalPayload(chaincodeId, definition);
  return newEnvelope({
    type: common.HeaderType.ENDORSER_TRANSACTION,
    channel,
    extension: extension.serializeBinary(),
    signer: admin,
    data: (header) => {
      const responsePayload = responsePayloadOf({
        proposalHash: proposalHash(header, payload),
        chaincode: lifecycleNamespace,
        version: 'syscc',
        response: responseOf(200, ''),
        readWriteSet: { reads: [], ranges: [], writes: definitionWrites(definition) },
        event: undefined,
      });
      const endorsements = endorsers.map((endorser) => endorse(responsePayload, endorser));
      return endorserTransaction({ header, payload, responsePayload, endorsements }).serializeBinary();
    },
  });
}

function proposalPayload(chaincodeId: peer.ChaincodeID, { name, version, sequence }: ChaincodeDefinition): Uint8Array {
  const args = new peer.lifecycle.CommitChaincodeDefinitionArgs();
  args.setName(name);
  args.setVersion(version);
  args.setSequence(sequence);
  const input = new peer.ChaincodeInput();
  input.setArgsList([Buffer.from('CommitChaincodeDefinition'), args.serializeBinary()]);
  const spec = new peer.ChaincodeSpec();
  spec.setType(peer.ChaincodeSpec.Type.GOLANG);
  spec.setChaincodeId(chaincodeId);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocation.serializeBinary());
  return payload.serializeBinary();
}
