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
import { ExpectedAnswers, owed, reporting, hidden, type Note } from './expected-answers.ts';
import { withReusedBuffer } from './read-socket.ts';
import { Outbox } from './outbox.ts';
import { ProxyQuery, SilentNote, type ValueCallback } from './proxy-query.ts';
import { resetEach, setEach, type Settings } from '../state/settings.ts';
import type { ResetSettings } from '../state/reset-settings.ts';
import { PreparedStatements, statementPrefix } from '../prepared/statements.ts';
import type { Traffic } from './traffic.ts';

const connectionLost = '08006';
const ownStatement = `${statementPrefix}own`;
/** Not a Query, which would destroy the client's unnamed statement and commit pipelined messages that no Sync has ended yet. */
const runQuietly = (text: string): readonly Buffer[] => [
  parse({ name: ownStatement, text, parameterTypes: [] }),
  bind({ portal: ownStatement, statement: ownStatement, parameterFormats: [], parameters: [], resultFormats: [] }),
  execute({ portal: ownStatement, rowsMax: 0 }),
  // In a transaction the portal would stay.
  close({ kind: 'portal', name: ownStatement }),
  close({ kind: 'statement', name: ownStatement }),
];
const forgetSequences = runQuietly('DISCARD SEQUENCES');
const planAnew = runQuietly('DISCARD PLANS');

/**
 * A connection to the upstream that is logged in. It tracks, by message headers, what the server owes; everything else is forwarded to the
 * client unchanged.
 */
export class Backend {
  readonly socket: Socket;
  /** Starts reading the socket. */
  readonly start: () => void;
  readonly outbox: Outbox;
  readonly expected = new ExpectedAnswers();
  readonly prepared: PreparedStatements;
  readonly settings: BackendSettings;
  /**
   * The backend belongs to the separate upstream of a workload class: what its server reports says nothing about the clients' own server.
   */
  readonly isClassUpstream: boolean;
  readonly key: BackendKeyData | undefined;
  readonly address: Address;
  readonly traffic: Traffic;
  readonly translationTimes: LoggedIn['translationTimes'];
  status: TransactionStatus = transactionStatus.idle;
  /** The server waits for CopyData. */
  isCopyIn = false;
  /** Cancel requests that are on their way to this backend. */
  pendingCancels = 0;
  /** The client that owns the unnamed statement. */
  unnamedOwner: object | undefined;
  /** The client left during a COPY: the server reports the end of the COPY and closes the connection. */
  serverWillClose = false;
  /** The server has sent a FATAL error and is about to close the connection. */
  hasFatalError = false;
  /** More than one client has used it since sequences were last discarded. */
  hasOtherSequences = false;
  /** The process id of the client that did the last INSERT. */
  lastInsertPid = 0;
  /** Replaces the server's reason for a cancelled statement. */
  cancelReason: string | undefined;
  /** Counts of completed answers (ReadyForQuery) and of completed transactions. */
  answers = 0;
  transactions = 0;
  /** The current transaction has changed users or their settings. */
  redefined: Redefinition[] | undefined;
  /** The last client has left session state behind. */
  hasLeftoverState = false;
  /** The backend is closed when its current client leaves it. */
  isSingleUse = false;
  /** The process id of the current or last client; 0: none yet. */
  lastClientPid = 0;
  /** Tracks which tables its transactions write, if answers read from them may be cached. */
  writes: BackendWrites | undefined;
  /** The client that it works for. */
  client: BackendClient | undefined;
  /** A prepared statement no longer fits its tables: all are prepared again. */
  isStale = false;
  readonly #answers: BackendAnswers;
  readonly #now: () => number;
  #isPaused = false;
  #pausedAt = 0;
  #onComplete: ((isOk: boolean) => void) | undefined;
  #isGone = false;
  readonly #events: BackendEvents;

  constructor(options: BackendOptions) {
    const { socket, start } = withReusedBuffer(
      options.socket,
      (memory, bytes) => this.#read(memory, bytes),
      options.ring,
    );
    this.socket = socket;
    this.start = start;
    this.outbox = new Outbox(socket);
    this.prepared = new PreparedStatements(options.preparedMax);
    this.isClassUpstream = options.isClassUpstream;
    this.key = options.key;
    this.address = options.address;
    this.traffic = options.traffic;
    this.translationTimes = options.translationTimes;
    this.#now = options.now;
    const { parameters, ownSettings } = options;
    this.settings = new BackendSettings({
      parameters,
      ownSettings,
      reported: (reports) => options.events.reported(reports),
    });
    this.isSingleUse = ownSettings !== undefined;
    this.#answers = new BackendAnswers(this, options);
    this.socket.on('drain', () => this.client?.drained());
    this.socket.on('error', () => this.socket.destroy());
    this.#events = options.events;
    this.socket.on('close', () => this.gone());
  }

  /** True: nothing refers to the chunk's memory any more. */
  #read(memory: Buffer, bytes: number): boolean {
    try {
      return this.#answers.read(memory, bytes);
    } catch (error) {
      // It is unknown what the client was told and what the server still owes.
      this.#events.internalError(error);
      this.socket.destroy();
      return false;
    }
  }

  /** The connection is closed or about to close, and no client holds it: it leaves the pool. */
  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.socket.destroy();
    try {
      this.expected.abandon(connectionLost, this.#now());
    } catch (error) {
      this.#events.internalError(error);
    }
    this.writes?.lost();
    this.#onComplete?.(false);
    this.#events.closed();
  }

  get isIdle(): boolean {
    return this.expected.isEmpty && !this.isInside;
  }

  /** The server has nothing more to say: all is answered, or it waits for COPY data or, after an error, for a Sync. */
  get sendsNoMore(): boolean {
    return !this.serverWillClose && (this.expected.isEmpty || this.expected.isSkipping || this.isCopyIn);
  }

  /** A transaction block is open, or something has run that no Sync has ended yet. */
  get isInside(): boolean {
    return !this.isOutsideBlock || this.expected.isOpen;
  }

  /** Whether a process started with other settings could replace it. */
  get canReplaceProcess(): boolean {
    return this.translationTimes === undefined;
  }

  /** According to the last ReadyForQuery. */
  get isOutsideBlock(): boolean {
    return this.status === transactionStatus.idle;
  }

  /** A message has been forwarded only in part. */
  get isMidMessage(): boolean {
    return this.#answers.isMidMessage;
  }

  /** When the server last sent something. */
  get lastMessageAtMs(): number {
    return this.#answers.chunkAt;
  }

  /** @param isAwaited the caller waits for `refusedSettings` before anything else is sent */
  attach(client: BackendClient, settings: Settings, key: string, isAwaited: boolean): void {
    this.client = client;
    if (client.processId !== this.lastClientPid) this.#clientChanged(client.processId);
    if (client.customSettings.size > 0) this.#defineCustomSettings(client.customSettings, settings);
    if (key === this.settings.key) return;
    const change = this.settings.switchTo(settings, key, isAwaited);
    if (change !== undefined) this.query(change);
  }

  #clientChanged(processId: number): void {
    this.hasOtherSequences ||= this.lastClientPid !== 0;
    this.lastClientPid = processId;
  }

  /** As on a direct connection, a custom setting that the client has used once exists, and is empty where it is not set. */
  #defineCustomSettings(names: ReadonlySet<string>, settings: Settings): void {
    const unset = this.settings.unknownOf(names, settings);
    this.settings.addCustomNames(names);
    if (unset.length > 0) this.query(resetEach(unset), new SilentNote());
  }

  detach(): void {
    if (this.client !== undefined) this.settings.addCustomNames(this.client.customSettings);
    this.client = undefined;
    // Clearing an empty map allocates a new one.
    if (this.settings.lastTold.size > 0) this.settings.lastTold.clear();
    this.resume();
    this.#updateReports();
  }

  #updateReports(): void {
    if (this.settings.hasNewReports && !this.hasLeftoverState && this.isIdle) this.settings.updateReports();
  }

  /** The error with which the server refused the current client's settings, if it did; the session is then as after login. */
  refusedSettings(): Report | undefined {
    const refused = this.settings.refusal;
    this.settings.refusal = undefined;
    if (refused !== undefined) this.hasLeftoverState = true;
    return refused;
  }

  /** Sends a query of the proxy, whose answer nobody sees. */
  query(text: string, note?: Note): void {
    this.unnamedOwner = undefined;
    this.expected.push(owed.query | hidden, undefined, note);
    this.outbox.push(query(text));
  }

  /** Sends a query of the proxy and passes its answer on. */
  queryValue(text: string, then: ValueCallback): void {
    this.query(text, new ProxyQuery(then));
    this.outbox.send();
  }

  /** Closes all shared statements before the client can list them: it must see its own only. */
  closeStatements(): void {
    for (const name of this.prepared.all()) {
      if (!this.expected.push(owed.close | hidden, () => this.prepared.add(name))) return;
      this.prepared.delete(name);
      this.outbox.push(close({ kind: 'statement', name }));
    }
  }

  /** Makes currval forget other clients' sequences; lastval of the current client's own INSERT is kept. */
  forgetSequences(isPipelined: boolean): void {
    if (!this.hasOtherSequences || this.lastInsertPid === this.lastClientPid) return;
    this.#run(forgetSequences, hidden);
    if (!isPipelined) this.#sync(hidden);
    this.hasOtherSequences = false;
  }

  /**
   * Makes the server look up the names in prepared statements and functions again. At the first temporary object of a process it does this
   * by itself.
   */
  planAnew(): void {
    this.#run(planAnew, hidden);
    this.#sync(hidden);
    this.outbox.send();
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
   * Restores settings that a RESET has changed to the server's defaults; the client hears the resulting values. This may run within the
   * client's transaction, where a failure must not end the session.
   *
   * @param isPipelined skipped by the server if the RESET itself fails
   */
  restoreSettings({ settings, isLocal }: ResetSettings, isPipelined: boolean): void {
    for (const text of setEach(settings, isLocal)) this.#run(runQuietly(text), hidden | reporting);
    if (!isLocal) this.settings.restored(settings);
    if (isPipelined) return;
    this.#sync(hidden | reporting);
    this.outbox.send();
  }

  /** The session is as after login. */
  sessionDiscarded(): void {
    this.prepared.clear();
    this.unnamedOwner = undefined;
    this.settings.discarded();
  }

  /** Prepares the backend for the next client: ends whatever is running and discards all session state. */
  reset(done: (isOk: boolean) => void): void {
    this.#finishRunning((isOk) => {
      if (!isOk) done(false);
      else if (this.isOutsideBlock) this.#discard(done);
      else this.#queryAndWait('ROLLBACK', (isRolledBack) => (isRolledBack ? this.#discard(done) : done(false)));
    });
  }

  /** Sends a Sync and waits for the answer; a cancel request that was on its way has then arrived. */
  check(done: (isOk: boolean) => void): void {
    this.expected.push(owed.sync | hidden);
    this.outbox.push(sync());
    this.outbox.send();
    this.#onComplete = done;
  }

  close(): void {
    if (this.socket.writable) this.socket.end(terminate());
    else this.socket.destroy();
  }

  /** Closes the sending half of the connection, and reads until the server has closed, too. */
  halfClose(): void {
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

  /** The server has entered COPY IN. */
  copyBegan(): void {
    this.isCopyIn = !this.expected.copyBegan();
    if (this.isCopyIn) this.client?.copyBegan();
    // The client that wanted to send data is gone, and a server that waits for data ignores a cancel request.
    if (this.client === undefined && this.#onComplete !== undefined) this.#finishRunning(this.#onComplete);
  }

  #finishRunning(done: (isOk: boolean) => void): void {
    if (this.isCopyIn) {
      this.isCopyIn = false;
      this.outbox.push(copyFail('the client is gone'));
    }
    this.check(done);
  }

  #discard(done: (isOk: boolean) => void): void {
    if (!this.hasLeftoverState) {
      done(true);
      return;
    }
    this.hasLeftoverState = false;
    this.#queryAndWait('DISCARD ALL', (isOk) => {
      this.sessionDiscarded();
      done(isOk);
    });
  }

  /** The server owes nothing more. */
  answersComplete(): void {
    const { undos } = this.prepared;
    if (undos.size > 0) undos.clear();
    if (this.client === undefined) this.#updateReports();
    const done = this.#onComplete;
    if (done === undefined) return;
    this.#onComplete = undefined;
    done(!this.hasFatalError);
  }

  #queryAndWait(text: string, done: (isOk: boolean) => void): void {
    const notes = [new SilentNote(), new SilentNote()] as const;
    this.query(text, notes[0]);
    // A timeout set by the client may fire right behind the statement; the server reports that before it reads on.
    this.#sync(hidden, notes[1]);
    this.outbox.send();
    const hasFailed = (): boolean => notes.some(({ sqlstate }) => sqlstate !== undefined);
    const check = (isOk: boolean): void => done(isOk && this.isOutsideBlock && !hasFailed());
    this.#onComplete = check;
  }

  /** True: the statements are being closed, and the backend comes to rest later. */
  discardStale(): boolean {
    if (!this.isStale || this.status === transactionStatus.failed) return false;
    this.isStale = false;
    // Not DEALLOCATE ALL, which would also destroy statements that the client has prepared by SQL.
    this.closeStatements();
    this.expected.push(owed.sync | hidden);
    this.outbox.push(sync());
    this.outbox.send();
    return true;
  }

  /** The client does not take what has already been read. */
  pause(atMs: number): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#pausedAt = atMs;
    this.socket.pause();
  }
}
