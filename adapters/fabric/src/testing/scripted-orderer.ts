import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { common, orderer } from '@hyperledger/fabric-protos';

type Stream = ServerDuplexStream<Uint8Array, orderer.BroadcastResponse>;

/**
 * What a scripted orderer does with an envelope: acknowledges it with a status, closes the stream, or does not answer.
 */
export type OrdererAction = number | 'hang up' | 'nothing';

/** The broadcast service of an orderer that follows a script, in memory, one envelope at a time like a real one. */
export class ScriptedOrderer {
  readonly address: string;
  /** Envelopes in the order in which they were read, as text. */
  readonly taken: string[] = [];
  streams = 0;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.address = `127.0.0.1:${port}`;
  }

  static async start(script: (envelope: string) => OrdererAction): Promise<ScriptedOrderer> {
    const server = new Server();
    const scripted: { orderer?: ScriptedOrderer } = {};
    server.addService(broadcastService, { broadcast: (stream: Stream) => scripted.orderer?.serve(stream, script) });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return (scripted.orderer = new ScriptedOrderer(server, port));
  }

  serve(stream: Stream, script: (envelope: string) => OrdererAction): void {
    this.streams += 1;
    let isOver = false;
    const end = (): void => {
      isOver = true;
      stream.end();
    };
    stream.on('error', () => undefined);
    stream.on('end', end);
    stream.on('data', (bytes: Uint8Array) => {
      if (isOver) return;
      const envelope = Buffer.from(bytes).toString();
      this.taken.push(envelope);
      const action = script(envelope);
      if (action === 'nothing') return;
      if (action === 'hang up') return end();
      const answer = new orderer.BroadcastResponse();
      answer.setStatus(action as common.StatusMap[keyof common.StatusMap]);
      stream.write(answer);
      if (action !== common.Status.SUCCESS) end();
    });
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

const broadcastService = {
  broadcast: {
    path: '/orderer.AtomicBroadcast/Broadcast',
    requestStream: true,
    responseStream: true,
    requestSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
    requestDeserialize: (bytes: Buffer): Uint8Array => bytes,
    responseSerialize: (answer: orderer.BroadcastResponse) => Buffer.from(answer.serializeBinary()),
    responseDeserialize: (bytes: Buffer) => orderer.BroadcastResponse.deserializeBinary(bytes),
  },
} as const;
