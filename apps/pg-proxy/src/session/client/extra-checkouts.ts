import type { Report } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { needOwnProcess } from '../state/settings.ts';
import type { LearnResult } from '../../login/login-reports.ts';
import type { ClientHost } from './client-options.ts';
import type { Client } from './client.ts';

export interface ExtraCheckoutsOptions {
  readonly client: Client;
  readonly host: ClientHost;
  /** Asks the pool for a backend; afterwards the client has one, waits for one, or has been refused. */
  readonly checkout: () => void;
  /** Takes the backend away from the client. */
  readonly detach: (backend: Backend) => void;
  /** Replaces the backend by a new server process. */
  readonly replaceProcess: (backend: Backend) => void;
}

/**
 * Needs a backend for reasons other than the client's own messages: to learn what the server reports at login, or because another session
 * asks about the client's server process.
 */
export class ExtraCheckouts {
  readonly #client: Client;
  readonly #host: ClientHost;
  readonly #options: ExtraCheckoutsOptions;
  #learner: ((learnt: LearnResult) => void) | undefined;
  #learnsSinceMs = 0;
  /** The backend to learn from was opened before the client came. */
  #isFromBefore = false;
  /** Called once there is a backend, or a refusal. */
  #holder: (() => void) | undefined;

  constructor(options: ExtraCheckoutsOptions) {
    this.#client = options.client;
    this.#host = options.host;
    this.#options = options;
  }

  /** The login is still in progress. */
  get isLearning(): boolean {
    return this.#learner !== undefined;
  }

  /** If the backend to learn from is lost, another one is asked, as long as it dates from before the client came. */
  get retriesIfLost(): boolean {
    return this.isLearning && this.#isFromBefore;
  }

  get awaitsBackend(): boolean {
    return this.#holder !== undefined;
  }

  /**
   * Takes a backend just long enough to learn which parameters it reports under this client's settings, or why it refuses them. In session
   * mode the client keeps the backend; it also keeps a process that was started with settings which cannot be set later.
   *
   * @param sinceMs when the client came: the wait may have begun at another client's request
   */
  learn(then: (learnt: LearnResult) => void, sinceMs: number): void {
    this.#learner = then;
    this.#learnsSinceMs = sinceMs;
    this.retry();
  }

  retry(): void {
    const client = this.#client;
    client.readAt = this.#host.now();
    client.requestBackend(undefined);
    this.#host.backdateWait(client, this.#learnsSinceMs);
    if (client.backend !== undefined) this.learnFrom(client.backend);
  }

  /** Learns from the backend that was given for that purpose. */
  learnFrom(backend: Backend): void {
    const client = this.#client;
    const { openedAtMs = Infinity } = client.pooled.backend ?? {};
    this.#isFromBefore = openedAtMs < client.connectedAtMs;
    backend.outbox.send();
    backend.check((isOk) => {
      // If the backend is lost, the client asks another one, or is told and leaves.
      if (!isOk || client.backend !== backend) return;
      const refused = backend.refusedSettings();
      const { settings } = client.session;
      if (!settings.isOfProcess && backend.canReplaceProcess && needOwnProcess(settings.current, refused)) {
        settings.isOfProcess = true;
        this.#isFromBefore = false;
        return this.#options.replaceProcess(backend);
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

  /** Waits for what another client is learning. */
  awaitLearnt(then: (learnt: LearnResult) => void): void {
    this.#learner = then;
  }

  learnt(learnt: LearnResult): void {
    const then = this.#learner;
    this.#learner = undefined;
    then?.(learnt);
  }

  /** Gives the client a process to keep, because a session asks the server about it. Undefined: `then` is called later, or never. */
  hold(then: () => void): Backend | undefined {
    const client = this.#client;
    if (client.backend !== undefined || !client.isQuiet || client.mode === 'statement') return client.backend;
    this.#holder = then;
    this.#options.checkout();
    if (!client.isWaiting) this.held();
    return client.backend;
  }

  /** The client has been given or refused a backend, or leaves. False: nobody was waiting for that. */
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
