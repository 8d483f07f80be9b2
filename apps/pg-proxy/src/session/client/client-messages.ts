import { Buffer } from 'node:buffer';
import {
  errorResponse,
  Framer,
  frontend as from,
  frontendSession,
  malformed,
  readyForQuery,
  terminate,
  transactionStatus,
  type Report,
  type WireFault,
} from '@medrex/pg-wire';
import type { LocalTables } from '../../admin/local-tables.ts';
import { AskedProcesses } from '../processes/asked-processes.ts';
import type { Backend } from '../backend/backend.ts';
import { clientBacklogMax } from '../backend/backend-options.ts';
import { CachedAnswers } from './cached-answers.ts';
import type { Client } from './client.ts';
import type { ClientHost, ClientOptions } from './client-options.ts';
import { HeldMessage } from './held-message.ts';
import { settingsResetBy } from '../state/reset-settings.ts';
import type { Prepared } from '../prepared/client-portals.ts';
import { ClientRequests } from './client-requests.ts';
import type { ClientSession } from './client-session.ts';
import { ClientStatements } from '../prepared/client-statements.ts';
import type { Wire } from '../prepared/wire.ts';
import type { ClientWait } from './client-wait.ts';
import { owed } from '../backend/expected-answers.ts';
import type { Outbox } from '../backend/outbox.ts';
import { databasesNamed } from '../processes/databases-named.ts';
import { showsFormerSessions, outlivesSession } from '../state/former-sessions.ts';
import { pausedFor } from './read-pauses.ts';
import type { RequestText, Request } from './request.ts';
import { SimpleQuery } from './simple-query.ts';
import type { TrackedText } from '../state/tracked-text.ts';

/** Matches a text without a statement: empty, or only comments. */
const emptyText = /^\s*;?\s*(?:--[^\n]*)?$/;
/** How many bytes a waiting client may send ahead. */
const waitingBytesMax = 64 * 1024;

/**
 * Reads a client's messages by their headers and decides where each one goes: unchanged to the client's backend, to a backend that the pool
 * must grant first, or nowhere, because the proxy knows the answer.
 */
export class ClientMessages implements Wire {
  readonly outbox: Outbox;
  readonly statements: ClientStatements;
  readonly requests: ClientRequests;
  readonly cachedAnswers: CachedAnswers;
  readonly #client: Client;
  readonly #host: ClientHost;
  readonly #session: ClientSession;
  readonly #wait: ClientWait;
  readonly #framer = new Framer(frontendSession);
  readonly #query: SimpleQuery;
  readonly #held: HeldMessage;
  readonly #local: LocalTables | undefined;
  readonly #processes: AskedProcesses;
  /** The text of the current message, once it has been read. */
  #currentText: RequestText | undefined;
  /** The outbox that refers to bytes of the current chunk. */
  #forwardedTo: Outbox | undefined;
  /** The current message is being forwarded, and more pieces of it may come. */
  #isForwarding = false;
  /** After an error of the proxy in the extended protocol, everything up to the next Sync is skipped. */
  #isSkipping = false;
  #isProcessing = false;
  constructor(client: Client, options: ClientOptions) {
    this.outbox = client.outbox;
    this.#client = client;
    this.#host = options.host;
    this.#session = client.session;
    this.#wait = client.wait;
    this.#processes = new AskedProcesses(options.host);
    this.#local = options.local?.((message) => this.outbox.push(message));
    const { tracker } = client.session;
    this.statements = new ClientStatements({
      wire: this,
      watch: tracker,
      statements: options.statements,
      hasOwnBackend: options.mode === 'session',
    });
    const { statements } = this;
    const framer = this.#framer;
    const { analyser, host } = options;
    this.requests = new ClientRequests({ client, framer, statements, watch: tracker, analyser });
    this.cachedAnswers = new CachedAnswers({ client, messages: this, framer, analyser, host });
    const { requests } = this;
    this.#query = new SimpleQuery({ client, framer, wire: this, statements, requests, analyser });
    this.#held = new HeldMessage({
      client,
      requests,
      statements,
      reprocess: () => {
        this.reprocess();
        this.continueReading();
      },
    });
  }

  /** No message of the client is waiting to be processed. */
  get isQuiet(): boolean {
    return !this.#isSkipping && this.#framer.unread === 0;
  }

  /** The backend has received only a part of a message. */
  get isMidMessage(): boolean {
    return this.#isForwarding && !this.#framer.isLast;
  }

  /** The current message waits until it is known which statements this backend has prepared. */
  get isHeldForBackend(): boolean {
    return this.#held.isForBackend;
  }

  /** The client waits for something, and has already sent its goodbye behind it. */
  get endsInTerminate(): boolean {
    return this.#wait.isWaiting && this.#framer.hasWhole(from.terminate);
  }

  /** Treats the end of the stream as a goodbye. False: the last message is incomplete. */
  endHere(): boolean {
    if (!this.#wait.isWaiting && !this.#framer.isBetweenMessages) return false;
    this.read(terminate(), terminate().length);
    return this.#client.hasLeft || this.#client.isTerminating || this.endsInTerminate;
  }

  /** True: nothing refers to the chunk's memory any more. */
  read(memory: Buffer, bytes: number): boolean {
    this.#client.readAt = this.#host.now();
    this.#forwardedTo = undefined;
    this.#framer.feed(memory, bytes);
    if (!this.#wait.isWaiting) this.#processMessages();
    // Reading goes on for a while, because only reading shows that a client is gone.
    else if (this.#framer.unread > waitingBytesMax) this.#client.pauses.pause(pausedFor.backend);
    // A message that waits is read again later.
    const isRead = this.#framer.isOwn || (!this.#wait.isWaiting && this.#framer.unread === 0);
    return isRead && !this.#isStillPassing();
  }

  #isStillPassing(): boolean {
    return this.#forwardedTo?.isPending === true;
  }

  /** Processes the current message again, after its wait. */
  reprocess(): void {
    this.#isProcessing = true;
    this.#handleMessage(this.#currentText);
    this.#isProcessing = false;
  }

  /** Processes what follows the message that has waited. */
  continueReading(): void {
    this.#client.pauses.resume(pausedFor.backend);
    this.#processMessages();
  }

  #processMessages(): void {
    if (this.#isProcessing) return;
    const client = this.#client;
    this.#isProcessing = true;
    while (!this.#wait.isWaiting && !client.hasLeft && !client.isTerminating && this.#framer.next())
      this.#handleMessage();
    this.#isProcessing = false;
    if (this.#framer.fault !== undefined && !client.hasLeft && !client.isTerminating)
      this.#unreadableStream(this.#framer.fault);
    this.#send();
  }

  /** The stream can no longer be split into messages. */
  #unreadableStream(fault: WireFault): void {
    // A length of zero is wrong for every type.
    this.#client.terminate(Buffer.from([this.#framer.type, 0, 0, 0, 0]), fault);
  }

  #send(): void {
    const { backend, pauses } = this.#client;
    if (backend !== undefined) {
      backend.outbox.send();
      if (backend.outbox.backlog > clientBacklogMax) pauses.pause(pausedFor.backlog);
      if (backend.expected.isLong) pauses.pause(pausedFor.answers);
    }
    this.outbox.send();
  }

  /**
   * Processes a message, or a piece of one.
   *
   * @param asked what is already known about it
   */
  #handleMessage(asked?: RequestText): void {
    const framer = this.#framer;
    if (!framer.isFirst) {
      if (this.#isForwarding) this.pass(framer.start);
      // The statement that it belonged to has already ended.
      if (framer.isLast && this.#client.backend?.isIdle === true) this.#client.becameIdle(this.#client.readAt);
      return;
    }
    this.#isForwarding = false;
    this.#currentText = asked;
    this.statements.bindAtHand = undefined;
    switch (framer.type) {
      case from.terminate:
        return this.#client.terminate(terminate());
      case from.sync:
        return this.#sync();
      case from.flush:
        return this.#flush();
      case from.copyData:
      case from.copyDone:
      case from.copyFail:
        return this.#copy();
      default:
        return this.#request();
    }
  }

  pass(start: number): void {
    this.#isForwarding = true;
    const outbox = this.#client.backend?.outbox;
    this.#forwardedTo = outbox;
    outbox?.range(this.#framer.buffer, start, this.#framer.end);
  }

  /** The message has no body. */
  get #isEmpty(): boolean {
    return this.#framer.length === 5;
  }

  #flush(): void {
    const { backend } = this.#client;
    if (this.#isEmpty) return backend && this.pass(this.#framer.start);
    // The server answers a Flush with a body by an error, as for any message of the extended protocol.
    if (backend?.expected.push(owed.close) === true) this.pass(this.#framer.start);
    else if (backend === undefined && !this.#isSkipping) this.fail({ ...malformed, severity: 'ERROR' });
  }

  #sync(): void {
    const { backend } = this.#client;
    if (backend === undefined && !this.#isEmpty) return this.fail({ ...malformed, severity: 'ERROR' });
    if (this.#isSkipping || backend === undefined) {
      this.#isSkipping = false;
      this.outbox.push(readyForQuery(transactionStatus.idle));
      return;
    }
    if (!backend.expected.isSkipping) this.#held.mayForget();
    // A server in COPY IN ignores Sync.
    if (!backend.isCopyIn) backend.expected.push(owed.sync);
    this.pass(this.#framer.start);
  }

  #copy(): void {
    const { backend } = this.#client;
    // What a client sends after its COPY has failed is dropped.
    if (backend === undefined || (!backend.isCopyIn && backend.expected.isEmpty)) return;
    if (this.#framer.type !== from.copyData) {
      if (!backend.isCopyIn) backend.expected.push(owed.copyEnd);
      backend.isCopyIn = false;
    }
    this.pass(this.#framer.start);
  }

  /** Messages that need a backend, apart from a few exceptions. */
  #request(): void {
    const client = this.#client;
    if (this.#isSkipping || (this.#local !== undefined && this.#isLocal(this.#local))) return;
    if (this.#host.isDraining && this.#isProbe() && this.#host.departOnProbe(client)) return;
    if (this.#held.mustWait()) return;
    if (client.backend === undefined) {
      const { cache } = this.cachedAnswers;
      if (this.#framer.type === from.close && this.statements.closeAlone(this.#framer)) return;
      if (cache !== undefined && this.cachedAnswers.tryAnswer(cache)) return;
      this.requestBackend(this.readText());
    }
    if (client.backend !== undefined) this.forward(client.backend);
  }

  /** Connection pools send an empty query to test a connection before they use it. */
  #isProbe(): boolean {
    const { type, buffer, start } = this.#framer;
    if (type === from.query) return emptyText.test(this.#query.text);
    return type === from.parse && buffer[start + 5] === 0 && emptyText.test(this.#probeText());
  }

  /** Queries of the proxy's own tables need no backend. */
  #isLocal(local: LocalTables): boolean {
    if (this.#client.backend?.isIdle === false) return false;
    const taken = local.handle(this.#framer);
    if (taken === 'failed') this.#isSkipping = true;
    return taken !== 'forServer' && taken !== 'malformed';
  }

  holdBack(backend: Backend): void {
    this.#held.holdFor(backend);
  }

  /** The server's answer may be what the held message waits for. */
  answerReceived(): void {
    if (this.#client.backend?.expected.isLong !== true) this.#client.pauses.resume(pausedFor.answers);
    this.#held.answerReceived();
  }

  /** Asks for a backend for the current message. */
  requestBackend(asked: RequestText | undefined): void {
    this.#client.requestBackend(asked);
    if (!this.#wait.isWaiting) return;
    // The wait may be long, and the read buffer is large: keep only the unread bytes.
    this.#framer.keep();
    this.#host.waitsForBackend(this.#client, asked?.text ?? '');
  }

  /** The text of a message that may contain hints; empty for all others. */
  #probeText(): string {
    const { type, buffer, start, end } = this.#framer;
    if (type === from.query) return this.#query.text;
    if (type !== from.parse) return '';
    const [, text = ''] = buffer.toString('latin1', start + 5, end).split('\0', 2);
    return text;
  }

  /** What the current message wants to run, if it says so. */
  readText(): RequestText | undefined {
    const framer = this.#framer;
    const asked = framer.type === from.query ? this.#query.readText() : this.statements.asked(framer);
    this.#currentText = asked;
    return asked;
  }

  /** Sends the current message to the client's backend. */
  forward(backend: Backend): void {
    const framer = this.#framer;
    const { statements } = this;
    this.#client.messageCount++;
    switch (framer.type) {
      case from.query:
        return this.#query.forward(backend, this.#currentText ?? this.#query.readText());
      case from.parse:
        return statements.parse(framer, backend, this.#currentText);
      case from.bind:
        return statements.bind(framer, backend);
      case from.describe:
        return statements.describe(framer, backend);
      case from.close:
        return statements.close(framer, backend);
      case from.execute:
        return statements.execute(framer, backend);
      default:
        this.requests.observer?.called?.(this.#client, backend);
        this.#session.tracker.functionCalled(backend.status);
        if (backend.expected.push(owed.call)) this.pass(framer.start);
    }
  }

  /** Restores right after an Execute what it resets. */
  restoreSettings({ statements }: TrackedText, backend: Backend): void {
    const [statement] = statements === 'unread' ? [] : statements;
    // Another DISCARD ALL may only run with a Sync in between.
    if (statement === undefined || statement.isOutsideBlocksOnly) return;
    const lost = settingsResetBy(statement, this.#session.settings.startup);
    if (lost !== undefined) backend.restoreSettings(lost, true);
  }

  /** Answers the current message with an error of the proxy itself; no backend is involved. */
  fail(report: Report): void {
    const { type } = this.#framer;
    this.#held.drop();
    this.#isForwarding = false;
    this.outbox.push(errorResponse(report));
    this.#isSkipping = type !== from.query && type !== from.functionCall && type !== from.sync;
    if (!this.#isSkipping) this.outbox.push(readyForQuery(transactionStatus.idle));
    this.outbox.send();
  }

  malformed(): void {
    this.#client.end(malformed);
  }

  unreadable(fault: WireFault): void {
    this.#client.end(fault);
  }

  mayNeedUnusedDatabase(text: string): void {
    const databases = databasesNamed(text);
    if (databases !== undefined) this.#host.closeSessionsOf(this.#client, databases);
  }

  /**
   * Translates clients' process ids in the current message to those of their backends. True: one of those clients must get a backend first.
   */
  awaitsProcess(): boolean {
    const { upstream } = this.#client.pooled.pool.name;
    // With several servers behind one name a process id is ambiguous.
    if (!this.#host.isOneServer(upstream)) return false;
    if (!this.#processes.mustWait(this.#framer, upstream, () => this.#processesFound())) return false;
    this.#wait.begin(() => this.#processes.forget());
    return true;
  }

  needsFreshBackend(text: string, backend: Backend): boolean {
    backend.isSingleUse ||= outlivesSession(text);
    return showsFormerSessions(text) && this.#client.useFreshProcess(backend);
  }

  #processesFound(): void {
    if (this.#client.hasLeft || !this.#wait.isWaiting || !this.#processes.isWaiting) return;
    this.#wait.end();
    this.#client.readAt = this.#host.now();
    this.reprocess();
    this.continueReading();
  }

  interpretation(backend?: Backend): string {
    const { settings } = this.#session;
    if (backend === undefined) return settings.interpretation;
    return backend.expected.changesInterpretation
      ? settings.unknownInterpretation
      : settings.interpretationInside(backend);
  }

  get temporaryMark(): string | undefined {
    return this.#session.tracker.temporaryMark;
  }

  noteOf(watched: TrackedText | undefined, prepared: Prepared): Request | undefined {
    return this.requests.noteOf('execute', prepared.text, watched, prepared);
  }
}
