import type { ServerDuplexStream } from '@grpc/grpc-js';
import { orderer, type common } from '@hyperledger/fabric-protos';
import type { BroadcastAnswer, BroadcastFilter } from './broadcast-filter.ts';

type BroadcastStream = ServerDuplexStream<common.Envelope, orderer.BroadcastResponse>;

/** `AtomicBroadcast/Broadcast`: orders and answers the envelopes of a stream in order of arrival. */
export function broadcastHandler(filter: BroadcastFilter): (stream: BroadcastStream) => void {
  return (stream) => {
    stream.on('data', (envelope: common.Envelope) => stream.write(responseOf(filter.take(envelope))));
    stream.on('end', () => stream.end());
    stream.on('error', () => undefined); // the client disconnected; its envelopes are still ordered
  };
}

function responseOf({ status, info }: BroadcastAnswer): orderer.BroadcastResponse {
  const response = new orderer.BroadcastResponse();
  response.setStatus(status);
  response.setInfo(info);
  return response;
}
