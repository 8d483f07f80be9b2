import { type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import {
  packArguments,
  transientArguments,
  type Chaincode,
  type ChaincodeResponse,
  type ChaincodeStub,
} from '@medrex/ledger';
import { signedProposal } from './signed-proposal.ts';
import { StateAnswers } from './state-answers.ts';

export interface RemoteChaincodeOptions {
  readonly address: string;
  /** What the peer offers in READY: messages of so many keys and writes. Default: nothing, as before Fabric 3.1. */
  readonly batchMax?: number;
  /** PEM of the proposer; default: a client of the organisation. */
  readonly certificate?: string;
  /** Sends the arguments as transient data, as for a `Proposal.isUnrecorded`. */
  readonly isUnrecorded?: boolean;
}

interface Running {
  readonly state: StateAnswers;
  readonly stub: ChaincodeStub;
  readonly resolve: (response: ChaincodeResponse) => void;
  readonly reject: (error: Error) => void;
}

const { Type } = peer.ChaincodeMessage;

/**
 * The peer's side of chaincode as a service, for tests: presents a chaincode server as a chaincode of the ledger port.
 * Every state call of the contract is sent over the wire and answered from the stub passed to `invoke`.
 */
export class RemoteChaincode implements Chaincode {
  readonly name = 'medrex';
  readonly version = '1';
  /** Types of the messages that the chaincode sent, by name, in order. */
  readonly heard: string[] = [];
  /** Package id, as the chaincode registered. */
  readonly chaincodeId: Promise<string>;
  readonly #options: RemoteChaincodeOptions;
  readonly #client: peer.ChaincodeClient;
  readonly #stream: ClientDuplexStream<peer.ChaincodeMessage, peer.ChaincodeMessage>;
  readonly #running = new Map<string, Running>();
  #register: (id: string) => void = () => undefined;
  #failure: Error | undefined;

  constructor(options: RemoteChaincodeOptions) {
    this.#options = options;
    this.#client = new peer.ChaincodeClient(options.address, credentials.createInsecure());
    this.chaincodeId = new Promise((resolve) => (this.#register = resolve));
    this.#stream = this.#client.connect();
    this.#stream.on('data', (message: peer.ChaincodeMessage) => void this.#hear(message));
    this.#stream.on('error', (error: Error) => this.#lost(error));
    this.#stream.on('end', () => this.#lost(new Error('the chaincode ended the conversation')));
  }

  async invoke(stub: ChaincodeStub, fn: string, args: readonly Uint8Array[]): Promise<ChaincodeResponse> {
    await this.chaincodeId;
    const failure = this.#failure;
    if (failure !== undefined) throw failure;
    const input = new peer.ChaincodeInput();
    const { certificate, isUnrecorded = false } = this.#options;
    input.setArgsList([Buffer.from(fn), ...(isUnrecorded ? [] : args)]);
    const message = this.#message(Type.TRANSACTION, stub, input.serializeBinary());
    const { txId, channel, creator: mspId } = stub;
    message.setProposal(
      signedProposal({
        txId,
        channel,
        mspId,
        ...(certificate === undefined ? {} : { certificate }),
        ...(isUnrecorded && { transient: new Map([[transientArguments, packArguments(args)]]) }),
      }),
    );
    return new Promise((resolve, reject) => {
      this.#running.set(txId, { state: new StateAnswers(stub), stub, resolve, reject });
      this.#stream.write(message);
    });
  }

  close(): void {
    this.#stream.end();
    this.#client.close();
  }

  async #hear(message: peer.ChaincodeMessage): Promise<void> {
    const type = message.getType();
    this.heard.push(nameOf(type));
    if (type === Type.REGISTER) return this.#welcome(message.getPayload_asU8());
    const running = this.#running.get(message.getTxid());
    if (running === undefined) return;
    if (type === Type.COMPLETED) return this.#complete(message, running);
    await this.#answer(message, running);
  }

  #welcome(payload: Uint8Array): void {
    const { batchMax } = this.#options;
    const registered = new peer.ChaincodeMessage();
    registered.setType(Type.REGISTERED);
    this.#stream.write(registered);
    const ready = new peer.ChaincodeMessage();
    ready.setType(Type.READY);
    if (batchMax !== undefined) {
      const offer = new peer.ChaincodeAdditionalParams();
      offer.setUseWriteBatch(true);
      offer.setMaxSizeWriteBatch(batchMax);
      offer.setUseGetMultipleKeys(true);
      offer.setMaxSizeGetMultipleKeys(batchMax);
      ready.setPayload(offer.serializeBinary());
    }
    this.#stream.write(ready);
    this.#register(peer.ChaincodeID.deserializeBinary(payload).getName());
  }

  async #answer(message: peer.ChaincodeMessage, { state, stub }: Running): Promise<void> {
    try {
      const payload = await state.answer(message.getType(), message.getPayload_asU8());
      this.#stream.write(this.#message(Type.RESPONSE, stub, payload));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#stream.write(this.#message(Type.ERROR, stub, Buffer.from(text)));
    }
  }

  #complete(message: peer.ChaincodeMessage, { stub, resolve }: Running): void {
    this.#running.delete(stub.txId);
    const event = message.getChaincodeEvent();
    if (event !== undefined) stub.setEvent(event.getEventName(), event.getPayload_asU8());
    const response = peer.Response.deserializeBinary(message.getPayload_asU8());
    resolve({
      status: response.getStatus(),
      message: response.getMessage(),
      payload: Buffer.from(response.getPayload_asU8()),
    });
  }

  #message(type: number, { txId, channel }: ChaincodeStub, payload: Uint8Array): peer.ChaincodeMessage {
    const message = new peer.ChaincodeMessage();
    message.setType(type as Parameters<peer.ChaincodeMessage['setType']>[0]);
    message.setTxid(txId);
    message.setChannelId(channel);
    message.setPayload(payload);
    return message;
  }

  #lost(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#running.values()) reject(error);
    this.#running.clear();
    this.#register('');
  }
}

function nameOf(type: number): string {
  return Object.entries(Type).find(([, value]) => value === type)?.[0] ?? String(type);
}
