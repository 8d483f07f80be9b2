import { closeComplete, parseComplete, transactionStatus, type Framer, type Report } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { local, owed, type Note } from '../backend/expected-answers.ts';
import { ClientNames, NameBinding } from './client-names.ts';
import { mayReferToNames, refersTo, needsOwnNames } from './names-in-sql.ts';
import { PendingNames } from './pending-names.ts';
import { OwnStatements } from './own-statements.ts';
import { isUncertain, prepareNew, prepareShared } from './prepare-shared.ts';
import { refuse, type Refused, type ClientShapes } from './row-shapes.ts';
import { deallocateStandIn, parseAgain, parseTakenName, prepareStandIn } from './stand-in.ts';
import { keyWithDescribedTypes, statementPrefix, type Statement, type Statements } from './statements.ts';
import { passAsIs, type Wire } from './wire.ts';

export interface SharedStatementsOptions {
  readonly wire: Wire;
  /** The statements of the client's pool. */
  readonly statements: Statements;
  readonly shapes: ClientShapes;
}

/** Runs at most once: in turn, or at the end of the answer. */
const once = (undo: () => void): (() => void) => {
  let isDone = false;
  return () => {
    if (!isDone) undo();
    isDone = true;
  };
};

/** What is sent now will run: the transaction has not failed, and the server is not skipping messages. */
export const isRunning = ({ status, expected }: Backend): boolean =>
  status !== transactionStatus.failed && !expected.isSkipping;
/** Something outstanding may advance a sequence or end a failed transaction. */
export const mayChangeTransaction = ({ expected }: Backend): boolean =>
  [owed.execute, owed.query].some((kind) => expected.has(kind));
/** What is sent now may meet a failed transaction: it has failed, or something outstanding that is already followed by a Sync may fail. */
const mayHaveFailed = ({ status, expected }: Backend): boolean =>
  status === transactionStatus.failed || expected.hasSync;

/**
 * A client's named statements. All clients share them under other names at the upstream, where each is prepared on demand on the backend at
 * hand. Once prepared statements are shown, the backend holds them under their own names.
 */
export class SharedStatements {
  readonly #wire: Wire;
  readonly #statements: Statements;
  readonly #shapes: ClientShapes;
  readonly #names: ClientNames;
  readonly #pendingNames = new PendingNames();
  readonly #own = new OwnStatements(this.#pendingNames);
  /** The `reading` key of the current transaction. */
  #interpretationInTransaction: string | undefined;
  /** Makes the keys of statements unique that are shared with nobody. */
  #parses = 0;

  constructor({ wire, statements, shapes }: SharedStatementsOptions) {
    this.#wire = wire;
    this.#statements = statements;
    this.#shapes = shapes;
    this.#names = new ClientNames(statements);
  }

  get size(): number {
    return this.#names.size;
  }

  get(name: string): Statement | undefined {
    return this.#names.get(name);
  }

  /** Whether the client has a statement of this name that the server knows under another one. */
  has(name: string): boolean {
    return !this.#own.isOn && this.#names.has(name);
  }

  names(): Iterable<string> {
    return this.#names.all.keys();
  }

  /** Includes names that an error may still give back. */
  namesBefore(): readonly string[] {
    return [...this.names(), ...this.#pendingNames.names()];
  }

  /** The client's name of a shared statement. */
  nameOf(upstreamName: string): string | undefined {
    return this.#names.originOf(upstreamName);
  }

  /** Some stand at the backend under their own names, where the next client would find them. */
  get hasOwn(): boolean {
    return this.#own.isOn && this.#names.size > 0;
  }

  /** Some are known to be there. */
  get hasOwnThere(): boolean {
    return this.#own.isOn && this.#names.size > this.#own.missing;
  }

  /** Statements are being prepared under their own names: until that is over, the backend's status need not be the client's. */
  get isPreparing(): boolean {
    return this.#own.isPreparing;
  }

  // Before SQL shows them or refers to them.

  /** Gives the backend the client's statements under their own names, and no others. True: the outcome is not known yet. */
  prepareOwn(backend: Backend): boolean {
    return this.#own.prepareAll(backend, this.#names.all);
  }

  /**
   * SQL may refer to a statement by its protocol-level name (EXECUTE, EXPLAIN EXECUTE and DEALLOCATE, for example), or to all of them. If the
   * Bind follows its Parse, this is done with the Parse, before anything of the batch has run. True: it is not known yet what is prepared.
   */
  showNamed(text: string, backend: Backend): boolean {
    if (this.#mayReferToUncertainName(text, backend) || this.#mayRunAfterAll(text, backend)) return true;
    const mayBeShown = this.#names.size > 0 && isRunning(backend) && mayReferToNames(text);
    const isToBeShown =
      mayBeShown && (this.#own.mayBeIncomplete || needsOwnNames(text)) && refersTo(text, [...this.names()]);
    if (!isToBeShown || !this.prepareOwn(backend)) return false;
    this.#wire.holdBack(backend);
    return true;
  }

  /** True: the text may refer to a name whose meaning is still open, so it waits. */
  #mayReferToUncertainName(text: string, backend: Backend): boolean {
    if (this.#pendingNames.isEmpty || !isRunning(backend) || !mayReferToNames(text)) return false;
    const inDoubt = this.#pendingNames.allUncertain(backend);
    if (inDoubt.length === 0 || !refersTo(text, [...this.names(), ...inDoubt])) return false;
    this.#wire.holdBack(backend);
    return true;
  }

  /** True: something outstanding may end the failed transaction, so the message waits. */
  #mayRunAfterAll(text: string, backend: Backend): boolean {
    const { status, expected } = backend;
    if (status !== transactionStatus.failed || expected.isSkipping || !mayChangeTransaction(backend)) return false;
    if (!mayReferToNames(text)) return false;
    this.#wire.holdBack(backend);
    return true;
  }

  /** Something outstanding may create or drop a name. */
  get hasPendingNames(): boolean {
    return !this.#pendingNames.isEmpty;
  }

  /** Whether it is still open what this name means. */
  isUncertain(backend: Backend, name: string): boolean {
    return this.#pendingNames.isUncertain(backend, name);
  }

  /** Whether an outstanding request may create or drop this name by SQL. */
  mayChangeBySql(backend: Backend, name: string): boolean {
    return this.#pendingNames.mayChangeBySql(backend, name);
  }

  /** A request has been sent that may create or drop statements by SQL. */
  runs(note: Note): void {
    this.#pendingNames.addSql(note);
  }

  /** Why the statement under its own name can no longer be prepared. @param message the error of its stand-in */
  refusalOf(message: string): Report | undefined {
    return this.#own.refusalOf(message);
  }

  // Parse.

  parse(framer: Framer, backend: Backend, name: string, key: string): void {
    if (this.#own.isOn) this.#parseOwn(framer, backend, name, key);
    else this.#parseShared(backend, name, key);
  }

  #parseOwn({ start }: Framer, backend: Backend, name: string, key: string): void {
    const before = this.#names.bindingOf(name);
    if (before !== undefined && this.#own.isMissing(name)) return this.#parseTaken(backend, name, key);
    const statement = this.#statements.use(key, this.#interpretationOfParse(backend));
    const given = new NameBinding(statement);
    const undo = (): void => {
      if (this.#names.revert(name, given)) this.#names.restore(name, before);
    };
    this.#pendingNames.add(backend, name, undo);
    if (!backend.expected.push(owed.parse, undo)) return this.#statements.release(statement);
    this.forget(name);
    this.#names.set(name, given);
    this.#wire.pass(start);
  }

  #parseShared(backend: Backend, name: string, key: string): void {
    const { expected, prepared } = backend;
    if (this.#names.has(name)) return this.#parseTaken(backend, name, key);
    const statement = this.#statements.use(key, this.#interpretationOfParse(backend));
    const isThere = prepared.touch(statement.name);
    if (isThere && isUncertain(backend, statement)) {
      this.#statements.release(statement);
      return this.#wire.holdBack(backend);
    }
    if (expected.isEmpty) this.#names.forgetUpstreamNames();
    const given = new NameBinding(statement);
    const undo = (): void => {
      if (this.#names.revert(name, given)) this.#own.forget(name);
      if (!isThere) prepared.delete(statement.name);
    };
    this.#pendingNames.add(backend, name, undo);
    const answer = (): boolean => {
      if (!isThere) return prepareNew(backend, statement, owed.parse, undo);
      if (mayHaveFailed(backend)) return parseAgain(backend, key, undo);
      return expected.push(owed.parse | local, undo);
    };
    if (isThere && expected.isEmpty && backend.status !== transactionStatus.failed)
      this.#wire.outbox.push(parseComplete());
    else if (!answer()) {
      this.#statements.release(statement);
      return;
    }
    this.#names.set(name, given);
    if (isThere || statement.description === undefined) return;
    this.#shapes.prepared(backend, statement, (now) => {
      if (this.#names.get(name) === statement)
        this.#names.exchange(name, this.#statements.use(now.key, now.interpretation));
    });
  }

  /** The name is taken, though perhaps not at the backend: the server reports that, or whatever else is wrong. */
  #parseTaken(backend: Backend, name: string, key: string): void {
    parseTakenName(backend, key, (isPassedOver) => {
      if (!isPassedOver) this.#names.takenName = name;
    });
  }

  /** Notes a Parse that was not sent to a server, because the answer to what follows was known. */
  parsedHere(name: string, key: string): void {
    this.#names.set(name, new NameBinding(this.#statements.use(key, this.#wire.interpretation())));
  }

  /** The key is computed for each Parse if names may mean temporary tables by then, or if the reading is unknown. */
  #interpretationOfParse(backend: Backend): string {
    const reading = this.#interpretation(backend);
    const isOwn = this.#wire.temporaryMark !== undefined || backend.expected.changesInterpretation;
    return isOwn ? `${reading}${++this.#parses}` : reading;
  }

  #interpretation(backend: Backend): string {
    if (backend.expected.changesInterpretation) return this.#wire.interpretation(backend);
    if (backend.status === transactionStatus.idle) return this.#wire.interpretation();
    if (backend.expected.isEmpty) this.#interpretationInTransaction = this.#wire.interpretation(backend);
    return this.#interpretationInTransaction ?? this.#wire.interpretation();
  }

  transactionEnded(): void {
    this.#interpretationInTransaction = undefined;
  }

  // Bind and Describe.

  /** The upstream name of the statement, which the backend has from now on. Undefined: the server is skipping messages. */
  upstreamName(backend: Backend, name: string, of: Refused['of']): string | undefined {
    if (this.#own.isOn) return !this.#names.has(name) || this.#own.prepareAt(backend, name) ? name : undefined;
    const statement = this.#names.get(name);
    this.#names.lastUsed = name;
    // The server reports that it does not exist; names of shared statements do not exist for clients.
    if (statement === undefined) return name.startsWith(statementPrefix) ? ` ${name}` : name;
    const there = backend.prepared.touch(statement.name) ? statement : this.#reinterpreted(statement, backend);
    const isThere = backend.prepared.touch(there.name);
    if (isThere && backend.prepared.undos.size > 0 && isUncertain(backend, there)) {
      this.#wire.holdBack(backend);
      return undefined;
    }
    if (isThere && there === statement) return statement.name;
    if (there !== statement) this.#names.addUpstreamName(there.name, name);
    const description = statement.description ?? there.description;
    const shape = description?.shape;
    if (shape === undefined || (isThere && shape === (there.description?.shape ?? shape)))
      return prepareShared(backend, there) ? there.name : undefined;
    if (isThere) refuse(backend, { of, description });
    else this.#shapes.prepareAs(shape, backend, there, statement, { of, description });
    return undefined;
  }

  /** A statement that this backend has yet to prepare is read by the session's current settings. */
  #reinterpreted(statement: Statement, backend: Backend): Statement {
    const reading = this.#interpretation(backend);
    if (reading === statement.interpretation) return statement;
    const now = this.#statements.use(keyWithDescribedTypes(statement), reading);
    this.#statements.release(now);
    return now;
  }

  // Close and DEALLOCATE.

  close(framer: Framer, backend: Backend, name: string): void {
    const { expected } = backend;
    // SQL may be about to prepare a statement of that name.
    const isUnknown = !this.#names.has(name) && !name.startsWith(statementPrefix);
    if (isUnknown && !expected.isEmpty) return passAsIs(this.#wire, framer, backend, owed.close);
    const undo = this.#undoOf(name, this.#names.bindingOf(name));
    this.#pendingNames.add(backend, name, undo);
    if (this.#own.isOn) {
      if (!expected.push(owed.close, undo)) return;
      this.#wire.pass(framer.start);
    } else if (expected.isEmpty) this.#wire.outbox.push(closeComplete());
    else if (!expected.push(owed.close | local, undo)) return;
    this.forget(name);
  }

  /**
   * Handles DEALLOCATE of a statement that was prepared by the protocol, as some drivers send it: only the proxy knows its name. A stand-in
   * is prepared at the server; returns the statement that deallocates it.
   */
  standInFor(note: Note, backend: Backend): string | undefined {
    const name = note.deallocates;
    const given = name === undefined ? undefined : this.#names.bindingOf(name);
    if (name === undefined || given === undefined || backend.expected.isSkipping) return undefined;
    note.undo = once(this.#undoOf(name, given));
    this.forget(name);
    this.#pendingNames.add(backend, name, note.undo);
    if (this.#own.isOn) return undefined;
    prepareStandIn(backend);
    return deallocateStandIn;
  }

  /** What is done if the message that drops a name fails or is skipped. */
  #undoOf(name: string, given: NameBinding | undefined): () => void {
    const wasOwn = this.#own.isOn;
    const own = this.#own.get(name);
    return () => {
      this.#names.restore(name, given);
      if (given?.isReverted !== false || !this.#own.isOn) return;
      if (wasOwn) this.#own.restore(name, own);
      else this.#own.markMissing(name, given.statement);
    };
  }

  /** Tables may have changed. */
  tablesChanged(): void {
    this.#statements.tablesChanged();
  }

  /** The server no longer has these statements. */
  forgot(names: readonly string[]): void {
    for (const name of names) this.forget(name);
    if (this.#names.size === 0) this.#own.isOn = false;
  }

  /** The name no longer exists. */
  forget(name: string): void {
    this.#names.forget(name);
    this.#own.forget(name);
  }

  /** The client is gone, or has deallocated everything. */
  clear(): void {
    this.#names.clear();
    this.#own.clear();
  }
}
