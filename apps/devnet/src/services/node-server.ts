import { CodedError } from '@medrex/coded-error';
import { Server, ServerCredentials, type UntypedServiceImplementation, type ServiceDefinition } from '@grpc/grpc-js';
import { devnetErrors } from '../errors.ts';
import type { KeyPair } from '../identity/certificate-authority.ts';
import { messageBytesMax } from '../chaincode/chaincode-link.ts';

function explained(error: Error, host: string, port: number): Error {
  if (!error.message.includes('EADDRINUSE')) return error;
  return new CodedError(devnetErrors.portTaken, `${host}:${port} is in use`, { cause: error });
}

/** The gRPC server of one node, with TLS. */
export class NodeServer {
  readonly #server: Server;
  #port = 0;

  constructor() {
    this.#server = new Server({
      'grpc.max_receive_message_length': messageBytesMax,
      'grpc.max_send_message_length': messageBytesMax,
    });
  }

  get port(): number {
    return this.#port;
  }

  add(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#server.addService(service, implementation);
  }

  /** @throws CodedError DEVNET_PORT_TAKEN. */
  listen(host: string, port: number, { certificate, key }: KeyPair): Promise<number> {
    const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) };
    const tls = ServerCredentials.createSsl(null, [pair], false);
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`${host}:${port}`, tls, (error, bound) => {
        if (error !== null) return reject(explained(error, host, port));
        this.#port = bound;
        resolve(bound);
      });
    });
  }

  /** Waits for running calls for at most `graceMs`, then cancels them. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#server.forceShutdown(), graceMs);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(timer);
  }
}
