import {
  backend as from,
  backendSession,
  closeComplete,
  errorResponse,
  Framer,
  parameterStatus,
  parseComplete,
  readParameterStatus,
  readReadyForQuery,
  readReport,
  readSqlstate,
  shortText,
} from '@medrex/pg-wire';
import { allSessions } from '@medrex/sql';
import type { Backend } from './backend.ts';
import { clientBacklogMax, type BackendEvents, type BackendOptions } from './backend-options.ts';
import {
  kindBits,
  local,
  owed,
  reporting,
  hidden,
  type ExpectedAnswers,
  type Note,
  type PreparedNames,
} from './expected-answers.ts';
import { statementPrefix } from '../prepared/statements.ts';

const sessionChangingTags: ReadonlySet<string> = new Set(['ALTER ROLE', 'DROP ROLE', 'ALTER DATABASE']);
/** Command tags after which a text may return other columns. */
const shapeChangingTags: ReadonlySet<string> = new Set([
  ...['ALTER TABLE', 'DROP TABLE', 'CREATE VIEW', 'ALTER VIEW', 'DROP VIEW', 'DROP MATERIALIZED VIEW'],
  ...['ALTER TYPE', 'DROP TYPE', 'DROP SCHEMA'],
]);
/** Last letters of the tags of these, of those that redefine sessions, and of ROLLBACK; hardly any frequent tag ends in one of them. */
const lastLetters = new Set(Array.from('EWAK', (letter) => letter.charCodeAt(0)));

/**
 * Reads a server's messages by their headers and matches each with what the server owes. Everything that the client has asked for is
 * forwarded unchanged.
 */
export class BackendAnswers {
  /** When the current chunk arrived. */
  chunkAt = 0;
  readonly #backend: Backend;
  readonly #expected: ExpectedAnswers;
  readonly #events: BackendEvents;
  readonly #now: () => number;
  readonly #framer = new Framer(backendSession);
  /** When the current transaction began. */
  #beganAt = 0;
  #isForwarding = false;
  /** Receives the description that is arriving. */
  #describing: Note | undefined;
  /**
   * Parameters that changed while the server answered a query of the proxy. The client is told before its own ReadyForQuery, as a server
   * would do it.
   */
  readonly #changedParameters = new Set<string>();
  /** In the current transaction. */
  #isReshaped = false;
  #hasCreated = false;

  constructor(backend: Backend, { events, now }: BackendOptions) {
    this.#backend = backend;
    this.#expected = backend.expected;
    this.#events = events;
    this.#now = now;
  }

  get isMidMessage(): boolean {
    return this.#isForwarding && !this.#framer.isLast;
  }

  /** True: nothing refers to the chunk's memory any more. */
  read(memory: Buffer, bytes: number): boolean {
    const expected = this.#expected;
    const backend = this.#backend;
    const framer = this.#framer;
    const outbox = backend.client?.outbox;
    framer.feed(memory, bytes);
    backend.traffic.sent += bytes;
    this.chunkAt = this.#now();
    while (framer.next()) {
      const note = expected.headNote;
      if (note !== undefined) {
        if (note.firstAt === 0) note.firstAt = this.chunkAt;
        note.bytes += framer.end - framer.start;
        if (framer.isFirst && isRow(framer.type)) note.rowsSent++;
      }
      if (framer.isFirst) this.#isForwarding = this.#handleMessage(framer) && backend.client !== undefined;
      if (this.#describing !== undefined) this.#describe(framer, this.#describing);
      if (this.#isForwarding) backend.client?.outbox.range(framer.buffer, framer.start, framer.end);
      else if (framer.type === from.dataRow) note?.row?.(framer.buffer, framer.start, framer.end);
      if (framer.isLast && (expected.head & local) !== 0) this.#answerLocals();
    }
    this.#finishChunk(framer);
    return framer.unread === 0 && outbox?.isPending !== true;
  }

  #finishChunk(framer: Framer): void {
    const expected = this.#expected;
    const backend = this.#backend;
    const { client } = backend;
    // A client that got this backend now would not learn why it closes.
    if (client === undefined && backend.hasFatalError) return backend.gone();
    if (client !== undefined) {
      client.outbox.send();
      if (client.outbox.backlog > clientBacklogMax) backend.pause(this.chunkAt);
    }
    if (framer.fault !== undefined) {
      this.#events.fault(framer.fault);
      return;
    }
    if (client?.isTerminating === true && backend.sendsNoMore) {
      client.closeSoon();
      return;
    }
    // The client does not read: PostgreSQL, too, ends a session when it cannot send rows.
    if (client !== undefined && !expected.isEmpty && client.outbox.unsentBytes > clientBacklogMax) {
      client.closeSoon();
      return;
    }
    if (!expected.isEmpty || expected.isOpen || backend.discardStale()) return;
    backend.answersComplete();
    if (client !== undefined && client === backend.client && backend.isIdle && !backend.hasFatalError)
      client.becameIdle(this.chunkAt);
  }

  /** Settles what the message answers. True: the message is for the client. */
  #handleMessage(framer: Framer): boolean {
    const expected = this.#expected;
    switch (framer.type) {
      case from.dataRow:
      case from.copyData:
        return (expected.head & hidden) === 0 && expected.headNote?.isAddedByProxy !== true;
      case from.parseComplete:
      case from.bindComplete:
      case from.closeComplete:
        return (expected.shift() & hidden) === 0;
      case from.commandComplete:
        return this.#commandCompleted(framer);
      case from.emptyQueryResponse:
        return this.#ended(owed.execute);
      case from.portalSuspended:
        expected.headNote?.suspended();
        return this.#ended(owed.execute);
      case from.parameterDescription:
        if (expected.headNote?.described !== undefined) this.#describing = expected.headNote;
        return (expected.head & hidden) === 0;
      case from.rowDescription:
      case from.noData:
        if (expected.headNote?.described !== undefined) this.#describing = expected.headNote;
        if (expected.headNote?.isAddedByProxy === true) return false;
        return this.#ended(owed.describe);
      case from.readyForQuery:
        return this.#ready(framer);
      case from.errorResponse:
        return this.#failed(framer);
      case from.parameterStatus:
        return this.#parameterChanged(framer);
      case from.copyInResponse:
        this.#backend.copyBegan();
        return (expected.head & hidden) === 0;
      case from.notificationResponse:
        return this.#notified(framer);
      default:
        return (expected.head & hidden) === 0;
    }
  }

  #describe({ buffer, start, end, isLast }: Framer, note: Note): void {
    if (isLast) this.#describing = undefined;
    note.described?.(buffer, start, end, isLast);
  }

  #ended(kind: number): boolean {
    const expected = this.#expected;
    const isForClient = (expected.head & hidden) === 0;
    if (expected.headKind !== kind) return isForClient;
    const note = expected.headNote;
    expected.shift();
    note?.ended(this.chunkAt);
    if (note?.before !== undefined || note?.names?.length) this.#backend.client?.retryHeld();
    return isForClient;
  }

  #commandCompleted({ buffer, start, end }: Framer): boolean {
    this.#backend.isCopyIn = false;
    const note = this.#expected.headNote;
    const isOfOurs = note?.isAddedByProxy === true;
    note?.completed(shortText(buffer, start + 5, end - 1));
    const isForClient = this.#ended(owed.execute) && !isOfOurs;
    // The I of INSERT.
    if (buffer[start + 5] === 0x49) this.#backend.lastInsertPid = this.#backend.lastClientPid;
    if (lastLetters.has(buffer[end - 2] ?? 0)) this.#noteRedefined(buffer.toString('latin1', start + 5, end - 1), note);
    // The D of DISCARD and DEALLOCATE; DELETE, by far the most frequent tag with a D, is sorted out by `discarded`.
    if (buffer[start + 5] === 0x44 && end - start < 24 && isForClient)
      this.#discarded(buffer.toString('latin1', start + 5, end - 1), note?.before);
    return isForClient;
  }

  #noteRedefined(tag: string, note: Note | undefined): void {
    const backend = this.#backend;
    if (tag === 'CREATE ROLE') backend.redefined ??= [];
    // A role that was dropped and created again is another role, so its sessions must end, too.
    else if (sessionChangingTags.has(tag))
      backend.redefined = [...(backend.redefined ?? []), note?.redefined ?? allSessions];
    else if (tag === 'CREATE TABLE') this.#hasCreated = true;
    // The tables that were created are gone, and may be created again with other columns.
    else if (shapeChangingTags.has(tag) || (tag === 'ROLLBACK' && this.#hasCreated)) this.#reshape();
  }

  /** Reported again at the end of the transaction, which may roll the change back. */
  #reshape(): void {
    this.#isReshaped = true;
    this.#backend.client?.shapesChanged();
  }

  #discarded(tag: string, before: PreparedNames | undefined): void {
    const backend = this.#backend;
    if (tag !== 'DISCARD ALL' && tag !== 'DEALLOCATE ALL') return;
    const kept = before === undefined ? [] : backend.prepared.except(before.statements);
    if (tag === 'DISCARD ALL') backend.sessionDiscarded();
    else backend.prepared.clear();
    for (const name of kept) backend.prepared.add(name);
    backend.client?.preparedDiscarded(before);
  }

  #ready({ buffer, start, end }: Framer): boolean {
    const backend = this.#backend;
    const wasIdle = backend.isOutsideBlock;
    backend.status = readReadyForQuery(buffer, start, end) ?? backend.status;
    backend.isCopyIn = false;
    const isForClient = (this.#expected.ready(this.chunkAt) & hidden) === 0;
    backend.writes?.settled(backend.isOutsideBlock);
    if (this.#changedParameters.size > 0 && (isForClient || backend.client?.isQuiet !== false))
      this.#sendChangedParameters();
    if (!isForClient) {
      // Messages that wait for the prepared statements to be known may wait for this answer.
      backend.client?.retryHeld();
      return false;
    }
    this.#count(wasIdle);
    backend.answers++;
    backend.cancelReason = undefined;
    if (backend.isOutsideBlock) this.#transactionEnded();
    backend.client?.readyForQuery(backend.status);
    return true;
  }

  #transactionEnded(): void {
    this.#backend.transactions++;
    this.#hasCreated = false;
    if (!this.#isReshaped) return;
    this.#isReshaped = false;
    this.#backend.client?.shapesChanged();
  }

  #count(beganNow: boolean): void {
    const { traffic, client, isOutsideBlock } = this.#backend;
    const startedAt = client?.startedAtMs ?? this.chunkAt;
    if (beganNow) this.#beganAt = startedAt;
    traffic.queries++;
    traffic.queryMs += this.chunkAt - startedAt;
    if (!isOutsideBlock) return;
    traffic.transactions++;
    traffic.transactionMs += this.chunkAt - this.#beganAt;
  }

  #failed(framer: Framer): boolean {
    const backend = this.#backend;
    const expected = this.#expected;
    const head = expected.head;
    const kind = expected.headKind;
    backend.isCopyIn = false;
    if (hasField(framer, 'VFATAL\0') || hasField(framer, 'VPANIC\0')) backend.hasFatalError = true;
    if (isOutdated(framer, kind)) {
      backend.isStale = true;
      backend.client?.shapesChanged();
    }
    if (head === (owed.query | hidden) && expected.headNote === undefined)
      backend.settings.refusal = readReport(framer.buffer, framer.start, framer.end);
    const note = expected.headNote;
    const { fault, beforeFault, isSilent = false, positionOf } = note ?? {};
    const isOfOurs = note?.refused !== undefined || hasField(framer, statementPrefix);
    const report = isOfOurs ? readReport(framer.buffer, framer.start, framer.end) : undefined;
    if (report !== undefined) note?.refused?.(report);
    // The statement that stands in for one that cannot be prepared has failed.
    const refusal = report && backend.client?.refusalOf(report.message);
    this.#noteFailure(framer, head, refusal?.sqlstate);
    if (refusal !== undefined && (head & hidden) === 0) {
      const where = report?.where === undefined ? {} : { where: report.where };
      backend.client?.outbox.push(errorResponse({ ...refusal, severity: 'ERROR', ...where }));
      return false;
    }
    if (fault !== undefined && !hasField(framer, 'C25P02\0')) {
      if (beforeFault !== undefined) backend.client?.outbox.push(beforeFault);
      backend.client?.outbox.push(errorResponse({ ...fault, severity: 'ERROR' }));
      return false;
    }
    // The failing message may be a Parse that the proxy sent anew on behalf of the client.
    const isLast = backend.hasFatalError && backend.client?.retriesIfLost !== true;
    const isForClient = isLast || (head & hidden) === 0 || (kind >= owed.parse && !isSilent);
    return isForClient && !this.#isReworded(framer, positionOf);
  }

  #noteFailure({ buffer, start, end }: Framer, head: number, told?: string): void {
    const expected = this.#expected;
    const sqlstate = told ?? readSqlstate(buffer, start, end) ?? 'XX000';
    const note = expected.headNote;
    note?.failed(sqlstate);
    const isOfRequest = (head & kindBits) >= owed.parse ? expected.failed(sqlstate, this.chunkAt) : note !== undefined;
    if ((head & hidden) === 0) this.#backend.client?.failed(note, isOfRequest ? undefined : sqlstate);
    else this.#backend.client?.retryHeld();
  }

  /**
   * Rewords an error for the client: the names of shared statements become the client's own, a cancelled statement gets the reason for
   * which the proxy cancelled it, and positions in a rewritten text are translated back.
   */
  #isReworded({ buffer, start, end, isLast }: Framer, positionOf: Note['positionOf']): boolean {
    const at = buffer.indexOf(statementPrefix, start);
    const { client, cancelReason } = this.#backend;
    if (client === undefined || !isLast) return false;
    if (cancelReason === undefined && positionOf === undefined && (at < 0 || at >= end)) return false;
    const report = readReport(buffer, start, end);
    if (report === undefined) return false;
    const named = report.message.replaceAll(/medrex_(?:\d+|gone)/g, (name) => client.nameOf(name) ?? name);
    const message = report.sqlstate === '57014' ? (cancelReason ?? named) : named;
    const position = report.position && positionOf ? String(positionOf(Number(report.position))) : report.position;
    if (message === report.message && position === report.position) return false;
    client.outbox.push(errorResponse({ ...report, message, ...(position !== undefined && { position }) }));
    return true;
  }

  #parameterChanged({ buffer, start, end }: Framer): boolean {
    const changed = readParameterStatus(buffer, start, end);
    const { head } = this.#expected;
    if (changed === undefined) return (head & hidden) === 0;
    const { client, settings } = this.#backend;
    const { name, value } = changed;
    const told = settings.lastToldOf(name);
    settings.addReport(name, value);
    const isForClient = (head & hidden) === 0 && client?.isBeingRestored(name, value) !== true;
    if (isForClient) settings.lastTold.delete(name);
    // The settings of a client that has just attached are what it was told before.
    else if (told !== undefined && head !== (owed.query | hidden)) settings.lastTold.set(name, told);
    if ((head & reporting) !== 0) this.#changedParameters.add(name);
    else if ((head & hidden) === 0) this.#changedParameters.delete(name);
    return isForClient;
  }

  #sendChangedParameters(): void {
    const { client, settings } = this.#backend;
    for (const name of this.#changedParameters) {
      const value = settings.parameters.get(name) ?? '';
      if (settings.lastToldOf(name) !== value) client?.outbox.push(parameterStatus({ name, value }));
      settings.lastTold.delete(name);
    }
    this.#changedParameters.clear();
  }

  /**
   * Translates the sender's process id into the one by which the client knows that session: from its login, or the server's if the client
   * has asked for it.
   */
  #notified({ buffer, start, end }: Framer): boolean {
    const backend = this.#backend;
    const at = start + 5;
    if (end - at < 4) return true;
    const from = buffer.readInt32BE(at);
    const known =
      from === backend.key?.processId ? (backend.client?.notificationPid ?? 0) : this.#events.lastClientPidOf(from);
    if (known !== 0) buffer.writeInt32BE(known, at);
    return true;
  }

  #answerLocals(): void {
    const expected = this.#expected;
    while ((expected.head & local) !== 0) {
      const kind = expected.headKind;
      expected.shift();
      this.#backend.client?.outbox.push(kind === owed.parse ? parseComplete() : closeComplete());
    }
  }
}

const isRow = (type: number): boolean => type === from.dataRow || type === from.copyData;

/**
 * Whether an error says that a prepared statement no longer fits its tables: its rows would have other columns, or the server, which parses
 * the text again after a change of definitions, now rejects it. An error within a function that is planned has a context and does not
 * count.
 */
function isOutdated(framer: Framer, kind: number): boolean {
  if (hasField(framer, 'RRevalidateCachedQuery\0')) return true;
  if (kind !== owed.bind && kind !== owed.describe) return false;
  const sqlstate = readSqlstate(framer.buffer, framer.start, framer.end) ?? '';
  return (sqlstate.startsWith('42') || sqlstate === 'XX000') && !hasField(framer, '\0W');
}

function hasField({ buffer, start, end }: Framer, field: string): boolean {
  const at = buffer.indexOf(field, start, 'latin1');
  return at >= 0 && at < end;
}
