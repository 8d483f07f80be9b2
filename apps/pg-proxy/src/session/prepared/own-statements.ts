import { close, parse, parseAs, parseKey, sync, transactionStatus, type Report } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { owed, unasked } from '../backend/expected-answers.ts';
import { OwnNote, SilentNote } from '../backend/own-question.ts';
import type { NamesUnderWay } from './names-under-way.ts';
import { closeStandIn } from './stand-in.ts';
import { keyAsTold, parametersOf, statementPrefix, type Statement } from './statements.ts';

const savepoint = 'medrex_prepares';
const refusedPrefix = `${statementPrefix}refused_`;
const refusedName = new RegExp(String.raw`"${refusedPrefix}(\d+)"`);
const textOid = 25;

/** `sent`: it is at the backend, unless its Parse fails. `tried`: it is not, and has failed for what is at hand. */
type State = 'missing' | 'tried' | 'sent';

/** One statement under its own name. */
interface OwnStatement {
  readonly key: string;
  state: State;
  /** What the server has against it, and by which number what may stand in its place names it. */
  refused: { readonly report: Report; readonly number: number } | undefined;
}

/** Hears why a statement cannot be prepared. */
class Attempt extends OwnNote {
  readonly isSilent: boolean;
  readonly refused: (report: Report) => void;

  constructor(isSilent: boolean, refused: (report: Report) => void) {
    super();
    this.isSilent = isSilent;
    this.refused = refused;
  }
}

/** Hears that everything before it has been answered. */
class LastOfAll extends SilentNote {
  readonly #then: () => void;

  constructor(then: () => void) {
    super();
    this.#then = then;
  }

  override ended(): void {
    this.#then();
  }
}

/**
 * A client that was shown what its backend has prepared keeps that backend: from then on its statements have their own names there, and
 * nobody else's are there. In place of one that cannot be prepared by now (a table is gone) stands another one that fails as it is
 * planned, so that DEALLOCATE takes it and EXECUTE says what the server has against it.
 */
export class OwnStatements {
  /** It is so now. */
  isOn = false;
  /** By name, those that had, or have, yet to be prepared. */
  readonly #statements = new Map<string, OwnStatement>();
  #lastNumber = 0;
  /** Attempts that are not answered yet. */
  #attempts = 0;
  readonly #underWay: NamesUnderWay;

  constructor(underWay: NamesUnderWay) {
    this.#underWay = underWay;
  }

  /**
   * Before the client is shown what is prepared: everybody's statements go, and its own come; again where the server has passed over
   * that, because something before it had failed. True: what has become of them is yet to be told.
   */
  takeOver(backend: Backend, names: ReadonlyMap<string, Statement>): boolean {
    if (!this.isOn) for (const [name, statement] of names) this.misses(name, statement);
    this.isOn = true;
    if (this.#attempts > 0) return true;
    const missing = [...this.#statements].filter(([, { state }]) => state !== 'sent');
    const isTried = missing.length > 0 && missing.every(([, { state }]) => state === 'tried');
    for (const [, statement] of missing) statement.state = 'missing';
    const isBetween = !backend.expected.isOpen;
    if (!isTried) {
      backend.closeStatements();
      closeStandIn(backend);
    }
    if (missing.length === 0) return false;
    if (!isBetween) {
      for (const [name, { refused }] of missing) if (refused === undefined) this.prepareAt(backend, name);
      return false;
    }
    if (isTried) {
      this.#outsideOf(backend, () => {
        for (const [name, statement] of missing) standInFor(backend, name, statement);
      });
      return false;
    }
    for (const [name, statement] of missing) {
      this.#outsideOf(backend, () => {
        this.#prepare(backend, name, statement, 'tried');
      });
    }
    return true;
  }

  /** What fails there must neither make the server pass over what comes now, nor end the transaction that the client is in. */
  #outsideOf(backend: Backend, prepare: () => void): void {
    const isInBlock = backend.status === transactionStatus.inside;
    if (isInBlock) backend.ask(`savepoint ${savepoint}`, new SilentNote());
    prepare();
    this.#attempts++;
    const last = new LastOfAll(() => this.#attempts--);
    backend.expected.push(owed.sync | unasked, undefined, isInBlock ? undefined : last);
    backend.outbox.push(sync());
    if (isInBlock) backend.ask(`rollback to ${savepoint}; release ${savepoint}`, last);
  }

  /** Why the statement cannot be prepared for which another one has failed. @param message of that */
  refusalOf(message: string): Report | undefined {
    const number = Number(refusedName.exec(message)?.[1]);
    for (const { refused } of this.#statements.values()) if (refused?.number === number) return refused.report;
    return undefined;
  }

  /** False: the server passes over everything. */
  prepareAt(backend: Backend, name: string): boolean {
    const statement = this.#statements.get(name);
    return !isMissing(statement) || this.#prepare(backend, name, statement, 'missing');
  }

  /** @param otherwise where that fails; `tried`: a Sync of its own is behind it, so that nothing is passed over with it, and nobody is told */
  #prepare(backend: Backend, name: string, statement: OwnStatement, otherwise: 'missing' | 'tried'): boolean {
    const { expected, outbox } = backend;
    const undo = (): void => {
      statement.state = otherwise;
      this.again(name, statement);
    };
    if (otherwise === 'missing') this.#underWay.sends(backend, name, undo);
    if (statement.refused !== undefined) {
      if (!expected.push(owed.close | unasked)) return false;
      outbox.push(close({ of: 'statement', name }));
    }
    const attempt = new Attempt(otherwise === 'tried', (report) => {
      statement.refused = { report, number: ++this.#lastNumber };
    });
    if (!expected.push(owed.parse | unasked, undo, attempt)) return false;
    statement.state = 'sent';
    outbox.push(parseAs(name, statement.key));
    return true;
  }

  /** It is not at the backend. */
  isMissing(name: string): boolean {
    return isMissing(this.#statements.get(name));
  }

  /** How many are not at the backend. */
  get missing(): number {
    let missing = 0;
    for (const statement of this.#statements.values()) if (isMissing(statement)) missing++;
    return missing;
  }

  /** Something is not there, or may not be. */
  get isInDoubt(): boolean {
    return this.#attempts > 0 || this.missing > 0;
  }

  /** The backend does not have it under this name. */
  misses(name: string, statement: Statement): void {
    this.#statements.set(name, { key: keyAsTold(statement), state: 'missing', refused: undefined });
  }

  get(name: string): OwnStatement | undefined {
    return this.#statements.get(name);
  }

  /** What took it away has failed, or was passed over. @param statement undefined: it was never missed */
  again(name: string, statement: OwnStatement | undefined): void {
    if (statement !== undefined) this.#statements.set(name, statement);
  }

  /** It means nothing any more. */
  forget(name: string): void {
    this.#statements.delete(name);
  }

  clear(): void {
    this.isOn = false;
    this.#statements.clear();
  }
}

const isMissing = (statement: OwnStatement | undefined): statement is OwnStatement =>
  statement !== undefined && statement.state !== 'sent';

/** It is planned when it is run, and not before; then it fails. */
function standInFor({ expected, outbox }: Backend, name: string, { key, refused }: OwnStatement): void {
  if (refused === undefined) return;
  const text = `select cast(cast('${refusedPrefix}${refused.number}' as text) as int)`;
  const message = parse({ name: '', text, parameterTypes: parametersOf(key).map((type) => type || textOid) });
  expected.push(owed.close | unasked);
  expected.push(owed.parse | unasked, undefined, new SilentNote());
  outbox.push(close({ of: 'statement', name }));
  outbox.push(parseAs(name, parseKey(message, 0, message.length)));
}
