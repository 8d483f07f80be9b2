import { status, type handleUnaryCall, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { gateway, peer } from '@hyperledger/fabric-protos';
import type { Endorser } from '../peer/endorser.ts';
import { chaincodeEventsHandler } from './chaincode-events.ts';
import { deliverHandler, type Chain } from './deliver.ts';
import { GatewayCalls, type GatewayParts } from './gateway-calls.ts';
import type { NodeServer } from './node-server.ts';
import { blocksAndPrivateData, filteredBlocks, fullBlocks } from './peer-responses.ts';
import { serviceError } from './rpc-error.ts';

/** Registers all services of a peer for clients. */
export function addPeerServices(server: NodeServer, chain: Chain, parts: GatewayParts): void {
  const calls = new GatewayCalls(parts);
  server.add(gateway.GatewayService, {
    evaluate: unary<gateway.EvaluateRequest, gateway.EvaluateResponse>((request) => calls.evaluate(request)),
    endorse: unary<gateway.EndorseRequest, gateway.EndorseResponse>((request) => calls.endorse(request)),
    submit: unary<gateway.SubmitRequest, gateway.SubmitResponse>(async (request) => calls.submit(request)),
    commitStatus: unary<gateway.SignedCommitStatusRequest, gateway.CommitStatusResponse>((request, signal) =>
      calls.commitStatus(request, signal),
    ),
    chaincodeEvents: chaincodeEventsHandler({
      ledger: parts.ledger,
      height: parts.local.peer.height,
      authorise: (request, message, signature) => calls.authorise(request, message, signature),
    }),
  });
  server.add(peer.EndorserService, { processProposal: processProposal(parts.local) });
  server.add(peer.DeliverService, {
    deliver: deliverHandler(chain, fullBlocks),
    deliverFiltered: deliverHandler(chain, filteredBlocks(chain.channel)),
    deliverWithPrivateData: deliverHandler(chain, blocksAndPrivateData),
  });
}

/** A unary call with a signal that aborts when the client cancels. */
function unary<Request, Response>(
  answer: (request: Request, signal: AbortSignal) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    answer(call.request, gone.signal).then(
      (response) => callback(null, response),
      (error: unknown) => callback(serviceError(error)),
    );
  };
}

function processProposal(endorser: Endorser): handleUnaryCall<peer.SignedProposal, peer.ProposalResponse> {
  return (call, callback) => {
    endorser.process(call.request).then(
      (response) => callback(null, response),
      // In Fabric a refused proposal is a plain error, which gRPC reports as UNKNOWN.
      (error: unknown) =>
        callback({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) }),
    );
  };
}
