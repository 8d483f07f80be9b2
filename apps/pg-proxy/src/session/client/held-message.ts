import { flush } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import type { ClientStatements } from '../prepared/client-statements.ts';
import type { Client } from './client.ts';
import type { ClientRequests } from './client-requests.ts';

export interface HeldMessageOptions {
  readonly client: Client;
  readonly requests: ClientRequests;
  readonly statements: Pick<ClientStatements, 'shapes' | 'shared'>;
  /** Processes the held message again, and what follows it. */
  readonly reprocess: () => void;
}

/**
 * Whether the current message is held back: until all prepared statements have been discarded, until it is known what is prepared or what
 * the session holds, or until a cancel request has arrived.
 */
export class HeldMessage {
  readonly #client: Client;
  readonly #requests: ClientRequests;
  readonly #statements: HeldMessageOptions['statements'];
  readonly #reprocess: () => void;
  #isHeld = false;
  #isForBackend = false;

  constructor({ client, requests, statements, reprocess }: HeldMessageOptions) {
    this.#client = client;
    this.#requests = requests;
    this.#statements = statements;
    this.#reprocess = reprocess;
  }

  /** The message waits until it is known what this backend has prepared. */
  get isForBackend(): boolean {
    return this.#isHeld && this.#isForBackend;
  }

  /**
   * Until DEALLOCATE ALL, DISCARD ALL or RESET has run, names and statements do not mean what they will mean for this message; and a
   * question to the server at the end of a transaction must not mix with others. True: the message is held back for that.
   */
  mustWait(): boolean {
    const { backend, session } = this.#client;
    if (!this.#requests.mayForget && !session.isQueryingState && !this.#isCancelPending) return false;
    const mayForget = this.mayForget();
    if (!mayForget && !session.isQueryingState && !this.#isCancelPending) return false;
    this.#hold(mayForget ? backend : undefined, false);
    return true;
  }

  /**
   * Whether a statement that may discard everything prepared is running. What DISCARD ALL resets is restored before whatever follows its
   * answer.
   */
  mayForget(): boolean {
    const { backend, session } = this.#client;
    const requests = this.#requests;
    const mayForget = requests.mayForget && backend?.expected.mayDiscardPrepared === true;
    if (requests.mayForget && !mayForget) session.restoreAfterDiscard();
    requests.mayForget = mayForget;
    return mayForget;
  }

  /** The statement that a cancel was meant for has ended: the cancel must not reach the next one. */
  get #isCancelPending(): boolean {
    const { backend } = this.#client;
    return backend !== undefined && backend.pendingCancels > 0 && backend.expected.isEmpty;
  }

  /** Holds the message until it is known what this backend has prepared. */
  holdFor(backend: Backend): void {
    this.#hold(backend, true);
  }

  #hold(backend: Backend | undefined, isForBackend: boolean): void {
    // Without a Sync the server would keep its answer in its buffer.
    backend?.outbox.push(flush());
    this.#isHeld = true;
    this.#isForBackend = isForBackend;
    this.#client.wait.begin();
  }

  /** The held message has been refused. */
  drop(): void {
    this.#isHeld = false;
  }

  /** The server's answer may be what the message waits for. */
  answerReceived(): void {
    const { backend, session } = this.#client;
    if (!this.#isHeld || session.isQueryingState || backend?.expected.mayDiscardPrepared === true) return;
    const { shapes, shared } = this.#statements;
    if (this.#isCancelPending || shapes.isAwaited || shared.isPreparing) return;
    // After the answer that is being read.
    process.nextTick(() => {
      if (this.#isHeld && !this.#client.hasLeft) this.#client.contain(() => this.#release());
    });
  }

  #release(): void {
    this.#isHeld = false;
    this.#client.wait.end();
    this.#reprocess();
    if (this.#client.backend?.isIdle === true) this.#client.becameIdle(this.#client.readAt);
  }
}
