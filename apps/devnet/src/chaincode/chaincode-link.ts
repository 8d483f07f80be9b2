import { credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { ChaincodeFailure } from './chaincode-errors.ts';

const { ChaincodeMessage } = peer;
const { Type } = ChaincodeMessage;
type Message = peer.ChaincodeMessage;

/** Maximum message size of Fabric's peer. */
export const messageBytesMax = 100 << 20;
const dialTimeoutMs = 3_000;

/** Batching of state messages that the peer offers to a chaincode; absent before Fabric 3.1. */
export interface BatchOffer {
  readonly maxSize: number;
}

export interface ChaincodeLinkOptions {
  readonly name: string;
  /** Address of the chaincode, host:port. */
  readonly address: string;
  readonly batches: BatchOffer | undefined;
}

/** One call of a chaincode. */
export interface Execution {
  readonly channel: string;
  readonly txId: string;
  readonly input: peer.ChaincodeInput;
  readonly proposal: peer.SignedProposal;
  readonly timeoutMs: number;
  /** Answers a state request; an exception is sent to the chaincode as ERROR. */
  readonly answer: (message: Message) => Promise<Uint8Array>;
}

interface Running {
  readonly execution: Execution;
  readonly end: (outcome: Message | ChaincodeFailure) => void;
  isBusy: boolean;
}

/**
 * A peer's connection to a chaincode service, opened when a proposal needs it and reopened after a disconnect. Many transactions share
 * its stream.
 */
export class ChaincodeLink {
  readonly #options: ChaincodeLinkOptions;
  readonly #running = new Map<string, Running>();
  #client: InstanceType<typeof peer.ChaincodeClient> | undefined;
  #stream: ClientDuplexStream<Message, Message> | undefined;
  #ready: Promise<void> | undefined;

  constructor(options: ChaincodeLinkOptions) {
    this.#options = options;
  }

  /** Connects unless the chaincode is connected. */
  connect(): Promise<void> {
    this.#ready ??= this.#dial().catch((error: unknown) => {
      this.#drop();
      throw error;
    });
    return this.#ready;
  }

  /** Runs one transaction and returns its COMPLETED or ERROR message. @throws ChaincodeFailure when there is neither */
  async execute(execution: Execution): Promise<Message> {
    await this.connect();
    const { txId, channel, timeoutMs } = execution;
    if (this.#running.has(txId)) throw new ChaincodeFailure(`txid: ${txId}(${channel}) exists`);
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<Message | ChaincodeFailure>((end) => {
      timer = setTimeout(() => end(new ChaincodeFailure('timeout expired while executing transaction')), timeoutMs);
      this.#running.set(txId, { execution, end, isBusy: false });
      this.#stream?.write(transactionMessage(execution));
    });
    clearTimeout(timer);
    this.#running.delete(txId);
    if (outcome instanceof ChaincodeFailure) throw outcome;
    return outcome;
  }

  close(): void {
    this.#drop();
  }

  #dial(): Promise<void> {
    const { address, name } = this.#options;
    const client = new peer.ChaincodeClient(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': messageBytesMax,
      'grpc.max_send_message_length': messageBytesMax,
      'grpc.use_local_subchannel_pool': 1, // so that a refused connection does not delay the next attempt
    });
    this.#client = client;
    const stream = client.connect();
    this.#stream = stream;
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        reject(
          new ChaincodeFailure(
            `could not launch chaincode ${name}: connection to ${name} at ${address} failed: ${why}`,
          ),
        );
      };
      const timer = setTimeout(() => fail('context deadline exceeded'), dialTimeoutMs);
      stream.on('data', (message: Message) => {
        if (message.getType() !== Type.REGISTER) return this.#onMessage(stream, message);
        clearTimeout(timer);
        this.#register(stream);
        resolve();
      });
      stream.on('error', (error: Error) => fail(error.message));
      stream.on('close', () => {
        fail('the stream ended');
        if (this.#stream === stream) this.#drop();
      });
      stream.on('end', () => stream.end());
    });
  }

  #register(stream: ClientDuplexStream<Message, Message>): void {
    stream.write(messageOf(Type.REGISTERED));
    const ready = messageOf(Type.READY);
    const { batches } = this.#options;
    if (batches !== undefined) {
      const offer = new peer.ChaincodeAdditionalParams();
      offer.setUseWriteBatch(true);
      offer.setMaxSizeWriteBatch(batches.maxSize);
      offer.setUseGetMultipleKeys(true);
      offer.setMaxSizeGetMultipleKeys(batches.maxSize);
      ready.setPayload(offer.serializeBinary());
    }
    stream.write(ready);
  }

  #onMessage(stream: ClientDuplexStream<Message, Message>, message: Message): void {
    const type = message.getType();
    if (type === Type.KEEPALIVE) return;
    const running = this.#running.get(message.getTxid());
    if (type === Type.COMPLETED || type === Type.ERROR) running?.end(message);
    else if (running === undefined) stream.write(failure(message, 'no ledger context'));
    else if (!running.isBusy) void this.#answer(stream, running, message); // as in Fabric, a concurrent second request of a transaction is not answered
  }

  async #answer(stream: ClientDuplexStream<Message, Message>, running: Running, message: Message): Promise<void> {
    running.isBusy = true;
    const answer = await replyTo(running.execution, message);
    running.isBusy = false;
    if (this.#stream === stream) stream.write(answer);
  }

  #drop(): void {
    const [stream, client] = [this.#stream, this.#client];
    this.#stream = this.#client = this.#ready = undefined;
    stream?.cancel();
    client?.close();
    for (const { end } of this.#running.values()) end(new ChaincodeFailure('chaincode stream terminated'));
  }
}

async function replyTo({ answer }: Execution, message: Message): Promise<Message> {
  try {
    const reply = messageOf(Type.RESPONSE, message);
    reply.setPayload(await answer(message));
    return reply;
  } catch (error) {
    return failure(message, error instanceof Error ? error.message : String(error));
  }
}

function transactionMessage({ txId, channel, input, proposal }: Execution): Message {
  const message = messageOf(Type.TRANSACTION);
  message.setTxid(txId);
  message.setChannelId(channel);
  message.setPayload(input.serializeBinary());
  message.setProposal(proposal);
  return message;
}

const typeNames = new Map<number, string>(Object.entries(Type).map(([name, number]) => [number, name]));

function failure(message: Message, why: string): Message {
  const reply = messageOf(Type.ERROR, message);
  const what = typeNames.get(message.getType()) ?? 'UNDEFINED';
  reply.setPayload(Buffer.from(`${what} failed: transaction ID: ${message.getTxid()}: ${why}`));
  return reply;
}

function messageOf(type: ReturnType<Message['getType']>, to?: Message): Message {
  const message = new ChaincodeMessage();
  message.setType(type);
  if (to !== undefined) {
    message.setTxid(to.getTxid());
    message.setChannelId(to.getChannelId());
  }
  return message;
}
