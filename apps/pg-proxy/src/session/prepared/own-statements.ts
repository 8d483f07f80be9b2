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

/** One that the server has something against, and by which number what stands in its place names it. */
interface Refused {
  readonly report: Report;
  readonly number: number;
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
  /** Those that have yet to be prepared, by name. */
  readonly #missing = new Map<string, string>();
  readonly #refused = new Map<string, Refused>();
  #lastNumber = 0;
  /** Attempts that are not answered yet. */
  #attempts = 0;
  /** Those that have been tried for what is at hand. */
  readonly #tried = new Set<string>();
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
    const missing = [...this.#missing.keys()];
    const isTried = missing.length > 0 && missing.every((name) => this.#tried.has(name));
    this.#tried.clear();
    const isBetween = !backend.expected.isOpen;
    if (!isTried) {
      backend.closeStatements();
      closeStandIn(backend);
    }
    if (missing.length === 0) return false;
    if (!isBetween) {
      for (const name of missing) if (!this.#refused.has(name)) this.prepareAt(backend, name);
      return false;
    }
    if (isTried) {
      this.#outsideOf(backend, () => {
        for (const name of missing) this.#standInFor(backend, name);
      });
      return false;
    }
    for (const name of missing) {
      this.#tried.add(name);
      this.#outsideOf(backend, () => {
        this.#prepare(backend, name, true);
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

  #refuse(name: string, report: Report): void {
    this.#refused.set(name, { report, number: ++this.#lastNumber });
  }

  #standInFor({ expected, outbox }: Backend, name: string): void {
    const [key, refused] = [this.#missing.get(name), this.#refused.get(name)];
    if (key === undefined || refused === undefined) return;
    // It is planned when it is run, and not before.
    const text = `select cast(cast('${refusedPrefix}${refused.number}' as text) as int)`;
    const message = parse({ name: '', text, parameterTypes: parametersOf(key).map((type) => type || textOid) });
    expected.push(owed.close | unasked);
    expected.push(owed.parse | unasked, undefined, new SilentNote());
    outbox.push(close({ of: 'statement', name }));
    outbox.push(parseAs(name, parseKey(message, 0, message.length)));
  }

  /** Why the statement cannot be prepared for which another one has failed. @param message of that */
  refusalOf(message: string): Report | undefined {
    const number = Number(refusedName.exec(message)?.[1]);
    for (const refused of this.#refused.values()) if (refused.number === number) return refused.report;
    return undefined;
  }

  /** False: the server passes over everything. */
  prepareAt(backend: Backend, name: string): boolean {
    return this.#prepare(backend, name, false);
  }

  /** @param isSynced a Sync of its own is behind it: nothing that comes then is passed over with it, and nobody is told */
  #prepare(backend: Backend, name: string, isSynced: boolean): boolean {
    const { expected, outbox } = backend;
    const key = this.#missing.get(name);
    if (key === undefined) return true;
    const undo = (): void => void this.#missing.set(name, key);
    if (!isSynced) this.#underWay.sends(backend, name, undo);
    if (this.#refused.has(name)) {
      if (!expected.push(owed.close | unasked)) return false;
      outbox.push(close({ of: 'statement', name }));
    }
    const attempt = new Attempt(isSynced, (report) => this.#refuse(name, report));
    if (!expected.push(owed.parse | unasked, undo, attempt)) return false;
    this.#missing.delete(name);
    outbox.push(parseAs(name, key));
    return true;
  }

  /** It is not at the backend. */
  isMissing(name: string): boolean {
    return this.#missing.has(name);
  }

  /** How many are not at the backend. */
  get missing(): number {
    return this.#missing.size;
  }

  /** Something is not there, or may not be. */
  get isInDoubt(): boolean {
    return this.#missing.size + this.#attempts > 0;
  }

  /** The backend does not have it under this name. */
  misses(name: string, statement: Statement): void {
    this.#missing.set(name, keyAsTold(statement));
  }

  /** It means nothing any more. */
  forget(name: string): void {
    this.#missing.delete(name);
    this.#refused.delete(name);
    this.#tried.delete(name);
  }

  clear(): void {
    this.isOn = false;
    this.#tried.clear();
    this.#missing.clear();
    this.#refused.clear();
  }
}
