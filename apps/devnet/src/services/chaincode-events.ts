import { status, type ServerWritableStream } from '@grpc/grpc-js';
import { gateway, orderer, type common, type peer } from '@hyperledger/fabric-protos';
import { codesOf, envelopesOf } from '../block/block.ts';
import type { ChannelLedger } from '../peer/channel-ledger.ts';
import type { Height } from '../peer/height.ts';
import { readTransaction } from '../peer/judge-transaction.ts';
import { RpcError, serviceError } from './rpc-error.ts';

type EventStream = ServerWritableStream<gateway.SignedChaincodeEventsRequest, gateway.ChaincodeEventsResponse>;

interface EventParts {
  readonly ledger: ChannelLedger;
  readonly height: Height;
  readonly authorise: (request: gateway.ChaincodeEventsRequest, message: Uint8Array, signature: Uint8Array) => void;
}

/** `Gateway/ChaincodeEvents`: the events of a chaincode's VALID transactions, block by block, until the client disconnects. */
export function chaincodeEventsHandler(parts: EventParts): (stream: EventStream) => void {
  return (stream) => {
    const gone = new AbortController();
    for (const event of ['cancelled', 'close', 'error']) stream.on(event, () => gone.abort());
    follow(parts, stream, gone.signal).catch((error: unknown) => stream.emit('error', serviceError(error)));
  };
}

async function follow({ ledger, height, authorise }: EventParts, stream: EventStream, signal: AbortSignal) {
  const message = stream.request.getRequest_asU8();
  const request = gateway.ChaincodeEventsRequest.deserializeBinary(message);
  authorise(request, message, stream.request.getSignature_asU8());
  const matches = matcher(request);
  for (let number = firstBlock(request, ledger, height); ; number++) {
    await height.above(number, signal);
    if (signal.aborted) return;
    const block = await ledger.block(number);
    const events = eventsOf(block).filter(matches);
    if (events.length > 0) stream.write(responseOf(number, events));
  }
}

function firstBlock(request: gateway.ChaincodeEventsRequest, ledger: ChannelLedger, height: Height): number {
  const after = ledger.place(request.getAfterTransactionId());
  if (after !== undefined) return after.blockNum;
  const start = request.getStartPosition();
  if (start === undefined || start.hasNextCommit()) return height.value;
  const specified = start.getSpecified();
  if (specified !== undefined) return specified.getNumber();
  throw new RpcError(status.INVALID_ARGUMENT, `invalid start position type: ${nameOf(start)}`);
}

const nameOf = (position: orderer.SeekPosition): string => (position.hasNewest() ? 'newest' : 'oldest');

/** Matches events of the requested chaincode behind the requested transaction, if one is given. */
function matcher(request: gateway.ChaincodeEventsRequest): (event: peer.ChaincodeEvent) => boolean {
  const after = request.getAfterTransactionId();
  let isPast = after === '';
  return (event) => {
    if (isPast) return event.getChaincodeId() === request.getChaincodeId();
    isPast = event.getTxId() === after;
    return false;
  };
}

function eventsOf(block: common.Block): peer.ChaincodeEvent[] {
  const codes = codesOf(block);
  return envelopesOf(block)
    .filter((_, txNum) => codes[txNum] === 0)
    .map((bytes) => readTransaction(bytes).transaction?.event)
    .filter((event) => event !== undefined);
}

function responseOf(number: number, events: peer.ChaincodeEvent[]): gateway.ChaincodeEventsResponse {
  const response = new gateway.ChaincodeEventsResponse();
  response.setBlockNumber(number);
  response.setEventsList(events);
  return response;
}
