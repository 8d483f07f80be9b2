/**
 * Whether a client's request waits, for a backend or for something else. Later messages of the client are processed only when nothing
 * waits.
 */
export class ClientWait {
  #state: 'none' | 'asking' | 'waiting' = 'none';
  #callOff: (() => void) | undefined;

  get isNone(): boolean {
    return this.#state === 'none';
  }

  /** The pool is being asked, and may grant or refuse during the call. */
  get isAsking(): boolean {
    return this.#state === 'asking';
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** The client waits for something other than the pool. */
  get isElsewhere(): boolean {
    return this.#callOff !== undefined;
  }

  ask(): void {
    this.#state = 'asking';
  }

  /** The pool has been asked; if it has not answered yet, the client waits. */
  asked(isServed: boolean): void {
    if (this.#state === 'asking') this.#state = isServed ? 'none' : 'waiting';
  }

  /** @param callOff called when the wait is abandoned, if somebody needs to know */
  begin(callOff?: () => void): void {
    this.#state = 'waiting';
    this.#callOff = callOff;
  }

  end(): void {
    this.#state = 'none';
    this.#callOff = undefined;
  }

  /** No answer is expected any more. */
  callOff(): void {
    this.#callOff?.();
    this.#callOff = undefined;
  }
}
