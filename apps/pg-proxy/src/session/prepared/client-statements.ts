import {
  bindHeadAs,
  closeComplete,
  describe,
  execute,
  frontend as from,
  parseComplete,
  parseKey,
  readBindHead,
  readExecute,
  readNamed,
  transactionStatus,
  type BindHead,
  type Framer,
  type Named,
  type Report,
} from '@medrex/pg-wire';
import type { Buffer } from 'node:buffer';
import { AloneStatements } from './alone-statements.ts';
import type { Backend } from '../backend/backend.ts';
import { ClientNames, Given } from './client-names.ts';
import { ClientPortals, type Prepared } from './client-portals.ts';
import { local, owed, type Note, type Undo } from '../backend/expected-answers.ts';
import type { Outbox } from '../backend/outbox.ts';
import { beyondAscii, isNoName } from './no-name.ts';
import { maySpeakOfNames, speaksOf, wantsNames } from './names-in-sql.ts';
import { NamesUnderWay } from './names-under-way.ts';
import { OwnStatements } from './own-statements.ts';
import { isInDoubt, prepareNew, prepareShared } from './prepare-shared.ts';
import { asksProcess } from '../processes/process-ids.ts';
import { unknownText, type Analysed, type Asked } from '../client/request.ts';
import { concernsProxy, leaves, type SessionWatch, type Watched } from '../left-behind/session-watch.ts';
import { refuse, ToldShapes, type HoldsBack, type Refused } from './row-shapes.ts';
import {
  deallocateStandIn,
  describeRowless,
  executeDeallocate,
  parseAnyway,
  parseInVain,
  prepareStandIn,
} from './stand-in.ts';
import { keyAsTold, statementPrefix, type Statement, type Statements } from './statements.ts';
import { UnnamedStatement } from './unnamed-statement.ts';

/** What becomes of the message at hand. */
export interface Wire extends HoldsBack {
  /** To the client. */
  readonly outbox: Outbox;
  /** From here on it goes to the backend as it is, with all that is still to come of it. */
  pass(from: number): void;
  malformed(): void;
  /** True: the message at hand names a session that must have a backend first, and is looked at again then. */
  awaitsProcess(): boolean;
  /** A statement may want that nobody is in some database. */
  vacates(text: string): void;
  /** True: the message at hand waits for a backend that has served nobody. */
  renews(text: string, backend: Backend): boolean;
  /** How a text is read that is prepared now. @param backend within its transaction, where nothing is under way but what may set that */
  reading(backend?: Backend): string;
  /** What it is about to take back of what its session began with is set again. */
  setAgain(watched: Watched, backend: Backend): void;
  /** What follows a statement that is run; undefined where nobody does. */
  noteOf(watched: Watched | undefined, prepared: Prepared): Note | undefined;
}

export interface ClientStatementsOptions {
  readonly wire: Wire;
  readonly watch: SessionWatch;
  readonly statements: Statements;
  /** Session mode: the backend is nobody else's, and names stay as they are. */
  readonly isAlone: boolean;
}

/** In place of one that is to fail: an error of the server's own, so that it takes back and passes over what it would then. */
const unknownPortal = 'pgproxy: not to be run';
/** Of a statement that SQL has prepared, or nobody: what it does is not known. */
const nothingKnown: Prepared = { text: '', analysis: unknownText };
/** What it is sent now is run: it is in no failed transaction, and passes over nothing. */
const isRunning = ({ status, expected }: Backend): boolean =>
  status !== transactionStatus.failed && !expected.isSkipping;
/** It is taken back in its turn, or at the end of its answer. */
const once = (undo: () => void): (() => void) => {
  let isDone = false;
  return () => {
    if (!isDone) undo();
    isDone = true;
  };
};
/** What it is sent now may come to a transaction that has failed: it has, or what is under way may, and its Sync has been sent. */
const mayHaveFailed = ({ status, expected }: Backend): boolean =>
  status === transactionStatus.failed || expected.hasSync;
/** It may advance a sequence, or leave a transaction that has failed. */
const isUnderWay = ({ expected }: Backend): boolean => [owed.execute, owed.query].some((kind) => expected.has(kind));

/**
 * The prepared statements of one client, which all clients share under other names: each message of the extended protocol is taken to
 * the name of its statement at the upstream, which is prepared on the backend first where it is not there.
 */
export class ClientStatements {
  readonly #wire: Wire;
  readonly #watch: SessionWatch;
  readonly #statements: Statements;
  readonly #isAlone: boolean;
  /** Somebody wants to know of everything that is run. */
  isObserved = false;
  /** Of the message at hand, once it has been looked at. */
  bindAtHand: BindHead | undefined;
  readonly shapes: ToldShapes;
  readonly #names: ClientNames;
  readonly #portals: ClientPortals;
  readonly #underWay = new NamesUnderWay();
  readonly #own = new OwnStatements(this.#underWay);
  readonly #unnamed: UnnamedStatement;
  readonly #alone = new AloneStatements();
  /** Of the transaction that is open. */
  #readingInside: string | undefined;
  /** Names of statements that may say which session is to be ended; that of the unnamed one is ''. */
  readonly #asking = new Set<string>();

  constructor({ wire, watch, statements, isAlone }: ClientStatementsOptions) {
    this.#wire = wire;
    this.#watch = watch;
    this.#statements = statements;
    this.#names = new ClientNames(statements);
    this.shapes = new ToldShapes(statements, wire);
    this.#isAlone = isAlone;
    this.#portals = new ClientPortals(watch);
    this.#unnamed = new UnnamedStatement(isAlone ? ({ text }) => concernsProxy(text) : leaves, watch);
  }

  /** The client's name of a shared statement. */
  nameOf(name: string): string | undefined {
    return this.#names.originOf(name);
  }

  /** Under this name it has a statement that the server knows by another. */
  has(name: string): boolean {
    return !this.#own.isOn && this.#names.has(name);
  }

  /** Undefined: there is none by that name, or nobody follows it. */
  named(of: Named['of'], name: string): Prepared | undefined {
    if (of === 'portal') return this.#portals.named(name)?.prepared;
    return this.#names.get(name) ?? this.#alone.get(name);
  }

  /** Makes the backend what a direct connection is before it shows what is prepared, or what sequences have come to. */
  show(what: Watched['shows'], backend: Backend, isPipelined: boolean): void {
    if (what === undefined || !isRunning(backend)) return;
    if (what === 'statements') void this.#own.takeOver(backend, this.#names.all);
    else if (backend.status === transactionStatus.idle && !isUnderWay(backend)) backend.forgetSequences(isPipelined);
  }

  /**
   * SQL may speak of a statement by the name that the protocol has given it (EXECUTE, EXPLAIN EXECUTE, DEALLOCATE among others), or of all
   * that are prepared: with the Parse of that no batch has begun, where the Bind is behind it. True: what is prepared by now has yet to be told.
   */
  showNamed(text: string, backend: Backend): boolean {
    if (this.#isOfNamesInDoubt(text, backend)) return true;
    const mayBeShown = this.#names.size > 0 && isRunning(backend) && maySpeakOfNames(text);
    const isToBeShown = mayBeShown && (this.#own.isInDoubt || wantsNames(text)) && speaksOf(text, this.names());
    if (!isToBeShown || !this.#own.takeOver(backend, this.#names.all)) return false;
    this.#wire.holdBack(backend);
    return true;
  }

  /** Why a statement of its own cannot be prepared by now. @param message of what has failed in its place */
  refusalOf(message: string): Report | undefined {
    return this.#own.refusalOf(message);
  }

  /** True: it may speak of a name of which it has yet to be told what it means, and waits for that. */
  #isOfNamesInDoubt(text: string, backend: Backend): boolean {
    if (this.#underWay.isEmpty || !isRunning(backend) || !maySpeakOfNames(text)) return false;
    const inDoubt = this.#underWay.inDoubt(backend);
    if (inDoubt.length === 0 || !speaksOf(text, [...this.names(), ...inDoubt])) return false;
    this.#wire.holdBack(backend);
    return true;
  }

  reshaped(): void {
    this.#statements.reshaped();
  }

  /** The client is gone, or everything was deallocated. */
  clear(): void {
    this.#names.clear();
    this.#alone.clear();
    this.#unnamed.drop();
    this.#own.clear();
  }

  get count(): number {
    return this.#names.size;
  }

  names(): readonly string[] {
    return [...this.#names.all.keys(), ...this.#alone.names()];
  }

  /** Those, too, that an error may yet give back. */
  namesBefore(): readonly string[] {
    return [...this.names(), ...this.#underWay.names()];
  }

  /** Under their own names at the backend, where the next client would meet them. */
  get hasOwn(): boolean {
    return this.#own.isOn && this.#names.size > 0;
  }

  /** Some of them are known to be there. */
  get hasOwnThere(): boolean {
    return this.#own.isOn && this.#names.size > this.#own.missing;
  }

  /** The server has none of these any more; of all when it is not known of which. */
  forgot(names: readonly string[] | undefined): void {
    if (names === undefined) return this.clear();
    for (const name of names) {
      this.forget(name);
      this.#own.forget(name);
    }
    if (this.#names.size === 0) this.#own.isOn = false;
  }

  /** A simple query takes the unnamed statement away. */
  forgetUnnamed(backend: Backend | undefined): void {
    this.#unnamed.dropAt(backend);
  }

  /** It is on its way, and may give names to statements by SQL, or take them. */
  runs(note: Note): void {
    if (!this.#isAlone) this.#underWay.runs(note);
  }

  /** What a name stands for; undefined: the server has to say. */
  known(name: string): (Analysed & Pick<Statement, 'key' | 'told'>) | undefined {
    if (name !== '') return this.#names.get(name);
    const { key } = this.#unnamed;
    return key === undefined ? undefined : { key, analysis: undefined, told: undefined };
  }

  /** A Parse that no server has seen: the answer to what it asks was known. */
  parsedHere(name: string, key: string, message: Buffer): void {
    if (name === '') this.#unnamed.parsedHere(message);
    else this.#names.set(name, new Given(this.#statements.use(key, this.#wire.reading())));
  }

  /** No portal outlives its transaction. */
  transactionEnded({ expected }: Backend): void {
    this.#readingInside = undefined;
    this.#portals.transactionEnded(expected.readies);
    this.shapes.transactionEnded();
  }

  /** The text that a message is about, where it can be known. */
  asked({ type, buffer, start, end, isLast }: Framer): Asked | undefined {
    switch (type) {
      case from.parse: {
        if (this.#unnamed.isAgain(buffer, start, end)) return this.#unnamed.asked;
        const nameEnd = buffer.indexOf(0, start + 5);
        const textEnd = nameEnd < 0 ? -1 : buffer.indexOf(0, nameEnd + 1);
        const isWhole = textEnd >= 0 && textEnd < end;
        const text = isWhole ? buffer.toString('latin1', nameEnd + 1, textEnd) : '';
        return { text, isWhole: isWhole || isLast, analysis: undefined };
      }
      case from.bind:
        this.bindAtHand = readBindHead(buffer, start, end);
        return this.#askedOf(this.bindAtHand?.statement);
      case from.describe: {
        const named = readNamed(buffer, start, end);
        return named?.of === 'statement' ? this.#askedOf(named.name) : undefined;
      }
      default:
        return undefined;
    }
  }

  #askedOf(name: string | undefined): Asked | undefined {
    if (name === '') return this.#unnamed.asked;
    return name === undefined ? undefined : this.#names.get(name);
  }

  /** A Parse: of a statement that all share where it has a name. @param asked where it was looked at already */
  parse(framer: Framer, backend: Backend, asked: Asked | undefined): void {
    const { buffer, start, end } = framer;
    const nameEnd = buffer.indexOf(0, start + 5);
    if (nameEnd < 0 || nameEnd >= end) return this.#passUnread(framer, backend, owed.parse);
    backend.traffic.parses++;
    if (nameEnd === start + 5) return this.#parseUnnamed(framer, backend, asked);
    const name = buffer.toString('latin1', start + 5, nameEnd);
    if (this.#underWay.isOfSql(backend, name)) return this.#wire.holdBack(backend);
    if (isNoName(name, backend) || this.#isOfSql(name)) return this.#passAsIs(framer, backend, owed.parse);
    let key = parseKey(buffer, start, end);
    this.#noteAsking(name, key);
    if (this.#asking.size > 0 && this.#asking.has(name)) {
      if (this.#wire.awaitsProcess()) return;
      key = parseKey(buffer, start, end); // process ids in it may be others now
    }
    if (this.#wire.renews(key, backend)) return;
    if (this.#isHeldBack(backend, name)) return;
    if (this.#isAlone) return this.#parseAlone(framer, backend, name);
    if (this.showNamed(key, backend)) return;
    if (this.#own.isOn) this.#parseOwn(framer, backend, name, key);
    else this.#parseNamed(backend, name, key);
  }

  #parseOwn({ start }: Framer, backend: Backend, name: string, key: string): void {
    const before = this.#names.givenAs(name);
    if (before !== undefined && this.#own.isMissing(name)) return this.#parseTaken(backend, name, key);
    const statement = this.#statements.use(key, this.#reading(backend));
    const given = new Given(statement);
    const undo = (): void => {
      if (this.#names.takeBack(name, given)) this.#names.again(name, before);
    };
    this.#underWay.sends(backend, name, undo);
    if (!backend.expected.push(owed.parse, undo)) return this.#statements.release(statement);
    this.forget(name);
    this.#own.forget(name);
    this.#names.set(name, given);
    this.#wire.pass(start);
  }

  #parseAlone({ buffer, start, end }: Framer, backend: Backend, name: string): void {
    const textAt = start + 6 + name.length;
    const text = buffer.toString('latin1', textAt, Math.min(end, buffer.indexOf(0, textAt)));
    const undo = this.#alone.again(name);
    if (this.#alone.isKnownBy(name, text, this.isObserved)) this.#underWay.sends(backend, name, undo);
    if (!backend.expected.push(owed.parse, undo)) return;
    this.#wire.pass(start);
    this.#alone.parsed(name, text, this.isObserved);
  }

  #parseUnnamed(framer: Framer, backend: Backend, asked: Asked | undefined): void {
    const { buffer, start, end } = framer;
    const read = this.#unnamed.isAgain(buffer, start, end, asked) ? undefined : (asked ?? this.asked(framer));
    if (read !== undefined) this.#noteAsking('', read.text);
    if (this.#asking.size > 0 && this.#asking.has('') && this.#wire.awaitsProcess()) return;
    if (read !== undefined && this.#wire.renews(read.text, backend)) return;
    // One that comes again may speak of a name that has come meanwhile.
    const speaks = !this.#isAlone && (read !== undefined || this.#names.size > 0);
    if (speaks && this.showNamed((read ?? this.#unnamed.asked).text, backend)) return;
    const sent = this.#unnamed.parses(framer, read, backend);
    if (!backend.expected.push(owed.parse, sent.undo)) return;
    this.#unnamed.sent(sent);
    backend.traffic.serverParses++;
    this.#wire.pass(start);
  }

  #parseNamed(backend: Backend, name: string, key: string): void {
    const { expected, prepared } = backend;
    const taken = this.#names.get(name);
    if (taken !== undefined) return this.#parseTaken(backend, name, key);
    const statement = this.#statements.use(key, this.#reading(backend));
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
    this.shapes.prepared(backend, statement, (now) => {
      if (this.#names.get(name) === statement) this.#names.exchange(name, this.#statements.use(now.key, now.reading));
    });
  }

  /** There is one of that name, which need not be at the backend: the server says so, or what else is wrong. */
  #parseTaken(backend: Backend, name: string, key: string): void {
    parseInVain(backend, key, (isPassedOver) => {
      if (!isPassedOver) this.#names.taken = name;
    });
  }

  /** A Bind, to the statement that the name means at the upstream. */
  bind(framer: Framer, backend: Backend): void {
    const head = this.bindAtHand ?? readBindHead(framer.buffer, framer.start, framer.end);
    if (head === undefined) return this.#passUnread(framer, backend, owed.bind);
    backend.traffic.binds++;
    if (this.#asking.size > 0 && this.#asking.has(head.statement) && this.#wire.awaitsProcess()) return;
    if (this.#isHeldBack(backend, head.statement) || this.#isHeldBackFor(head.statement, backend)) return;
    this.#watchPortal(framer, head, backend);
    if (head.statement === '') {
      this.shapes.bound(head.portal, undefined);
      if (this.#hasUnnamed(backend, 'bind') && backend.expected.push(owed.bind)) this.#wire.pass(framer.start);
      return;
    }
    const name = this.#upstreamName(backend, head.statement, 'bind');
    if (name === undefined || !backend.expected.push(owed.bind)) return;
    const shared = this.#names.get(head.statement);
    this.shapes.bound(head.portal, shared?.name === name ? shared : undefined);
    if (name === head.statement) return this.#wire.pass(framer.start);
    backend.outbox.push(bindHeadAs(name, head, framer.start, framer.length));
    this.#wire.pass(head.at);
  }

  #watchPortal(framer: Framer, { portal, statement }: BindHead, backend: Backend): void {
    const named = this.#names.get(statement) ?? this.#alone.get(statement);
    const mayLeave = statement === '' ? this.#unnamed.mayLeave : named !== undefined && this.#watch.mayLeave(named);
    const isFollowed = mayLeave || this.#watch.isActive || (this.#watch.followsAll && !this.#isAlone);
    if (!isFollowed && !this.isObserved) return this.#portals.bind(portal, undefined);
    const prepared = (statement === '' ? this.#unnamed.asked : named) ?? nothingKnown;
    const watched = isFollowed ? this.#portals.look(framer, prepared.text, mayLeave, backend) : undefined;
    if (!this.#isAlone) this.show(watched?.shows, backend, true);
    const until = backend.expected.nextReady;
    this.#portals.bind(portal, watched !== undefined || this.isObserved ? { prepared, watched, until } : undefined);
  }

  #noteAsking(name: string, text: string): void {
    if (asksProcess(text)) this.#asking.add(name);
    else if (this.#asking.size > 0) this.#asking.delete(name);
    this.#wire.vacates(text);
  }

  /** An Execute; what its portal runs may have to be followed. */
  execute(framer: Framer, backend: Backend): void {
    const portal = this.#portals.of(framer);
    const note = portal && this.#wire.noteOf(portal.watched && { ...portal.watched }, portal.prepared);
    if (note !== undefined && this.standInFor(note, backend) !== undefined)
      return executeDeallocate(backend, note, readExecute(framer.buffer, framer.start, framer.end)?.portal ?? '');
    if (!backend.expected.push(owed.execute, note?.undo, note)) return;
    if (note !== undefined) this.runs(note);
    if (note?.fault !== undefined) return backend.outbox.push(execute({ portal: unknownPortal, rowsMax: 0 }));
    this.#wire.pass(framer.start);
    if (portal?.watched !== undefined) this.#wire.setAgain(portal.watched, backend);
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
    return () => {
      this.#names.again(name, given);
      if (given?.isVoid === false && this.#own.isOn && !wasOwn) this.#own.misses(name, given.statement);
    };
  }

  /** True: what is prepared by that name by now has yet to be told. */
  #isHeldBack(backend: Backend, name: string): boolean {
    const isToBeTold = name === '' ? this.#unnamed.isInDoubt(backend) : this.#underWay.isInDoubt(backend, name);
    if (!isToBeTold) return false;
    this.#wire.holdBack(backend);
    return true;
  }

  /** What it stands for speaks of such a name, and may have been prepared long before. */
  #isHeldBackFor(statement: string, backend: Backend): boolean {
    if (this.#isAlone || this.#underWay.isEmpty) return false;
    const text = statement === '' ? this.#unnamed.asked.text : this.#names.get(statement)?.text;
    return text !== undefined && this.#isOfNamesInDoubt(text, backend);
  }

  /** False: it is not there yet, or not as the client was told of it, or the server passes over everything. */
  #hasUnnamed(backend: Backend, of: Refused['of']): boolean {
    return this.#isAlone || this.#unnamed.prepareAt(backend, this.shapes, of);
  }

  /** Undefined: the server passes over everything. */
  #upstreamName(backend: Backend, name: string, of: Refused['of']): string | undefined {
    if (this.#isAlone) return name;
    if (this.#own.isOn) return !this.#names.has(name) || this.#own.prepareAt(backend, name) ? name : undefined;
    const statement = this.#names.get(name);
    // The server says that it does not exist; a name of ours must not exist for a client.
    if (statement === undefined) return name.startsWith(statementPrefix) ? ` ${name}` : name;
    const there = backend.prepared.touch(statement.name) ? statement : this.#asNow(statement, backend);
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
    else this.shapes.prepareAs(shape, backend, there, statement, { of, told });
    return undefined;
  }

  /** What cannot be read here goes to the server as it is, which says what is wrong with it. */
  #passUnread({ start, isLast }: Framer, backend: Backend, kind: number): void {
    // Names are longer than what is looked at: they may be anybody's.
    if (!isLast) this.#wire.malformed();
    else if (backend.expected.push(kind)) this.#wire.pass(start);
  }

  #passAsIs({ start }: Framer, backend: Backend, kind: number, undo?: Undo): void {
    if (backend.expected.push(kind, undo)) this.#wire.pass(start);
    else undo?.(true);
  }

  /** SQL has prepared it, in the backend that is this client's alone for that. */
  #isOfSql(name: string): boolean {
    return this.#watch.hasPrepared(name) && !this.#names.has(name) && !this.#isAlone;
  }

  /** A statement that this backend has yet to prepare means what its names and constants mean to the session by now. */
  #asNow(statement: Statement, backend: Backend): Statement {
    const reading = this.#reading(backend);
    if (reading === statement.reading) return statement;
    const now = this.#statements.use(keyAsTold(statement), reading);
    this.#statements.release(now);
    return now;
  }

  #reading(backend: Backend): string {
    if (backend.expected.rereads) return this.#wire.reading(backend);
    if (backend.status === transactionStatus.idle) return this.#wire.reading();
    if (backend.expected.isEmpty) this.#readingInside = this.#wire.reading(backend);
    return this.#readingInside ?? this.#wire.reading();
  }

  /** A Describe. */
  describe(framer: Framer, backend: Backend): void {
    const { buffer, start, end } = framer;
    const named = readNamed(buffer, start, end);
    if (named === undefined) return this.#passUnread(framer, backend, owed.describe);
    if (named.of === 'statement' && this.#isHeldBack(backend, named.name)) return;
    if (named.of === 'portal') this.shapes.portalTold(backend, named.name);
    if (named.of === 'portal' || named.name === '') {
      const isThere = named.of === 'portal' || this.#hasUnnamed(backend, 'describe');
      const heard = named.of === 'portal' || this.#isAlone ? undefined : this.#unnamed.heard(this.shapes);
      if (isThere && backend.expected.push(owed.describe, undefined, heard)) this.#wire.pass(framer.start);
      return;
    }
    const statement = this.#names.get(named.name);
    const isFailed = backend.status === transactionStatus.failed;
    if (isFailed && statement?.told?.hasRows === false && !this.#own.isOn && !backend.prepared.touch(statement.name))
      return describeRowless(backend, statement.told);
    const name = this.#upstreamName(backend, named.name, 'describe');
    const heard = statement === undefined || statement.name !== name ? undefined : this.shapes.told(statement);
    if (name === undefined || !backend.expected.push(owed.describe, undefined, heard)) return;
    if (name === named.name) this.#wire.pass(framer.start);
    else backend.outbox.push(describe({ of: 'statement', name }));
  }

  /** A Close. */
  close(framer: Framer, backend: Backend): void {
    const { buffer, start, end } = framer;
    const named = readNamed(buffer, start, end);
    if (named === undefined) return this.#passUnread(framer, backend, owed.close);
    if (isNoName(named.name, backend)) return this.#passAsIs(framer, backend, owed.close);
    if (named.of === 'statement' && this.#isOfSql(named.name))
      return this.#passAsIs(framer, backend, owed.close, this.#watch.closes(named.name));
    const { expected } = backend;
    if (named.of === 'portal') return this.#passAsIs(framer, backend, owed.close);
    if (this.#isHeldBack(backend, named.name)) return;
    if (named.name === '') return this.#closeUnnamed(framer, backend);
    if (this.#isAlone) return this.#closeAtOwnBackend(framer, backend, named.name);
    const statement = this.#names.get(named.name);
    // SQL may be about to prepare one by that name.
    const isUnknown = statement === undefined && !named.name.startsWith(statementPrefix);
    if (isUnknown && !expected.isEmpty) return this.#passAsIs(framer, backend, owed.close);
    const undo = this.#again(named.name, this.#names.givenAs(named.name));
    this.#underWay.sends(backend, named.name, undo);
    if (this.#own.isOn) {
      if (!expected.push(owed.close, undo)) return;
      this.#wire.pass(framer.start);
    } else if (expected.isEmpty) this.#wire.outbox.push(closeComplete());
    else if (!expected.push(owed.close | local, undo)) return;
    this.forget(named.name);
  }

  #closeAtOwnBackend(framer: Framer, backend: Backend, name: string): void {
    const undo = this.#alone.again(name);
    if (this.#alone.get(name) !== undefined) this.#underWay.sends(backend, name, undo);
    this.#alone.forget(name);
    this.#passAsIs(framer, backend, owed.close, undo);
  }

  #closeUnnamed({ start }: Framer, backend: Backend): void {
    const sent = this.#unnamed.closes(backend);
    if (!backend.expected.push(owed.close, sent.undo)) return;
    this.#unnamed.sent(sent);
    this.#wire.pass(start);
  }

  /** Without a backend there is no portal, and what a name means is known here. */
  closeAlone(framer: Framer): boolean {
    const { buffer, start, end } = framer;
    const named = readNamed(buffer, start, end);
    if (named === undefined || beyondAscii.test(named.name)) return false;
    if (named.of === 'statement' && named.name === '') this.#unnamed.drop();
    if (named.of === 'statement') this.forget(named.name);
    this.#wire.outbox.push(closeComplete());
    return true;
  }

  /** A name that means nothing any more. */
  forget(name: string): void {
    this.#alone.forget(name);
    this.#names.forget(name);
  }
}
