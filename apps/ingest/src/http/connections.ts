import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Tracks the connections of an HTTP server, to close them on a stop. Node closes idle connections itself, but counts one without
 * any request as busy, and one with an unfinished request is busy.
 */
export class Connections {
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  /** @param server not listening yet. */
  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Closes the connections on which no byte was received. */
  closeUnused(): void {
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy();
  }

  closeAll(): void {
    this.#server.closeAllConnections();
  }
}
