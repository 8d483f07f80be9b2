import type { Backend } from '../backend/backend.ts';
import type { Note, Undo } from '../backend/expected-answers.ts';

/** Names whose last Parse or Close is outstanding: an error may still make the server skip it. */
export class PendingNames {
  readonly #undos = new Map<string, Undo>();
  /** Outstanding requests that create or drop names by SQL. */
  readonly #bySql = new Map<string, Note>();

  get isEmpty(): boolean {
    return this.#undos.size === 0;
  }

  /** A Parse or Close of this name is about to be sent. */
  add({ expected }: Backend, name: string, undo: Undo): void {
    if (expected.isEmpty) this.#undos.clear();
    this.#undos.set(name, undo);
  }

  names(): Iterable<string> {
    return this.#undos.keys();
  }

  /** All names for which `isUncertain` holds. */
  allUncertain(backend: Backend): string[] {
    return [...this.#undos.keys()].filter((name) => this.isUncertain(backend, name));
  }

  /** The Parse or Close may be skipped while the current message is not, because a Sync lies between them. */
  isUncertain({ expected }: Backend, name: string): boolean {
    const undo = this.#undos.get(name);
    if (undo === undefined) return false;
    const isSynced = expected.isSyncedBehind(undo);
    if (isSynced === undefined) this.#undos.delete(name);
    return isSynced === true;
  }

  /** The request is about to be sent. */
  addSql(note: Note): void {
    for (const name of note.names ?? []) this.#bySql.set(name, note);
  }

  /** Whether an outstanding request may create or drop this name by SQL. */
  mayChangeBySql({ expected }: Backend, name: string): boolean {
    const note = this.#bySql.get(name);
    if (note === undefined) return false;
    const isUnderWay = expected.awaits(note);
    if (!isUnderWay) this.#bySql.delete(name);
    return isUnderWay;
  }
}
