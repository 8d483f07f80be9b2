import type { ChaincodeStub } from 'fabric-shim-api';
import {
  type BatchOffer,
  type BatchWrite,
  decodeGetStateMultipleResult,
  decodeOffer,
  encodeGetStateMultiple,
  encodeWriteBatch,
  noOffer,
} from './batch-message-codec.ts';
import { selfTest } from './batch-messages-self-test.ts';
import {
  ChaincodeMessage,
  ChaincodeMessageHandler,
  knownShimVersion,
  type ShimHandler,
  type ShimMessage,
  shimVersion,
} from './shim-internals.ts';

/**
 * GET_STATE_MULTIPLE and WRITE_BATCH_STATE, which Fabric accepts from 3.1 on and the Node shim cannot send. They use a
 * method of the shim that is not public, so they are only used with the exact version of the shim that was reviewed,
 * and after `selfTest` has sent one of each through it: a lost message would be a write lost without notice. Otherwise
 * every read and write is a message of its own, as in the shim.
 */

const getStateMultiple = 25;
const writeBatchState = 24;

const offers = new WeakMap<object, BatchOffer>();
let works: Promise<boolean> | undefined;

/** Whether batch messages can be sent through this shim at all. */
export function batchMessagesWork(): Promise<boolean> {
  works ??= shimVersion === knownShimVersion ? selfTest() : Promise.resolve(false);
  return works;
}

/** What the peer of a transaction offers; nothing if it offers none or this shim cannot be relied on. */
export async function offerOf(stub: ChaincodeStub): Promise<BatchOffer> {
  const handler = handlerOf(stub);
  const offer = handler === undefined ? undefined : offers.get(handler);
  return offer !== undefined && (await batchMessagesWork()) ? offer : noOffer;
}

/**
 * Reads the values of keys with one message.
 * @throws Error if the peer answers with another number of values
 */
export async function getStates(stub: ChaincodeStub, keys: readonly string[]): Promise<Uint8Array[]> {
  const answer = await ask(stub, getStateMultiple, encodeGetStateMultiple(keys));
  const values = decodeGetStateMultipleResult(answer);
  if (values.length !== keys.length) throw new Error(`the peer gave ${values.length} values for ${keys.length} keys`);
  return values;
}

/** Sends writes in one message, in order. */
export async function writeStates(stub: ChaincodeStub, writes: readonly BatchWrite[]): Promise<void> {
  await ask(stub, writeBatchState, encodeWriteBatch(writes));
}

async function ask(stub: ChaincodeStub, type: number, payload: Uint8Array): Promise<Uint8Array> {
  const handler = handlerOf(stub);
  if (handler === undefined) throw new Error('the stub has no conversation with a peer');
  const message = new ChaincodeMessage();
  message.setType(type);
  message.setPayload(payload);
  message.setTxid(stub.getTxID());
  message.setChannelId(stub.getChannelID());
  const answer = await handler._askPeerAndListen(message, type === getStateMultiple ? 'GetStates' : 'WriteStates');
  if (answer instanceof Uint8Array) return answer;
  throw new Error('the shim gave no bytes for an answer');
}

function handlerOf(stub: ChaincodeStub): ShimHandler | undefined {
  const { handler } = stub as { readonly handler?: unknown };
  return handler instanceof ChaincodeMessageHandler ? handler : undefined;
}

/** The shim does not keep the payload of READY, so it is read as it passes, in every conversation. */
function listenForOffers(): void {
  const prototype = ChaincodeMessageHandler.prototype as ShimHandler;
  const original: unknown = Reflect.get(prototype, 'chat');
  const chat = original as (this: ShimHandler, starter: ShimMessage) => void;
  prototype.chat = function (this: ShimHandler, starter) {
    this._stream.on('data', (message) => {
      if (message.getType() === ChaincodeMessage.Type['READY'])
        offers.set(this, decodeOffer(message.getPayload_asU8()));
    });
    chat.call(this, starter);
  };
}

if (shimVersion === knownShimVersion) listenForOffers();
