import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pgProxyError } from '../errors.ts';

export interface ListenAt {
  readonly host: string;
  readonly port: number;
  readonly reusePort?: boolean;
}

/** A port that clients connect to. */
export class Listener {
  readonly #server: Server;
  #closed: Promise<void> | undefined;

  private constructor(accept: (socket: Socket) => void) {
    this.#server = createServer({ noDelay: true, allowHalfOpen: false }, accept);
  }

  /** @throws CodedError PG_PROXY_LISTEN */
  static async start({ host, port, reusePort = false }: ListenAt, accept: (socket: Socket) => void): Promise<Listener> {
    const listener = new Listener(accept);
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', (cause) => {
        const why = reusePort ? ' (with reusePort)' : '';
        reject(pgProxyError('PG_PROXY_LISTEN', `port ${port} of ${host} cannot be listened on${why}`, { cause }));
      });
      listener.#server.listen({ host, port, reusePort, backlog: 1_024 }, resolve);
    });
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Takes nobody in any more; resolves when the last that came in here has gone. */
  close(): Promise<void> {
    this.#closed ??= new Promise<void>((resolve) => this.#server.close(() => resolve()));
    return this.#closed;
  }
}
