import { transactionStatus, type Target, type Report, type TransactionStatus, type WireFault } from '@medrex/pg-wire';
import type { Analysis } from '@medrex/sql';
import type { Socket } from 'node:net';
import type { ScopedSettings } from '../../config/scoped-settings.ts';
import { internalError } from '../../internal-error.ts';
import { ClientWork } from '../../scheduling/classifier.ts';
import type { Backend } from '../backend/backend.ts';
import type { BackendClient } from '../backend/backend-options.ts';
import { ClientEnd } from './client-end.ts';
import { ExtraCheckouts } from './extra-checkouts.ts';
import { ClientMessages } from './client-messages.ts';
import type { ClientHost, ClientOptions, Pooled, PoolMode } from './client-options.ts';
import { ClientSession } from './client-session.ts';
import { ClientWait } from './client-wait.ts';
import type { Note, PreparedNames } from '../backend/expected-answers.ts';
import { withReusedBuffer } from '../backend/read-socket.ts';
import { Outbox } from '../backend/outbox.ts';
import { pausedFor, ReadPauses } from './read-pauses.ts';
import type { RequestText, Request } from './request.ts';
import type { Settings } from '../state/settings.ts';
import type { Traffic } from '../backend/traffic.ts';

/** Refused in statement mode, in PgBouncer's words. */
const noTransactions: WireFault = {
  sqlstate: '0A000',
  message: 'transaction blocks not allowed in statement pooling mode',
};

/**
 * A client that is logged in, from its first message to its end. It holds a backend for the length of a transaction, of something left in
 * its session, or of the whole session. `ClientMessages` reads what the client sends; its backend's answers go to its outbox as they
 * arrive.
 */
export class Client implements BackendClient {
  readonly socket: Socket;
  readonly outbox: Outbox;
  readonly pauses: ReadPauses;
  /** An address, or `unix`. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
  readonly mode: PoolMode;
  readonly session: ClientSession;
  /** Traffic of the client's database. */
  readonly traffic: Traffic;
  readonly wait = new ClientWait();
  /** Needs a backend apart from the client's messages. */
  readonly extraCheckouts: ExtraCheckouts;
  pooled!: Pooled;
  /** The process id in the client's cancel key. */
  processId = 0;
  connectedAtMs = 0;
  /** When the client came, or last gave back a backend. */
  idleSinceMs = 0;
  /** When the current chunk arrived, or when a waiting message went on. */
  readAt = 0;
  /** When the client asked for its current backend, and when it got it. */
  askedAt = 0;
  attachedAt = 0;
  /** Settings from the configuration and from the session. */
  scoped!: ScopedSettings;
  /** How long the client waits for a backend, in ms; undefined: as its pool says. */
  ownWaitMs: number | undefined;
  /** What is known about the client's workload. */
  readonly work = new ClientWork();
  backend: Backend | undefined;
  /** Messages for the current backend, including the current one. */
  messageCount = 0;
  #isReplacingProcess = false;
  #processNotStarted: Report | undefined;
  readonly #end: ClientEnd;
  readonly #host: ClientHost;
  readonly #startReading: () => void;
  readonly #messages: ClientMessages;
  /** Receives what the client still sends after it has been sent away. */
  #onDataAfterEnd: ((chunk: Buffer) => void) | undefined;

  constructor(options: ClientOptions) {
    const { socket, start } = withReusedBuffer(
      options.socket,
      (memory, bytes) => this.#read(memory, bytes),
      options.host.ring,
    );
    this.socket = socket;
    this.#startReading = start;
    this.socket.allowHalfOpen = true;
    this.socket.on('end', () => this.#end.halfClosed());
    for (const end of ['error', 'close']) this.socket.on(end, () => this.#end.connectionClosed());
    this.outbox = new Outbox(socket);
    this.pauses = new ReadPauses(socket);
    this.address = options.address;
    this.user = options.user;
    this.database = options.database;
    this.mode = options.mode;
    this.#host = options.host;
    this.traffic = options.host.trafficOf(options.database);
    this.session = new ClientSession(this, options);
    this.#messages = new ClientMessages(this, options);
    this.extraCheckouts = new ExtraCheckouts({
      client: this,
      host: options.host,
      detach: (backend) => this.#detach(backend),
      checkout: () => this.#checkout(undefined, this.#host.now()),
      replaceProcess: (backend) => this.#replaceProcess(backend),
    });
    this.#end = new ClientEnd({
      client: this,
      messages: this.#messages,
      host: options.host,
      detach: (backend) => this.#detach(backend),
      left: [() => this.extraCheckouts.held(), () => this.extraCheckouts.learnt(undefined)],
    });
    this.setObserver(options);
  }

  /** Sets who observes the client's requests and where its answers are cached, from the next request on. */
  setObserver({ observer, cacheOf }: Pick<ClientOptions, 'observer' | 'cacheOf'>): void {
    const { requests, statements, cachedAnswers } = this.#messages;
    cachedAnswers.cache?.abandon();
    requests.observer = observer;
    statements.isObserved = observer !== undefined;
    cachedAnswers.cache = cacheOf?.(this.outbox);
  }

  /** Starts reading the socket. */
  start(): void {
    this.socket.on('drain', () => this.backend?.resume());
    this.#startReading();
  }

  get settings(): Settings {
    return this.session.settings.current;
  }

  get customSettings(): ReadonlySet<string> {
    return this.session.tracker.customSettings;
  }

  get settingsKey(): string {
    return this.session.settings.key;
  }

  get application(): string {
    return this.settings.get('application_name') ?? '';
  }

  get upstreamUser(): string {
    return this.pooled.pool.name.user;
  }

  get isPinned(): boolean {
    return this.session.isPinned;
  }

  named(of: Target['kind'], name: string): Analysis | undefined {
    return this.#messages.requests.named(of, name);
  }

  /** The process id from its login, or that of its backend once the client has asked the server for it. */
  get notificationPid(): number {
    const own = this.session.tracker.knowsProcess ? this.backend?.key?.processId : undefined;
    return own ?? this.processId;
  }

  /** When the client or its backend last sent something. */
  get lastMessageAtMs(): number {
    return Math.max(this.idleSinceMs, this.readAt, this.backend?.lastMessageAtMs ?? 0);
  }

  /** When a backend got the client's current request. */
  get startedAtMs(): number {
    return Math.max(this.readAt, this.attachedAt);
  }

  /** How many named prepared statements the client has. */
  get preparedCount(): number {
    return this.#messages.statements.shared.size;
  }

  /** Nothing of this client is running or waiting. */
  get isIdle(): boolean {
    return this.wait.isNone && !this.extraCheckouts.isLearning && this.backend?.isIdle !== false;
  }

  get isWaiting(): boolean {
    return this.wait.isWaiting;
  }

  /** No request of this client is unanswered. */
  get isQuiet(): boolean {
    if (this.hasLeft || !this.wait.isNone || this.extraCheckouts.isLearning || !this.#messages.isQuiet) return false;
    return this.backend === undefined || this.backend.isIdle;
  }

  /** True: nothing refers to the chunk's memory any more. */
  #read(memory: Buffer, bytes: number): boolean {
    this.traffic.received += bytes;
    if (this.hasLeft) this.#onDataAfterEnd?.(memory.subarray(0, bytes));
    if (this.hasLeft || this.isTerminating) return true;
    try {
      return this.#messages.read(memory, bytes);
    } catch (error) {
      this.#internalError(error);
      return false;
    }
  }

  /** An error in this client's work ends this client only, whoever called. */
  contain(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#internalError(error);
    }
  }

  /** Disconnects the client and discards its backend, whose state is unknown. */
  #internalError(error: unknown): void {
    this.#host.internalError(error);
    if (this.backend !== undefined) this.backend.isSingleUse = true;
    if (this.hasLeft) this.socket.destroy();
    else this.end(internalError);
  }

  // Its backend.

  /** Asks for a backend. Afterwards the client has one, waits, or has been refused; the pool may grant or refuse during the call. */
  requestBackend(asked: RequestText | undefined): void {
    this.askedAt = this.readAt;
    this.#checkout(asked, this.readAt);
  }

  #checkout(asked: RequestText | undefined, nowMs: number): void {
    this.wait.beginCheckout();
    const backend = this.#host.checkout(this, asked, nowMs);
    if (backend !== undefined) this.#attach(backend);
    this.wait.checkoutReturned(this.backend !== undefined);
  }

  /** The pool grants a backend that the client has waited for. */
  granted(backend: Backend): void {
    this.contain(() => this.#granted(backend));
  }

  #granted(backend: Backend): void {
    this.#attach(backend);
    if (this.wait.isCheckingOut) return;
    this.wait.end();
    if (this.extraCheckouts.isLearning) return this.extraCheckouts.learnFrom(backend);
    if (this.#isReplacingProcess) this.#processReplaced();
    if (!this.extraCheckouts.held()) this.#messages.reprocess();
    this.#messages.continueReading();
  }

  /**
   * Replaces the backend just obtained by a fresh server process, if it has served other clients: the current message would show what they
   * have left there. False: the client keeps its backend.
   */
  useFreshProcess(backend: Backend): boolean {
    if (backend.answers === 0 || this.messageCount > 1 || backend.pendingCancels > 0 || this.mode === 'statement')
      return false;
    this.#isReplacingProcess = true;
    this.#replaceProcess(backend);
    return true;
  }

  #replaceProcess(backend: Backend): void {
    this.#detach(backend);
    this.wait.begin();
    const { current, isOfProcess } = this.session.settings;
    this.#host.replaceProcess(this.pooled, isOfProcess ? current : undefined);
  }

  #processReplaced(): void {
    this.#isReplacingProcess = false;
    if (this.mode !== 'session') this.session.showProcess();
  }

  /** The pool refuses to give a backend. */
  refused(report: Report): void {
    if (!this.hasLeft) this.contain(() => this.#refused(report));
  }

  #refused(report: Report): void {
    const { isCheckingOut } = this.wait;
    this.wait.end();
    if (this.extraCheckouts.isLearning) return this.extraCheckouts.learnt(report);
    if (!this.extraCheckouts.held()) {
      const { cachedAnswers, requests } = this.#messages;
      cachedAnswers.cache?.abandon();
      requests.observer?.refused?.(this, report.sqlstate);
      this.#messages.fail(report);
    }
    if (!isCheckingOut) this.#messages.continueReading();
  }

  /** Abandons the client's wait for a backend. */
  waitCancelled(report: Report): void {
    if (!this.isWaiting || this.extraCheckouts.isLearning || this.#isReplacingProcess) return;
    if (!this.wait.isNotForPool) this.#host.stopWaiting(this);
    this.wait.abandon();
    this.refused(report);
  }

  /** The fresh server process could not be started. */
  processNotStarted(report: Report): void {
    this.#processNotStarted = report;
  }

  /** The backend connection is gone. */
  lost(): void {
    const hasBeenTold = this.backend?.hasFatalError === true;
    this.backend = undefined;
    if (this.retriesIfLost) this.contain(() => this.extraCheckouts.retry());
    else if (hasBeenTold) this.#end.closeSilently();
    else
      this.end(this.#processNotStarted ?? { sqlstate: '08006', message: 'server closed the connection unexpectedly' });
  }

  #attach(backend: Backend): void {
    this.backend = backend;
    this.traffic.assignments++;
    this.messageCount = 0;
    this.attachedAt = this.isWaiting ? this.#host.now() : this.readAt;
    const { isLearning } = this.extraCheckouts;
    backend.attach(this, this.settings, this.settingsKey, isLearning);
    if (backend.settings.reports !== this.session.settings.knownReports && !isLearning)
      this.session.tellChangedReports(backend);
  }

  #detach(backend: Backend): void {
    this.backend = undefined;
    backend.detach();
    this.pauses.resume(pausedFor.backlog | pausedFor.answers);
  }

  // Events from its backend.

  get retriesIfLost(): boolean {
    return this.extraCheckouts.retriesIfLost;
  }

  nameOf(name: string): string | undefined {
    return this.#messages.statements.shared.nameOf(name);
  }

  refusalOf(message: string): Report | undefined {
    return this.#messages.statements.shared.refusalOf(message);
  }

  retryHeld(): void {
    this.#messages.answerReceived();
  }

  drained(): void {
    this.pauses.resume(pausedFor.backlog);
  }

  shapesChanged(): void {
    this.#messages.statements.shared.tablesChanged();
  }

  preparedDiscarded(before: PreparedNames | undefined): void {
    this.#messages.statements.forgot(before?.names);
  }

  failed(note: Note | undefined, sqlstate: string | undefined): void {
    this.session.tracker.failed((note as Request | undefined)?.watched);
    this.#messages.answerReceived();
    if (sqlstate !== undefined) this.#messages.requests.observer?.refused?.(this, sqlstate);
  }

  isBeingRestored(setting: string, value: string): boolean {
    return this.session.isBeingRestored(setting, value);
  }

  readyForQuery(status: TransactionStatus): void {
    const { cachedAnswers, statements } = this.#messages;
    const isIdle = status === transactionStatus.idle;
    this.#messages.answerReceived();
    cachedAnswers.cache?.answerComplete(isIdle, this.pooled.pool.name.upstream);
    if (this.mode === 'statement' && !isIdle) return this.end(noTransactions);
    if (isIdle && this.backend !== undefined) statements.transactionEnded(this.backend);
    if (isIdle && this.backend?.redefined !== undefined) {
      this.#host.redefined(this, this.backend.redefined);
      this.backend.redefined = undefined;
    }
    if (this.#host.atBoundary) this.#corkAnswer();
    this.session.readyForQuery(status, statements);
  }

  /** Whatever is sent in this turn goes out in one packet with this answer. */
  #corkAnswer(): void {
    this.socket.cork();
    process.nextTick(() => this.socket.uncork());
  }

  becameIdle(nowMs: number): void {
    const { backend } = this;
    if (backend === undefined) return;
    if (this.session.tracker.hasUnknownEffects) {
      // A client that is sent away with this answer need not be kept for that.
      if (this.#host.atBoundary) this.#host.becameIdle(this);
      if (this.hasLeft || this.session.queryState(backend, this.#messages.statements)) return;
    }
    // A Sync has arrived meanwhile: its answer may wait for another client's question.
    if (this.session.isQueryingState) return;
    if (this.mode === 'session' || this.isPinned)
      return this.#host.atBoundary ? this.#host.becameIdle(this) : undefined;
    // A cancel request must reach the statement that it was meant for, or none.
    if (backend.pendingCancels > 0) return;
    if (this.#messages.isMidMessage || this.#messages.isHeldForBackend) return;
    const { haveShortTimeout } = this.session.settings;
    backend.hasLeftoverState ||= haveShortTimeout;
    this.#detach(backend);
    this.#host.checkin(this.pooled, haveShortTimeout ? 'reset' : 'clean', nowMs);
  }

  // How it ends.

  get hasLeft(): boolean {
    return this.#end.hasLeft;
  }

  get isTerminating(): boolean {
    return this.#end.isTerminating;
  }

  tell(notice: Buffer): void {
    this.outbox.push(notice);
    this.outbox.send();
  }

  end(fault: WireFault | Report): void {
    this.#end.end(fault);
  }

  depart(heardAfter: (chunk: Buffer) => void): void {
    this.#onDataAfterEnd = heardAfter;
    this.#end.depart();
  }

  terminate(finalMessage: Buffer, fault?: WireFault): void {
    this.#end.terminate(finalMessage, fault);
  }

  copyBegan(): void {
    this.pauses.resume(pausedFor.answers);
    this.#end.copyBegan();
  }

  closeSoon(): void {
    this.#end.closeSoon();
  }
}
