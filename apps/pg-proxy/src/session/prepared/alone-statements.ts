import { concernsProxy } from '../left-behind/session-watch.ts';
import type { Prepared } from './client-portals.ts';

/** Texts of a client that has its backend alone, where somebody wants to know them; the names are its own at the server. */
export class AloneStatements {
  readonly #known = new Map<string, Prepared & { readonly leavesState: boolean }>();

  get(name: string): (Prepared & { readonly leavesState: boolean }) | undefined {
    return this.#known.get(name);
  }

  names(): Iterable<string> {
    return this.#known.keys();
  }

  /** Whether something is known of a name before, or with, a Parse. @param isObserved somebody wants to know of everything */
  isKnownBy(name: string, text: string, isObserved: boolean): boolean {
    return isObserved || this.#known.has(name) || concernsProxy(text);
  }

  /** @param isObserved somebody wants to know of everything */
  parsed(name: string, text: string, isObserved: boolean): void {
    const leavesState = concernsProxy(text);
    if (isObserved || leavesState) this.#known.set(name, { text, analysis: undefined, leavesState });
    else this.forget(name);
  }

  /** What is done where the server refuses what is to change a name, or passes over that: it means what it did. */
  again(name: string): () => void {
    const before = this.#known.get(name);
    return () => (before === undefined ? this.#known.delete(name) : this.#known.set(name, before));
  }

  forget(name: string): void {
    this.#known.delete(name);
  }

  clear(): void {
    this.#known.clear();
  }
}
