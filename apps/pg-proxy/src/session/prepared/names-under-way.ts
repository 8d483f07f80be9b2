import type { Backend } from '../backend/backend.ts';
import type { Note, Undo } from '../backend/expected-answers.ts';

/** Names of one client whose last Parse or Close is under way: an error may yet make the server pass over it. */
export class NamesUnderWay {
  readonly #undos = new Map<string, Undo>();
  /** What gives or takes them by SQL. */
  readonly #bySql = new Map<string, Note>();

  get isEmpty(): boolean {
    return this.#undos.size === 0;
  }

  /** That Parse or Close is about to go to the backend. */
  sends({ expected }: Backend, name: string, undo: Undo): void {
    if (expected.isEmpty) this.#undos.clear();
    this.#undos.set(name, undo);
  }

  names(): Iterable<string> {
    return this.#undos.keys();
  }

  /** All that `isInDoubt`. */
  inDoubt(backend: Backend): string[] {
    return [...this.#undos.keys()].filter((name) => this.isInDoubt(backend, name));
  }

  /** It may be passed over, and what is at hand would not be: a Sync lies between them. */
  isInDoubt({ expected }: Backend, name: string): boolean {
    const undo = this.#undos.get(name);
    if (undo === undefined) return false;
    const isSynced = expected.isSyncedBehind(undo);
    if (isSynced === undefined) this.#undos.delete(name);
    return isSynced === true;
  }

  /** It is about to go to the backend. */
  runs(note: Note): void {
    for (const name of note.names ?? []) this.#bySql.set(name, note);
  }

  /** Whether SQL that is under way may give or take it. */
  isOfSql({ expected }: Backend, name: string): boolean {
    const note = this.#bySql.get(name);
    if (note === undefined) return false;
    const isUnderWay = expected.awaits(note);
    if (!isUnderWay) this.#bySql.delete(name);
    return isUnderWay;
  }
}
