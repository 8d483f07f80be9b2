import {
  closeComplete,
  describe,
  execute,
  rewriteBindHead,
  frontend as from,
  parseKey,
  readBindHead,
  readExecute,
  readTarget,
  transactionStatus,
  type BindHead,
  type Framer,
  type Target,
} from '@medrex/pg-wire';
import type { Buffer } from 'node:buffer';
import type { Backend } from '../backend/backend.ts';
import { owed, type Note } from '../backend/expected-answers.ts';
import { unknownText, type Analysed, type RequestText } from '../client/request.ts';
import { concernsProxy } from '../state/concerns-proxy.ts';
import { leaves } from '../state/leaves-state.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import type { TrackedText } from '../state/tracked-text.ts';
import { asksProcess } from '../processes/process-ids.ts';
import { UnsharedStatements, type UnsharedStatement } from './unshared-statements.ts';
import { ClientPortals, type Prepared } from './client-portals.ts';
import { beyondAscii, isNoName } from './no-name.ts';
import { ClientShapes, type Refused } from './row-shapes.ts';
import { isRunning, mayChangeTransaction, SharedStatements } from './shared-statements.ts';
import { describeRowless, executeDeallocate } from './stand-in.ts';
import type { Statement, Statements } from './statements.ts';
import { UnnamedStatement } from './unnamed-statement.ts';
import { passAsIs, type Wire } from './wire.ts';

export interface ClientStatementsOptions {
  readonly wire: Wire;
  readonly watch: SessionTracker;
  readonly statements: Statements;
  /** Session mode: the backend belongs to one client, so names stay as they are. */
  readonly hasOwnBackend: boolean;
}

/** Replaces a portal that must fail: raises an error in the server, so that it rolls back and skips what it would have then. */
const unknownPortal = 'pgproxy: not to be run';
/** For a statement that was prepared by SQL, or that does not exist: it is unknown what it does. */
const nothingKnown: Prepared = { text: '', analysis: unknownText };

/**
 * A client's prepared statements, named and unnamed: handles each message of the extended protocol that concerns them, and knows what their
 * portals run.
 */
export class ClientStatements {
  readonly #wire: Wire;
  readonly #watch: SessionTracker;
  /** All requests are observed. */
  isObserved = false;
  /** The Bind that is the current message, once it has been read. */
  bindAtHand: BindHead | undefined;
  readonly shapes: ClientShapes;
  /** Named statements; unused in session mode. */
  readonly shared: SharedStatements;
  /** Named statements in session mode; undefined in the other modes. */
  readonly #unshared: UnsharedStatements | undefined;
  readonly #unnamed: UnnamedStatement;
  readonly #portals: ClientPortals;
  /** Names of statements that may terminate a session by its process id; '' stands for the unnamed one. */
  readonly #asking = new Set<string>();

  constructor({ wire, watch, statements, hasOwnBackend }: ClientStatementsOptions) {
    this.#wire = wire;
    this.#watch = watch;
    this.#unshared = hasOwnBackend ? new UnsharedStatements(wire) : undefined;
    this.shapes = new ClientShapes(statements, wire);
    this.shared = new SharedStatements({ wire, statements, shapes: this.shapes });
    this.#portals = new ClientPortals(watch);
    this.#unnamed = new UnnamedStatement(hasOwnBackend ? ({ text }) => concernsProxy(text) : leaves, watch);
  }

  /** Undefined: no statement has this name, or nothing is tracked. */
  named(of: Target['kind'], name: string): Prepared | undefined {
    if (of === 'portal') return this.#portals.named(name)?.prepared;
    return this.#withName(name);
  }

  #withName(name: string): Statement | UnsharedStatement | undefined {
    return this.#unshared === undefined ? this.shared.get(name) : this.#unshared.get(name);
  }

  /** Gives the backend the state of a direct connection before it shows prepared statements or sequence values. */
  show(what: TrackedText['shows'], backend: Backend, isPipelined: boolean): void {
    if (what === undefined || this.#unshared !== undefined || !isRunning(backend)) return;
    if (what === 'statements') void this.shared.prepareOwn(backend);
    else if (backend.status === transactionStatus.idle && !mayChangeTransaction(backend))
      backend.forgetSequences(isPipelined);
  }

  /** The client is gone, or has deallocated everything. */
  clear(): void {
    this.shared.clear();
    this.#unshared?.clear();
    this.#unnamed.drop();
  }

  names(): readonly string[] {
    return [...(this.#unshared ?? this.shared).names()];
  }

  /** Includes names that an error may still give back. */
  namesBefore(): readonly string[] {
    return (this.#unshared ?? this.shared).namesBefore();
  }

  /** The server no longer has these statements; undefined: it is unknown which. */
  forgot(names: readonly string[] | undefined): void {
    if (names === undefined) return this.clear();
    for (const name of names) this.#unshared?.forget(name);
    this.shared.forgot(names);
  }

  /** A simple query destroys the unnamed statement. */
  forgetUnnamed(backend: Backend | undefined): void {
    this.#unnamed.dropAt(backend);
  }

  /** A request has been sent that may create or drop statements by SQL. */
  runs(note: Note): void {
    if (this.#unshared === undefined) this.shared.runs(note);
  }

  /** What is known of the statement with this name; undefined: only the server knows. */
  known(name: string): (Analysed & Pick<Statement, 'key' | 'description'>) | undefined {
    if (name !== '') return this.shared.get(name);
    const { key } = this.#unnamed;
    return key === undefined ? undefined : { key, analysis: undefined, description: undefined };
  }

  /** Notes a Parse that was not sent to a server, because the answer to what follows was known. */
  parsedHere(name: string, key: string, message: Buffer): void {
    if (name === '') this.#unnamed.parsedHere(message);
    else this.shared.parsedHere(name, key);
  }

  /** Portals end with their transaction. */
  transactionEnded({ expected }: Backend): void {
    this.shared.transactionEnded();
    this.#portals.transactionEnded(expected.readies);
    this.shapes.transactionEnded();
  }

  /** The text that a message is about, if it can be known. */
  asked({ type, buffer, start, end, isLast }: Framer): RequestText | undefined {
    switch (type) {
      case from.parse: {
        if (this.#unnamed.isRepeated(buffer, start, end)) return this.#unnamed.asked;
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
        const named = readTarget(buffer, start, end);
        return named?.kind === 'statement' ? this.#askedOf(named.name) : undefined;
      }
      default:
        return undefined;
    }
  }

  #askedOf(name: string | undefined): RequestText | undefined {
    if (name === '') return this.#unnamed.asked;
    return name === undefined ? undefined : this.shared.get(name);
  }

  /** Handles a Parse. @param asked what is already known about it */
  parse(framer: Framer, backend: Backend, asked: RequestText | undefined): void {
    const { buffer, start, end } = framer;
    const nameEnd = buffer.indexOf(0, start + 5);
    if (nameEnd < 0 || nameEnd >= end) return this.#passUnread(framer, backend, owed.parse);
    backend.traffic.parses++;
    if (nameEnd === start + 5) return this.#parseUnnamed(framer, backend, asked);
    const name = buffer.toString('latin1', start + 5, nameEnd);
    if (this.shared.mayChangeBySql(backend, name)) return this.#wire.holdBack(backend);
    if (isNoName(name, backend) || this.#isOfSql(name)) return passAsIs(this.#wire, framer, backend, owed.parse);
    let key = parseKey(buffer, start, end);
    this.#noteAsking(name, key);
    if (this.#asking.size > 0 && this.#asking.has(name)) {
      if (this.#wire.awaitsProcess()) return;
      key = parseKey(buffer, start, end); // process ids in it may be others now
    }
    if (this.#wire.needsFreshBackend(key, backend)) return;
    if (this.#isHeldBack(backend, name)) return;
    if (this.#unshared !== undefined) return this.#unshared.parse(framer, backend, name, this.isObserved);
    if (this.shared.showNamed(key, backend)) return;
    const isSpokenOf = isRunning(backend) && this.#portals.mayReferTo(name);
    if (isSpokenOf && this.shared.prepareOwn(backend)) return this.#wire.holdBack(backend);
    this.shared.parse(framer, backend, name, key);
  }

  #parseUnnamed(framer: Framer, backend: Backend, asked: RequestText | undefined): void {
    const { buffer, start, end } = framer;
    const read = this.#unnamed.isRepeated(buffer, start, end, asked) ? undefined : (asked ?? this.asked(framer));
    if (read !== undefined) this.#noteAsking('', read.text);
    if (this.#asking.size > 0 && this.#asking.has('') && this.#wire.awaitsProcess()) return;
    if (read !== undefined && this.#wire.needsFreshBackend(read.text, backend)) return;
    // Even a Parse that comes again may refer to a name that is new since.
    const mayHaveCome = read !== undefined || this.shared.size > 0;
    if (mayHaveCome && this.shared.showNamed((read ?? this.#unnamed.asked).text, backend)) return;
    const sent = this.#unnamed.parses(framer, read, backend);
    if (!backend.expected.push(owed.parse, sent.undo)) return;
    this.#unnamed.sent(sent);
    backend.traffic.serverParses++;
    this.#wire.pass(start);
  }

  /** Handles a Bind, with the statement's upstream name. */
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
    const shared = this.shared.get(head.statement);
    this.shapes.bound(head.portal, shared?.name === name ? shared : undefined);
    if (name === head.statement) return this.#wire.pass(framer.start);
    backend.outbox.push(rewriteBindHead(name, head, framer.start, framer.length));
    this.#wire.pass(head.formatsAt);
  }

  #watchPortal(framer: Framer, { portal, statement }: BindHead, backend: Backend): void {
    const named = this.#withName(statement);
    const mayLeave = statement === '' ? this.#unnamed.mayLeave : named !== undefined && this.#watch.mayLeave(named);
    const isFollowed = mayLeave || this.#watch.isActive || (this.#watch.tracksAll && this.#unshared === undefined);
    if (!isFollowed && !this.isObserved) return this.#portals.bind(portal, undefined);
    const prepared = (statement === '' ? this.#unnamed.asked : named) ?? nothingKnown;
    const watched = isFollowed ? this.#portals.track(framer, prepared.text, mayLeave, backend) : undefined;
    this.show(watched?.shows, backend, true);
    const until = backend.expected.nextReady;
    this.#portals.bind(portal, watched !== undefined || this.isObserved ? { prepared, watched, until } : undefined);
  }

  #noteAsking(name: string, text: string): void {
    if (asksProcess(text)) this.#asking.add(name);
    else if (this.#asking.size > 0) this.#asking.delete(name);
    this.#wire.mayNeedUnusedDatabase(text);
  }

  /** Handles an Execute; what its portal runs may have to be tracked. */
  execute(framer: Framer, backend: Backend): void {
    const portal = this.#portals.of(framer);
    const note = portal && this.#wire.noteOf(portal.watched && { ...portal.watched }, portal.prepared);
    if (note !== undefined && this.shared.standInFor(note, backend) !== undefined)
      return executeDeallocate(backend, note, readExecute(framer.buffer, framer.start, framer.end)?.portal ?? '');
    if (!backend.expected.push(owed.execute, note?.undo, note)) return;
    if (note !== undefined) this.runs(note);
    if (note?.fault !== undefined) return backend.outbox.push(execute({ portal: unknownPortal, rowsMax: 0 }));
    this.#wire.pass(framer.start);
    if (portal?.watched !== undefined) this.#wire.restoreSettings(portal.watched, backend);
  }

  /** True: it is still open what is prepared under this name. */
  #isHeldBack(backend: Backend, name: string): boolean {
    const isToBeTold =
      name === '' ? this.#unnamed.isUncertain(backend) : (this.#unshared ?? this.shared).isUncertain(backend, name);
    if (!isToBeTold) return false;
    this.#wire.holdBack(backend);
    return true;
  }

  /** The statement refers to a name of which this is open, or to one that is new since it was prepared. */
  #isHeldBackFor(statement: string, backend: Backend): boolean {
    if (this.shared.size === 0 && !this.shared.hasPendingNames) return false;
    if (statement === '')
      return this.#unnamed.mayReferToNames && this.shared.showNamed(this.#unnamed.asked.text, backend);
    const named = this.shared.get(statement);
    return named?.mayReferToNames === true && this.shared.showNamed(named.text, backend);
  }

  /** False: it is not there yet, or not as the client was told, or the server is skipping messages. */
  #hasUnnamed(backend: Backend, of: Refused['of']): boolean {
    return this.#unshared !== undefined || this.#unnamed.prepareAt(backend, this.shapes, of);
  }

  /** Undefined: the server is skipping messages. */
  #upstreamName(backend: Backend, name: string, of: Refused['of']): string | undefined {
    return this.#unshared === undefined ? this.shared.upstreamName(backend, name, of) : name;
  }

  /** Sends a message that cannot be read here to the server, which says what is wrong with it. */
  #passUnread({ start, isLast }: Framer, backend: Backend, kind: number): void {
    // Names longer than what was read could be anybody's.
    if (!isLast) this.#wire.malformed();
    else if (backend.expected.push(kind)) this.#wire.pass(start);
  }

  /** It was prepared by SQL, on the backend that the client keeps for that reason. */
  #isOfSql(name: string): boolean {
    return this.#unshared === undefined && this.#watch.hasPrepared(name) && this.shared.get(name) === undefined;
  }

  /** Handles a Describe. */
  describe(framer: Framer, backend: Backend): void {
    const { buffer, start, end } = framer;
    const named = readTarget(buffer, start, end);
    if (named === undefined) return this.#passUnread(framer, backend, owed.describe);
    if (named.kind === 'statement' && this.#isHeldBack(backend, named.name)) return;
    if (named.kind === 'statement' && this.#isHeldBackFor(named.name, backend)) return;
    if (named.kind === 'portal') this.shapes.describePortalStatement(backend, named.name);
    if (named.kind === 'portal' || named.name === '') {
      const isThere = named.kind === 'portal' || this.#hasUnnamed(backend, 'describe');
      const heard =
        named.kind === 'portal' || this.#unshared !== undefined
          ? undefined
          : this.#unnamed.recordDescription(this.shapes);
      if (isThere && backend.expected.push(owed.describe, undefined, heard)) this.#wire.pass(framer.start);
      return;
    }
    const statement = this.shared.get(named.name);
    const isFailed = backend.status === transactionStatus.failed;
    if (
      isFailed &&
      statement?.description?.hasRows === false &&
      this.shared.has(named.name) &&
      !backend.prepared.touch(statement.name)
    )
      return describeRowless(backend, statement.description);
    const name = this.#upstreamName(backend, named.name, 'describe');
    const recorded =
      statement === undefined || statement.name !== name ? undefined : this.shapes.recordDescription(statement);
    if (name === undefined || !backend.expected.push(owed.describe, undefined, recorded)) return;
    if (name === named.name) this.#wire.pass(framer.start);
    else backend.outbox.push(describe({ kind: 'statement', name }));
  }

  /** Handles a Close. */
  close(framer: Framer, backend: Backend): void {
    const { buffer, start, end } = framer;
    const named = readTarget(buffer, start, end);
    if (named === undefined) return this.#passUnread(framer, backend, owed.close);
    const isPortal = named.kind === 'portal';
    if (isPortal || isNoName(named.name, backend)) return passAsIs(this.#wire, framer, backend, owed.close);
    if (this.#isOfSql(named.name))
      return passAsIs(this.#wire, framer, backend, owed.close, this.#watch.closes(named.name));
    if (this.#isHeldBack(backend, named.name)) return;
    if (named.name === '') this.#closeUnnamed(framer, backend);
    else (this.#unshared ?? this.shared).close(framer, backend, named.name);
  }

  #closeUnnamed({ start }: Framer, backend: Backend): void {
    const sent = this.#unnamed.closes(backend);
    if (!backend.expected.push(owed.close, sent.undo)) return;
    this.#unnamed.sent(sent);
    this.#wire.pass(start);
  }

  /** Without a backend there are no portals, and the meaning of a name is known here. */
  closeAlone(framer: Framer): boolean {
    const { buffer, start, end } = framer;
    const named = readTarget(buffer, start, end);
    if (named === undefined || beyondAscii.test(named.name)) return false;
    if (named.kind === 'statement' && named.name === '') this.#unnamed.drop();
    if (named.kind === 'statement') (this.#unshared ?? this.shared).forget(named.name);
    this.#wire.outbox.push(closeComplete());
    return true;
  }
}
