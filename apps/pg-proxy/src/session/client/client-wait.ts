/**
 * Whether a client's request waits, for a backend or for something else. Later messages of the client are processed only when nothing
 * waits.
 */
export class ClientWait {
  #state: 'none' | 'asking' | 'waiting' = 'none';
  #onAbandon: (() => void) | undefined;

  get isNone(): boolean {
    return this.#state === 'none';
  }

  /** The pool is being asked, and may grant or refuse during the call. */
  get isCheckingOut(): boolean {
    return this.#state === 'asking';
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** The client waits for something other than the pool. */
  get isNotForPool(): boolean {
    return this.#onAbandon !== undefined;
  }

  beginCheckout(): void {
    this.#state = 'asking';
  }

  /** The pool has been asked; if it has not answered yet, the client waits. */
  checkoutReturned(isServed: boolean): void {
    if (this.#state === 'asking') this.#state = isServed ? 'none' : 'waiting';
  }

  /** @param abandon called when the wait is abandoned, if somebody needs to know */
  begin(abandon?: () => void): void {
    this.#state = 'waiting';
    this.#onAbandon = abandon;
  }

  end(): void {
    this.#state = 'none';
    this.#onAbandon = undefined;
  }

  /** No answer is expected any more. */
  abandon(): void {
    this.#onAbandon?.();
    this.#onAbandon = undefined;
  }
}
