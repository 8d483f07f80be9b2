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
import { lostBy } from '../left-behind/set-again.ts';
import type { Prepared } from '../prepared/client-portals.ts';
import { ClientRequests } from './client-requests.ts';
import type { ClientSession } from './client-session.ts';
import { ClientStatements } from '../prepared/client-statements.ts';
import type { Wire } from '../prepared/wire.ts';
import type { ClientWait } from './client-wait.ts';
import { owed } from '../backend/expected-answers.ts';
import type { Outbox } from '../backend/outbox.ts';
import { databasesNamed } from '../processes/databases-named.ts';
import { showsFormer, spendsProcess } from '../left-behind/shows-former.ts';
import { pausedFor } from './read-pauses.ts';
import type { Asked, Request } from './request.ts';
import { SimpleQuery } from './simple-query.ts';
import type { Watched } from '../left-behind/watched.ts';

/** No statement: nothing, or a comment. */
const emptyText = /^\s*;?\s*(?:--[^\n]*)?$/;
/** What a client that waits may send ahead. */
const waitingBytesMax = 64 * 1024;

/**
 * Reads what a client sends by the headers of its messages, and decides for each where it goes: to the client's backend as it came, to one
 * that is asked for first, or nowhere, because the answer is known here.
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
  /** The text of the message at hand, once it has been looked at. */
  #askedAtHand: Asked | undefined;
  /** Where bytes of the chunk at hand went. */
  #passedTo: Outbox | undefined;
  /** The message of which pieces still come is passed on. */
  #isPassing = false;
  /** An error of ours in the extended protocol: all up to Sync is passed over. */
  #isSkipping = false;
  #isWorking = false;
  constructor(client: Client, options: ClientOptions) {
    this.outbox = client.outbox;
    this.#client = client;
    this.#host = options.host;
    this.#session = client.session;
    this.#wait = client.wait;
    this.#processes = new AskedProcesses(options.host);
    this.#local = options.local?.((message) => this.outbox.push(message));
    const { watch } = client.session;
    this.statements = new ClientStatements({
      ...{ wire: this, watch, statements: options.statements, isAlone: options.mode === 'session' },
    });
    const { statements } = this;
    const framer = this.#framer;
    const { analyser, host } = options;
    this.requests = new ClientRequests({ client, framer, statements, watch, analyser });
    this.cachedAnswers = new CachedAnswers({ client, messages: this, framer, analyser, host });
    const { requests } = this;
    this.#query = new SimpleQuery({ client, framer, wire: this, statements, requests, analyser });
    this.#held = new HeldMessage({
      ...{ client, requests, shapes: statements.shapes },
      takeAgain: () => {
        this.takeAgain();
        this.goOn();
      },
    });
  }

  /** Nothing that it has sent lies here. */
  get isQuiet(): boolean {
    return !this.#isSkipping && this.#framer.unread === 0;
  }

  /** The backend has a part of a message, and the rest is to come. */
  get isMidMessage(): boolean {
    return this.#isPassing && !this.#framer.isLast;
  }

  /** The message at hand waits for what this backend has prepared. */
  get isHeldForBackend(): boolean {
    return this.#held.isForBackend;
  }

  /** It waits for something, and has said behind that that it goes. */
  get endsInGoodbye(): boolean {
    return this.#wait.isWaiting && this.#framer.holds(from.terminate);
  }

  /** Nothing more comes: as if a goodbye came last. False: a message has begun that does not come whole. */
  endHere(): boolean {
    if (!this.#wait.isWaiting && !this.#framer.isAtRest) return false;
    this.read(terminate(), terminate().length);
    return this.#client.hasLeft || this.#client.isParting || this.endsInGoodbye;
  }

  /** True: nothing refers to the chunk any more. */
  read(memory: Buffer, bytes: number): boolean {
    this.#client.readAt = this.#host.now();
    this.#passedTo = undefined;
    this.#framer.feed(memory, bytes);
    if (!this.#wait.isWaiting) this.#work();
    // It is read on a little, because that is how one learns that it is gone.
    else if (this.#framer.unread > waitingBytesMax) this.#client.pauses.pause(pausedFor.backend);
    // A message that waits is looked at again.
    const isRead = this.#framer.isOwn || (!this.#wait.isWaiting && this.#framer.unread === 0);
    return isRead && !this.#isStillPassing();
  }

  #isStillPassing(): boolean {
    return this.#passedTo?.isPending === true;
  }

  /** The message at hand, which has waited. */
  takeAgain(): void {
    this.#isWorking = true;
    this.#take(this.#askedAtHand);
    this.#isWorking = false;
  }

  /** What lies behind the message that has waited. */
  goOn(): void {
    this.#client.pauses.resume(pausedFor.backend);
    this.#work();
  }

  #work(): void {
    if (this.#isWorking) return;
    const client = this.#client;
    this.#isWorking = true;
    while (!this.#wait.isWaiting && !client.hasLeft && !client.isParting && this.#framer.next()) this.#take();
    this.#isWorking = false;
    if (this.#framer.fault !== undefined && !client.hasLeft && !client.isParting) this.#breakOff(this.#framer.fault);
    this.#send();
  }

  /** It cannot be read any further. */
  #breakOff(fault: WireFault): void {
    // Its length is wrong for any type.
    this.#client.sayGoodbye(Buffer.from([this.#framer.type, 0, 0, 0, 0]), fault);
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
   * One message, or a piece of one.
   *
   * @param asked what has been found out about it already
   */
  #take(asked?: Asked): void {
    const framer = this.#framer;
    if (!framer.isFirst) {
      if (this.#isPassing) this.pass(framer.start);
      // What it was for has ended before it.
      if (framer.isLast && this.#client.backend?.isIdle === true) this.#client.atRest(this.#client.readAt);
      return;
    }
    this.#isPassing = false;
    this.#askedAtHand = asked;
    this.statements.bindAtHand = undefined;
    switch (framer.type) {
      case from.terminate:
        return this.#client.sayGoodbye(terminate());
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
    this.#isPassing = true;
    const outbox = this.#client.backend?.outbox;
    this.#passedTo = outbox;
    outbox?.range(this.#framer.buffer, start, this.#framer.end);
  }

  /** It has nothing inside. */
  get #isEmpty(): boolean {
    return this.#framer.length === 5;
  }

  #flush(): void {
    const { backend } = this.#client;
    if (this.#isEmpty) return backend && this.pass(this.#framer.start);
    // The server has an answer to that: it fails, as any other message of the extended protocol may.
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
    // A server that takes data in passes over it.
    if (!backend.isCopyIn) backend.expected.push(owed.sync);
    this.pass(this.#framer.start);
  }

  #copy(): void {
    const { backend } = this.#client;
    // What a client still sends after its COPY has failed reaches nobody.
    if (backend === undefined || (!backend.isCopyIn && backend.expected.isEmpty)) return;
    if (this.#framer.type !== from.copyData) {
      if (!backend.isCopyIn) backend.expected.push(owed.copyEnd);
      backend.isCopyIn = false;
    }
    this.pass(this.#framer.start);
  }

  /** Messages that only a backend can answer, or nearly. */
  #request(): void {
    const client = this.#client;
    if (this.#isSkipping || (this.#local !== undefined && this.#isLocal(this.#local))) return;
    if (this.#host.isDraining && this.#isProbe() && this.#host.probed(client)) return;
    if (this.#held.mustWait()) return;
    if (client.backend === undefined) {
      const { cache } = this.cachedAnswers;
      if (this.#framer.type === from.close && this.statements.closeAlone(this.#framer)) return;
      if (cache !== undefined && this.cachedAnswers.isKnown(cache)) return;
      this.obtain(this.askedText());
    }
    if (client.backend !== undefined) this.ask(client.backend);
  }

  /** An empty query is how pools look at a connection before they use it. */
  #isProbe(): boolean {
    const { type, buffer, start } = this.#framer;
    if (type === from.query) return emptyText.test(this.#query.text);
    return type === from.parse && buffer[start + 5] === 0 && emptyText.test(this.#textAtHand());
  }

  /** What reads the proxy's own tables needs no backend. */
  #isLocal(local: LocalTables): boolean {
    if (this.#client.backend?.isIdle === false) return false;
    const taken = local.take(this.#framer);
    if (taken === 'failed') this.#isSkipping = true;
    return taken !== 'elsewhere' && taken !== 'malformed';
  }

  holdBack(backend: Backend): void {
    this.#held.holdFor(backend);
  }

  /** What the server has said may be what the message at hand is held back for. */
  answered(): void {
    if (this.#client.backend?.expected.isLong !== true) this.#client.pauses.resume(pausedFor.answers);
    this.#held.answered();
  }

  /** Asks for a backend, for the message at hand. */
  obtain(asked: Asked | undefined): void {
    this.#client.obtain(asked);
    if (!this.#wait.isWaiting) return;
    // It may wait for long, and what it is read into is large.
    this.#framer.keep();
    this.#host.waits(this.#client, asked?.text ?? '');
  }

  /** Of a message that may hold hints; others have none. */
  #textAtHand(): string {
    const { type, buffer, start, end } = this.#framer;
    if (type === from.query) return this.#query.text;
    if (type !== from.parse) return '';
    const [, text = ''] = buffer.toString('latin1', start + 5, end).split('\0', 2);
    return text;
  }

  /** What the message at hand wants to be run, where it says so. */
  askedText(): Asked | undefined {
    const framer = this.#framer;
    const asked = framer.type === from.query ? this.#query.asked() : this.statements.asked(framer);
    this.#askedAtHand = asked;
    return asked;
  }

  /** The message at hand goes to the client's backend. */
  ask(backend: Backend): void {
    const framer = this.#framer;
    const { statements } = this;
    this.#client.asks++;
    switch (framer.type) {
      case from.query:
        return this.#query.ask(backend, this.#askedAtHand ?? this.#query.asked());
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
        this.requests.observer?.called?.(this.#client, backend);
        this.#session.watch.calls(backend.status);
        if (backend.expected.push(owed.call)) this.pass(framer.start);
    }
  }

  /** What an Execute takes back is set again right behind it. */
  setAgain({ statements }: Watched, backend: Backend): void {
    const [statement] = statements === 'unread' ? [] : statements;
    // Before another DISCARD ALL nothing may run without a Sync between them.
    if (statement === undefined || statement.isOutsideBlocksOnly) return;
    const lost = lostBy(statement, this.#session.settings.began);
    if (lost !== undefined) backend.setAgain(lost, true);
  }

  /** An error of the proxy's own, in answer to the message at hand; no backend is involved. */
  fail(report: Report): void {
    const { type } = this.#framer;
    this.#held.drop();
    this.#isPassing = false;
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

  vacates(text: string): void {
    const databases = databasesNamed(text);
    if (databases !== undefined) this.#host.vacate(this.#client, databases);
  }

  /** Process ids of clients in the message at hand become those of their backends. True: one must get a backend first. */
  awaitsProcess(): boolean {
    const { upstream } = this.#client.pooled.pool.name;
    // A number is another process at another server.
    if (!this.#host.isOneServer(upstream)) return false;
    if (!this.#processes.mustWait(this.#framer, upstream, () => this.#goOnAsking())) return false;
    this.#wait.begin(() => this.#processes.forget());
    return true;
  }

  renews(text: string, backend: Backend): boolean {
    backend.isSpent ||= spendsProcess(text);
    return showsFormer(text) && this.#client.renew(backend);
  }

  #goOnAsking(): void {
    if (this.#client.hasLeft || !this.#wait.isWaiting || !this.#processes.isWaiting) return;
    this.#wait.end();
    this.#client.readAt = this.#host.now();
    this.takeAgain();
    this.goOn();
  }

  reading(backend?: Backend): string {
    const { settings } = this.#session;
    if (backend === undefined) return settings.reading;
    return backend.expected.rereads ? settings.readingUnknown : settings.readingInside(backend);
  }

  get temporaryMark(): string | undefined {
    return this.#session.watch.temporaryMark;
  }

  noteOf(watched: Watched | undefined, prepared: Prepared): Request | undefined {
    return this.requests.noteOf('execute', prepared.text, watched, prepared);
  }
}
