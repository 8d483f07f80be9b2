import type { Backend } from '../session/backend/backend.ts';
import { sendCancel } from './send-cancel.ts';

/** When a cancel is sent again to a server that goes on. */
const againAfterMs = [100, 300, 1_000, 2_000];

/** How one backend is told to end what it does. */
export type CancelWay = (done: () => void) => void;

/** Cancel requests to backends: each reaches the statement that it was meant for, or nothing. */
export class BackendCancels {
  /** How backends are cancelled that are no connection to a PostgreSQL. */
  readonly #ways = new WeakMap<Backend, CancelWay>();
  readonly #awaited = new Map<Backend, () => void>();

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

  /** Ends what it does, and its connection; the server finds out that nobody is there any more when it has ended the statement. */
  end(backend: Backend): void {
    const { socket } = backend;
    if (this.#ways.has(backend)) {
      this.cancel(backend);
      socket.destroy();
      return;
    }
    backend.leave();
    this.#insist(
      backend,
      () => socket.destroyed,
      () => socket.destroy(),
    );
  }

  /** Ends what it does for a client that is gone, and makes it ready for the next one. */
  reset(backend: Backend, done: (isOk: boolean) => void): void {
    const { expected } = backend;
    const last = expected.nextReady - 1;
    this.#insist(backend, () => expected.readies >= last);
    const reset = (): void =>
      backend.reset((isOk) => {
        // One that was sent again is to come before the next client: its login, too, would be cancelled.
        if (isOk && backend.cancelling > 0) this.#afterwards(backend, reset);
        else done(isOk);
      });
    this.#afterwards(backend, reset);
  }

  /** A server that gets a cancel before it has read the statement takes no notice of it, and runs the statement: it is told again. */
  #insist(backend: Backend, isOver: () => boolean, gaveUp: () => void = () => undefined): void {
    const pauses = [...againAfterMs];
    const tell = (): void => {
      if (isOver()) return;
      const pauseMs = pauses.shift();
      if (pauseMs === undefined) return gaveUp();
      this.cancel(backend);
      setTimeout(tell, pauseMs).unref();
    };
    tell();
  }

  /** Calls `then` once no cancel is on its way to that backend. */
  #afterwards(backend: Backend, then: () => void): void {
    if (backend.cancelling === 0) then();
    else this.#awaited.set(backend, then);
  }

  #arrived(backend: Backend): void {
    backend.cancelling--;
    if (backend.cancelling > 0) return;
    const then = this.#awaited.get(backend);
    this.#awaited.delete(backend);
    if (then !== undefined) then();
    else if (!backend.socket.writable) return;
    // What it was meant for has ended before: only an answer shows that the signal is not still on its way.
    else if (backend.expected.isEmpty && !backend.expected.isOpen) backend.check(() => backend.client?.goesOn());
    else backend.client?.goesOn();
  }
}
