import { closeComplete, parseComplete, transactionStatus, type Framer, type Report } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { local, owed, type Note } from '../backend/expected-answers.ts';
import { ClientNames, Given } from './client-names.ts';
import { maySpeakOfNames, speaksOf, wantsNames } from './names-in-sql.ts';
import { NamesUnderWay } from './names-under-way.ts';
import { OwnStatements } from './own-statements.ts';
import { isInDoubt, prepareNew, prepareShared } from './prepare-shared.ts';
import { refuse, type Refused, type ToldShapes } from './row-shapes.ts';
import { deallocateStandIn, parseAnyway, parseInVain, prepareStandIn } from './stand-in.ts';
import { keyAsTold, statementPrefix, type Statement, type Statements } from './statements.ts';
import { passAsIs, type Wire } from './wire.ts';

export interface SharedStatementsOptions {
  readonly wire: Wire;
  /** Of its pool. */
  readonly statements: Statements;
  readonly shapes: ToldShapes;
}

/** It is taken back in its turn, or at the end of its answer. */
const once = (undo: () => void): (() => void) => {
  let isDone = false;
  return () => {
    if (!isDone) undo();
    isDone = true;
  };
};

/** What it is sent now is run: it is in no failed transaction, and passes over nothing. */
export const isRunning = ({ status, expected }: Backend): boolean =>
  status !== transactionStatus.failed && !expected.isSkipping;
/** It may advance a sequence, or leave a transaction that has failed. */
export const isUnderWay = ({ expected }: Backend): boolean =>
  [owed.execute, owed.query].some((kind) => expected.has(kind));
/** What it is sent now may come to a transaction that has failed: it has, or what is under way may, and its Sync has been sent. */
const mayHaveFailed = ({ status, expected }: Backend): boolean =>
  status === transactionStatus.failed || expected.hasSync;

/**
 * The statements that one client has prepared under names, which all clients share under other names at the upstream: there each is
 * prepared first where its backend does not have it. Once what is prepared is shown, they stand at the backend under their own names.
 */
export class SharedStatements {
  readonly #wire: Wire;
  readonly #statements: Statements;
  readonly #shapes: ToldShapes;
  readonly #names: ClientNames;
  readonly #underWay = new NamesUnderWay();
  readonly #own = new OwnStatements(this.#underWay);
  /** Of the transaction that is open. */
  #readingInside: string | undefined;
  /** Of which nobody has the statement but it. */
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

  /** Under this name it has a statement that the server knows by another. */
  has(name: string): boolean {
    return !this.#own.isOn && this.#names.has(name);
  }

  names(): Iterable<string> {
    return this.#names.all.keys();
  }

  /** Those, too, that an error may yet give back. */
  namesBefore(): readonly string[] {
    return [...this.names(), ...this.#underWay.names()];
  }

  /** The client's name of a shared statement. */
  nameOf(upstreamName: string): string | undefined {
    return this.#names.originOf(upstreamName);
  }

  /** Under their own names at the backend, where the next client would meet them. */
  get hasOwn(): boolean {
    return this.#own.isOn && this.#names.size > 0;
  }

  /** Some of them are known to be there. */
  get hasOwnThere(): boolean {
    return this.#own.isOn && this.#names.size > this.#own.missing;
  }

  // Before SQL shows them, or speaks of them.

  /** The backend is to have them under their own names, and no others. True: what has become of them is yet to be told. */
  takeOver(backend: Backend): boolean {
    return this.#own.takeOver(backend, this.#names.all);
  }

  /**
   * SQL may speak of a statement by the name that the protocol has given it (EXECUTE, EXPLAIN EXECUTE, DEALLOCATE among others), or of all
   * that are prepared: with the Parse of that no batch has begun, where the Bind is behind it. True: what is prepared by now has yet to be told.
   */
  showNamed(text: string, backend: Backend): boolean {
    if (this.#isOfNamesInDoubt(text, backend) || this.#mayYetRun(text, backend)) return true;
    const mayBeShown = this.#names.size > 0 && isRunning(backend) && maySpeakOfNames(text);
    const isToBeShown = mayBeShown && (this.#own.isInDoubt || wantsNames(text)) && speaksOf(text, [...this.names()]);
    if (!isToBeShown || !this.takeOver(backend)) return false;
    this.#wire.holdBack(backend);
    return true;
  }

  /** True: it may speak of a name of which it has yet to be told what it means, and waits for that. */
  #isOfNamesInDoubt(text: string, backend: Backend): boolean {
    if (this.#underWay.isEmpty || !isRunning(backend) || !maySpeakOfNames(text)) return false;
    const inDoubt = this.#underWay.inDoubt(backend);
    if (inDoubt.length === 0 || !speaksOf(text, [...this.names(), ...inDoubt])) return false;
    this.#wire.holdBack(backend);
    return true;
  }

  /** True: what is under way may leave the transaction that has failed, and it waits for that. */
  #mayYetRun(text: string, backend: Backend): boolean {
    const { status, expected } = backend;
    if (status !== transactionStatus.failed || expected.isSkipping || !isUnderWay(backend)) return false;
    if (!maySpeakOfNames(text)) return false;
    this.#wire.holdBack(backend);
    return true;
  }

  /** Something that gives or takes a name may be. */
  get isUnderWay(): boolean {
    return !this.#underWay.isEmpty;
  }

  /** What it means by now has yet to be told. */
  isInDoubt(backend: Backend, name: string): boolean {
    return this.#underWay.isInDoubt(backend, name);
  }

  /** Whether SQL that is under way may give or take it. */
  isOfSql(backend: Backend, name: string): boolean {
    return this.#underWay.isOfSql(backend, name);
  }

  /** It is on its way, and may give names to statements by SQL, or take them. */
  runs(note: Note): void {
    this.#underWay.runs(note);
  }

  /** Why one under its own name cannot be prepared by now. @param message of what has failed in its place */
  refusalOf(message: string): Report | undefined {
    return this.#own.refusalOf(message);
  }

  // Parse.

  parse(framer: Framer, backend: Backend, name: string, key: string): void {
    if (this.#own.isOn) this.#parseOwn(framer, backend, name, key);
    else this.#parseShared(backend, name, key);
  }

  #parseOwn({ start }: Framer, backend: Backend, name: string, key: string): void {
    const before = this.#names.givenAs(name);
    if (before !== undefined && this.#own.isMissing(name)) return this.#parseTaken(backend, name, key);
    const statement = this.#statements.use(key, this.#readingOfParse(backend));
    const given = new Given(statement);
    const undo = (): void => {
      if (this.#names.takeBack(name, given)) this.#names.again(name, before);
    };
    this.#underWay.sends(backend, name, undo);
    if (!backend.expected.push(owed.parse, undo)) return this.#statements.release(statement);
    this.forget(name);
    this.#names.set(name, given);
    this.#wire.pass(start);
  }

  #parseShared(backend: Backend, name: string, key: string): void {
    const { expected, prepared } = backend;
    if (this.#names.has(name)) return this.#parseTaken(backend, name, key);
    const statement = this.#statements.use(key, this.#readingOfParse(backend));
    const isThere = prepared.touch(statement.name);
    if (isThere && isInDoubt(backend, statement)) {
      this.#statements.release(statement);
      return this.#wire.holdBack(backend);
    }
    if (expected.isEmpty) this.#names.nothingUnderWay();
    const given = new Given(statement);
    const undo = (): void => {
      if (this.#names.takeBack(name, given)) this.#own.forget(name);
      if (!isThere) prepared.delete(statement.name);
    };
    this.#underWay.sends(backend, name, undo);
    const answer = (): boolean => {
      if (!isThere) return prepareNew(backend, statement, owed.parse, undo);
      if (mayHaveFailed(backend)) return parseAnyway(backend, key, undo);
      return expected.push(owed.parse | local, undo);
    };
    if (isThere && expected.isEmpty && backend.status !== transactionStatus.failed)
      this.#wire.outbox.push(parseComplete());
    else if (!answer()) {
      this.#statements.release(statement);
      return;
    }
    this.#names.set(name, given);
    if (isThere || statement.told === undefined) return;
    this.#shapes.prepared(backend, statement, (now) => {
      if (this.#names.get(name) === statement) this.#names.exchange(name, this.#statements.use(now.key, now.reading));
    });
  }

  /** There is one of that name, which need not be at the backend: the server says so, or what else is wrong. */
  #parseTaken(backend: Backend, name: string, key: string): void {
    parseInVain(backend, key, (isPassedOver) => {
      if (!isPassedOver) this.#names.taken = name;
    });
  }

  /** A Parse that no server has seen: the answer to what it asks was known. */
  parsedHere(name: string, key: string): void {
    this.#names.set(name, new Given(this.#statements.use(key, this.#wire.reading())));
  }

  /** What a name means is found with each Parse where it may be a temporary table by then, or what is read is not known. */
  #readingOfParse(backend: Backend): string {
    const reading = this.#reading(backend);
    const isOwn = this.#wire.temporaryMark !== undefined || backend.expected.rereads;
    return isOwn ? `${reading}${++this.#parses}` : reading;
  }

  /** It was prepared before its names could mean temporary tables. */
  #isOutdated({ reading }: Statement): boolean {
    const { temporaryMark } = this.#wire;
    return temporaryMark !== undefined && !reading.includes(temporaryMark);
  }

  #reading(backend: Backend): string {
    if (backend.expected.rereads) return this.#wire.reading(backend);
    if (backend.status === transactionStatus.idle) return this.#wire.reading();
    if (backend.expected.isEmpty) this.#readingInside = this.#wire.reading(backend);
    return this.#readingInside ?? this.#wire.reading();
  }

  transactionEnded(): void {
    this.#readingInside = undefined;
  }

  // Bind and Describe.

  /** What the name means at the upstream, where the backend has it from now on. Undefined: the server passes over everything. */
  upstreamName(backend: Backend, name: string, of: Refused['of']): string | undefined {
    if (this.#own.isOn) return !this.#names.has(name) || this.#own.prepareAt(backend, name) ? name : undefined;
    const statement = this.#names.get(name);
    this.#names.asked = name;
    // The server says that it does not exist; a name of ours must not exist for a client.
    if (statement === undefined) return name.startsWith(statementPrefix) ? ` ${name}` : name;
    const isAsIs = !this.#isOutdated(statement) && backend.prepared.touch(statement.name);
    const there = isAsIs ? statement : this.#asNow(statement, backend);
    const isThere = backend.prepared.touch(there.name);
    if (isThere && backend.prepared.undos.size > 0 && isInDoubt(backend, there)) {
      this.#wire.holdBack(backend);
      return undefined;
    }
    if (isThere && there === statement) return statement.name;
    if (there !== statement) this.#names.alsoCalled(there.name, name);
    const told = statement.told ?? there.told;
    const shape = told?.shape;
    if (shape === undefined || (isThere && shape === (there.told?.shape ?? shape)))
      return prepareShared(backend, there) ? there.name : undefined;
    if (isThere) refuse(backend, { of, told });
    else this.#shapes.prepareAs(shape, backend, there, statement, { of, told });
    return undefined;
  }

  /** A statement that this backend has yet to prepare means what its names and constants mean to the session by now. */
  #asNow(statement: Statement, backend: Backend): Statement {
    const reading = this.#reading(backend);
    if (reading === statement.reading) return statement;
    const now = this.#statements.use(keyAsTold(statement), reading);
    this.#statements.release(now);
    return now;
  }

  // Close and DEALLOCATE.

  close(framer: Framer, backend: Backend, name: string): void {
    const { expected } = backend;
    // SQL may be about to prepare one by that name.
    const isUnknown = !this.#names.has(name) && !name.startsWith(statementPrefix);
    if (isUnknown && !expected.isEmpty) return passAsIs(this.#wire, framer, backend, owed.close);
    const undo = this.#again(name, this.#names.givenAs(name));
    this.#underWay.sends(backend, name, undo);
    if (this.#own.isOn) {
      if (!expected.push(owed.close, undo)) return;
      this.#wire.pass(framer.start);
    } else if (expected.isEmpty) this.#wire.outbox.push(closeComplete());
    else if (!expected.push(owed.close | local, undo)) return;
    this.forget(name);
  }

  /**
   * DEALLOCATE of a statement that was prepared by the protocol, as some drivers do it: its name is known here only. Another one is
   * made ready at the server; what deallocates that is returned.
   */
  standInFor(note: Note, backend: Backend): string | undefined {
    const name = note.deallocates;
    const given = name === undefined ? undefined : this.#names.givenAs(name);
    if (name === undefined || given === undefined || backend.expected.isSkipping) return undefined;
    this.forget(name);
    note.undo = once(this.#again(name, given));
    this.#underWay.sends(backend, name, note.undo);
    if (this.#own.isOn) return undefined;
    prepareStandIn(backend);
    return deallocateStandIn;
  }

  /** What is done where what takes a name away fails, or is passed over. */
  #again(name: string, given: Given | undefined): () => void {
    const wasOwn = this.#own.isOn;
    const own = this.#own.get(name);
    return () => {
      this.#names.again(name, given);
      if (given?.isVoid !== false || !this.#own.isOn) return;
      if (wasOwn) this.#own.again(name, own);
      else this.#own.misses(name, given.statement);
    };
  }

  /** Tables may have become others. */
  reshaped(): void {
    this.#statements.reshaped();
  }

  /** The server has none of these any more. */
  forgot(names: readonly string[]): void {
    for (const name of names) this.forget(name);
    if (this.#names.size === 0) this.#own.isOn = false;
  }

  /** It means nothing any more. */
  forget(name: string): void {
    this.#names.forget(name);
    this.#own.forget(name);
  }

  /** The client is gone, or everything was deallocated. */
  clear(): void {
    this.#names.clear();
    this.#own.clear();
  }
}
