/** Whether what a client asks waits, for a backend or for anything else; its messages go on only when nothing does. */
export class ClientWait {
  #state: 'none' | 'asking' | 'waiting' = 'none';
  #callOff: (() => void) | undefined;

  get isNone(): boolean {
    return this.#state === 'none';
  }

  /** The pool is being asked, and may say yes or no while it is. */
  get isAsking(): boolean {
    return this.#state === 'asking';
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** It waits for something that the pool knows nothing of. */
  get isElsewhere(): boolean {
    return this.#callOff !== undefined;
  }

  ask(): void {
    this.#state = 'asking';
  }

  /** The pool has been asked: what has not been answered by then is waited for. */
  asked(isServed: boolean): void {
    if (this.#state === 'asking') this.#state = isServed ? 'none' : 'waiting';
  }

  /** @param callOff where somebody has to hear that the wait is called off */
  begin(callOff?: () => void): void {
    this.#state = 'waiting';
    this.#callOff = callOff;
  }

  end(): void {
    this.#state = 'none';
    this.#callOff = undefined;
  }

  /** Nobody else is to answer any more. */
  callOff(): void {
    this.#callOff?.();
    this.#callOff = undefined;
  }
}
