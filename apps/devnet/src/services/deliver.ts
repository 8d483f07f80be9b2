import type { ServerDuplexStream } from '@grpc/grpc-js';
import { common, orderer } from '@hyperledger/fabric-protos';
import { openEnvelope, type OpenEnvelope } from '../block/envelope.ts';
import type { IdentityRegister } from '../identity/identity-register.ts';
import type { Height } from '../peer/height.ts';

/** The chain as served by one node. */
export interface Chain {
  readonly channel: string;
  readonly height: Height;
  readonly register: IdentityRegister;
  block(number: number): Promise<common.Block>;
}

/** The response format of a service: full blocks, filtered blocks, or those of the orderer. */
export interface DeliverResponses<Response> {
  status(status: Status): Response;
  block(block: common.Block): Response;
}

export type Status = common.StatusMap[keyof common.StatusMap];

/** Maximum clock difference of envelopes (Fabric's `peer.authentication.timewindow`). */
const timeWindowMs = 15 * 60_000;

/** The requested blocks, first and last inclusive. */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly failsIfNotReady: boolean;
}

/** A `Deliver` stream (common/deliver): consecutive seeks, each answered by blocks and a status. */
export function deliverHandler<Response>(
  chain: Chain,
  responses: DeliverResponses<Response>,
): (stream: ServerDuplexStream<common.Envelope, Response>) => void {
  return (stream) => {
    const gone = new AbortController();
    const isGone = (): boolean => gone.signal.aborted;
    let work: Promise<void> = Promise.resolve();
    stream.on('data', (envelope: common.Envelope) => {
      work = work.then(() => answer(envelope));
    });
    stream.on('end', () => void work.then(() => stream.end()));
    for (const event of ['cancelled', 'close', 'error']) stream.on(event, () => gone.abort());

    async function answer(envelope: common.Envelope): Promise<void> {
      if (isGone()) return;
      const status = await deliver(chain, envelope, gone.signal, (block) =>
        send(stream, responses.block(block), gone.signal),
      );
      if (isGone()) return;
      stream.write(responses.status(status));
      if (status !== common.Status.SUCCESS) stream.end();
    }
  };
}

async function deliver(
  chain: Chain,
  envelope: common.Envelope,
  signal: AbortSignal,
  sendBlock: (block: common.Block) => Promise<void>,
): Promise<Status> {
  const range = seek(chain, envelope);
  if (typeof range === 'number') return range;
  for (let number = range.first; number <= range.last; number++) {
    if (range.failsIfNotReady && number >= chain.height.value) return common.Status.NOT_FOUND;
    await chain.height.above(number, signal);
    if (signal.aborted) return common.Status.SERVICE_UNAVAILABLE;
    await sendBlock(await chain.block(number));
  }
  return common.Status.SUCCESS;
}

/** The requested blocks, or the status of the refusal. */
function seek(chain: Chain, envelope: common.Envelope): Range | Status {
  let open: OpenEnvelope;
  let info: orderer.SeekInfo;
  try {
    open = openEnvelope(envelope);
    info = orderer.SeekInfo.deserializeBinary(open.data);
  } catch {
    return common.Status.BAD_REQUEST;
  }
  const timestamp = open.channelHeader.getTimestamp();
  if (timestamp === undefined || Math.abs(timestamp.getSeconds() * 1_000 - Date.now()) > timeWindowMs) {
    return common.Status.BAD_REQUEST;
  }
  if (open.channelHeader.getChannelId() !== chain.channel) return common.Status.NOT_FOUND;
  try {
    chain.register.signer(open.creator, open.payload, open.signature);
  } catch {
    return common.Status.FORBIDDEN;
  }
  return rangeOf(info, chain.height.value);
}

function rangeOf(info: orderer.SeekInfo, height: number): Range | Status {
  const [start, stop] = [info.getStart(), info.getStop()];
  if (start === undefined || stop === undefined) return common.Status.BAD_REQUEST;
  const first = position(start, height);
  const last = stop.hasOldest() ? first : position(stop, height);
  if (first === undefined || last === undefined) return common.Status.BAD_REQUEST;
  if (last < first && stop.hasSpecified()) return common.Status.BAD_REQUEST;
  const failsIfNotReady = info.getBehavior() === orderer.SeekInfo.SeekBehavior.FAIL_IF_NOT_READY;
  return { first, last, failsIfNotReady };
}

function position(seek: orderer.SeekPosition, height: number): number | undefined {
  if (seek.hasOldest()) return 0;
  if (seek.hasNewest()) return height - 1;
  if (seek.hasNextCommit()) return height;
  return seek.getSpecified()?.getNumber();
}

/** Writes one message, waiting for a slow client (back-pressure). */
async function send<Response>(
  stream: ServerDuplexStream<common.Envelope, Response>,
  response: Response,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted || stream.write(response)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    stream.on('drain', done);
    signal.addEventListener('abort', done);
  });
}

/** The orderer's `Deliver`. */
export const ordererResponses: DeliverResponses<orderer.DeliverResponse> = {
  status(status) {
    const response = new orderer.DeliverResponse();
    response.setStatus(status);
    return response;
  },
  block(block) {
    const response = new orderer.DeliverResponse();
    response.setBlock(block);
    return response;
  },
};
