import { errorResponse, flush, parameterStatus, type Report, type WireFault } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import type { ClientMessages } from './client-messages.ts';
import type { ClientHost } from './client-options.ts';
import type { Client } from './client.ts';

/** As PostgreSQL says it when it is shut down. */
export const departed: WireFault = {
  sqlstate: '57P01',
  message: 'terminating connection due to administrator command',
};

/** What every login has been told, and no driver minds hearing again. */
const toldBefore = parameterStatus({ name: 'integer_datetimes', value: 'on' });
/** Whether somebody still hears is asked first after so long, as most has been answered by then, and each time after twice as long. */
const firstProbeMs = 50;
const probePauseMsMax = 10_000;

export interface ClientEndOptions {
  readonly client: Client;
  readonly messages: ClientMessages;
  readonly host: ClientHost;
  /** It has this backend no longer. */
  readonly detach: (backend: Backend) => void;
  /** What is done last. */
  readonly left: readonly (() => void)[];
}

/** How a client goes: it says so, is sent away, or is gone. What it has goes back. */
export class ClientEnd {
  hasLeft = false;
  /** It has said that it goes, and what it asked before that is under way. */
  isParting = false;
  /** It has closed its side without a goodbye. */
  #isMute = false;
  /** What it is told when it parts. */
  #fault: WireFault | Report | undefined;
  /** By which it parts. */
  #lastWord: Buffer | undefined;
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

  /** Tells the client why, and closes. */
  end(fault: WireFault | Report): void {
    if (this.hasLeft) return;
    this.#fault = fault;
    this.part();
  }

  /** The proxy is to end, and nothing of this client is under way: it is told, and its socket stays open for what it had not read. */
  depart(): void {
    this.#client.tell(errorResponse({ ...departed, severity: 'FATAL' }));
    this.#leave();
    this.#client.socket.end();
    this.#client.socket.resume();
  }

  /**
   * As on a direct connection, what it asked before it said so is run to its end, and answered as long as it listens.
   *
   * @param lastWord what a server that takes data in hears in its place, of which it has something to say
   * @param fault what it sends cannot be read any further
   */
  sayGoodbye(lastWord: Buffer, fault?: WireFault): void {
    const { backend } = this.#client;
    this.#lastWord = lastWord;
    this.#fault = fault?.isSilent === true ? undefined : fault;
    if (backend?.isCopyIn !== true && backend?.saysNoMore !== false) return this.part();
    this.isParting = true;
    if (backend.isCopyIn) return this.copyBegan();
    // Without a Sync the server would keep its answer to itself.
    if (backend.expected.isOpen) backend.outbox.push(flush());
  }

  /** The server takes data in, and would wait for it. It hangs up when it has said what it thinks of the end. */
  copyBegan(): void {
    const { backend } = this.#client;
    if (!this.isParting || backend === undefined || this.#lastWord === undefined) return;
    this.#fault = undefined;
    backend.isCopyIn = false;
    backend.isToHangUp = true;
    backend.outbox.push(this.#lastWord);
    backend.outbox.send();
  }

  /** Its side of the connection is closed. What it asked is run, as if it had said goodbye, for as long as somebody hears it. */
  saysNoMore(): void {
    if (this.isParting || this.#messages.endsInGoodbye) return;
    this.#isMute = true;
    // Whose data or message has not come whole has nothing to hear.
    const isWhole = !this.hasLeft && this.#client.backend?.isCopyIn !== true && this.#messages.endHere();
    if (!isWhole) this.part();
    else if (!this.hasLeft) this.#probe(firstProbeMs);
  }

  /** Only what is sent to it tells whether it has closed its half of the connection, or is gone. */
  #probe(pauseMs: number): void {
    const probe = setTimeout(() => {
      const { backend, outbox } = this.#client;
      if (this.hasLeft) return;
      if (outbox.backlog === 0 && backend?.isMidMessage !== true) this.#client.tell(toldBefore);
      this.#probe(Math.min(2 * pauseMs, probePauseMsMax));
    }, pauseMs);
    probe.unref();
  }

  /** Nobody takes the answers. Who has said goodbye before that has what he asked run all the same. */
  hungUp(): void {
    if (this.#isMute || (!this.isParting && !this.#messages.endsInGoodbye)) this.part();
    this.#client.backend?.resume();
  }

  /** Closes as soon as what it has been told is on its way. */
  part(): void {
    const { outbox, socket } = this.#client;
    if (this.#fault !== undefined && !this.hasLeft) outbox.push(errorResponse({ ...this.#fault, severity: 'FATAL' }));
    outbox.send();
    this.#leave();
    socket.destroySoon();
  }

  /** It has been told why. */
  partInSilence(): void {
    this.#fault = undefined;
    this.part();
  }

  /** The client is gone, or goes now: what it has goes back. */
  #leave(): void {
    if (this.hasLeft) return;
    this.hasLeft = true;
    const client = this.#client;
    const { backend } = client;
    const { hasOwn } = this.#messages.statements.shared;
    // Where one of these fails, the others must be done all the same.
    const steps = [
      () => this.#messages.cachedAnswers.cache?.abandon(),
      () => client.wait.callOff(),
      () => this.#messages.statements.clear(),
      () => backend && this.#giveBack(backend, hasOwn),
      () => this.#host.left(client),
      ...this.#left,
    ];
    for (const step of steps) this.#tryTo(step, backend);
  }

  #tryTo(step: () => unknown, backend: Backend | undefined): void {
    try {
      step();
    } catch (error) {
      this.#host.broke(error);
      this.#client.socket.destroy();
      backend?.socket.destroy();
    }
  }

  /** @param hasOwn statements of its own stand there under their own names, though its transaction has not ended yet */
  #giveBack(backend: Backend, hasOwn: boolean): void {
    const client = this.#client;
    const { session, mode } = client;
    // A KILL has taken it away.
    if (client.pooled.backend === undefined) return this.#detach(backend);
    const { isMidMessage } = this.#messages;
    // A Sync of ours would commit what the client has not, and a cancel ends one of several statements.
    const isUnfinished = isMidMessage || backend.expected.isOpen || backend.expected.isSeveral;
    // A cancel on its way would reach the next client's statement.
    const mayBeUsed = backend.isIdle && backend.cancelling === 0;
    const isOwn = hasOwn || client.isPinned || session.isUnsettled || session.settings.areHasty || mode === 'session';
    const isClean = mayBeUsed && !isOwn && !isMidMessage;
    backend.isSoiled ||= isOwn || session.watch.isActive;
    this.#detach(backend);
    this.#host.checkin(client.pooled, isUnfinished ? 'client_lost' : isClean ? 'clean' : 'reset', this.#host.now());
  }
}
