import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The connections of an HTTP server that is to stop. Those that are idle behind an answer are closed by the server itself;
 * one on which nothing was ever sent counts as busy there, and one whose sender never finishes its request is.
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

  /** Closes those that nobody ever sent anything on. */
  closeUnused(): void {
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy();
  }

  closeAll(): void {
    this.#server.closeAllConnections();
  }
}
