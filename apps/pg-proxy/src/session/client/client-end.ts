import { errorResponse, flush, parameterStatus, type Report, type WireFault } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import type { ClientMessages } from './client-messages.ts';
import type { ClientHost } from './client-options.ts';
import type { Client } from './client.ts';

/** What PostgreSQL says when it is shut down. */
export const terminatedByAdmin: WireFault = {
  sqlstate: '57P01',
  message: 'terminating connection due to administrator command',
};

/** A message that every client has already seen at login, and that drivers accept at any time. */
const harmlessMessage = parameterStatus({ name: 'integer_datetimes', value: 'on' });
/** First pause before the connection is probed (most queries have been answered by then); each further pause is twice as long. */
const firstProbeMs = 50;
const probePauseMsMax = 10_000;

export interface ClientEndOptions {
  readonly client: Client;
  readonly messages: ClientMessages;
  readonly host: ClientHost;
  /** Takes the backend away from the client. */
  readonly detach: (backend: Backend) => void;
  /** Called last. */
  readonly left: readonly (() => void)[];
}

/** How a client ends: it says goodbye, is sent away, or vanishes. In each case it gives back what it holds. */
export class ClientEnd {
  hasLeft = false;
  /** The client has said goodbye, and what it asked before that is still running. */
  isTerminating = false;
  /** The client has closed its half of the connection without a goodbye. */
  #isHalfClosed = false;
  /** The error with which the client is sent away. */
  #fault: WireFault | Report | undefined;
  /** The message that ends the client's session at the server. */
  #finalMessage: Buffer | undefined;
  readonly #client: Client;
  readonly #messages: ClientMessages;
  readonly #host: ClientHost;
  readonly #detach: ClientEndOptions['detach'];
  readonly #left: ClientEndOptions['left'];

  constructor({ client, messages, host, detach, left }: ClientEndOptions) {
    this.#client = client;
    this.#messages = messages;
    this.#host = host;
    this.#detach = detach;
    this.#left = left;
  }

  /** Sends the error and closes the connection. */
  end(fault: WireFault | Report): void {
    if (this.hasLeft) return;
    this.#fault = fault;
    this.closeSoon();
  }

  /** Sends an idle client away because the proxy drains. The socket stays open for a statement that may already be on its way. */
  depart(): void {
    this.#client.tell(errorResponse({ ...terminatedByAdmin, severity: 'FATAL' }));
    this.#leave();
    this.#client.socket.end();
    this.#client.socket.resume();
  }

  /**
   * As on a direct connection, what the client asked before its goodbye runs to its end, and is answered for as long as the client listens.
   *
   * @param finalMessage sent to a server that is in COPY IN, in place of the goodbye, because it has an answer to that
   * @param fault the client's messages can no longer be read
   */
  terminate(finalMessage: Buffer, fault?: WireFault): void {
    const { backend } = this.#client;
    this.#finalMessage = finalMessage;
    this.#fault = fault?.isSilent === true ? undefined : fault;
    if (backend?.isCopyIn !== true && backend?.sendsNoMore !== false) return this.closeSoon();
    this.isTerminating = true;
    if (backend.isCopyIn) return this.copyBegan();
    // Without a Sync the server would keep its answer in its buffer.
    if (backend.expected.isOpen) backend.outbox.push(flush());
  }

  /** The server expects COPY data and would wait for it. It closes the connection once it has reported how the COPY ended. */
  copyBegan(): void {
    const { backend } = this.#client;
    if (!this.isTerminating || backend === undefined || this.#finalMessage === undefined) return;
    this.#fault = undefined;
    backend.isCopyIn = false;
    backend.serverWillClose = true;
    backend.outbox.push(this.#finalMessage);
    backend.outbox.send();
  }

  /** The client has closed its half of the connection. What it asked runs as after a goodbye, for as long as somebody reads the answers. */
  halfClosed(): void {
    if (this.isTerminating || this.#messages.endsInTerminate) return;
    this.#isHalfClosed = true;
    // If COPY data or a message is incomplete, there is no answer to wait for.
    const isWhole = !this.hasLeft && this.#client.backend?.isCopyIn !== true && this.#messages.endHere();
    if (!isWhole) this.closeSoon();
    else if (!this.hasLeft) this.#probe(firstProbeMs);
  }

  /** Writing to the socket is the only way to tell a half-closed connection from one whose client is gone. */
  #probe(pauseMs: number): void {
    const probe = setTimeout(() => {
      const { backend, outbox } = this.#client;
      if (this.hasLeft) return;
      if (outbox.backlog === 0 && backend?.isMidMessage !== true) this.#client.tell(harmlessMessage);
      this.#probe(Math.min(2 * pauseMs, probePauseMsMax));
    }, pauseMs);
    probe.unref();
  }

  /** Nobody reads the answers. What a client asked before its goodbye runs all the same. */
  connectionClosed(): void {
    if (this.#isHalfClosed || (!this.isTerminating && !this.#messages.endsInTerminate)) this.closeSoon();
    this.#client.backend?.resume();
  }

  /** Closes the connection as soon as everything has been written. */
  closeSoon(): void {
    const { outbox, socket } = this.#client;
    if (this.#fault !== undefined && !this.hasLeft) outbox.push(errorResponse({ ...this.#fault, severity: 'FATAL' }));
    outbox.send();
    this.#leave();
    socket.destroySoon();
  }

  /** Closes without an error message: the client has already had one. */
  closeSilently(): void {
    this.#fault = undefined;
    this.closeSoon();
  }

  /** Gives back everything that the client holds. */
  #leave(): void {
    if (this.hasLeft) return;
    this.hasLeft = true;
    const client = this.#client;
    const { backend } = client;
    const { hasOwn } = this.#messages.statements.shared;
    // One failing step must not prevent the others.
    const steps = [
      () => this.#messages.cachedAnswers.cache?.abandon(),
      () => client.wait.abandon(),
      () => this.#messages.statements.clear(),
      () => backend && this.#checkin(backend, hasOwn),
      () => this.#host.clientLeft(client),
      ...this.#left,
    ];
    for (const step of steps) this.#tryTo(step, backend);
  }

  #tryTo(step: () => unknown, backend: Backend | undefined): void {
    try {
      step();
    } catch (error) {
      this.#host.internalError(error);
      this.#client.socket.destroy();
      backend?.socket.destroy();
    }
  }

  /** @param hasOwn the client has prepared statements under their own names on this backend in a transaction that is still open */
  #checkin(backend: Backend, hasOwn: boolean): void {
    const client = this.#client;
    const { session, mode } = client;
    // KILL has already taken the backend away.
    if (client.pooled.backend === undefined) return this.#detach(backend);
    const { isMidMessage } = this.#messages;
    // A Sync from the proxy would commit the client's open work, and a cancel would end only one of several statements.
    const isUnfinished = isMidMessage || backend.expected.isOpen || backend.expected.hasSeveralSyncs;
    // A cancel request that is still on its way would reach the next client's statement.
    const mayBeUsed = backend.isIdle && backend.pendingCancels === 0;
    const isOwn =
      hasOwn || client.isPinned || session.isStateUnknown || session.settings.haveShortTimeout || mode === 'session';
    const isClean = mayBeUsed && !isOwn && !isMidMessage;
    backend.hasLeftoverState ||= isOwn || session.tracker.isActive;
    this.#detach(backend);
    this.#host.checkin(client.pooled, isUnfinished ? 'client_lost' : isClean ? 'clean' : 'reset', this.#host.now());
  }
}
