import type { Backend } from '../session/backend/backend.ts';
import { sendCancel } from './send-cancel.ts';

/** When a cancel is sent again to a server that goes on; behind the last of them the connection is given up. */
const againAfterMs = [100, 300, 1_000, 2_000];

/** How one backend is told to end what it does. */
export type CancelWay = (done: () => void) => void;

/** Cancel requests to backends: each reaches the statement that it was meant for, or nothing. */
export class BackendCancels {
  /** How backends are cancelled that are no connection to a PostgreSQL. */
  readonly #ways = new WeakMap<Backend, CancelWay>();
  readonly #afterwards = new Map<Backend, () => void>();

  /** Cancels that backend in its own way from now on. */
  use(backend: Backend, way: CancelWay): void {
    this.#ways.set(backend, way);
  }

  /** Ends what it does, where it does anything. */
  cancel(backend: Backend, done: () => void = () => undefined): void {
    const { key } = backend;
    if (key === undefined || backend.expected.isEmpty) return done();
    backend.cancelling++;
    const cancel = this.#ways.get(backend) ?? ((then): void => sendCancel(backend.address, key, then));
    cancel(() => {
      this.#arrived(backend);
      done();
    });
  }

  /**
   * Ends what it does, and its connection. A server that gets the cancel before it has read the statement takes no notice of it, runs
   * the statement to its end and finds out then that nobody is there any more: it is told until it has gone.
   */
  end(backend: Backend): void {
    const { socket } = backend;
    if (this.#ways.has(backend)) {
      this.cancel(backend);
      socket.destroy();
      return;
    }
    const pauses = [...againAfterMs];
    let timer: NodeJS.Timeout | undefined;
    const tell = (): void => {
      const pauseMs = pauses.shift();
      if (pauseMs === undefined) return void socket.destroy();
      this.cancel(backend);
      timer = setTimeout(tell, pauseMs);
    };
    socket.once('close', () => clearTimeout(timer));
    backend.leave();
    tell();
  }

  /** Calls `then` once no cancel is on its way to that backend. */
  afterwards(backend: Backend, then: () => void): void {
    if (backend.cancelling === 0) then();
    else this.#afterwards.set(backend, then);
  }

  #arrived(backend: Backend): void {
    backend.cancelling--;
    if (backend.cancelling > 0) return;
    const then = this.#afterwards.get(backend);
    this.#afterwards.delete(backend);
    if (then !== undefined) then();
    else if (!backend.socket.writable) return;
    // What it was meant for has ended before: only an answer shows that the signal is not still on its way.
    else if (backend.expected.isEmpty && !backend.expected.isOpen) backend.check(() => backend.client?.goesOn());
    else backend.client?.goesOn();
  }
}
