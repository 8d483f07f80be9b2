import {
  bindHeadAs,
  closeComplete,
  errorResponse,
  Framer,
  frontend as from,
  frontendSession,
  malformed,
  parameterStatus,
  parseAs,
  parseComplete,
  parseKey,
  readBindHead,
  readNamed,
  readyForQuery,
  transactionStatus,
  describe,
  close,
  commandComplete,
  readBind,
  readExecute,
  type Bind,
  type BindHead,
  type Report,
  type TransactionStatus,
  type WireFault,
} from '@medrex/pg-wire';
import type { PooledClient } from '@medrex/pool';
import type { Bound, SqlAnalyser } from '@medrex/sql';
import type { Socket } from 'node:net';
import { clientBacklogMax, type Backend, type BackendClient } from './backend.ts';
import { local, owed, unasked } from './expected-answers.ts';
import { controlsTransaction, leavesState } from './leaves-state.ts';
import { Outbox } from './outbox.ts';
import { settingsKey, type Settings } from './settings.ts';
import { SessionWatch, type Watched } from './session-watch.ts';
import { statementPrefix, type Statement, type Statements } from './statements.ts';

export type PoolMode = 'session' | 'transaction';
export type Pooled = PooledClient<Client, Backend>;

/** What a client asks of the proxy. */
export interface ClientHost {
  /** A backend, or undefined: it waits for `granted` or `refused`. */
  checkout(pooled: Pooled): Backend | undefined;
  checkin(pooled: Pooled, fate: 'clean' | 'reset' | 'client_lost'): void;
  pin(pooled: Pooled): void;
  unpin(pooled: Pooled): void;
  /** Ends what its backend is doing. */
  cancel(backend: Backend): void;
  left(client: Client): void;
  /** It is still there, and waits for no backend. */
  waitNoLonger(client: Client): void;
}

export interface ClientOptions {
  readonly socket: Socket;
  readonly mode: PoolMode;
  readonly settings: Settings;
  readonly statements: Statements;
  readonly analyser: SqlAnalyser;
  readonly host: ClientHost;
  readonly user: string;
  readonly database: string;
}

/** Why a client is not read. */
const paused = { forBackend: 1, forBacklog: 2 } as const;
/** What a client that waits may send ahead. */
const waitingBytesMax = 64 * 1024;

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
  settings: Settings;
  settingsKey: string;
  pooled!: Pooled;
  /** Of its cancel key. */
  processId = 0;
  backend: Backend | undefined;
  readonly #host: ClientHost;
  readonly #framer = new Framer(frontendSession);
  readonly #statements: Statements;
  readonly #startSettings: Settings;
  readonly #watch: SessionWatch;
  /** What portals run that must be followed. */
  readonly #portals = new Map<string, Watched>();
  readonly #names = new Map<string, Statement>();
  /** The Parse of the unnamed statement, while it counts. */
  #unnamed: Buffer | undefined;
  #mayUnnamedLeave = false;
  /** It still lies in the chunk in which it came, and would keep all of that. */
  #isUnnamedInChunk = false;
  #pausedFor = 0;
  /** The message of which pieces still come is passed on. */
  #isPassing = false;
  #isPinned = false;
  /** An error of ours in the extended protocol: all up to Sync is passed over. */
  #isSkipping = false;
  #isWorking = false;
  #wait: 'none' | 'asking' | 'waiting' = 'none';
  #hasLeft = false;
  #learner: ((learnt: ReadonlyMap<string, string> | Report) => void) | undefined;

  constructor(options: ClientOptions) {
    this.socket = options.socket;
    for (const end of ['end', 'error', 'close']) this.socket.on(end, () => this.leave());
    this.outbox = new Outbox(options.socket);
    this.user = options.user;
    this.database = options.database;
    this.mode = options.mode;
    this.settings = options.settings;
    this.settingsKey = settingsKey(options.settings);
    this.#startSettings = options.settings;
    this.#watch = new SessionWatch(options.analyser);
    this.#host = options.host;
    this.#statements = options.statements;
  }

  /** From now on the socket is read here. */
  start(): void {
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.backend?.resume());
    socket.resume();
  }

  /** Takes a backend for long enough to learn what it reports with this client's settings, or why it does not take them. */
  learn(then: (learnt: ReadonlyMap<string, string> | Report) => void): void {
    this.#learner = then;
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
      this.#detach(backend);
      this.#host.checkin(this.pooled, refused === undefined ? 'clean' : 'reset');
      learner(refused ?? parameters);
    });
  }

  get isPinned(): boolean {
    return this.#isPinned;
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
    this.#isWorking = true;
    this.#take();
    this.#isWorking = false;
    this.#goOn();
  }

  /** The pool gives it none. */
  refused(report: Report): void {
    if (this.#hasLeft) return;
    const isAsking = this.#wait === 'asking';
    this.#wait = 'none';
    if (this.#learner !== undefined) return this.#learner(report);
    this.#failHere(report);
    if (!isAsking) this.#goOn();
  }

  /** It no longer wants what it waits for. */
  waitCancelled(report: Report): void {
    if (!this.isWaiting || this.#learner !== undefined) return;
    this.#host.waitNoLonger(this);
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
    for (const statement of this.#names.values()) this.#statements.release(statement);
    this.#names.clear();
    const backend = this.backend;
    if (backend !== undefined) this.#giveBack(backend);
    this.#host.left(this);
    this.socket.end();
  }

  atRest(): void {
    const { backend } = this;
    if (backend === undefined || this.mode === 'session' || this.#isPinned) return;
    // A cancel on its way must reach the statement that it was meant for, or nothing.
    if (backend.cancelling > 0) return;
    if (this.#isPassing && !this.#framer.isLast) return;
    if (this.#isUnnamedInChunk && this.#unnamed !== undefined) this.#unnamed = Buffer.from(this.#unnamed);
    this.#isUnnamedInChunk = false;
    this.#detach(backend);
    this.#host.checkin(this.pooled, 'clean');
  }

  forgot(): void {
    for (const statement of this.#names.values()) this.#statements.release(statement);
    this.#names.clear();
    this.#unnamed = undefined;
  }

  completed(note: object, tag: string): void {
    this.#watch.completed(note as Watched, tag);
  }

  failed(note: object | undefined): void {
    this.#watch.failed(note as Watched | undefined);
  }

  settled(status: TransactionStatus): void {
    if (status === transactionStatus.idle) this.#portals.clear();
    if (!this.#watch.isActive) return;
    this.#watch.settled(letterOf(status));
    if (status === transactionStatus.idle) this.#followSession();
  }

  /** At the end of a transaction: what it has set goes with the client, and what cannot keeps the backend. */
  #followSession(): void {
    const settings = new Map(this.#startSettings);
    for (const [name, value] of this.#watch.parameters) if (value !== undefined) settings.set(name, value);
    this.settings = settings;
    this.settingsKey = settingsKey(settings);
    this.backend?.settingsTouched();
    const isPinned = this.#watch.pins.length > 0;
    if (isPinned === this.#isPinned) return;
    this.#isPinned = isPinned;
    if (isPinned) this.#host.pin(this.pooled);
    else this.#host.unpin(this.pooled);
  }

  nameOf(name: string): string | undefined {
    for (const [own, statement] of this.#names) if (statement.name === name) return own;
    return undefined;
  }

  #giveBack(backend: Backend): void {
    // A KILL has taken it away.
    if (this.pooled.backend === undefined) return this.#detach(backend);
    const isMidMessage = this.#isPassing && !this.#framer.isLast;
    const isClean = backend.isIdle && !this.#isPinned && this.mode === 'transaction' && !isMidMessage;
    if (!backend.expected.isEmpty || isMidMessage) this.#host.cancel(backend);
    backend.isSoiled ||= this.#isPinned || this.#watch.isActive || this.mode === 'session';
    this.#detach(backend);
    this.#host.checkin(this.pooled, isMidMessage ? 'client_lost' : isClean ? 'clean' : 'reset');
  }

  #part(): void {
    this.leave();
    this.socket.destroySoon();
  }

  #read(chunk: Buffer): void {
    if (this.#hasLeft) return;
    this.#framer.feed(chunk);
    if (!this.isWaiting) this.#work();
    // It is read on a little, because that is how one learns that it is gone.
    else if (this.#framer.unread > waitingBytesMax) this.#pause(paused.forBackend);
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

  #pass(): void {
    const framer = this.#framer;
    this.#isPassing = true;
    this.backend?.outbox.range(framer.buffer, framer.start, framer.end);
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
    if (this.#isSkipping) return;
    if (this.backend === undefined) {
      if (this.#framer.type === from.close && this.#closeAlone()) return;
      if (!this.#obtain()) return;
    }
    if (this.backend !== undefined) this.#ask(this.backend);
  }

  /** False: it waits, or was refused. The pool may grant or refuse while it is asked. */
  #obtain(): boolean {
    this.#wait = 'asking';
    const backend = this.#host.checkout(this.pooled);
    if (backend !== undefined) this.#attach(backend);
    this.#asked();
    return this.backend !== undefined;
  }

  #asked(): void {
    if (this.#wait === 'asking') this.#wait = this.backend === undefined ? 'waiting' : 'none';
  }

  #ask(backend: Backend): void {
    const { expected } = backend;
    switch (this.#framer.type) {
      case from.query:
        return this.#query(backend);
      case from.parse:
        return this.#parse(backend);
      case from.bind:
        return this.#bind(backend);
      case from.describe:
        return this.#describe(backend);
      case from.close:
        return this.#close(backend);
      case from.execute:
        return this.#execute(backend);
      default:
        if (expected.push(owed.call)) this.#pass();
    }
  }

  #attach(backend: Backend): void {
    this.backend = backend;
    backend.onDrain = () => this.#resume(paused.forBacklog);
    backend.attach(this, this.settings, this.settingsKey);
  }

  #detach(backend: Backend): void {
    this.backend = undefined;
    backend.detach();
    this.#resume(paused.forBacklog);
  }

  #query(backend: Backend): void {
    const { buffer, start, end } = this.#framer;
    const watched =
      this.mode === 'session' ? undefined : this.#look(buffer.toString('latin1', start + 5, end - 1), backend);
    if (watched !== undefined && this.#isDeallocated(watched, backend)) return;
    if (!backend.expected.push(owed.query, undefined, watched)) return;
    this.#unnamed = undefined;
    backend.unnamedOf = undefined;
    this.#pass();
  }

  /** What of a text must be followed; undefined for nearly everything. */
  #look(text: string, backend: Backend, mayLeave = leavesState(text), bound?: Bound): Watched | undefined {
    if (!mayLeave && !(this.#watch.isActive && controlsTransaction(text))) return undefined;
    return this.#watch.look(text, letterOf(backend.status), bound);
  }

  /** DEALLOCATE of a statement that was prepared by the protocol, as some drivers do it: its name is known here only. */
  #isDeallocated({ statements }: Watched, backend: Backend): boolean {
    const effect = statements !== 'unread' && statements.length === 1 ? statements[0]?.effects[0] : undefined;
    if (effect?.kind !== 'deallocate' || effect.name === undefined || !this.#names.has(effect.name)) return false;
    if (!backend.expected.isEmpty || backend.status === transactionStatus.failed) return false;
    this.#forget(effect.name);
    this.outbox.push(commandComplete('DEALLOCATE'));
    this.outbox.push(readyForQuery(backend.status));
    this.settled(backend.status);
    if (backend.isIdle) this.atRest();
    return true;
  }

  #parse(backend: Backend): void {
    const { buffer, start, end } = this.#framer;
    const nameEnd = buffer.indexOf(0, start + 5);
    if (nameEnd < 0 || nameEnd >= end) return this.end(malformed);
    if (nameEnd === start + 5) return this.#parseUnnamed(backend);
    if (this.mode === 'session') {
      if (backend.expected.push(owed.parse)) this.#pass();
      return;
    }
    this.#parseNamed(backend, buffer.toString('latin1', start + 5, nameEnd), parseKey(buffer, start, end));
  }

  #parseUnnamed(backend: Backend): void {
    const { buffer, start, end } = this.#framer;
    const undo = (): void => {
      this.#unnamed = undefined;
      backend.unnamedOf = undefined;
    };
    if (!backend.expected.push(owed.parse, undo)) return;
    this.#unnamed = buffer.subarray(start, end);
    this.#isUnnamedInChunk = true;
    backend.unnamedOf = this;
    this.#mayUnnamedLeave = leavesState(buffer.toString('latin1', start + 6, end));
    this.#pass();
  }

  #parseNamed(backend: Backend, name: string, key: string): void {
    const { expected, prepared } = backend;
    const taken = this.#names.get(name);
    if (taken !== undefined) {
      // The server says it best: the name is taken.
      if (this.#prepare(backend, taken) && expected.push(owed.parse)) backend.outbox.push(parseAs(taken.name, key));
      return;
    }
    const statement = this.#statements.use(key);
    const isThere = prepared.touch(statement);
    const undo = (): void => {
      if (this.#names.get(name) === statement) this.#names.delete(name);
      if (!isThere) prepared.delete(statement);
      this.#statements.release(statement);
    };
    if (isThere && expected.isEmpty) this.outbox.push(parseComplete());
    else if (!expected.push(isThere ? owed.parse | local : owed.parse, undo)) {
      this.#statements.release(statement);
      return;
    }
    this.#names.set(name, statement);
    if (isThere) return;
    this.#makeRoom(backend, statement);
    backend.outbox.push(parseAs(statement.name, key));
  }

  /** False: the server passes over everything. */
  #prepare(backend: Backend, statement: Statement): boolean {
    if (backend.prepared.touch(statement)) return true;
    const undo = (): void => backend.prepared.delete(statement);
    if (!backend.expected.push(owed.parse | unasked, undo)) return false;
    this.#makeRoom(backend, statement);
    backend.outbox.push(parseAs(statement.name, statement.key));
    return true;
  }

  #makeRoom(backend: Backend, statement: Statement): void {
    const oldest = backend.prepared.add(statement);
    if (oldest === undefined) return;
    backend.expected.push(owed.close | unasked);
    backend.outbox.push(close({ of: 'statement', name: oldest.name }));
  }

  #bind(backend: Backend): void {
    const framer = this.#framer;
    const head = readBindHead(framer.buffer, framer.start, framer.end);
    if (head === undefined) return this.end(malformed);
    if (this.mode === 'transaction') this.#watchPortal(head, backend);
    if (head.statement === '') {
      if (this.#hasUnnamed(backend) && backend.expected.push(owed.bind)) this.#pass();
      return;
    }
    const name = this.#upstreamName(backend, head.statement);
    if (name === undefined || !backend.expected.push(owed.bind)) return;
    if (name === head.statement) return this.#pass();
    backend.outbox.push(bindHeadAs(name, head, framer.start, framer.length));
    this.#isPassing = true;
    backend.outbox.range(framer.buffer, head.at, framer.end);
  }

  #watchPortal({ portal, statement }: BindHead, backend: Backend): void {
    const named = this.#names.get(statement);
    const mayLeave = statement === '' ? this.#mayUnnamedLeave : named?.leavesState === true;
    if (!mayLeave && !this.#watch.isActive) {
      if (this.#portals.size > 0) this.#portals.delete(portal);
      return;
    }
    const text = statement === '' ? this.#unnamed?.toString('latin1', 6) : named?.key;
    const zero = text?.indexOf('\0') ?? -1;
    const { buffer, start, end } = this.#framer;
    const watched = this.#look(text?.slice(0, zero) ?? '', backend, mayLeave, boundOf(readBind(buffer, start, end)));
    if (watched !== undefined) this.#portals.set(portal, watched);
  }

  #execute(backend: Backend): void {
    const { buffer, start, end } = this.#framer;
    const portal = this.#portals.size === 0 ? undefined : readExecute(buffer, start, end)?.portal;
    const watched = portal === undefined ? undefined : this.#portals.get(portal);
    if (backend.expected.push(owed.execute, undefined, watched && { ...watched })) this.#pass();
  }

  /** The unnamed statement may have been prepared on another backend, or another client's may be there. */
  #hasUnnamed(backend: Backend): boolean {
    const unnamed = this.#unnamed;
    if (this.mode === 'session' || backend.unnamedOf === this || unnamed === undefined) return true;
    if (!backend.expected.push(owed.parse | unasked)) return false;
    backend.unnamedOf = this;
    backend.outbox.push(unnamed);
    return true;
  }

  /** Undefined: the server passes over everything. */
  #upstreamName(backend: Backend, name: string): string | undefined {
    if (this.mode === 'session') return name;
    const statement = this.#names.get(name);
    // The server says that it does not exist; a name of ours must not exist for a client.
    if (statement === undefined) return name.startsWith(statementPrefix) ? ` ${name}` : name;
    if (!this.#prepare(backend, statement)) return undefined;
    return statement.name;
  }

  #describe(backend: Backend): void {
    const { buffer, start, end } = this.#framer;
    const named = readNamed(buffer, start, end);
    if (named === undefined) return this.end(malformed);
    if (named.of === 'portal' || named.name === '') {
      const isThere = named.of === 'portal' || this.#hasUnnamed(backend);
      if (isThere && backend.expected.push(owed.describe)) this.#pass();
      return;
    }
    const name = this.#upstreamName(backend, named.name);
    if (name === undefined || !backend.expected.push(owed.describe)) return;
    if (name === named.name) this.#pass();
    else backend.outbox.push(describe({ of: 'statement', name }));
  }

  #close(backend: Backend): void {
    const { buffer, start, end } = this.#framer;
    const named = readNamed(buffer, start, end);
    if (named === undefined) return this.end(malformed);
    const { expected } = backend;
    if (named.of === 'portal' || named.name === '' || this.mode === 'session') {
      if (expected.push(owed.close)) this.#pass();
      return;
    }
    const statement = this.#names.get(named.name);
    const undo = (): void => this.#nameAgain(named.name, statement);
    if (expected.isEmpty) this.outbox.push(closeComplete());
    else if (!expected.push(owed.close | local, undo)) return;
    this.#forget(named.name);
  }

  /** Without a backend there is no portal, and what a name means is known here. */
  #closeAlone(): boolean {
    const { buffer, start, end } = this.#framer;
    const named = readNamed(buffer, start, end);
    if (named === undefined) return false;
    if (named.of === 'statement' && named.name === '') this.#unnamed = undefined;
    if (named.of === 'statement') this.#forget(named.name);
    this.outbox.push(closeComplete());
    return true;
  }

  #forget(name: string): void {
    const statement = this.#names.get(name);
    if (statement === undefined) return;
    this.#names.delete(name);
    this.#statements.release(statement);
  }

  #nameAgain(name: string, statement: Statement | undefined): void {
    if (statement === undefined || this.#names.has(name)) return;
    this.#names.set(name, this.#statements.use(statement.key));
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

const letterOf = (status: TransactionStatus): 'I' | 'T' | 'E' => String.fromCharCode(status) as 'I' | 'T' | 'E';

/** The texts of a Bind's parameters. */
function boundOf(bind: Bind | undefined): Bound | undefined {
  if (bind === undefined) return undefined;
  const { parameters, parameterFormats: formats } = bind;
  return (parameter) => {
    const value = parameters[parameter - 1];
    const format = formats.length === 1 ? formats[0] : (formats[parameter - 1] ?? 0);
    return value === undefined || value === null || format !== 0 ? undefined : Buffer.from(value).toString('utf8');
  };
}

/** What a client is told at login of its session's parameters. */
export function parameterMessages(parameters: ReadonlyMap<string, string>): Buffer[] {
  return [...parameters].map(([name, value]) => parameterStatus({ name, value }));
}
