import { parseAs, sync, transactionStatus } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { owed, unasked, type Note } from '../backend/expected-answers.ts';
import { SilentNote } from '../backend/own-question.ts';
import type { NamesUnderWay } from './names-under-way.ts';
import { closeStandIn } from './stand-in.ts';
import { keyAsTold, type Statement } from './statements.ts';

const savepoint = 'medrex_prepares';

/**
 * A client that was shown what its backend has prepared keeps that backend: from then on its statements have their own names there, and
 * nobody else's are there.
 */
export class OwnStatements {
  /** It is so now. */
  isOn = false;
  /** Those that have yet to be prepared, by name. */
  readonly #missing = new Map<string, string>();
  /** Those among them that the server has something against by now (a table is gone), which it says when they are run. */
  readonly #refused = new Set<string>();
  readonly #underWay: NamesUnderWay;

  constructor(underWay: NamesUnderWay) {
    this.#underWay = underWay;
  }

  /**
   * Before the client is shown what is prepared: everybody's statements go, and its own come; again where the server has passed over
   * that, because something before it had failed.
   */
  takeOver(backend: Backend, names: ReadonlyMap<string, Statement>): void {
    if (!this.isOn) for (const [name, statement] of names) this.misses(name, statement);
    this.isOn = true;
    const isBetween = !backend.expected.isOpen;
    backend.closeStatements();
    closeStandIn(backend);
    for (const name of [...this.#missing.keys()]) {
      if (this.#refused.has(name)) continue;
      if (isBetween) this.#tryAt(backend, name);
      else this.prepareAt(backend, name);
    }
  }

  /** One that fails must neither make the server pass over what comes now, nor end the transaction that the client is in. */
  #tryAt(backend: Backend, name: string): void {
    const isInBlock = backend.status === transactionStatus.inside;
    if (isInBlock) backend.ask(`savepoint ${savepoint}`, new SilentNote());
    this.prepareAt(backend, name, new SilentNote());
    backend.expected.push(owed.sync | unasked);
    backend.outbox.push(sync());
    if (isInBlock) backend.ask(`rollback to ${savepoint}; release ${savepoint}`, new SilentNote());
  }

  /** False: the server passes over everything. */
  prepareAt(backend: Backend, name: string, note?: Note): boolean {
    const { expected, outbox } = backend;
    const key = this.#missing.get(name);
    if (key === undefined) return true;
    const undo = (isPassedOver: boolean): void => {
      this.#missing.set(name, key);
      if (!isPassedOver) this.#refused.add(name);
    };
    // With a Sync of its own, nothing that comes behind it is passed over with it.
    if (note === undefined) this.#underWay.sends(backend, name, undo);
    if (!expected.push(owed.parse | unasked, undo, note)) return false;
    this.#missing.delete(name);
    this.#refused.delete(name);
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

  /** The backend does not have it under this name. */
  misses(name: string, statement: Statement): void {
    this.#missing.set(name, keyAsTold(statement));
  }

  /** It means nothing any more. */
  forget(name: string): void {
    this.#missing.delete(name);
    this.#refused.delete(name);
  }

  clear(): void {
    this.isOn = false;
    this.#missing.clear();
    this.#refused.clear();
  }
}
