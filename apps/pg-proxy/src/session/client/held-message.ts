import { flush } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import type { ToldShapes } from '../prepared/row-shapes.ts';
import type { Client } from './client.ts';
import type { ClientRequests } from './client-requests.ts';

export interface HeldMessageOptions {
  readonly client: Client;
  readonly requests: ClientRequests;
  readonly shapes: ToldShapes;
  /** The message is looked at again, and what lies behind it. */
  readonly takeAgain: () => void;
}

/**
 * Whether the message at hand is held back until the server has answered: that all that is prepared has been taken away, what is prepared,
 * or what is left; or until a cancel is there.
 */
export class HeldMessage {
  readonly #client: Client;
  readonly #requests: ClientRequests;
  readonly #shapes: ToldShapes;
  readonly #takeAgain: () => void;
  #isHeld = false;
  #isForBackend = false;

  constructor({ client, requests, shapes, takeAgain }: HeldMessageOptions) {
    this.#client = client;
    this.#requests = requests;
    this.#shapes = shapes;
    this.#takeAgain = takeAgain;
  }

  /** It waits for what this backend has prepared. */
  get isForBackend(): boolean {
    return this.#isHeld && this.#isForBackend;
  }

  /**
   * Names and statements mean what they do when DEALLOCATE ALL, DISCARD ALL or RESET has run; and what the server is asked for at the end of a
   * transaction is that of no other one. True: it is held back for that.
   */
  mustWait(): boolean {
    const { backend, session } = this.#client;
    if (!this.#requests.mayForget && !session.isAsking && !this.#isCancelComing) return false;
    const mayForget = this.mayForget();
    if (!mayForget && !session.isAsking && !this.#isCancelComing) return false;
    this.#hold(mayForget ? backend : undefined, false);
    return true;
  }

  /** Whether what may forget all that is prepared is under way. What DISCARD ALL has taken is set again before what comes behind its answer. */
  mayForget(): boolean {
    const { backend, session } = this.#client;
    const requests = this.#requests;
    const mayForget = requests.mayForget && backend?.expected.forgets === true;
    if (requests.mayForget && !mayForget) session.setAgainBetween();
    requests.mayForget = mayForget;
    return mayForget;
  }

  /** What it was meant for has ended: it must not reach what comes next. */
  get #isCancelComing(): boolean {
    const { backend } = this.#client;
    return backend !== undefined && backend.cancelling > 0 && backend.expected.isEmpty;
  }

  /** Until it is known what this backend has prepared. */
  holdFor(backend: Backend): void {
    this.#hold(backend, true);
  }

  #hold(backend: Backend | undefined, isForBackend: boolean): void {
    // Without a Sync the server would keep its answer to itself.
    backend?.outbox.push(flush());
    this.#isHeld = true;
    this.#isForBackend = isForBackend;
    this.#client.wait.begin();
  }

  /** It has been refused. */
  drop(): void {
    this.#isHeld = false;
  }

  /** What the server has said may be what it is held back for. */
  answered(): void {
    const { backend, session } = this.#client;
    if (!this.#isHeld || session.isAsking || backend?.expected.forgets === true) return;
    if (this.#isCancelComing || this.#shapes.isAwaited) return;
    // Behind the answer that is being read.
    process.nextTick(() => {
      if (this.#isHeld && !this.#client.hasLeft) this.#client.contain(() => this.#letGo());
    });
  }

  #letGo(): void {
    this.#isHeld = false;
    this.#client.wait.end();
    this.#takeAgain();
    if (this.#client.backend?.isIdle === true) this.#client.atRest(this.#client.readAt);
  }
}
