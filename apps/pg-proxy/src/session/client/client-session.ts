import { parameterStatus, transactionStatus, type TransactionStatus } from '@medrex/pg-wire';
import type { ServerState } from '@medrex/sql';
import type { Backend } from '../backend/backend.ts';
import type { Client } from './client.ts';
import type { ClientHost, ClientOptions } from './client-options.ts';
import { ClientSettings } from './client-settings.ts';
import type { ClientStatements } from '../prepared/client-statements.ts';
import type { Outcome } from '../left-behind/doubts.ts';
import { SessionWatch } from '../left-behind/session-watch.ts';
import type { Settings } from '../left-behind/settings.ts';
import type { Known } from '../left-behind/what-is-left.ts';

/** What a client has left behind in its session. Settings follow the client from backend to backend; anything else pins its backend. */
export class ClientSession {
  readonly watch: SessionWatch;
  readonly settings: ClientSettings;
  readonly #client: Client;
  readonly #host: ClientHost;
  #isPinned = false;
  /** The server is being asked what the session holds; the next message waits for the answer. */
  isAsking = false;

  constructor(client: Client, options: ClientOptions) {
    this.#client = client;
    this.#host = options.host;
    this.watch = new SessionWatch(options, () => this.settings.letters);
    this.settings = new ClientSettings(options.settings, this.watch);
  }

  /** The client keeps its backend. */
  get isPinned(): boolean {
    return this.#isPinned;
  }

  /** It is not known yet what the session holds. */
  get isUnsettled(): boolean {
    return this.isAsking || this.watch.isInDoubt;
  }

  /** Pins the client to its process, because a session refers to it by number. */
  showProcess(): void {
    this.watch.showProcess();
    this.keepProcess();
  }

  keepProcess(): void {
    this.#isPinned = true;
    this.#host.pin(this.#client.pooled);
  }

  /** The answer to a request has ended. */
  settled(status: TransactionStatus, statements: ClientStatements): void {
    const { watch } = this;
    if (!watch.isActive && statements.shared.hasOwn === this.#isPinned) return;
    const { backend } = this.#client;
    const { isEmpty = false, isOpen = false } = backend?.expected ?? {};
    const isLast = isEmpty && !isOpen;
    const isIdle = status === transactionStatus.idle;
    if (isLast && watch.takeReset(isIdle)) this.#setAgain(backend, status);
    if (isLast && status !== transactionStatus.failed && watch.takeMayHide()) backend?.planAnew();
    watch.settled(status, isLast);
    if (isIdle) this.#follow(backend, statements);
  }

  /** The client is at rest, so its backend could serve another client. True: the server is asked first what the session holds. */
  askWhatIsLeft(backend: Backend, statements: ClientStatements): boolean {
    const { watch } = this;
    const doubts = watch.takeDoubts();
    if (doubts === undefined) return false;
    const known = (): Known => ({
      user: this.#client.upstreamUser,
      settings: new Map<string, string | undefined>([...this.settings.current, ...watch.parameters]),
    });
    const isGone = (): boolean => this.#client.backend !== backend || backend.socket.destroyed;
    this.isAsking = true;
    let isLater = false;
    const then = (outcome: Outcome): void => {
      this.isAsking = false;
      if (isGone()) return;
      if (outcome.left !== undefined || outcome.isOpaque) {
        watch.found(outcome);
        if (watch.takeMayHide()) backend.planAnew();
        this.#takeBack(outcome.left, backend, statements);
        this.#follow(backend, statements);
      }
      this.#client.goesOn();
      // If another session's question is being answered, no answer comes here.
      if (isLater && backend.isIdle) this.#client.atRest(this.#host.now());
    };
    const contain = (work: () => void): void => this.#client.contain(work);
    doubts.settle({ backend, known, isGone, contain, then });
    isLater = true;
    return this.isAsking;
  }

  /** Code has reset the session: its start-up settings are set again, and its prepared statements no longer exist on that backend. */
  #takeBack(left: ServerState | undefined, backend: Backend, statements: ClientStatements): void {
    const lost = new Map([...this.settings.began].filter(([name]) => left?.reset.includes(name)));
    if (lost.size > 0) backend.setAgain({ settings: lost, isLocal: false }, false);
    if (left?.hasPrepared !== false || (backend.prepared.size === 0 && !statements.shared.hasOwnThere)) return;
    backend.prepared.clear();
    statements.forgot(statements.names());
  }

  /** Backends of one server may differ in server-wide settings: some were started before a configuration change. */
  hearsFrom({ settings, isAway }: Backend): void {
    if (isAway) return;
    for (const [name, value] of this.settings.heardOtherwise(settings.reports))
      this.#client.outbox.push(parameterStatus({ name, value }));
  }

  /** Whether this setting was reset and gets another value back when the current request has ended. */
  isSetAgain(setting: string, value: string): boolean {
    const { lost, reportedAtLogin } = this.settings;
    return this.watch.mayBeReset && isOf(setting, lost) && reportedAtLogin.get(setting) !== value;
  }

  /** DISCARD ALL has been answered, and the client's next message follows: no transaction is open between them. */
  setAgainBetween(): void {
    const { lost } = this.settings;
    if (this.watch.takeDiscarded() && lost.size > 0)
      this.#client.backend?.setAgain({ settings: lost, isLocal: false }, false);
  }

  #setAgain(backend: Backend | undefined, status: TransactionStatus): void {
    const { lost } = this.settings;
    if (backend === undefined || lost.size === 0 || status === transactionStatus.failed) return;
    // The server reports only server-wide values here; this answer tells the client the values that its session returns to.
    for (const [name, value] of this.settings.reportedAtLogin) {
      if (!isOf(name, lost)) continue;
      if (backend.settings.toldOf(name) !== value) this.#client.outbox.push(parameterStatus({ name, value }));
      backend.settings.toldBefore.set(name, value);
    }
    backend.setAgain({ settings: lost, isLocal: false }, false);
  }

  /** Called at the end of a transaction. */
  #follow(backend: Backend | undefined, statements: ClientStatements): void {
    this.settings.follow(backend);
    this.#host.followed(this.#client);
    const isPinned = this.settings.isOfProcess || this.watch.pins.length > 0 || statements.shared.hasOwn;
    if (isPinned === this.#isPinned) return;
    this.#isPinned = isPinned;
    if (isPinned) this.#host.pin(this.#client.pooled);
    else this.#host.unpin(this.#client.pooled);
  }
}

/** Whether a reported parameter is one of these settings, or depends on one. */
const isOf = (reported: string, settings: Settings): boolean =>
  settings.has(reported === 'is_superuser' ? 'role' : reported.toLowerCase());
