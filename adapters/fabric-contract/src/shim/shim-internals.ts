import { createRequire } from 'node:module';

/**
 * All parts of fabric-shim that this package uses and that are not exported. Their users first check that they exist
 * and work as their types say.
 */

const here = createRequire(import.meta.url);
const ofShim = createRequire(here.resolve('fabric-shim'));

/** The version in which these internals were reviewed. */
export const knownShimVersion = '2.5.8';

export const shimVersion = (here('fabric-shim/package.json') as { readonly version: string }).version;

/** A message between peer and chaincode, of the shim's own copy of fabric-protos. */
export interface ShimMessage {
  getType(): number;
  setType(type: number): void;
  getPayload_asU8(): Uint8Array;
  setPayload(payload: Uint8Array): void;
  getTxid(): string;
  setTxid(txId: string): void;
  getChannelId(): string;
  setChannelId(channel: string): void;
  serializeBinary(): Uint8Array;
}

export interface ShimMessageClass {
  new (): ShimMessage;
  readonly Type: Readonly<Record<string, number>>;
  deserializeBinary(bytes: Uint8Array): ShimMessage;
}

export interface ShimStream {
  on(event: string, listener: (message: ShimMessage) => void): unknown;
  write(message: ShimMessage): unknown;
  end(): void;
}

/** One conversation with a peer. */
export interface ShimHandler {
  readonly _stream: ShimStream;
  chat(starter: ShimMessage): void;
  /** Sends a message of a transaction, after those before it, and gives the payload of the answer; an ERROR rejects. */
  _askPeerAndListen(message: ShimMessage, method: string): Promise<unknown>;
}

export const { ChaincodeMessageHandler } = here('fabric-shim/lib/handler.js') as {
  readonly ChaincodeMessageHandler: new (stream: ShimStream, chaincode: object) => ShimHandler;
};

export const { ChaincodeMessage } = (
  ofShim('@hyperledger/fabric-protos') as { readonly peer: { readonly ChaincodeMessage: ShimMessageClass } }
).peer;

/** Converts arguments to the types that a transaction function declares. */
export interface ShimMarshall {
  handleParameters(fn: object, args: readonly Buffer[], logPrefix: string): unknown[];
}

export const DataMarshall = here('fabric-shim/lib/contract-spi/datamarshall.js') as new (
  serializer: string,
  serializers: object,
  components: object,
) => ShimMarshall;

/** What `fabric-chaincode-node server` makes from contract classes. */
export const ChaincodeFromContract = here('fabric-shim/lib/contract-spi/chaincodefromcontract.js') as new (
  contracts: unknown[],
  serializers: object,
  metadata: object,
  title: string,
  version: string,
) => import('fabric-shim').ChaincodeInterface;
