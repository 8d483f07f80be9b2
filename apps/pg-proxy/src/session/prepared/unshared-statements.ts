import type { Framer } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { owed } from '../backend/expected-answers.ts';
import { concernsProxy } from '../state/concerns-proxy.ts';
import type { Prepared } from './client-portals.ts';
import { PendingNames } from './pending-names.ts';
import { passAsIs, type Wire } from './wire.ts';

export type UnsharedStatement = Prepared & { readonly leavesState: boolean };

/**
 * Prepared statements in session mode: the backend belongs to one client, so names stay as they are. Texts are kept if somebody observes
 * them.
 */
export class UnsharedStatements {
  readonly #wire: Wire;
  readonly #known = new Map<string, UnsharedStatement>();
  readonly #pendingNames = new PendingNames();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  get(name: string): UnsharedStatement | undefined {
    return this.#known.get(name);
  }

  names(): Iterable<string> {
    return this.#known.keys();
  }

  /** Includes names that an error may still give back. */
  namesBefore(): readonly string[] {
    return [...this.names(), ...this.#pendingNames.names()];
  }

  /** Whether it is still open what this name means. */
  isUncertain(backend: Backend, name: string): boolean {
    return this.#pendingNames.isUncertain(backend, name);
  }

  /** @param isObserved all requests are observed */
  parse({ buffer, start, end }: Framer, backend: Backend, name: string, isObserved: boolean): void {
    const textAt = start + 6 + name.length;
    const text = buffer.toString('latin1', textAt, Math.min(end, buffer.indexOf(0, textAt)));
    const leavesState = concernsProxy(text);
    const isKept = isObserved || leavesState;
    const undo = this.#undoOf(name);
    if (isKept || this.#known.has(name)) this.#pendingNames.add(backend, name, undo);
    if (!backend.expected.push(owed.parse, undo)) return;
    this.#wire.pass(start);
    if (isKept) this.#known.set(name, { text, analysis: undefined, leavesState });
    else this.#known.delete(name);
  }

  close(framer: Framer, backend: Backend, name: string): void {
    const undo = this.#undoOf(name);
    if (this.#known.has(name)) this.#pendingNames.add(backend, name, undo);
    this.#known.delete(name);
    passAsIs(this.#wire, framer, backend, owed.close, undo);
  }

  /** Restores the name's former meaning if the server refuses or skips the message that changes it. */
  #undoOf(name: string): () => void {
    const before = this.#known.get(name);
    return () => (before === undefined ? this.#known.delete(name) : this.#known.set(name, before));
  }

  /** The name no longer exists. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  clear(): void {
    this.#known.clear();
  }
}
