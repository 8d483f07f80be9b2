import { parameterStatus, transactionStatus, type TransactionStatus } from '@medrex/pg-wire';
import type { ServerState } from '@medrex/sql';
import type { Backend } from '../backend/backend.ts';
import type { Client } from './client.ts';
import type { ClientHost, ClientOptions } from './client-options.ts';
import { ClientSettings } from './client-settings.ts';
import type { ClientStatements } from '../prepared/client-statements.ts';
import type { StateOutcome } from '../state/unknown-effects.ts';
import { SessionTracker } from '../state/session-tracker.ts';
import type { Settings } from '../state/settings.ts';
import type { KnownSession } from '../state/state-query.ts';

/** What a client has left behind in its session. Settings follow the client from backend to backend; anything else pins its backend. */
export class ClientSession {
  readonly tracker: SessionTracker;
  readonly settings: ClientSettings;
  readonly #client: Client;
  readonly #host: ClientHost;
  #isPinned = false;
  /** The server is being asked what the session holds; the next message waits for the answer. */
  isQueryingState = false;

  constructor(client: Client, options: ClientOptions) {
    this.#client = client;
    this.#host = options.host;
    this.tracker = new SessionTracker(options, () => this.settings.encoding);
    this.settings = new ClientSettings(options.settings, this.tracker);
  }

  /** The client keeps its backend. */
  get isPinned(): boolean {
    return this.#isPinned;
  }

  /** It is not known yet what the session holds. */
  get isStateUnknown(): boolean {
    return this.isQueryingState || this.tracker.hasUnknownEffects;
  }

  /** Pins the client to its process, because a session refers to it by number. */
  showProcess(): void {
    this.tracker.showProcess();
    this.keepProcess();
  }

  keepProcess(): void {
    this.#isPinned = true;
    this.#host.pin(this.#client.pooled);
  }

  /** The answer to a request has ended. */
  readyForQuery(status: TransactionStatus, statements: ClientStatements): void {
    const { tracker } = this;
    if (!tracker.isActive && statements.shared.hasOwn === this.#isPinned) return;
    const { backend } = this.#client;
    const { isEmpty = false, isOpen = false } = backend?.expected ?? {};
    const isLast = isEmpty && !isOpen;
    const isIdle = status === transactionStatus.idle;
    if (isLast && tracker.takeReset(isIdle)) this.#restore(backend, status);
    if (isLast && status !== transactionStatus.failed && tracker.takeMayHide()) backend?.planAnew();
    tracker.settled(status, isLast);
    if (isIdle) this.#applyState(backend, statements);
  }

  /** The client is at rest, so its backend could serve another client. True: the server is asked first what the session holds. */
  queryState(backend: Backend, statements: ClientStatements): boolean {
    const { tracker } = this;
    const doubts = tracker.takeUnknownEffects();
    if (doubts === undefined) return false;
    const known = (): KnownSession => ({
      user: this.#client.upstreamUser,
      settings: new Map<string, string | undefined>([...this.settings.current, ...tracker.parameters]),
    });
    const isGone = (): boolean => this.#client.backend !== backend || backend.socket.destroyed;
    this.isQueryingState = true;
    let isLater = false;
    const then = (outcome: StateOutcome): void => {
      this.isQueryingState = false;
      if (isGone()) return;
      if (outcome.left !== undefined || outcome.isOpaque) {
        tracker.applyServerState(outcome);
        if (tracker.takeMayHide()) backend.planAnew();
        this.#restoreAfterReset(outcome.left, backend, statements);
        this.#applyState(backend, statements);
      }
      this.#client.retryHeld();
      // If another session's question is being answered, no answer comes here.
      if (isLater && backend.isIdle) this.#client.becameIdle(this.#host.now());
    };
    const contain = (work: () => void): void => this.#client.contain(work);
    doubts.resolve({ backend, known, isGone, contain, then });
    isLater = true;
    return this.isQueryingState;
  }

  /** Code has reset the session: its start-up settings are set again, and its prepared statements no longer exist on that backend. */
  #restoreAfterReset(left: ServerState | undefined, backend: Backend, statements: ClientStatements): void {
    const lost = new Map([...this.settings.startup].filter(([name]) => left?.reset.includes(name)));
    if (lost.size > 0) backend.restoreSettings({ settings: lost, isLocal: false }, false);
    if (left?.hasPrepared !== false || (backend.prepared.size === 0 && !statements.shared.hasOwnThere)) return;
    backend.prepared.clear();
    statements.forgot(statements.names());
  }

  /** Backends of one server may differ in server-wide settings: some were started before a configuration change. */
  tellChangedReports({ settings, isClassUpstream }: Backend): void {
    if (isClassUpstream) return;
    for (const [name, value] of this.settings.changedReports(settings.reports))
      this.#client.outbox.push(parameterStatus({ name, value }));
  }

  /** Whether this setting was reset and gets another value back when the current request has ended. */
  isBeingRestored(setting: string, value: string): boolean {
    const { resetSettings, reportedAtLogin } = this.settings;
    return this.tracker.mayBeReset && isOf(setting, resetSettings) && reportedAtLogin.get(setting) !== value;
  }

  /** DISCARD ALL has been answered, and the client's next message follows: no transaction is open between them. */
  restoreAfterDiscard(): void {
    const { resetSettings } = this.settings;
    if (this.tracker.takeDiscarded() && resetSettings.size > 0)
      this.#client.backend?.restoreSettings({ settings: resetSettings, isLocal: false }, false);
  }

  #restore(backend: Backend | undefined, status: TransactionStatus): void {
    const { resetSettings } = this.settings;
    if (backend === undefined || resetSettings.size === 0 || status === transactionStatus.failed) return;
    // The server reports only server-wide values here; this answer tells the client the values that its session returns to.
    for (const [name, value] of this.settings.reportedAtLogin) {
      if (!isOf(name, resetSettings)) continue;
      if (backend.settings.lastToldOf(name) !== value) this.#client.outbox.push(parameterStatus({ name, value }));
      backend.settings.lastTold.set(name, value);
    }
    backend.restoreSettings({ settings: resetSettings, isLocal: false }, false);
  }

  /** Called at the end of a transaction. */
  #applyState(backend: Backend | undefined, statements: ClientStatements): void {
    this.settings.updateFrom(backend);
    this.#host.settingsChanged(this.#client);
    const isPinned = this.settings.isOfProcess || this.tracker.pins.length > 0 || statements.shared.hasOwn;
    if (isPinned === this.#isPinned) return;
    this.#isPinned = isPinned;
    if (isPinned) this.#host.pin(this.#client.pooled);
    else this.#host.unpin(this.#client.pooled);
  }
}

/** Whether a reported parameter is one of these settings, or depends on one. */
const isOf = (reported: string, settings: Settings): boolean =>
  settings.has(reported === 'is_superuser' ? 'role' : reported.toLowerCase());
