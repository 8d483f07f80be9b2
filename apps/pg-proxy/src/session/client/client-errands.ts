import type { Report } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { wantProcess } from '../left-behind/settings.ts';
import type { Learnt } from '../../login/login-reports.ts';
import type { ClientHost } from './client-options.ts';
import type { Client } from './client.ts';

export interface ClientErrandsOptions {
  readonly client: Client;
  readonly host: ClientHost;
  /** Asks for a backend, which it has then, or waits for, or was refused. */
  readonly checkout: () => void;
  /** It has this backend no longer. */
  readonly detach: (backend: Backend) => void;
  /** Another process comes in place of this one. */
  readonly beginAnew: (backend: Backend) => void;
}

/** What a client wants a backend for beside its messages: what a server says to its settings, and that somebody asks about its process. */
export class ClientErrands {
  readonly #client: Client;
  readonly #host: ClientHost;
  readonly #options: ClientErrandsOptions;
  #learner: ((learnt: Learnt) => void) | undefined;
  #learnsSinceMs = 0;
  /** The backend that it learns from was there before it came. */
  #isFromBefore = false;
  /** Waits until it has a backend, or has been refused one. */
  #holder: (() => void) | undefined;

  constructor(options: ClientErrandsOptions) {
    this.#client = options.client;
    this.#host = options.host;
    this.#options = options;
  }

  /** Its login is not over. */
  get isLearning(): boolean {
    return this.#learner !== undefined;
  }

  /** Where the backend that it learns from goes, it asks another one: as long as there are any that were there before it. */
  get asksAnother(): boolean {
    return this.isLearning && this.#isFromBefore;
  }

  get awaitsBackend(): boolean {
    return this.#holder !== undefined;
  }

  /**
   * Takes a backend for long enough to learn what it reports with this client's settings, or why it does not take them. In session
   * mode it keeps it; so it does with a process that has begun with them, because a session does not take them.
   *
   * @param sinceMs when it came: another client may have been asked first
   */
  learn(then: (learnt: Learnt) => void, sinceMs: number): void {
    this.#learner = then;
    this.#learnsSinceMs = sinceMs;
    this.askAnother();
  }

  askAnother(): void {
    const client = this.#client;
    client.readAt = this.#host.now();
    client.obtain(undefined);
    this.#host.waitsSince(client, this.#learnsSinceMs);
    if (client.backend !== undefined) this.learnFrom(client.backend);
  }

  /** Of the backend that it has been given for that. */
  learnFrom(backend: Backend): void {
    const client = this.#client;
    const { openedAtMs = Infinity } = client.pooled.backend ?? {};
    this.#isFromBefore = openedAtMs < client.cameAtMs;
    backend.outbox.send();
    backend.check((isOk) => {
      // Where it is lost, its client asks another one, or is told so and leaves.
      if (!isOk || client.backend !== backend) return;
      const refused = backend.refusedSettings();
      const { settings } = client.session;
      if (!settings.isOfProcess && backend.mayBeginAnew && wantProcess(settings.current, refused)) {
        settings.isOfProcess = true;
        this.#isFromBefore = false;
        return this.#options.beginAnew(backend);
      }
      this.#learntFrom(backend, refused);
    });
  }

  #learntFrom(backend: Backend, refused: Report | undefined): void {
    const client = this.#client;
    const { isOfProcess } = client.session.settings;
    const parameters = new Map(backend.settings.parameters);
    if (isOfProcess && client.mode !== 'session') client.session.keepProcess();
    if ((isOfProcess || client.mode === 'session') && refused === undefined) return this.learnt(parameters);
    this.#options.detach(backend);
    this.#host.checkin(client.pooled, refused === undefined ? 'clean' : 'reset', this.#host.now());
    this.learnt(refused ?? parameters);
  }

  /** Another client learns that. */
  awaitLearnt(then: (learnt: Learnt) => void): void {
    this.#learner = then;
  }

  learnt(learnt: Learnt): void {
    const then = this.#learner;
    this.#learner = undefined;
    then?.(learnt);
  }

  /** Somebody asks the server about its process, so it gets one and keeps it. Undefined: `then` comes later, or never. */
  hold(then: () => void): Backend | undefined {
    const client = this.#client;
    if (client.backend !== undefined || !client.isQuiet || client.mode === 'statement') return client.backend;
    this.#holder = then;
    this.#options.checkout();
    if (!client.isWaiting) this.held();
    return client.backend;
  }

  /** It has been given a backend, or refused one, or goes. False: nobody here waits for that. */
  held(): boolean {
    const { backend, mode, session } = this.#client;
    const then = this.#holder;
    if (then === undefined) return false;
    this.#holder = undefined;
    if (backend !== undefined) {
      backend.outbox.send();
      if (mode !== 'session') session.showProcess();
    }
    then();
    return true;
  }
}
