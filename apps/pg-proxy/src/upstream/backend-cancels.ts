import type { Backend } from '../session/backend/backend.ts';
import { sendCancel } from './send-cancel.ts';

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
    // What it was meant for has ended before: only an answer shows that the signal is not still on its way.
    else if (backend.expected.isEmpty && !backend.expected.isOpen) backend.check(() => backend.client?.goesOn());
    else backend.client?.goesOn();
  }
}
