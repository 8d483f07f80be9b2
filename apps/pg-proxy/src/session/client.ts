import {
  errorResponse,
  flush,
  Framer,
  frontend as from,
  frontendSession,
  malformed,
  query,
  readyForQuery,
  transactionStatus,
  commandComplete,
  type Report,
  type TransactionStatus,
  type WireFault,
} from '@medrex/pg-wire';
import type { SqlAnalyser } from '@medrex/sql';
import type { Socket } from 'node:net';
import type { LocalTables } from '../admin/local-tables.ts';
import type { ClientCache } from '../cache/client-cache.ts';
import type { Answer } from '../cache/recorder.ts';
import { CachedAnswers, type Asked } from './cached-answers.ts';
import { clientBacklogMax, type Backend, type BackendClient } from './backend.ts';
import { owed, type Note, type PreparedBefore } from './expected-answers.ts';
import type { ScopedSettings } from '../config/scoped-settings.ts';
import { settingPrefix } from '../config/session-settings.ts';
import { ClientStatements, type Prepared } from './client-statements.ts';
import { leanSocket } from './lean-socket.ts';
import { Outbox } from './outbox.ts';
import { ClientWork } from '../scheduling/classifier.ts';
import { AskedProcesses } from './asked-processes.ts';
import type { ClientHost, ClientOptions, Pooled, PoolMode } from './client-options.ts';
import { ClientSettings } from './client-settings.ts';
import { asksProcess } from './process-ids.ts';
import { Request, type Analysed, type Asked as AskedText, type RequestObserver } from './request.ts';
import type { Settings } from './settings.ts';
import { forgetsAll, SessionWatch, type Watched } from './session-watch.ts';

/** Why a client is not read. */
const paused = { forBackend: 1, forBacklog: 2 } as const;
/** In place of a statement that is to fail: an error of the server's own, so that it takes back and passes over what it would then. */
const unknownStatement = 'pgproxy';
/** What a client that waits may send ahead. */
const waitingBytesMax = 64 * 1024;

/** In statement mode; PgBouncer's words. */
const noTransactions: WireFault = {
  sqlstate: '0A000',
  message: 'transaction blocks not allowed in statement pooling mode',
};

/** As PostgreSQL says it when it is shut down. */
export const departed: WireFault = {
  sqlstate: '57P01',
  message: 'terminating connection due to administrator command',
};

/**
 * A client that is logged in. Reads its messages by their headers, has a backend for as long as a transaction lasts (or what
 * a session has left behind, or the session), and passes on byte ranges. What is rewritten are names of prepared
 * statements, which all clients share; nothing else.
 */
export class Client implements BackendClient {
  readonly socket: Socket;
  readonly outbox: Outbox;
  readonly user: string;
  readonly database: string;
  readonly mode: PoolMode;
  pooled!: Pooled;
  /** Of its cancel key. */
  processId = 0;
  /** When it came in, or gave back its last backend. */
  restedAtMs = 0;
  /** What the configuration and its session say to it. */
  scoped!: ScopedSettings;
  /** What is known of its work. */
  readonly work = new ClientWork();
  backend: Backend | undefined;
  readonly #host: ClientHost;
  readonly #startReading: () => void;
  /** The text of the message at hand, once it has been looked at. */
  #askedAtHand: AskedText | undefined;
  /** Where bytes of the chunk at hand went. */
  #passedTo: Outbox | undefined;
  readonly #framer = new Framer(frontendSession);
  readonly #statements: ClientStatements;
  readonly #settings: ClientSettings;
  readonly #watch: SessionWatch;
  readonly #analyser: SqlAnalyser;
  #observer: RequestObserver | undefined;
  readonly #local: LocalTables | undefined;
  #cache: ClientCache | undefined;
  readonly #cachedAnswers: CachedAnswers;
  /** It has sent what takes away all that is prepared: what comes behind that is looked at when it has run. */
  #mayForget = false;
  #isHeld = false;
  /** Ends the wait for an answer that somebody else has asked for. */
  #stopAwaiting: (() => void) | undefined;
  /** When the chunk at hand came, or what waited went on. */
  #readAt = 0;
  /** When it asked for the backend that it has, and when it had it. */
  #askedAt = 0;
  #attachedAt = 0;
  #pausedFor = 0;
  /** The message of which pieces still come is passed on. */
  #isPassing = false;
  #isPinned = false;
  /** An error of ours in the extended protocol: all up to Sync is passed over. */
  #isSkipping = false;
  #isWorking = false;
  #wait: 'none' | 'asking' | 'waiting' = 'none';
  #hasLeft = false;
  #heardAfter: ((chunk: Buffer) => void) | undefined;
  #learner: ((learnt: ReadonlyMap<string, string> | Report) => void) | undefined;
  /** Waits until it has a backend, or has been refused one. */
  #holder: (() => void) | undefined;
  readonly #processes: AskedProcesses;

  constructor(options: ClientOptions) {
    const { socket, start } = leanSocket(options.socket, (memory, bytes) => this.#read(memory, bytes));
    this.socket = socket;
    this.#startReading = start;
    for (const end of ['end', 'error', 'close']) this.socket.on(end, () => this.leave());
    this.outbox = new Outbox(socket);
    this.user = options.user;
    this.database = options.database;
    this.mode = options.mode;
    this.#watch = new SessionWatch(options);
    this.#settings = new ClientSettings(options.settings, this.#watch);
    this.#processes = new AskedProcesses(options.host);
    this.#analyser = options.analyser;
    this.#observer = options.observer;
    this.#cache = options.cacheOf?.(this.outbox);
    this.#host = options.host;
    this.#local = options.local?.((message) => this.outbox.push(message));
    const wire = {
      outbox: this.outbox,
      pass: (start: number) => this.#pass(start),
      malformed: () => this.end(malformed),
      awaitsProcess: () => this.#awaitsProcess(),
      searchPath: () => this.#settings.searchPath,
      noteOf: (watched: Watched | undefined, prepared: Prepared) =>
        this.#noteOf('execute', prepared.text, watched, prepared),
    };
    this.#statements = new ClientStatements({
      ...{ wire, watch: this.#watch, statements: options.statements, isAlone: options.mode === 'session' },
    });
    this.#statements.isObserved = options.observer !== undefined;
    this.#cachedAnswers = new CachedAnswers({
      ...{ framer: this.#framer, statements: this.#statements, analyser: options.analyser, outbox: this.outbox },
    });
  }

  /** Other caches, from the next request on. */
  keep({ observer, cacheOf }: Pick<ClientOptions, 'observer' | 'cacheOf'>): void {
    this.#cache?.abandon();
    this.#observer = observer;
    this.#statements.isObserved = observer !== undefined;
    this.#cache = cacheOf?.(this.outbox);
  }

  /** From now on the socket is read here. */
  start(): void {
    this.socket.on('drain', () => this.backend?.resume());
    this.#startReading();
  }

  /**
   * Takes a backend for long enough to learn what it reports with this client's settings, or why it does not take them. In session
   * mode it keeps it.
   */
  learn(then: (learnt: ReadonlyMap<string, string> | Report) => void): void {
    this.#learner = then;
    this.#readAt = this.#host.now();
    if (this.#obtain()) this.#learnFrom();
  }

  #learnFrom(): void {
    const { backend } = this;
    if (backend === undefined) return;
    backend.outbox.send();
    backend.check((isOk) => {
      const learner = this.#learner;
      this.#learner = undefined;
      if (!isOk || learner === undefined || this.backend !== backend) return;
      const refused = backend.refusedSettings();
      const parameters = new Map(backend.parameters);
      if (this.mode === 'session' && refused === undefined) return learner(parameters);
      this.#detach(backend);
      this.#host.checkin(this.pooled, refused === undefined ? 'clean' : 'reset', this.#host.now());
      learner(refused ?? parameters);
    });
  }

  get settings(): Settings {
    return this.#settings.current;
  }

  get settingsKey(): string {
    return this.#settings.key;
  }

  get isPinned(): boolean {
    return this.#isPinned;
  }

  /** When it was last heard of, by itself or by its backend. */
  get heardAtMs(): number {
    return Math.max(this.restedAtMs, this.#readAt, this.backend?.heardAtMs ?? 0);
  }

  /** Nothing of it is under way. */
  get isIdle(): boolean {
    return this.#wait === 'none' && this.#learner === undefined && this.backend?.isIdle !== false;
  }

  get isWaiting(): boolean {
    return this.#wait === 'waiting';
  }

  /** The pool gives it a backend that it has waited for. */
  granted(backend: Backend): void {
    this.#attach(backend);
    if (this.#wait === 'asking') return;
    this.#wait = 'none';
    if (this.#learner !== undefined) return this.#learnFrom();
    if (this.#holder !== undefined) this.#held();
    else this.#takeAgain();
    this.#goOn();
  }

  /** The message at hand has waited. */
  #takeAgain(): void {
    this.#isWorking = true;
    this.#take();
    this.#isWorking = false;
  }

  /** Somebody asks the server about its process, so it gets one and keeps it. Undefined: `then` comes later, or never. */
  hold(then: () => void): Backend | undefined {
    if (this.backend !== undefined || !this.isQuiet || this.mode === 'statement') return this.backend;
    this.#wait = 'asking';
    this.#holder = then;
    const backend = this.#host.checkout(this, undefined, this.#host.now());
    if (backend !== undefined) this.#attach(backend);
    this.#asked();
    if (!this.isWaiting) this.#held();
    return this.backend;
  }

  #held(): void {
    const then = this.#holder;
    this.#holder = undefined;
    if (then !== undefined && this.backend !== undefined) this.#keep(this.backend);
    then?.();
  }

  #keep(backend: Backend): void {
    backend.outbox.send();
    if (this.mode === 'session') return;
    this.#watch.showProcess();
    this.#isPinned = true;
    this.#host.pin(this.pooled);
  }

  get awaitsBackend(): boolean {
    return this.#holder !== undefined;
  }

  /** Process ids of clients in the message at hand become those of their backends. True: one must get a backend first. */
  #awaitsProcess(): boolean {
    const { upstream } = this.pooled.pool.name;
    if (!this.#processes.mustWait(this.#framer, upstream, () => this.#goOnAsking())) return false;
    this.#wait = 'waiting';
    this.#stopAwaiting = () => this.#processes.forget();
    return true;
  }

  #goOnAsking(): void {
    if (this.#hasLeft || !this.isWaiting || !this.#processes.isWaiting) return;
    this.#stopAwaiting = undefined;
    this.#wait = 'none';
    this.#readAt = this.#host.now();
    this.#takeAgain();
    this.#goOn();
  }

  /** The pool gives it none. */
  refused(report: Report): void {
    if (this.#hasLeft) return;
    this.#isHeld = false;
    const isAsking = this.#wait === 'asking';
    this.#wait = 'none';
    if (this.#learner !== undefined) return this.#learner(report);
    if (this.#holder !== undefined) {
      this.#held();
      return isAsking ? undefined : this.#goOn();
    }
    this.#cache?.abandon();
    this.#observer?.refused?.(this, report.sqlstate);
    this.#failHere(report);
    if (!isAsking) this.#goOn();
  }

  /** It no longer wants what it waits for. */
  waitCancelled(report: Report): void {
    if (!this.isWaiting || this.#learner !== undefined) return;
    if (this.#stopAwaiting === undefined) this.#host.waitNoLonger(this);
    this.#awaitNoLonger();
    this.refused(report);
  }

  tell(notice: Buffer): void {
    this.outbox.push(notice);
    this.outbox.send();
  }

  /** Its backend is gone. */
  lost(): void {
    const hasBeenTold = this.backend?.isDoomed === true;
    this.backend = undefined;
    if (hasBeenTold) this.#part();
    else this.end({ sqlstate: '08006', message: 'server closed the connection unexpectedly' });
  }

  /** Tells the client why, and closes. */
  end(fault: WireFault | Report): void {
    if (this.#hasLeft) return;
    this.outbox.push(errorResponse({ ...fault, severity: 'FATAL' }));
    this.outbox.send();
    this.#part();
  }

  /** The client is gone, or goes now: what it has goes back. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#cache?.abandon();
    this.#awaitNoLonger();
    this.#statements.clear();
    const backend = this.backend;
    if (backend !== undefined) this.#giveBack(backend);
    this.#host.left(this);
    this.socket.end();
    this.#held();
  }

  /** Nothing that it has asked is under way. */
  get isQuiet(): boolean {
    if (this.#hasLeft || this.#isSkipping || this.#wait !== 'none' || this.#learner !== undefined) return false;
    return this.#framer.unread === 0 && (this.backend === undefined || this.backend.isIdle);
  }

  /** The proxy is to end, and nothing of this client is under way: it is told, and its socket stays open for what it had not read. */
  depart(heardAfter: (chunk: Buffer) => void): void {
    this.#heardAfter = heardAfter;
    this.outbox.push(errorResponse({ ...departed, severity: 'FATAL' }));
    this.outbox.send();
    this.leave();
    this.socket.resume();
  }

  atRest(nowMs: number): void {
    const { backend } = this;
    if (backend === undefined) return;
    if (this.mode === 'session' || this.#isPinned) return this.#host.atBoundary ? this.#host.rested(this) : undefined;
    // A cancel on its way must reach the statement that it was meant for, or nothing.
    if (backend.cancelling > 0) return;
    if (this.#isPassing && !this.#framer.isLast) return;
    this.#detach(backend);
    this.#host.checkin(this.pooled, 'clean', nowMs);
  }

  forgot(before: PreparedBefore | undefined): void {
    this.#statements.forgot(before?.names);
    if (this.#isHeld) this.#holdNoLonger();
  }

  nameOf(name: string): string | undefined {
    return this.#statements.nameOf(name);
  }

  failed(note: Note | undefined, sqlstate: string | undefined): void {
    this.#watch.failed((note as Request | undefined)?.watched);
    if (this.#isHeld) this.#holdNoLonger();
    if (sqlstate !== undefined) this.#observer?.refused?.(this, sqlstate);
  }

  settled(status: TransactionStatus): void {
    if (this.#isHeld) this.#holdNoLonger();
    this.#cache?.settled(status === transactionStatus.idle, this.pooled.pool.name.upstream);
    if (this.mode === 'statement' && status !== transactionStatus.idle) return this.end(noTransactions);
    if (status === transactionStatus.idle) this.#statements.transactionEnded();
    if (status === transactionStatus.idle && this.backend?.redefined !== undefined) {
      this.#host.redefined(this, this.backend.redefined);
      this.backend.redefined = undefined;
    }
    if (this.#host.atBoundary) this.#holdBack();
    if (!this.#watch.isActive) return;
    const { isEmpty = false, isOpen = false } = this.backend?.expected ?? {};
    if (isEmpty && !isOpen && this.#watch.takeReset()) this.#setAgain(status);
    this.#watch.settled(status);
    if (status === transactionStatus.idle) this.#followSession();
  }

  #setAgain(status: TransactionStatus): void {
    const lost = this.#settings.lostByReset;
    if (lost.size > 0 && status !== transactionStatus.failed) this.backend?.setAgain(lost);
  }

  /** What it is told in a moment goes in one packet with this answer. */
  #holdBack(): void {
    this.socket.cork();
    process.nextTick(() => this.socket.uncork());
  }

  /** At the end of a transaction: what it has set goes with the client, and what cannot keeps the backend. */
  #followSession(): void {
    this.#settings.follow(this.backend);
    this.#host.followed(this);
    const isPinned = this.#watch.pins.length > 0 || this.#statements.hasOwn;
    if (isPinned === this.#isPinned) return;
    this.#isPinned = isPinned;
    if (isPinned) this.#host.pin(this.pooled);
    else this.#host.unpin(this.pooled);
  }

  #giveBack(backend: Backend): void {
    // A KILL has taken it away.
    if (this.pooled.backend === undefined) return this.#detach(backend);
    const isMidMessage = this.#isPassing && !this.#framer.isLast;
    // A Sync of ours would commit what the client has not.
    const isUnfinished = isMidMessage || backend.expected.isOpen;
    const isClean = backend.isIdle && !this.#isPinned && this.mode !== 'session' && !isMidMessage;
    if (!backend.expected.isEmpty || isMidMessage) this.#host.cancel(backend);
    backend.isSoiled ||= this.#isPinned || this.#watch.isActive || this.mode === 'session';
    this.#detach(backend);
    this.#host.checkin(this.pooled, isUnfinished ? 'client_lost' : isClean ? 'clean' : 'reset', this.#host.now());
  }

  #part(): void {
    this.leave();
    this.socket.destroySoon();
  }

  /** True: nothing refers to the chunk any more. */
  #read(memory: Buffer, bytes: number): boolean {
    if (this.#hasLeft) {
      this.#heardAfter?.(memory.subarray(0, bytes));
      return true;
    }
    this.#readAt = this.#host.now();
    this.#passedTo = undefined;
    this.#framer.feed(memory, bytes);
    if (!this.isWaiting) this.#work();
    // It is read on a little, because that is how one learns that it is gone.
    else if (this.#framer.unread > waitingBytesMax) this.#pause(paused.forBackend);
    // A message that waits for a backend is looked at again.
    return !this.isWaiting && this.#framer.unread === 0 && !this.#isStillPassing();
  }

  #isStillPassing(): boolean {
    return this.#passedTo?.isPending === true;
  }

  /** What lies behind the message that has waited. */
  #goOn(): void {
    this.#resume(paused.forBackend);
    this.#work();
  }

  #work(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (!this.isWaiting && !this.#hasLeft && this.#framer.next()) this.#take();
    this.#isWorking = false;
    this.#send();
    if (this.#framer.fault !== undefined) this.end(this.#framer.fault);
  }

  #send(): void {
    const { backend } = this;
    if (backend !== undefined) {
      backend.outbox.send();
      if (backend.outbox.backlog > clientBacklogMax) this.#pause(paused.forBacklog);
    }
    this.outbox.send();
  }

  #pause(why: number): void {
    if (this.#pausedFor === 0) this.socket.pause();
    this.#pausedFor |= why;
  }

  #resume(why: number): void {
    if (this.#pausedFor === 0) return;
    this.#pausedFor &= ~why;
    if (this.#pausedFor === 0) this.socket.resume();
  }

  /** One message, or a piece of one. */
  #take(): void {
    const framer = this.#framer;
    if (!framer.isFirst) {
      if (this.#isPassing) this.#pass();
      return;
    }
    this.#isPassing = false;
    this.#askedAtHand = undefined;
    this.#statements.bindAtHand = undefined;
    switch (framer.type) {
      case from.terminate:
        return this.#part();
      case from.sync:
        return this.#sync();
      case from.flush:
        return this.backend === undefined ? undefined : this.#pass();
      case from.copyData:
      case from.copyDone:
      case from.copyFail:
        return this.#copy();
      default:
        return this.#request();
    }
  }

  #pass(start = this.#framer.start): void {
    this.#isPassing = true;
    const outbox = this.backend?.outbox;
    this.#passedTo = outbox;
    outbox?.range(this.#framer.buffer, start, this.#framer.end);
  }

  #sync(): void {
    const { backend } = this;
    if (this.#isSkipping || backend === undefined) {
      this.#isSkipping = false;
      this.outbox.push(readyForQuery(transactionStatus.idle));
      return;
    }
    // A server that takes data in passes over it.
    if (!backend.isCopyIn) backend.expected.push(owed.sync);
    this.#pass();
  }

  #copy(): void {
    const { backend } = this;
    // What a client still sends after its COPY has failed reaches nobody.
    if (backend?.isCopyIn !== true) return;
    if (this.#framer.type !== from.copyData) backend.isCopyIn = false;
    this.#pass();
  }

  /** Messages that only a backend can answer, or nearly. */
  #request(): void {
    if (this.#isSkipping || (this.#local !== undefined && this.#isLocal(this.#local))) return;
    if (this.#mayForget && this.#isHeldBack()) return;
    if (this.backend === undefined) {
      if (this.#framer.type === from.close && this.#statements.closeAlone(this.#framer)) return;
      if (this.#cache !== undefined && this.#isKnown(this.#cache)) return;
      if (!this.#obtain(this.#askedText())) return;
    }
    if (this.backend !== undefined) this.#ask(this.backend);
  }

  /** Names and statements mean what they do when DEALLOCATE ALL or DISCARD ALL has run. */
  #isHeldBack(): boolean {
    const { backend } = this;
    this.#mayForget = backend?.expected.forgets === true;
    if (!this.#mayForget) return false;
    // Without a Sync the server would keep its answer to itself.
    backend?.outbox.push(flush());
    this.#isHeld = true;
    this.#wait = 'waiting';
    return true;
  }

  #holdNoLonger(): void {
    if (this.backend?.expected.forgets === true) return;
    // Behind the answer that is being read.
    process.nextTick(() => {
      if (!this.#isHeld || this.#hasLeft) return;
      this.#isHeld = false;
      this.#wait = 'none';
      this.#takeAgain();
      this.#goOn();
    });
  }

  /** What reads the proxy's own tables needs no backend. */
  #isLocal(local: LocalTables): boolean {
    if (this.backend?.isIdle === false) return false;
    const taken = local.take(this.#framer);
    if (taken === 'malformed') this.end(malformed);
    if (taken === 'failed') this.#isSkipping = true;
    return taken !== 'elsewhere';
  }

  /** True: what is asked has been answered, or somebody else has asked the same and his answer is waited for. */
  #isKnown(cache: ClientCache): boolean {
    const asked = this.#cachedAnswers.asked();
    if (asked === undefined) return false;
    const found = cache.lookUp(asked.question, {
      settings: this.settingsKey,
      then: (answer, shed) => this.#awaited(asked, answer, shed),
      shed: () => this.#host.shedOf(this, { text: asked.question.text, isWhole: true, analysis: undefined }),
    });
    switch (found?.kind) {
      case 'hit':
        this.#answerHere(asked, found.answer);
        return true;
      case 'awaited':
        this.#wait = 'waiting';
        this.#stopAwaiting = () => found.stopWaiting();
        return true;
      case 'shed':
        this.#wait = 'asking';
        this.refused(found.report);
        return true;
      default:
        return false;
    }
  }

  #answerHere(asked: Asked, answer: Answer): void {
    this.#cachedAnswers.answer(asked, answer);
    const request = this.#noteOf(asked.kind, asked.question.text, undefined, asked.prepared);
    if (request === undefined) return;
    request.firstAt = this.#readAt;
    request.bytes = answer.bytes.length;
    request.completed(answer.tag);
    request.ended(this.#readAt);
  }

  /** What somebody else has asked for is there; or it will not be, and this one asks himself. */
  #awaited(asked: Asked, answer: Answer | undefined, shed: Report | undefined): void {
    this.#stopAwaiting = undefined;
    if (this.#hasLeft) return;
    this.#wait = 'none';
    this.#readAt = this.#host.now();
    if (shed !== undefined) return this.refused(shed);
    if (answer !== undefined) this.#answerHere(asked, answer);
    else if (this.#obtain() && this.backend !== undefined) this.#ask(this.backend);
    if (!this.isWaiting) this.#goOn();
  }

  #awaitNoLonger(): void {
    this.#stopAwaiting?.();
    this.#stopAwaiting = undefined;
  }

  /** False: it waits, or was refused. The pool may grant or refuse while it is asked. */
  #obtain(asked?: AskedText): boolean {
    this.#wait = 'asking';
    this.#askedAt = this.#readAt;
    const backend = this.#host.checkout(this, asked, this.#readAt);
    if (backend !== undefined) this.#attach(backend);
    this.#asked();
    if (this.isWaiting && this.#learner === undefined) this.#host.waits(this, this.#textAtHand());
    return this.backend !== undefined;
  }

  /** Of a message that may hold hints; others have none. */
  #textAtHand(): string {
    const { type, buffer, start, end } = this.#framer;
    if (type === from.query) return this.#queryText();
    if (type !== from.parse) return '';
    const [, text = ''] = buffer.toString('latin1', start + 5, end).split('\0', 2);
    return text;
  }

  /** What the message at hand wants to be run, where it says so. */
  #askedText(): AskedText | undefined {
    const framer = this.#framer;
    const { isLast: isWhole } = framer;
    const asked =
      framer.type === from.query
        ? { text: this.#queryText(), isWhole, analysis: undefined }
        : this.#statements.asked(framer);
    this.#askedAtHand = asked;
    return asked;
  }

  #asked(): void {
    if (this.#wait === 'asking') this.#wait = this.backend === undefined ? 'waiting' : 'none';
  }

  #ask(backend: Backend): void {
    const framer = this.#framer;
    const statements = this.#statements;
    switch (framer.type) {
      case from.query:
        return this.#query(backend);
      case from.parse:
        return statements.parse(framer, backend, this.#askedAtHand);
      case from.bind:
        return statements.bind(framer, backend);
      case from.describe:
        return statements.describe(framer, backend);
      case from.close:
        return statements.close(framer, backend);
      case from.execute:
        return statements.execute(framer, backend);
      default:
        this.#observer?.called?.(backend);
        if (backend.expected.push(owed.call)) this.#pass();
    }
  }

  #attach(backend: Backend): void {
    this.backend = backend;
    this.#attachedAt = this.isWaiting ? this.#host.now() : this.#readAt;
    backend.onDrain = () => this.#resume(paused.forBacklog);
    backend.attach(this, this.settings, this.settingsKey);
  }

  #detach(backend: Backend): void {
    this.backend = undefined;
    backend.detach();
    this.#resume(paused.forBacklog);
  }

  #query(backend: Backend): void {
    const asked = this.#askedAtHand ?? { text: this.#queryText(), isWhole: this.#framer.isLast, analysis: undefined };
    const { text } = asked;
    if (asksProcess(text) && this.#awaitsProcess()) return;
    // In session mode only what the proxy itself must know of is followed.
    const isFollowed = this.mode !== 'session' || this.#watch.isActive || text.includes(settingPrefix);
    const watched = isFollowed ? this.#watch.look(text, backend.status, asked) : undefined;
    if (watched !== undefined) {
      if (this.#isDeallocated(watched, backend)) return;
      if (this.mode !== 'session') this.#statements.show(watched.shows, backend, false);
    }
    const note = this.#noteOf('query', text, watched, asked);
    if (!backend.expected.push(owed.query, undefined, note)) return;
    this.#statements.forgetUnnamed(backend);
    if (note?.fault === undefined) this.#pass();
    else backend.outbox.push(query(unknownStatement));
  }

  /** In latin1. */
  #queryText(): string {
    const { buffer, start, end } = this.#framer;
    return buffer.toString('latin1', start + 5, end - 1);
  }

  /** Undefined where nobody follows what becomes of it. */
  #noteOf(kind: Request['kind'], text: string, watched?: Watched, prepared?: Analysed): Request | undefined {
    const observer = this.#observer;
    if (observer === undefined && watched === undefined && !text.includes(settingPrefix)) return undefined;
    const request = new Request({
      from: this,
      backend: this.backend,
      kind,
      text,
      watched,
      prepared,
      observer,
      before: watched !== undefined && forgetsAll(watched) ? this.#preparedBefore() : undefined,
      workClass: this.pooled.workClass,
      analyser: this.#analyser,
      watch: this.#watch,
      isWhole: kind === 'execute' || this.#framer.isLast,
    });
    this.#mayForget ||= request.before !== undefined;
    // What waited for a backend waited with the first of its messages.
    request.receivedAt = this.#attachedAt > this.#readAt ? this.#askedAt : this.#readAt;
    request.backendAt = Math.max(this.#attachedAt, request.receivedAt);
    observer?.sent?.(request);
    return request;
  }

  #preparedBefore(): PreparedBefore {
    return { names: this.#statements.names(), statements: this.backend?.prepared.all() ?? [] };
  }

  /** DEALLOCATE of a statement that was prepared by the protocol, as some drivers do it: its name is known here only. */
  #isDeallocated({ statements }: Watched, backend: Backend): boolean {
    const effect = statements !== 'unread' && statements.length === 1 ? statements[0]?.effects[0] : undefined;
    if (effect?.kind !== 'deallocate' || effect.name === undefined || !this.#statements.has(effect.name)) return false;
    const { isEmpty, isOpen } = backend.expected;
    if (!isEmpty || isOpen || backend.status === transactionStatus.failed) return false;
    this.#statements.forget(effect.name);
    this.outbox.push(commandComplete('DEALLOCATE'));
    this.outbox.push(readyForQuery(backend.status));
    this.settled(backend.status);
    if (backend.isIdle) this.atRest(this.#readAt);
    return true;
  }

  /** An error of the proxy's own, in answer to the message at hand; no backend is involved. */
  #failHere(report: Report): void {
    const { type } = this.#framer;
    this.#isPassing = false;
    this.outbox.push(errorResponse(report));
    if (type === from.query || type === from.functionCall) this.outbox.push(readyForQuery(transactionStatus.idle));
    else this.#isSkipping = true;
    this.outbox.send();
  }
}
