import { parseAs, sync } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { owed, unasked, type Note } from '../backend/expected-answers.ts';
import { OwnNote } from '../backend/own-question.ts';
import { keyAsTold, type Statement } from './statements.ts';

class Silent extends OwnNote {
  readonly isSilent = true;
}

/**
 * A client that was shown what its backend has prepared keeps that backend: from then on its statements have their own names there, and
 * nobody else's are there.
 */
export class OwnStatements {
  /** It is so now. */
  isOn = false;
  /** Those that have yet to be prepared, by name. */
  readonly #missing = new Map<string, string>();

  /**
   * Before the client is shown what is prepared: everybody's statements go, and its own come; again where the server has passed over
   * that, because something before it had failed.
   */
  takeOver(backend: Backend, names: ReadonlyMap<string, Statement>): void {
    if (!this.isOn) for (const [name, statement] of names) this.#missing.set(name, keyAsTold(statement));
    this.isOn = true;
    const missing = [...this.#missing.keys()];
    const { expected, outbox } = backend;
    const isBetween = !expected.isOpen;
    backend.closeStatements();
    for (const name of missing) this.prepareAt(backend, name, isBetween ? new Silent() : undefined);
    // One that fails, as its client's own Parse will have, must not make the server pass over what comes now.
    if (!isBetween || missing.length === 0) return;
    expected.push(owed.sync | unasked);
    outbox.push(sync());
  }

  /** False: the server passes over everything. */
  prepareAt({ expected, outbox }: Backend, name: string, note?: Note): boolean {
    const key = this.#missing.get(name);
    if (key === undefined) return true;
    if (!expected.push(owed.parse | unasked, () => this.#missing.set(name, key), note)) return false;
    this.#missing.delete(name);
    outbox.push(parseAs(name, key));
    return true;
  }

  /** It means nothing any more. */
  forget(name: string): void {
    this.#missing.delete(name);
  }

  clear(): void {
    this.isOn = false;
    this.#missing.clear();
  }
}
