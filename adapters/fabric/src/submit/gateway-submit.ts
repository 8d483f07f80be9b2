import { connect, hash, type Gateway } from '@hyperledger/fabric-gateway';
import { common, gateway as messages } from '@hyperledger/fabric-protos';
import { callError } from '../grpc/call-error.ts';
import type { Gate } from '../grpc/gate.ts';
import type { FabricIdentity } from '../identity/fabric-identity.ts';
import type { PeerLink } from '../endorse/peer-link.ts';
import type { GatewaySubmit } from './submitter.ts';

/** What submitting through a peer's gateway needs. */
export interface GatewayParts {
  readonly channel: string;
  readonly link: () => PeerLink | undefined;
  readonly identity: () => FabricIdentity;
  readonly gate: Gate;
  readonly deadlineMs: number;
}

/** Submits through the gateway service of a pinned peer, for clients that cannot reach an orderer. */
export function gatewaySubmit({ channel, link, identity, gate, deadlineMs }: GatewayParts): GatewaySubmit {
  return async (envelope, txId) => {
    const peer = link();
    if (peer === undefined) return;
    await gate.run(async () => {
      const gateway = gatewayOf(peer, identity());
      try {
        const signed = common.Envelope.deserializeBinary(envelope);
        const prepared = new messages.PreparedTransaction();
        prepared.setTransactionId(txId);
        prepared.setEnvelope(signed);
        const transaction = gateway.newSignedTransaction(prepared.serializeBinary(), signed.getSignature_asU8());
        await transaction.submit({ deadline: Date.now() + deadlineMs });
      } catch (cause) {
        throw callError(`${peer.name}: tx ${txId} of ${channel} by the gateway`, cause);
      } finally {
        gateway.close();
      }
    });
  };
}

function gatewayOf({ client }: PeerLink, { mspId, certificate, sign }: FabricIdentity): Gateway {
  // Without a hash the digest is the message itself, which our signer hashes and signs in one call.
  return connect({
    client,
    identity: { mspId, credentials: certificate },
    hash: hash.none,
    signer: async (message) => sign(message),
  });
}
