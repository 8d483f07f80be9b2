import { parameterStatus, transactionStatus, type TransactionStatus } from '@medrex/pg-wire';
import type { Left } from '@medrex/sql';
import type { Backend } from '../backend/backend.ts';
import type { Client } from './client.ts';
import type { ClientHost, ClientOptions } from './client-options.ts';
import { ClientSettings } from './client-settings.ts';
import type { ClientStatements } from '../prepared/client-statements.ts';
import type { Outcome } from '../left-behind/doubts.ts';
import { SessionWatch } from '../left-behind/session-watch.ts';
import type { Settings } from '../left-behind/settings.ts';
import type { Known } from '../left-behind/what-is-left.ts';

/** What a client has left behind in its session: settings go with it from backend to backend, all else keeps its backend. */
export class ClientSession {
  readonly watch: SessionWatch;
  readonly settings: ClientSettings;
  readonly #client: Client;
  readonly #host: ClientHost;
  #isPinned = false;
  /** The server is being asked what is left; what comes next waits for that. */
  isAsking = false;

  constructor(client: Client, options: ClientOptions) {
    this.#client = client;
    this.#host = options.host;
    this.watch = new SessionWatch(options, () => this.settings.letters);
    this.settings = new ClientSettings(options.settings, this.watch);
  }

  /** Its backend stays its own. */
  get isPinned(): boolean {
    return this.#isPinned;
  }

  /** What it has left is not known yet. */
  get isUnsettled(): boolean {
    return this.isAsking || this.watch.isInDoubt;
  }

  /** Somebody speaks of its process by number, so it keeps the one that it has. */
  showProcess(): void {
    this.watch.showProcess();
    this.keepProcess();
  }

  keepProcess(): void {
    this.#isPinned = true;
    this.#host.pin(this.#client.pooled);
  }

  /** An answer has ended. */
  settled(status: TransactionStatus, statements: ClientStatements): void {
    const { watch } = this;
    if (!watch.isActive && statements.shared.hasOwn === this.#isPinned) return;
    const { backend } = this.#client;
    const { isEmpty = false, isOpen = false } = backend?.expected ?? {};
    const isLast = isEmpty && !isOpen;
    const isIdle = status === transactionStatus.idle;
    if (isLast && watch.takeReset(isIdle)) this.#setAgain(backend, status);
    watch.settled(status, isLast);
    if (isIdle) this.#follow(backend, statements);
  }

  /** Nothing is under way, and somebody else could have its backend. True: the server is asked first what the session has. */
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
        this.#takeBack(outcome.left, backend, statements);
        this.#follow(backend, statements);
      }
      this.#client.goesOn();
      // Where somebody else has asked, no answer comes here.
      if (isLater && backend.isIdle) this.#client.atRest(this.#host.now());
    };
    const contain = (work: () => void): void => this.#client.contain(work);
    doubts.settle({ backend, known, isGone, contain, then });
    isLater = true;
    return this.isAsking;
  }

  /** What code has taken from the session: what it began with is set again, and what was prepared is nobody's there any more. */
  #takeBack(left: Left | undefined, backend: Backend, statements: ClientStatements): void {
    const lost = new Map([...this.settings.began].filter(([name]) => left?.reset.includes(name)));
    if (lost.size > 0) backend.setAgain({ settings: lost, isLocal: false }, false);
    if (left?.hasPrepared !== false || (backend.prepared.size === 0 && !statements.shared.hasOwnThere)) return;
    backend.prepared.clear();
    statements.forgot(statements.names());
  }

  /** Backends of one server may differ in what holds for everybody: one is older than a configuration, another one not. */
  hearsFrom({ settings, isAway }: Backend): void {
    if (isAway) return;
    for (const [name, value] of this.settings.heardOtherwise(settings.reports))
      this.#client.outbox.push(parameterStatus({ name, value }));
  }

  /** This setting has been taken from it, and it gets back another value than this when what is under way has ended. */
  isSetAgain(setting: string, value: string): boolean {
    const { lost, reportedAtLogin } = this.settings;
    return this.watch.mayBeReset && isOf(setting, lost) && reportedAtLogin.get(setting) !== value;
  }

  /** Behind DISCARD ALL, which has been answered, comes the next message of its client: nothing is open between them. */
  setAgainBetween(): void {
    const { lost } = this.settings;
    if (this.watch.takeDiscarded() && lost.size > 0)
      this.#client.backend?.setAgain({ settings: lost, isLocal: false }, false);
  }

  #setAgain(backend: Backend | undefined, status: TransactionStatus): void {
    const { lost } = this.settings;
    if (backend === undefined || lost.size === 0 || status === transactionStatus.failed) return;
    // The server has reported what holds for everybody, if that: with this answer the client hears what it comes back to.
    for (const [name, value] of this.settings.reportedAtLogin) {
      if (!isOf(name, lost)) continue;
      if (backend.settings.toldOf(name) !== value) this.#client.outbox.push(parameterStatus({ name, value }));
      backend.settings.toldBefore.set(name, value);
    }
    backend.setAgain({ settings: lost, isLocal: false }, false);
  }

  /** At the end of a transaction. */
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

/** Whether what a server reports is one of these settings, or follows from one. */
const isOf = (reported: string, settings: Settings): boolean =>
  settings.has(reported === 'is_superuser' ? 'role' : reported.toLowerCase());
