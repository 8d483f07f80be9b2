import {
  backend as from,
  backendSession,
  bind,
  close,
  closeComplete,
  errorResponse,
  execute,
  Framer,
  parse,
  parseComplete,
  query,
  readParameterStatus,
  readReport,
  readSqlstate,
  readReadyForQuery,
  sync,
  copyFail,
  shortText,
  terminate,
  transactionStatus,
  type BackendKeyData,
  type Report,
  type TransactionStatus,
  type WireFault,
} from '@medrex/pg-wire';
import type { BackendWrites } from '@medrex/cache';
import type { Socket } from 'node:net';
import type { LoggedIn } from '../upstream/backend-login.ts';
import type { Address } from '../upstream/connect.ts';
import {
  ExpectedAnswers,
  kindBits,
  local,
  owed,
  reporting,
  unasked,
  type Note,
  type PreparedBefore,
} from './expected-answers.ts';
import { leanSocket } from './lean-socket.ts';
import { Outbox } from './outbox.ts';
import { changeFromUnknown, changeOf, settingsKey, type Settings } from './settings.ts';
import { PreparedStatements, statementPrefix } from './statements.ts';
import type { Traffic } from './traffic.ts';

/** Bytes that a client has not taken above which its backend is not read. */
export const clientBacklogMax = 256 * 1024;

/** Who a backend works for. */
export interface BackendClient {
  readonly outbox: Outbox;
  /** By which it cancels, and which it takes for that of its backend. */
  readonly processId: number;
  /** Nothing is owed and no transaction is open. Called when the chunk has been worked through. */
  atRest(nowMs: number): void;
  /** Everything that was prepared is gone: DISCARD ALL or DEALLOCATE ALL. */
  forgot(before: PreparedBefore | undefined): void;
  /** Tables, views or types have become others, or what they were again. */
  reshaped(): void;
  /** The server has said no to one of its requests (`note`), or to something for which none is on its way (`sqlstate`). */
  failed(note: Note | undefined, sqlstate: string | undefined): void;
  settled(status: TransactionStatus): void;
  /** The client's name of a shared statement, for error messages. */
  nameOf(statement: string): string | undefined;
  /** When a backend was given what it asks at the moment. */
  readonly startedAtMs: number;
}

/** What a backend tells the proxy. */
export interface BackendEvents {
  closed(): void;
  fault(fault: WireFault): void;
  /** The process id that the last client of another backend of this server was given; 0: nobody's here. */
  lastUserOf(processId: number): number;
}

export interface BackendOptions {
  readonly socket: Socket;
  readonly key: BackendKeyData | undefined;
  /** What the server reported at login and since. */
  readonly parameters: Map<string, string>;
  readonly preparedMax: number;
  /** Where cancel requests go. */
  readonly address: Address;
  readonly traffic: Traffic;
  readonly events: BackendEvents;
  readonly now: () => number;
  readonly translationTimes?: LoggedIn['translationTimes'];
}

const redefines: ReadonlySet<string> = new Set(['ALTER ROLE', 'DROP ROLE', 'ALTER DATABASE']);
/** After these a text may have other columns. */
const reshapes: ReadonlySet<string> = new Set([
  ...['ALTER TABLE', 'DROP TABLE', 'CREATE VIEW', 'ALTER VIEW', 'DROP VIEW', 'DROP MATERIALIZED VIEW'],
  ...['ALTER TYPE', 'DROP TYPE', 'DROP SCHEMA'],
]);
/** How they, and those that redefine, end; hardly anything that is frequent does. */
const telling = new Set(Array.from('EWA', (letter) => letter.charCodeAt(0)));
const nothingSet: Settings = new Map();
const connectionLost = '08006';
const ownStatement = `${statementPrefix}sequences`;
const forgetSequences: readonly Buffer[] = [
  parse({ name: ownStatement, text: 'DISCARD SEQUENCES', parameterTypes: [] }),
  bind({ portal: ownStatement, statement: ownStatement, parameterFormats: [], parameters: [], resultFormats: [] }),
  execute({ portal: ownStatement, rowsMax: 0 }),
  close({ of: 'statement', name: ownStatement }),
];

/**
 * One connection to the upstream that is logged in. It follows what the server owes, message by message, from the headers;
 * everything else is passed on to the client as it came.
 */
export class Backend {
  readonly socket: Socket;
  /** From now on it is read. */
  readonly start: () => void;
  readonly outbox: Outbox;
  readonly expected = new ExpectedAnswers();
  readonly prepared: PreparedStatements;
  readonly parameters: Map<string, string>;
  readonly key: BackendKeyData | undefined;
  readonly address: Address;
  readonly traffic: Traffic;
  readonly translationTimes: LoggedIn['translationTimes'];
  status: TransactionStatus = transactionStatus.idle;
  /** The server waits for CopyData. */
  isCopyIn = false;
  /** Cancel requests on their way to it. */
  cancelling = 0;
  /** Whose unnamed statement it has. */
  unnamedOf: object | undefined;
  /** It said FATAL and is about to close. */
  isDoomed = false;
  /** More than one client has had it since its sequences were forgotten. */
  isMixed = false;
  /** In place of what the server says of a cancelled statement. */
  cancelledFor: string | undefined;
  /** Answers up to ReadyForQuery, and transactions, that have ended. */
  answers = 0;
  transactions = 0;
  /** What its transaction has changed: who may log in, or also what new sessions begin with. */
  redefined: 'users' | 'defaults' | undefined;
  /** Its last client left state behind. */
  isSoiled = false;
  /** The process id of the client that has it, or had it last; 0: none yet. */
  lastUser = 0;
  /** What its transactions write, where answers are kept that may be read from it. */
  writes: BackendWrites | undefined;
  readonly #framer = new Framer(backendSession);
  readonly #events: BackendEvents;
  readonly #now: () => number;
  /** When the chunk at hand came. */
  #chunkAt = 0;
  /** When its transaction began. */
  #beganAt = 0;
  #client: BackendClient | undefined;
  #settings = nothingSet;
  /** Undefined: its client has set something, and what is set now is not known for certain. */
  #settingsKey: string | undefined = settingsKey(nothingSet);
  #isPassing = false;
  #isPaused = false;
  #pausedAt = 0;
  /** A plan of a statement no longer fits its tables: all are prepared anew. */
  #isStale = false;
  /** In the transaction that is open. */
  #isReshaped = false;
  #refused: Report | undefined;
  #restCheck: ((isOk: boolean) => void) | undefined;

  constructor(options: BackendOptions) {
    const { socket, start } = leanSocket(options.socket, (memory, bytes) => this.#read(memory, bytes));
    this.socket = socket;
    this.start = start;
    this.outbox = new Outbox(socket);
    this.prepared = new PreparedStatements(options.preparedMax);
    this.parameters = options.parameters;
    this.key = options.key;
    this.address = options.address;
    this.translationTimes = options.translationTimes;
    this.#events = options.events;
    this.traffic = options.traffic;
    this.#now = options.now;
    this.socket.on('drain', () => this.onDrain?.());
    this.socket.on('error', () => this.socket.destroy());
    this.socket.on('close', () => {
      this.expected.abandon(connectionLost, this.#now());
      this.writes?.lost();
      this.#restCheck?.(false);
      this.#events.closed();
    });
  }

  /** Set by the client that it works for. */
  onDrain: (() => void) | undefined;

  get isIdle(): boolean {
    return this.expected.isEmpty && !this.expected.isOpen && this.status === transactionStatus.idle;
  }

  /** A block is open, or something was run that no Sync has ended. */
  get isInside(): boolean {
    return this.status !== transactionStatus.idle || this.expected.isOpen;
  }

  /** As far as ReadyForQuery has told. */
  get isOutsideBlock(): boolean {
    return this.status === transactionStatus.idle;
  }

  /** When something of it came last. */
  get heardAtMs(): number {
    return this.#chunkAt;
  }

  attach(client: BackendClient, settings: Settings, key: string): void {
    this.#client = client;
    if (client.processId !== this.lastUser) this.#isOfAnother(client.processId);
    if (key === this.#settingsKey) return;
    const isKnown = this.#settingsKey !== undefined;
    const change = isKnown ? changeOf(this.#settings, settings) : changeFromUnknown(settings);
    this.#refused = undefined;
    if (change !== undefined) this.ask(change);
    this.#settings = settings;
    this.#settingsKey = key;
  }

  #isOfAnother(processId: number): void {
    this.isMixed ||= this.lastUser !== 0;
    this.lastUser = processId;
  }

  detach(): void {
    this.#client = undefined;
    this.onDrain = undefined;
    this.resume();
  }

  /** What the server said to the settings of the client that has it, where it did not take them; they are as after login. */
  refusedSettings(): Report | undefined {
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused !== undefined) this.isSoiled = true;
    return refused;
  }

  /** A query of our own; its answer is not shown to anybody. */
  ask(text: string): void {
    this.unnamedOf = undefined;
    this.expected.push(owed.query | unasked);
    this.outbox.push(query(text));
  }

  /** The value of a setting that the server reports, by its name in lower case. */
  reported(setting: string): string | undefined {
    for (const [name, value] of this.parameters) if (name.toLowerCase() === setting) return value;
    return undefined;
  }

  /** Before the client learns what is prepared here: it sees its own only. */
  closeStatements(): void {
    for (const { name } of this.prepared.all()) {
      this.expected.push(owed.close | unasked);
      this.outbox.push(close({ of: 'statement', name }));
    }
    this.prepared.clear();
  }

  /** currval must not answer what somebody else's nextval did. */
  forgetSequences(isPipelined: boolean): void {
    const { expected, outbox } = this;
    // Not a Query: what is pipelined before it has not been confirmed with a Sync.
    for (const kind of [owed.parse, owed.bind, owed.execute, owed.close]) expected.push(kind | unasked);
    for (const message of forgetSequences) outbox.push(message);
    this.isMixed = false;
    if (isPipelined) return;
    expected.push(owed.sync | unasked);
    outbox.push(sync());
  }

  /** Sets again what a RESET has taken back to what holds for everybody; the client hears what that comes to. */
  setAgain(settings: Settings): void {
    this.unnamedOf = undefined;
    this.expected.push(owed.query | unasked | reporting);
    this.outbox.push(query(changeOf(nothingSet, settings) ?? ''));
    this.outbox.send();
  }

  /** Its client has set something itself. */
  settingsTouched(): void {
    this.#settingsKey = undefined;
  }

  /** Everything of the session is as after login. */
  sessionDiscarded(): void {
    this.prepared.clear();
    this.unnamedOf = undefined;
    this.#settings = nothingSet;
    this.#settingsKey = settingsKey(nothingSet);
  }

  /** Brings it to the state of a new one for the next client; ends whatever it is doing. */
  reset(done: (isOk: boolean) => void): void {
    this.#settle((isOk) => {
      if (!isOk) done(false);
      else if (this.status === transactionStatus.idle) this.#discard(done);
      else this.#askAndWait('ROLLBACK', (isRolledBack) => (isRolledBack ? this.#discard(done) : done(false)));
    });
  }

  /** Asks something that costs nothing and waits for the answer; with a cancel on its way, it has arrived before that. */
  check(done: (isOk: boolean) => void): void {
    this.expected.push(owed.sync | unasked);
    this.outbox.push(sync());
    this.outbox.send();
    this.#restCheck = done;
  }

  close(): void {
    if (this.socket.writable) this.socket.end(terminate());
    else this.socket.destroy();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const note = this.expected.headNote;
    if (note !== undefined) note.blockedMs += this.#now() - Math.max(this.#pausedAt, note.firstAt);
    this.socket.resume();
  }

  #settle(done: (isOk: boolean) => void): void {
    if (this.isCopyIn) {
      this.isCopyIn = false;
      this.outbox.push(copyFail('the client is gone'));
    }
    this.check(done);
  }

  #discard(done: (isOk: boolean) => void): void {
    if (!this.isSoiled) {
      done(true);
      return;
    }
    this.isSoiled = false;
    this.#askAndWait('DISCARD ALL', (isOk) => {
      this.sessionDiscarded();
      done(isOk);
    });
  }

  #askAndWait(text: string, done: (isOk: boolean) => void): void {
    this.ask(text);
    this.outbox.send();
    this.#restCheck = (isOk) => done(isOk && this.status === transactionStatus.idle);
  }

  /** True: nothing refers to the chunk any more. */
  #read(memory: Buffer, bytes: number): boolean {
    const framer = this.#framer;
    const outbox = this.#client?.outbox;
    framer.feed(memory, bytes);
    this.traffic.sent += bytes;
    this.#chunkAt = this.#now();
    while (framer.next()) {
      const note = this.expected.headNote;
      if (note !== undefined) {
        if (note.firstAt === 0) note.firstAt = this.#chunkAt;
        note.bytes += framer.end - framer.start;
      }
      if (framer.isFirst) this.#isPassing = this.#take(framer) && this.#client !== undefined;
      if (this.#isPassing) this.#client?.outbox.range(framer.buffer, framer.start, framer.end);
      if (framer.isLast && (this.expected.head & local) !== 0) this.#answerLocals();
    }
    this.#finishChunk(framer);
    return framer.unread === 0 && outbox?.isPending !== true;
  }

  #finishChunk(framer: Framer): void {
    const client = this.#client;
    if (client !== undefined) {
      client.outbox.send();
      if (client.outbox.backlog > clientBacklogMax) this.#pause();
    }
    if (framer.fault !== undefined) {
      this.#events.fault(framer.fault);
      return;
    }
    if (!this.expected.isEmpty || this.expected.isOpen || this.#prepareAnew()) return;
    const done = this.#restCheck;
    this.#restCheck = undefined;
    done?.(!this.isDoomed);
    if (client !== undefined && client === this.#client && this.isIdle && !this.isDoomed) client.atRest(this.#chunkAt);
  }

  #prepareAnew(): boolean {
    if (!this.#isStale || this.status === transactionStatus.failed) return false;
    this.#isStale = false;
    // Not DEALLOCATE ALL: what the client has prepared in SQL stays as it is.
    this.closeStatements();
    this.expected.push(owed.sync | unasked);
    this.outbox.push(sync());
    this.outbox.send();
    return true;
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#pausedAt = this.#chunkAt;
    this.socket.pause();
  }

  /** Notes what the message ends. True: the client sees it. */
  #take(framer: Framer): boolean {
    const { expected } = this;
    switch (framer.type) {
      case from.dataRow:
      case from.copyData:
        return (expected.head & unasked) === 0;
      case from.parseComplete:
      case from.bindComplete:
      case from.closeComplete:
        return (expected.shift() & unasked) === 0;
      case from.commandComplete:
        return this.#commandCompleted(framer);
      case from.emptyQueryResponse:
      case from.portalSuspended:
        return this.#ended(owed.execute);
      case from.rowDescription:
      case from.noData:
        return this.#ended(owed.describe);
      case from.readyForQuery:
        return this.#ready(framer);
      case from.errorResponse:
        return this.#failed(framer);
      case from.parameterStatus:
        return this.#parameterChanged(framer);
      case from.copyInResponse:
        this.isCopyIn = !expected.copyBegan();
        // Who wanted to send it is gone, and a cancel does not reach a server that waits for data.
        if (this.#client === undefined && this.#restCheck !== undefined) this.#settle(this.#restCheck);
        return (expected.head & unasked) === 0;
      case from.notificationResponse:
        return this.#notified(framer);
      default:
        return (expected.head & unasked) === 0;
    }
  }

  #ended(kind: number): boolean {
    const { expected } = this;
    const isSeen = (expected.head & unasked) === 0;
    if (expected.headKind !== kind) return isSeen;
    const note = expected.headNote;
    expected.shift();
    note?.ended(this.#chunkAt);
    return isSeen;
  }

  #commandCompleted({ buffer, start, end }: Framer): boolean {
    this.isCopyIn = false;
    const note = this.expected.headNote;
    note?.completed(shortText(buffer, start + 5, end - 1));
    const isSeen = this.#ended(owed.execute);
    if (telling.has(buffer[end - 2] ?? 0)) this.#noteRedefined(buffer.toString('latin1', start + 5, end - 1));
    // D of DISCARD and DEALLOCATE, but not of DELETE, which is by far the most frequent of them.
    if (buffer[start + 5] === 0x44 && end - start < 24 && isSeen)
      this.#discarded(buffer.toString('latin1', start + 5, end - 1), note?.before);
    return isSeen;
  }

  #noteRedefined(tag: string): void {
    if (tag === 'CREATE ROLE') this.redefined ??= 'users';
    // A session of a role that was dropped is none of the one that is created by the same name.
    else if (redefines.has(tag)) this.redefined = 'defaults';
    else if (reshapes.has(tag)) this.#reshape();
  }

  /** Again at the end of the transaction, which may take it back. */
  #reshape(): void {
    this.#isReshaped = true;
    this.#client?.reshaped();
  }

  #discarded(tag: string, before: PreparedBefore | undefined): void {
    if (tag !== 'DISCARD ALL' && tag !== 'DEALLOCATE ALL') return;
    const kept = before === undefined ? [] : this.prepared.except(before.statements);
    if (tag === 'DISCARD ALL') this.sessionDiscarded();
    else this.prepared.clear();
    for (const statement of kept) this.prepared.add(statement);
    this.#client?.forgot(before);
  }

  #ready({ buffer, start, end }: Framer): boolean {
    const wasIdle = this.status === transactionStatus.idle;
    this.status = readReadyForQuery(buffer, start, end) ?? this.status;
    this.isCopyIn = false;
    const isSeen = (this.expected.ready(this.#chunkAt) & unasked) === 0;
    this.writes?.settled(this.status === transactionStatus.idle);
    if (!isSeen) return false;
    this.#count(wasIdle);
    this.answers++;
    this.cancelledFor = undefined;
    if (this.status === transactionStatus.idle) this.#transactionEnded();
    this.#client?.settled(this.status);
    return true;
  }

  #transactionEnded(): void {
    this.transactions++;
    if (!this.#isReshaped) return;
    this.#isReshaped = false;
    this.#client?.reshaped();
  }

  #count(beganNow: boolean): void {
    const { traffic } = this;
    const startedAt = this.#client?.startedAtMs ?? this.#chunkAt;
    if (beganNow) this.#beganAt = startedAt;
    traffic.queries++;
    traffic.queryMs += this.#chunkAt - startedAt;
    if (this.status !== transactionStatus.idle) return;
    traffic.transactions++;
    traffic.transactionMs += this.#chunkAt - this.#beganAt;
  }

  #failed(framer: Framer): boolean {
    const { expected } = this;
    const head = expected.head;
    const kind = expected.headKind;
    this.isCopyIn = false;
    if (says(framer, 'VFATAL\0') || says(framer, 'VPANIC\0')) this.isDoomed = true;
    if (says(framer, 'RRevalidateCachedQuery\0')) {
      this.#isStale = true;
      this.#client?.reshaped();
    }
    if (head === (owed.query | unasked)) this.#refused = readReport(framer.buffer, framer.start, framer.end);
    const fault = expected.headNote?.fault;
    this.#noteFailure(framer, head);
    if (fault !== undefined && !says(framer, 'C25P02\0')) {
      this.#client?.outbox.push(errorResponse({ ...fault, severity: 'ERROR' }));
      return false;
    }
    // What failed may be a statement that was prepared anew for a message of the client.
    const isSeen = this.isDoomed || (head & unasked) === 0 || kind >= owed.parse;
    return isSeen && !this.#isReworded(framer);
  }

  #noteFailure({ buffer, start, end }: Framer, head: number): void {
    const { expected } = this;
    const sqlstate = readSqlstate(buffer, start, end) ?? 'XX000';
    const note = expected.headNote;
    note?.failed(sqlstate);
    const isOfRequest = (head & kindBits) >= owed.parse ? expected.failed(sqlstate, this.#chunkAt) : note !== undefined;
    if ((head & unasked) === 0) this.#client?.failed(note, isOfRequest ? undefined : sqlstate);
  }

  /** Statements have names of ours at the upstream: an error that names one is told in the client's words; so is why one was cancelled. */
  #isReworded({ buffer, start, end, isLast }: Framer): boolean {
    const at = buffer.indexOf(statementPrefix, start);
    const client = this.#client;
    const { cancelledFor } = this;
    if (client === undefined || !isLast) return false;
    if (cancelledFor === undefined && (at < 0 || at >= end)) return false;
    const report = readReport(buffer, start, end);
    if (report === undefined) return false;
    const named = report.message.replaceAll(/medrex_(?:\d+|gone)/g, (name) => client.nameOf(name) ?? name);
    const message = report.sqlstate === '57014' ? (cancelledFor ?? named) : named;
    if (message === report.message) return false;
    client.outbox.push(errorResponse({ ...report, message }));
    return true;
  }

  #parameterChanged({ buffer, start, end }: Framer): boolean {
    const changed = readParameterStatus(buffer, start, end);
    if (changed !== undefined) this.parameters.set(changed.name, changed.value);
    const { head } = this.expected;
    return (head & unasked) === 0 || (head & reporting) !== 0;
  }

  /** The process that notifies is this one: its client knows it under another number. */
  /** Clients know each other by the process ids of their logins. */
  #notified({ buffer, start, end }: Framer): boolean {
    const at = start + 5;
    if (end - at < 4) return true;
    const from = buffer.readInt32BE(at);
    const known = from === this.key?.processId ? (this.#client?.processId ?? 0) : this.#events.lastUserOf(from);
    if (known !== 0) buffer.writeInt32BE(known, at);
    return true;
  }

  #answerLocals(): void {
    const { expected } = this;
    while ((expected.head & local) !== 0) {
      const kind = expected.headKind;
      expected.shift();
      this.#client?.outbox.push(kind === owed.parse ? parseComplete() : closeComplete());
    }
  }
}

function says({ buffer, start, end }: Framer, field: string): boolean {
  const at = buffer.indexOf(field, start, 'latin1');
  return at >= 0 && at < end;
}
