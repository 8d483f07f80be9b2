import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { transientArguments, unpackArguments, type Chaincode, type ChaincodeResponse } from '@medrex/ledger';
import { PeerStub, type BatchOffer } from './peer-stub.ts';

type Stream = ServerDuplexStream<peer.ChaincodeMessage, peer.ChaincodeMessage>;
type Message = peer.ChaincodeMessage;

const { Type } = peer.ChaincodeMessage;
const typeNames = new Map<number, string>(Object.entries(Type).map(([name, number]) => [number, name]));

/** Options of a chaincode service. */
export interface ChaincodeServiceOptions {
  /** `host:port`, as in the package on the peers. */
  readonly address: string;
  /** The chaincode of a transaction; a package may be committed under several names. */
  readonly chaincode: Chaincode;
  /** The id of the installed package. */
  readonly packageId: string;
}

/**
 * A chaincode of the ledger library as a service for real peers: the same program as on the model. For tests; it
 * implements the part of the protocol that the library's stub needs.
 */
export class ChaincodeService {
  /** Number of requests to peers by type. */
  readonly requests: Record<string, number> = {};
  readonly #options: ChaincodeServiceOptions;
  readonly #server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });

  private constructor(options: ChaincodeServiceOptions) {
    this.#options = options;
    this.#server.addService(connectService, { connect: (stream: Stream) => this.#serve(stream) });
  }

  static async start(options: ChaincodeServiceOptions): Promise<ChaincodeService> {
    const service = new ChaincodeService(options);
    await new Promise<void>((resolve, reject) => {
      service.#server.bindAsync(options.address, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    return service;
  }

  /** The same chaincode at the same address, after `close`. */
  again(): Promise<ChaincodeService> {
    return ChaincodeService.start(this.#options);
  }

  /** Closes the connection to every peer. */
  close(): void {
    this.#server.forceShutdown();
  }

  #serve(stream: Stream): void {
    const transactions = new Map<string, PeerStub>();
    let offer: BatchOffer | undefined;
    const id = new peer.ChaincodeID();
    id.setName(this.#options.packageId);
    stream.write(messageOf(Type.REGISTER, { payload: id.serializeBinary() }));
    stream.on('error', () => undefined); // the peer disconnected and will connect again
    stream.on('end', () => stream.end());
    stream.on('data', (message: Message) => {
      const name = `${message.getChannelId()} ${message.getTxid()}`;
      switch (message.getType()) {
        case Type.READY:
          offer = offerOf(message.getPayload_asU8());
          return;
        case Type.KEEPALIVE:
          return void stream.write(messageOf(Type.KEEPALIVE, {}));
        case Type.TRANSACTION: {
          const stub = new PeerStub(message, (request) => this.#request(stream, request), offer);
          transactions.set(name, stub);
          return void this.#run(stub, message).then((answer) => {
            transactions.delete(name);
            stream.write(answer);
          });
        }
        case Type.RESPONSE:
        case Type.ERROR:
          return transactions.get(name)?.take(message);
        default:
          return; // REGISTERED
      }
    });
  }

  #request(stream: Stream, request: Message): void {
    const type = typeNames.get(request.getType()) ?? '';
    this.requests[type] = (this.requests[type] ?? 0) + 1;
    stream.write(request);
  }

  async #run(stub: PeerStub, message: Message): Promise<Message> {
    const [fn, ...recorded] = peer.ChaincodeInput.deserializeBinary(message.getPayload_asU8()).getArgsList_asU8();
    const args = unrecordedArguments(message) ?? recorded;
    let answer: ChaincodeResponse;
    try {
      answer = await this.#options.chaincode.invoke(stub, Buffer.from(fn ?? []).toString(), args);
      await stub.settled();
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      answer = { status: 500, message: words, payload: new Uint8Array(0) };
    }
    const response = new peer.Response();
    response.setStatus(answer.status);
    response.setMessage(answer.message);
    response.setPayload(answer.payload);
    const completed = messageOf(Type.COMPLETED, {
      payload: response.serializeBinary(),
      channel: message.getChannelId(),
      txId: message.getTxid(),
    });
    if (stub.event !== undefined) completed.setChaincodeEvent(stub.event);
    return completed;
  }
}

/** Arguments sent as transient data: those of a `Proposal.isUnrecorded`. */
function unrecordedArguments(message: Message): readonly Uint8Array[] | undefined {
  const proposal = peer.Proposal.deserializeBinary(message.getProposal()?.getProposalBytes_asU8() ?? new Uint8Array(0));
  const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
  const packed = payload.getTransientmapMap().get(transientArguments) as Uint8Array | undefined;
  return packed === undefined ? undefined : unpackArguments(packed);
}

function offerOf(payload: Uint8Array): BatchOffer | undefined {
  const offer = peer.ChaincodeAdditionalParams.deserializeBinary(payload);
  if (!offer.getUseGetMultipleKeys() || !offer.getUseWriteBatch()) return undefined;
  return { readsMax: offer.getMaxSizeGetMultipleKeys(), writesMax: offer.getMaxSizeWriteBatch() };
}

/** Protocol message of a type. */
export function messageOf(
  type: peer.ChaincodeMessage.TypeMap[keyof peer.ChaincodeMessage.TypeMap],
  { payload, channel, txId }: { payload?: Uint8Array; channel?: string; txId?: string },
): Message {
  const message = new peer.ChaincodeMessage();
  message.setType(type);
  if (payload !== undefined) message.setPayload(payload);
  if (channel !== undefined) message.setChannelId(channel);
  if (txId !== undefined) message.setTxid(txId);
  return message;
}

const toBytes = (message: Message): Buffer => Buffer.from(message.serializeBinary());
const fromBytes = (bytes: Buffer): Message => peer.ChaincodeMessage.deserializeBinary(bytes);

const connectService = {
  connect: {
    path: '/protos.Chaincode/Connect',
    requestStream: true,
    responseStream: true,
    requestSerialize: toBytes,
    requestDeserialize: fromBytes,
    responseSerialize: toBytes,
    responseDeserialize: fromBytes,
  },
} as const;
