import {
  bind,
  close,
  copyFail,
  execute,
  parse,
  query,
  sync,
  terminate,
  transactionStatus,
  type BackendKeyData,
  type Report,
  type TransactionStatus,
} from '@medrex/pg-wire';
import type { BackendWrites } from '@medrex/cache';
import type { Redefinition } from '@medrex/sql';
import type { Socket } from 'node:net';
import type { LoggedIn } from '../../upstream/backend-login.ts';
import type { Address } from '../../upstream/connect.ts';
import { BackendAnswers } from './backend-answers.ts';
import type { BackendClient, BackendEvents, BackendOptions } from './backend-options.ts';
import { BackendSettings } from './backend-settings.ts';
import { ExpectedAnswers, owed, reporting, unasked, type Note } from './expected-answers.ts';
import { leanSocket } from './lean-socket.ts';
import { Outbox } from './outbox.ts';
import { OwnQuestion, SilentNote, type Answered } from './own-question.ts';
import { resetEach, setEach, type Settings } from '../left-behind/settings.ts';
import type { Lost } from '../left-behind/set-again.ts';
import { PreparedStatements, statementPrefix } from '../prepared/statements.ts';
import type { Traffic } from './traffic.ts';

const connectionLost = '08006';
const ownStatement = `${statementPrefix}own`;
/** Not a Query: that would take the client's unnamed statement away, and what is pipelined before it has not been confirmed with a Sync. */
const runsOwn = (text: string): readonly Buffer[] => [
  parse({ name: ownStatement, text, parameterTypes: [] }),
  bind({ portal: ownStatement, statement: ownStatement, parameterFormats: [], parameters: [], resultFormats: [] }),
  execute({ portal: ownStatement, rowsMax: 0 }),
  // In a transaction it would stay.
  close({ of: 'portal', name: ownStatement }),
  close({ of: 'statement', name: ownStatement }),
];
const forgetSequences = runsOwn('DISCARD SEQUENCES');

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
  readonly settings: BackendSettings;
  /** It is at an upstream of a class of work: what its clients are told of theirs does not depend on it. */
  readonly isAway: boolean;
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
  /** It was told in the middle of a COPY that nothing more comes: it says what it has to say and closes. */
  isToHangUp = false;
  /** It said FATAL and is about to close. */
  isDoomed = false;
  /** More than one client has had it since its sequences were forgotten. */
  isMixed = false;
  /** The process id of the client whose INSERT was the last here. */
  insertedBy = 0;
  /** In place of what the server says of a cancelled statement. */
  cancelledFor: string | undefined;
  /** Answers up to ReadyForQuery, and transactions, that have ended. */
  answers = 0;
  transactions = 0;
  /** Its transaction has changed who may log in, and with what sessions of these begin. */
  redefined: Redefinition[] | undefined;
  /** Its last client left state behind. */
  isSoiled = false;
  /** It goes with the client that has it. */
  isSpent = false;
  /** The process id of the client that has it, or had it last; 0: none yet. */
  lastUser = 0;
  /** What its transactions write, where answers are kept that may be read from it. */
  writes: BackendWrites | undefined;
  /** That it works for. */
  client: BackendClient | undefined;
  /** A plan of a statement no longer fits its tables: all are prepared anew. */
  isStale = false;
  readonly #answers: BackendAnswers;
  readonly #now: () => number;
  #isPaused = false;
  #pausedAt = 0;
  #restCheck: ((isOk: boolean) => void) | undefined;
  #isGone = false;
  readonly #events: BackendEvents;

  constructor(options: BackendOptions) {
    const { socket, start } = leanSocket(options.socket, (memory, bytes) => this.#read(memory, bytes), options.ring);
    this.socket = socket;
    this.start = start;
    this.outbox = new Outbox(socket);
    this.prepared = new PreparedStatements(options.preparedMax);
    this.isAway = options.isAway;
    this.key = options.key;
    this.address = options.address;
    this.traffic = options.traffic;
    this.translationTimes = options.translationTimes;
    this.#now = options.now;
    const { parameters, own } = options;
    this.settings = new BackendSettings({ parameters, own, reported: (reports) => options.events.reported(reports) });
    this.isSpent = own !== undefined;
    this.#answers = new BackendAnswers(this, options);
    this.socket.on('drain', () => this.client?.drained());
    this.socket.on('error', () => this.socket.destroy());
    this.#events = options.events;
    this.socket.on('close', () => this.gone());
  }

  /** True: nothing refers to the chunk any more. */
  #read(memory: Buffer, bytes: number): boolean {
    try {
      return this.#answers.read(memory, bytes);
    } catch (error) {
      // What its client was told, and what it still owes, nobody knows.
      this.#events.broke(error);
      this.socket.destroy();
      return false;
    }
  }

  /** Its connection is closed, or about to be, and nobody has it: nobody gets it any more. */
  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.socket.destroy();
    try {
      this.expected.abandon(connectionLost, this.#now());
    } catch (error) {
      this.#events.broke(error);
    }
    this.writes?.lost();
    this.#restCheck?.(false);
    this.#events.closed();
  }

  get isIdle(): boolean {
    return this.expected.isEmpty && !this.isInside;
  }

  /** It has answered all, or waits for its client: for data, or behind an error for a Sync. */
  get saysNoMore(): boolean {
    return !this.isToHangUp && (this.expected.isEmpty || this.expected.isSkipping || this.isCopyIn);
  }

  /** A block is open, or something was run that no Sync has ended. */
  get isInside(): boolean {
    return !this.isOutsideBlock || this.expected.isOpen;
  }

  /** A process can take its place that begins with other settings. */
  get mayBeginAnew(): boolean {
    return this.translationTimes === undefined;
  }

  /** As far as ReadyForQuery has told. */
  get isOutsideBlock(): boolean {
    return this.status === transactionStatus.idle;
  }

  /** Its client has heard a part of a message, and the rest is to come. */
  get isMidMessage(): boolean {
    return this.#answers.isMidMessage;
  }

  /** When something of it came last. */
  get heardAtMs(): number {
    return this.#answers.chunkAt;
  }

  /** @param isAwaited nothing is asked before `refusedSettings` has told what came of the settings */
  attach(client: BackendClient, settings: Settings, key: string, isAwaited: boolean): void {
    this.client = client;
    if (client.processId !== this.lastUser) this.#isOfAnother(client.processId);
    if (client.namedSettings.size > 0) this.#knowsNames(client.namedSettings, settings);
    if (key === this.settings.key) return;
    const change = this.settings.become(settings, key, isAwaited);
    if (change !== undefined) this.ask(change);
  }

  #isOfAnother(processId: number): void {
    this.isMixed ||= this.lastUser !== 0;
    this.lastUser = processId;
  }

  /** As on a direct connection, what its client has named once is there, and empty where it is not set. */
  #knowsNames(names: ReadonlySet<string>, settings: Settings): void {
    const unset = this.settings.unknownOf(names, settings);
    this.settings.named(names);
    if (unset.length > 0) this.ask(resetEach(unset), new SilentNote());
  }

  detach(): void {
    if (this.client !== undefined) this.settings.named(this.client.namedSettings);
    this.client = undefined;
    // An empty one, too, is made anew by that.
    if (this.settings.toldBefore.size > 0) this.settings.toldBefore.clear();
    this.resume();
    this.#noteReports();
  }

  #noteReports(): void {
    if (this.settings.areToBeNoted && !this.isSoiled && this.isIdle) this.settings.note();
  }

  /** What the server said to the settings of the client that has it, where it did not take them; they are as after login. */
  refusedSettings(): Report | undefined {
    const refused = this.settings.refusal;
    this.settings.refusal = undefined;
    if (refused !== undefined) this.isSoiled = true;
    return refused;
  }

  /** A query of our own; its answer is not shown to anybody. */
  ask(text: string, note?: Note): void {
    this.unnamedOf = undefined;
    this.expected.push(owed.query | unasked, undefined, note);
    this.outbox.push(query(text));
  }

  /** A query of our own whose answer matters. */
  question(text: string, then: Answered): void {
    this.ask(text, new OwnQuestion(then));
    this.outbox.send();
  }

  /** Before the client learns what is prepared here: it sees its own only. */
  closeStatements(): void {
    for (const name of this.prepared.all()) {
      if (!this.expected.push(owed.close | unasked, () => this.prepared.add(name))) return;
      this.prepared.delete(name);
      this.outbox.push(close({ of: 'statement', name }));
    }
  }

  /** currval must not answer what somebody else's nextval did; what the client that has it inserted last stays. */
  forgetSequences(isPipelined: boolean): void {
    if (!this.isMixed || this.insertedBy === this.lastUser) return;
    this.#run(forgetSequences, unasked);
    if (!isPipelined) this.#sync(unasked);
    this.isMixed = false;
  }

  #run(messages: readonly Buffer[], how: number): void {
    const { expected, outbox } = this;
    for (const kind of [owed.parse, owed.bind, owed.execute, owed.close, owed.close]) expected.push(kind | how);
    for (const message of messages) outbox.push(message);
  }

  #sync(how: number, note?: Note): void {
    this.expected.push(owed.sync | how, undefined, note);
    this.outbox.push(sync());
  }

  /**
   * Sets again what a RESET has taken back to what holds for everybody; the client hears what that comes to. It may be in the client's own
   * transaction, which must not end the session where it fails.
   *
   * @param isPipelined where what has taken it back fails, the server passes over this, too
   */
  setAgain({ settings, isLocal }: Lost, isPipelined: boolean): void {
    for (const text of setEach(settings, isLocal)) this.#run(runsOwn(text), unasked | reporting);
    if (!isLocal) this.settings.setAgain(settings);
    if (isPipelined) return;
    this.#sync(unasked | reporting);
    this.outbox.send();
  }

  /** Everything of the session is as after login. */
  sessionDiscarded(): void {
    this.prepared.clear();
    this.unnamedOf = undefined;
    this.settings.discarded();
  }

  /** Brings it to the state of a new one for the next client; ends whatever it is doing. */
  reset(done: (isOk: boolean) => void): void {
    this.#settle((isOk) => {
      if (!isOk) done(false);
      else if (this.isOutsideBlock) this.#discard(done);
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

  /** Says nothing more, and hears what the server still says until it has gone, too. */
  leave(): void {
    this.socket.end();
    this.resume();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const note = this.expected.headNote;
    if (note !== undefined) note.blockedMs += this.#now() - Math.max(this.#pausedAt, note.firstAt);
    this.socket.resume();
  }

  /** The server waits for the data of a COPY. */
  copyBegan(): void {
    this.isCopyIn = !this.expected.copyBegan();
    if (this.isCopyIn) this.client?.copyBegan();
    // Who wanted to send it is gone, and a cancel does not reach a server that waits for data.
    if (this.client === undefined && this.#restCheck !== undefined) this.#settle(this.#restCheck);
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

  /** Nothing is owed any more. */
  rested(): void {
    const { undos } = this.prepared;
    if (undos.size > 0) undos.clear();
    if (this.client === undefined) this.#noteReports();
    const done = this.#restCheck;
    if (done === undefined) return;
    this.#restCheck = undefined;
    done(!this.isDoomed);
  }

  #askAndWait(text: string, done: (isOk: boolean) => void): void {
    const notes = [new SilentNote(), new SilentNote()] as const;
    this.ask(text, notes[0]);
    // A timeout that its client has set may end behind it: then a server says so before it reads on.
    this.#sync(unasked, notes[1]);
    this.outbox.send();
    const hasFailed = (): boolean => notes.some(({ sqlstate }) => sqlstate !== undefined);
    const check = (isOk: boolean): void => done(isOk && this.isOutsideBlock && !hasFailed());
    this.#restCheck = check;
  }

  /** True: its statements are on their way out, and its rest comes later. */
  prepareAnew(): boolean {
    if (!this.isStale || this.status === transactionStatus.failed) return false;
    this.isStale = false;
    // Not DEALLOCATE ALL: what the client has prepared in SQL stays as it is.
    this.closeStatements();
    this.expected.push(owed.sync | unasked);
    this.outbox.push(sync());
    this.outbox.send();
    return true;
  }

  /** Its client does not take what there is. */
  pause(atMs: number): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#pausedAt = atMs;
    this.socket.pause();
  }
}
