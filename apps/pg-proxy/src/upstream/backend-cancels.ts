import type { Backend } from '../session/backend/backend.ts';
import { sendCancel } from './send-cancel.ts';

/** When a cancel is repeated to a server that goes on, in ms. */
const repeatAfterMs = [100, 300, 1_000, 2_000];

/** How to end what a backend is doing. */
export type CancelFunction = (done: () => void) => void;

/** Cancels what backends are doing: each cancel reaches the statement that it was meant for, or none. */
export class BackendCancels {
  /** For backends that are not connections to a PostgreSQL. */
  readonly #customCancels = new WeakMap<Backend, CancelFunction>();
  readonly #callbacks = new Map<Backend, () => void>();

  /** Cancels this backend in another way from now on. */
  setCustom(backend: Backend, cancel: CancelFunction): void {
    this.#customCancels.set(backend, cancel);
  }

  /** Cancels what it is running, if anything. */
  cancel(backend: Backend, done: () => void = () => undefined): void {
    const { key } = backend;
    if (key === undefined || backend.expected.isEmpty) return done();
    backend.pendingCancels++;
    const cancel = this.#customCancels.get(backend) ?? ((then): void => sendCancel(backend.address, key, then));
    cancel(() => {
      this.#delivered(backend);
      done();
    });
  }

  /** Cancels what it is running and ends its connection; the server notices the latter only when the statement has ended. */
  end(backend: Backend): void {
    const { socket } = backend;
    if (this.#customCancels.has(backend)) {
      this.cancel(backend);
      socket.destroy();
      return;
    }
    backend.halfClose();
    this.#repeat(
      backend,
      () => socket.destroyed,
      () => socket.destroy(),
    );
  }

  /** Cancels what it is running for a client that is gone, and prepares it for the next one. */
  reset(backend: Backend, done: (isOk: boolean) => void): void {
    const { expected } = backend;
    const last = expected.nextReady - 1;
    this.#repeat(backend, () => expected.readies >= last);
    const reset = (): void =>
      backend.reset((isOk) => {
        // A repeated cancel must arrive before the next client: it would cancel that client's statement.
        if (isOk && backend.pendingCancels > 0) this.#whenNoneIsPending(backend, reset);
        else done(isOk);
      });
    this.#whenNoneIsPending(backend, reset);
  }

  /** A server ignores a cancel that arrives before it has read the statement, so the cancel is repeated. */
  #repeat(backend: Backend, isOver: () => boolean, gaveUp: () => void = () => undefined): void {
    const pauses = [...repeatAfterMs];
    const attempt = (): void => {
      if (isOver()) return;
      const pauseMs = pauses.shift();
      if (pauseMs === undefined) return gaveUp();
      this.cancel(backend);
      setTimeout(attempt, pauseMs).unref();
    };
    attempt();
  }

  /** Calls `then` once no cancel is on its way to that backend. */
  #whenNoneIsPending(backend: Backend, then: () => void): void {
    if (backend.pendingCancels === 0) then();
    else this.#callbacks.set(backend, then);
  }

  #delivered(backend: Backend): void {
    backend.pendingCancels--;
    if (backend.pendingCancels > 0) return;
    const then = this.#callbacks.get(backend);
    this.#callbacks.delete(backend);
    if (then !== undefined) then();
    else if (!backend.socket.writable) return;
    // The statement has already ended: only an answer shows that the signal is not still on its way.
    else if (backend.expected.isEmpty && !backend.expected.isOpen) backend.check(() => backend.client?.retryHeld());
    else backend.client?.retryHeld();
  }
}
