import { lookup } from 'node:dns/promises';
import { createServer, isIP, type AddressInfo, type Server, type Socket } from 'node:net';
import type { RingSockets } from '@medrex/linux';
import { pgProxyError } from '../errors.ts';
import { tcpOptions } from '../tcp-options.ts';
import { acceptByRing } from '../session/backend/read-socket.ts';
import { UnixSocket } from './unix-socket.ts';

export interface ListenAt {
  /** Addresses and names, separated by commas; `*` means every address, and an empty text none. */
  readonly host: string;
  readonly port: number;
  readonly reusePort?: boolean;
  readonly socket?: { readonly folder: string; readonly mode: string } | undefined;
}

/** @param isLocal it came through the Unix socket */
type Accept = (socket: Socket, isLocal: boolean) => void;

/** The machine does not have this address. */
const addressUnavailable: ReadonlySet<unknown> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** A port that clients connect to, at one address or several, and its Unix socket. */
export class Listener {
  /** Addresses where it could not listen because the machine does not have them (yet), with the reason. */
  readonly unavailable: string[] = [];
  /** Addresses where it listens. */
  readonly addresses: string[] = [];
  readonly #servers: Server[] = [];
  readonly #accept: Accept;
  readonly #ring: RingSockets | undefined;
  #port: number;
  #socket: UnixSocket | undefined;
  #closed: Promise<void> | undefined;

  private constructor(port: number, accept: Accept, ring: RingSockets | undefined) {
    this.#port = port;
    this.#accept = accept;
    this.#ring = ring;
  }

  /** @throws CodedError PG_PROXY_LISTEN an address is taken, or there is nowhere to listen */
  static async start(at: ListenAt, accept: Accept, ring?: RingSockets): Promise<Listener> {
    const listener = new Listener(at.port, accept, ring);
    try {
      for (const name of namesOf(at.host)) await listener.#listenAt(name, at.reusePort === true);
      if (at.socket !== undefined) await listener.#listenOnSocket(at.socket, at.reusePort === true);
      const [why] = listener.unavailable;
      if (listener.#servers.length === 0 && why !== undefined) throw pgProxyError('PG_PROXY_LISTEN', why);
    } catch (error) {
      await listener.close();
      throw error;
    }
    return listener;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens at every address of that name that the machine has. */
  async #listenAt(name: string, reusePort: boolean): Promise<void> {
    const port = this.#port;
    const how = reusePort ? ' (with reusePort)' : '';
    const sentence = (cause: unknown): string =>
      `port ${port} of ${name} cannot be listened on${how}: ${(cause as Error).message}`;
    const failed = (cause: unknown): Error => pgProxyError('PG_PROXY_LISTEN', sentence(cause), { cause });
    const addresses = await addressesOf(name).catch((error: unknown) => {
      throw failed(error);
    });
    let left: unknown;
    const before = this.#servers.length;
    for (const host of addresses) {
      const options = { host, port: this.#port, reusePort, ipv6Only: true, backlog: 1_024 };
      const server = this.#serverOf(false);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(options, resolve);
      }).then(
        () => this.#addServer(server),
        (error: unknown) => {
          if (!addressUnavailable.has((error as NodeJS.ErrnoException).code)) throw failed(error);
          left = error;
        },
      );
      this.#port = (server.address() as AddressInfo | null)?.port ?? this.#port;
    }
    if (this.#servers.length === before) this.unavailable.push(sentence(left));
    else this.addresses.push(name);
  }

  async #listenOnSocket({ folder, mode }: NonNullable<ListenAt['socket']>, takesOver: boolean): Promise<void> {
    const server = this.#serverOf(true);
    try {
      this.#socket = await UnixSocket.listen(server, { folder, mode, takesOver, port: this.#port });
    } catch (cause) {
      if (server.listening) server.close();
      const why = (cause as Error).message;
      throw pgProxyError('PG_PROXY_LISTEN', `cannot listen on the Unix socket: ${why}`, { cause });
    }
    this.#addServer(server);
  }

  #addServer(server: Server): void {
    if (this.#ring !== undefined) acceptByRing(server, this.#ring);
    this.#servers.push(server);
  }

  #serverOf(isLocal: boolean): Server {
    return createServer({ ...tcpOptions, allowHalfOpen: false }, (socket) => this.#accept(socket, isLocal));
  }

  /** Stops accepting connections; resolves when the last one accepted here has ended. */
  close(): Promise<void> {
    this.#socket?.remove();
    this.#closed ??= Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    ).then(() => undefined);
    return this.#closed;
  }
}

/** In the order of the list. */
function namesOf(host: string): readonly string[] {
  return host.split(',').flatMap((name) => name.trim() || []);
}

async function addressesOf(name: string): Promise<readonly string[]> {
  if (name === '*') return ['0.0.0.0', '::'];
  if (isIP(name) > 0) return [name];
  const found = await lookup(name, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}
