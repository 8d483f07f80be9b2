import type { Socket } from 'node:net';

/** Reasons not to read from a client; bits. */
export const pausedFor = { backend: 1, backlog: 2, answers: 4 } as const;

/** Stops reading a socket while there is any reason to. */
export class ReadPauses {
  readonly #socket: Socket;
  #reasons = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  pause(reason: number): void {
    if (this.#reasons === 0) this.#socket.pause();
    this.#reasons |= reason;
  }

  resume(reason: number): void {
    if (this.#reasons === 0) return;
    this.#reasons &= ~reason;
    if (this.#reasons === 0) this.#socket.resume();
  }
}
